"""How good a classifier is, by class, age and gender, with intervals."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, f1_score

from ethnoshard._wilson import wilson
from ethnoshard.ethnicity._calibration import probabilities_of, reliability
from ethnoshard.ethnicity._explore import BANDS, GENDERS, UNKNOWN, age_band, gender_name


def measure(
    logits: NDArray[np.float64],
    classes: NDArray[np.int64],
    names: tuple[str, ...],
    temperature: float,
    *,
    ages: NDArray[np.int64],
    genders: NDArray[np.int64],
) -> dict[str, Any]:
    """All figures of a classifier on a test set, as plain JSON.

    Args:
        logits: (N, C).
        classes: (N,) true classes; all below C.
        names: of the C classes.
        temperature: of the calibration.
        ages: (N,) years; -1 where not known.
        genders: (N,) 0 male, 1 female, as the collection has them; -1 where not known.

    Returns:
        images, accuracy with its 95 % interval, macro_f1, calibration error before and after, confusion (rows true,
        columns predicted), and the rates of error by class, age band and gender, each with number and interval;
        images of unknown age or gender have a rate of their own.
    """
    probabilities = probabilities_of(logits, temperature)
    predicted = probabilities.argmax(1)
    right = predicted == classes
    bands = np.array([age_band(age) for age in ages.tolist()])
    named = np.array([gender_name(number) for number in genders.tolist()])
    calibrated = reliability(probabilities, classes)
    return {
        "images": len(classes),
        "accuracy": _rate(right),
        "macro_f1": float(f1_score(classes, predicted, labels=range(len(names)), average="macro", zero_division=0)),
        "calibration_error": {
            "before": reliability(probabilities_of(logits), classes).error,
            "after": calibrated.error,
        },
        "reliability": {
            "confidence": [None if np.isnan(value) else float(value) for value in calibrated.confidence],
            "accuracy": [None if np.isnan(value) else float(value) for value in calibrated.accuracy],
            "count": calibrated.count.tolist(),
        },
        "confusion": confusion_matrix(classes, predicted, labels=range(len(names))).tolist(),
        "classes": {
            name: {
                "recall": _rate(right[classes == number]),
                "precision": _rate(right[predicted == number]),
                "f1": float(f1_score(classes == number, predicted == number, zero_division=0)),
            }
            for number, name in enumerate(names)
        },
        "error_by_age": {band: _rate(~right[bands == band]) for band in (*BANDS, UNKNOWN) if (bands == band).any()},
        "error_by_gender": {
            name: _rate(~right[named == name]) for name in (*GENDERS, UNKNOWN) if (named == name).any()
        },
    }


def _rate(hits: NDArray[np.bool_]) -> dict[str, Any]:
    low, high = wilson(int(hits.sum()), len(hits))
    return {"rate": float(hits.mean()) if len(hits) else None, "low": low, "high": high, "of": len(hits)}
