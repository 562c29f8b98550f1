"""How good a classifier is, by class, age and gender, with intervals, and whether its confidence means what it says.

Confidences are calibrated as in Guo et al. (2017), "On Calibration of Modern Neural Networks".
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import softmax
from sklearn.metrics import confusion_matrix, f1_score

from ethnoshard._wilson import wilson
from ethnoshard.ethnicity._collection import BANDS, GENDERS, UNKNOWN, age_band, gender_name

BINS = 15
"""Bins of the expected calibration error, of equal width, as in the paper."""


@dataclass(frozen=True, kw_only=True)
class Reliability:
    """Accuracy against confidence.

    Attributes:
        confidence: (BINS,) mean confidence in each bin, NaN where it is empty.
        accuracy: (BINS,) share of right answers in each bin, NaN where it is empty.
        count: (BINS,) answers in each bin.
        error: expected calibration error, 0 to 1: the mean of abs(accuracy - confidence), weighted by count.
    """

    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    count: NDArray[np.int64]
    error: float


def probabilities_of(logits: NDArray[np.float64], temperature: float = 1.0) -> NDArray[np.float64]:
    """(N, C) logits to (N, C) probabilities, each row summing to 1."""
    return np.asarray(softmax(logits / temperature, axis=1), np.float64)


def fit_temperature(logits: NDArray[np.float64], classes: NDArray[np.int64]) -> float:
    """The temperature that minimises the negative log-likelihood (Guo et al. 2017, section 4.2).

    Args:
        logits: (N, C) of images that the network was not trained on.
        classes: (N,) their classes.

    Returns:
        Between 0.05 and 20; logits are divided by it.
    """

    def loss(log_temperature: float) -> float:
        probabilities = probabilities_of(logits, float(np.exp(log_temperature)))
        return float(-np.log(np.clip(probabilities[np.arange(len(classes)), classes], 1e-12, None)).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(np.log(0.05), np.log(20.0)), method="bounded").x))


def reliability(probabilities: NDArray[np.float64], classes: NDArray[np.int64]) -> Reliability:
    """Expected calibration error of (N, C) probabilities for the (N,) true classes."""
    confidence = probabilities.max(1)
    right = probabilities.argmax(1) == classes
    bins = np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
    count = np.bincount(bins, minlength=BINS)
    with np.errstate(invalid="ignore"):
        mean_confidence = np.bincount(bins, confidence, BINS) / count
        mean_accuracy = np.bincount(bins, right, BINS) / count
    gaps = np.abs(mean_accuracy - mean_confidence)
    error = float(np.nansum(gaps * count) / max(1, len(classes)))
    return Reliability(confidence=mean_confidence, accuracy=mean_accuracy, count=count, error=error)


@dataclass(frozen=True, kw_only=True)
class Rate:
    """A share of some images, with its 95 % interval (Wilson).

    Attributes:
        rate: 0 to 1; None of no images.
        low: lower end.
        high: upper end.
        of: number of images.
    """

    rate: float | None
    low: float
    high: float
    of: int

    @property
    def complement(self) -> "Rate":
        """The rate of error that belongs to a recall, or the other way round."""
        rate = None if self.rate is None else 1 - self.rate
        return Rate(rate=rate, low=1 - self.high, high=1 - self.low, of=self.of)


@dataclass(frozen=True, kw_only=True)
class CalibrationError:
    """Expected calibration error before and after the temperature."""

    before: float
    after: float


@dataclass(frozen=True, kw_only=True)
class ReliabilityBins:
    """Bins of confidence: mean confidence and accuracy (None of an empty one), and the number of images in each."""

    confidence: tuple[float | None, ...]
    accuracy: tuple[float | None, ...]
    count: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class ClassMetrics:
    """How well one class is told."""

    recall: Rate
    precision: Rate
    f1: float


@dataclass(frozen=True, kw_only=True)
class ClassifierMetrics:
    """All metrics of a classifier on a test set.

    Attributes:
        images: number of images.
        accuracy: share of them that is right.
        macro_f1: mean of the classes' F1.
        calibration_error: expected calibration error of the confidences.
        reliability: accuracy by confidence.
        confusion: (C, C) images; rows true, columns predicted.
        classes: recall, precision and F1 by class.
        error_by_age: rate of error by ten years of age.
        error_by_gender: rate of error by gender as the collection has it.
    """

    images: int
    accuracy: Rate
    macro_f1: float
    calibration_error: CalibrationError
    reliability: ReliabilityBins
    confusion: tuple[tuple[int, ...], ...]
    classes: dict[str, ClassMetrics]
    error_by_age: dict[str, Rate]
    error_by_gender: dict[str, Rate]


def measure(
    logits: NDArray[np.float64],
    classes: NDArray[np.int64],
    names: tuple[str, ...],
    temperature: float,
    *,
    ages: NDArray[np.int64],
    genders: NDArray[np.int64],
) -> ClassifierMetrics:
    """Measure a classifier on a test set.

    Args:
        logits: (N, C).
        classes: (N,) true classes; all below C.
        names: of the C classes.
        temperature: of the calibration.
        ages: (N,) years; -1 where not known.
        genders: (N,) 0 male, 1 female, as the collection has them; -1 where not known.

    Returns:
        The metrics; images of unknown age or gender have a rate of their own.
    """
    probabilities = probabilities_of(logits, temperature)
    predicted = probabilities.argmax(1)
    right = predicted == classes
    bands = np.array([age_band(age) for age in ages.tolist()])
    named = np.array([gender_name(number) for number in genders.tolist()])
    calibrated = reliability(probabilities, classes)
    return ClassifierMetrics(
        images=len(classes),
        accuracy=_rate(right),
        macro_f1=float(f1_score(classes, predicted, labels=range(len(names)), average="macro", zero_division=0)),
        calibration_error=CalibrationError(
            before=reliability(probabilities_of(logits), classes).error, after=calibrated.error
        ),
        reliability=ReliabilityBins(
            confidence=tuple(None if np.isnan(value) else float(value) for value in calibrated.confidence),
            accuracy=tuple(None if np.isnan(value) else float(value) for value in calibrated.accuracy),
            count=tuple(calibrated.count.tolist()),
        ),
        confusion=tuple(map(tuple, confusion_matrix(classes, predicted, labels=range(len(names))).tolist())),
        classes={
            name: ClassMetrics(
                recall=_rate(right[classes == number]),
                precision=_rate(right[predicted == number]),
                f1=float(f1_score(classes == number, predicted == number, zero_division=0)),
            )
            for number, name in enumerate(names)
        },
        error_by_age={band: _rate(~right[bands == band]) for band in (*BANDS, UNKNOWN) if (bands == band).any()},
        error_by_gender={name: _rate(~right[named == name]) for name in (*GENDERS, UNKNOWN) if (named == name).any()},
    )


def _rate(hits: NDArray[np.bool_]) -> Rate:
    low, high = wilson(int(hits.sum()), len(hits))
    return Rate(rate=float(hits.mean()) if len(hits) else None, low=low, high=high, of=len(hits))
