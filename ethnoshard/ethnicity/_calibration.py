"""Making a confidence mean what it says (Guo et al. 2017, "On Calibration of Modern Neural Networks")."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import softmax

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
