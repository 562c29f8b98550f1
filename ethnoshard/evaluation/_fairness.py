"""One number for a difference between groups: the metrics of the literature, each from all groups' rates.

Arrays are of shape (..., G), groups last; what stands before (draws of people) is kept. Where a metric is undefined it
is infinite here, and None in results.
"""

import numpy as np

from ethnoshard.evaluation._checks import Floats, Whole

IDEALS: dict[str, float] = {
    "max_gap_fmr": 0,
    "max_gap_fnmr": 0,
    "fdr": 1,
    "ir": 1,
    "gini_fmr": 0,
    "gini_fnmr": 0,
    "garbe": 0,
    "max_over_geomean_fmr": 1,
    "max_over_geomean_fnmr": 1,
    "max_over_min_fmr": 1,
    "max_over_min_fnmr": 1,
    "max_over_mean_fmr": 1,
    "max_over_mean_fnmr": 1,
    "mad_fmr": 0,
    "mad_fnmr": 0,
    "equalised_odds": 0,
    "accuracy_std": 0,
    "ser": 1,
}
"""Every metric, and its value where all groups are alike."""
FALLING = ("fdr",)
"""Those that are smaller the more groups differ."""


def fairness_metrics(
    fmr: Floats, fnmr: Floats, trials_fmr: Floats | Whole, trials_fnmr: Floats | Whole, alpha: float = 0.5
) -> dict[str, Floats]:
    """All metrics of ``IDEALS``.

    Equalised odds is the greater of both gaps, as the difference of equalised odds (Hardt, Price and Srebro 2016) is
    where a match is the positive decision. The accuracy of a group is that on as many same as different pairs,
    1 - (FMR + FNMR) / 2, as RFW's lists have them.

    Args:
        fmr: (..., G).
        fnmr: (..., G).
        trials_fmr: (G,) pairs of people behind FMR; of images where people aren't known.
        trials_fnmr: (G,) people behind FNMR; pairs where people aren't known.
        alpha: weight of FMR against FNMR, 0 to 1.

    Returns:
        name -> (...).
    """
    error = (fmr + fnmr) / 2
    return {
        "max_gap_fmr": max_gap(fmr),
        "max_gap_fnmr": max_gap(fnmr),
        "fdr": fairness_discrepancy_rate(fmr, fnmr, alpha),
        "ir": inequity_rate(fmr, fnmr, alpha),
        "gini_fmr": gini(fmr),
        "gini_fnmr": gini(fnmr),
        "garbe": alpha * gini(fmr) + (1 - alpha) * gini(fnmr),
        "max_over_geomean_fmr": max_over_geometric_mean(fmr, trials_fmr),
        "max_over_geomean_fnmr": max_over_geometric_mean(fnmr, trials_fnmr),
        "max_over_min_fmr": _ratio(fmr),
        "max_over_min_fnmr": _ratio(fnmr),
        "max_over_mean_fmr": max_over_mean(fmr),
        "max_over_mean_fnmr": max_over_mean(fnmr),
        "mad_fmr": mean_absolute_deviation(fmr),
        "mad_fnmr": mean_absolute_deviation(fnmr),
        "equalised_odds": np.maximum(max_gap(fmr), max_gap(fnmr)),
        "accuracy_std": 100 * error.std(axis=-1),
        "ser": _ratio(error),
    }


def max_gap(rates: Floats) -> Floats:
    """Greatest difference between two groups; A of FMR and B of FNMR in de Freitas Pereira and Marcel (2021)."""
    gap: Floats = rates.max(axis=-1) - rates.min(axis=-1)
    return gap


def fairness_discrepancy_rate(fmr: Floats, fnmr: Floats, alpha: float = 0.5) -> Floats:
    """FDR, 1 - (alpha A + (1 - alpha) B) (de Freitas Pereira and Marcel 2021)."""
    return 1 - (alpha * max_gap(fmr) + (1 - alpha) * max_gap(fnmr))


def inequity_rate(fmr: Floats, fnmr: Floats, alpha: float = 0.5) -> Floats:
    """IR, (max FMR / min FMR)^alpha x (max FNMR / min FNMR)^(1 - alpha) (Grother, NIST); undefined if a rate is 0."""
    ratio_fmr, ratio_fnmr = _ratio(fmr), _ratio(fnmr)
    undefined = np.isinf(ratio_fmr) | np.isinf(ratio_fnmr)
    rate: Floats = np.where(undefined, np.inf, ratio_fmr**alpha * ratio_fnmr ** (1 - alpha))
    return rate


def gini(rates: Floats) -> Floats:
    """Gini coefficient with the correction for few groups (Howard et al. 2022): n / (n - 1) of the usual one.

    0 where all rates are equal, 0 included; 1 where one group has all errors.
    """
    number = rates.shape[-1]
    mean = rates.mean(axis=-1)
    spread = np.abs(rates[..., :, None] - rates[..., None, :]).sum(axis=(-2, -1))
    usual = np.divide(spread, 2 * number**2 * mean, out=np.zeros_like(spread), where=mean > 0)
    corrected: Floats = number / (number - 1) * usual
    return corrected


def max_over_geometric_mean(rates: Floats, trials: Floats | Whole) -> Floats:
    """Greatest rate over the geometric mean of all (NIST, Face Recognition Vendor Test part 8).

    A group with no error in N independent trials enters the mean with the upper end of its 95 % interval,
    1 - 0.05^(1/N). Where that is more than the greatest rate measured the ratio is undefined: it would fall below 1.
    """
    least = 1 - 0.05 ** (1 / np.maximum(trials, 1))
    greatest = rates.max(axis=-1)
    logs = np.log(np.where(rates > 0, rates, least))
    ratio: Floats = greatest / np.exp(logs.mean(axis=-1))
    substituted = np.where(rates > 0, 0, least).max(axis=-1)
    defined: Floats = np.where(substituted > greatest, np.inf, ratio)
    return defined


def max_over_mean(rates: Floats) -> Floats:
    """Greatest rate over the mean of all; undefined where there is no error."""
    mean = rates.mean(axis=-1)
    ratio: Floats = np.divide(rates.max(axis=-1), mean, out=np.full_like(mean, np.inf), where=mean > 0)
    return ratio


def mean_absolute_deviation(rates: Floats) -> Floats:
    """Mean distance of the rates from their mean."""
    deviation: Floats = np.abs(rates - rates.mean(axis=-1, keepdims=True)).mean(axis=-1)
    return deviation


def _ratio(rates: Floats) -> Floats:
    """Greatest over least; of accuracy's errors it is SER (Wang and Deng 2019). Infinite where the least is 0."""
    least = rates.min(axis=-1)
    ratio: Floats = np.divide(rates.max(axis=-1), least, out=np.full_like(least, np.inf), where=least > 0)
    return ratio
