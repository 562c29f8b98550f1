"""Errors by group: at one threshold for all groups, and at many, kept so small that each can be had again."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation._checks import Floats
from ethnoshard.evaluation._counts import (
    UNKNOWN,
    Tally,
    TestedPairs,
    genuine_errors,
    genuine_pairs,
    impostor_errors,
    impostor_pairs,
)
from ethnoshard.evaluation._group_curves import Demographics, GroupCurves
from ethnoshard.evaluation._group_options import USUAL, GroupOptions
from ethnoshard.evaluation._group_tally import ChosenThreshold, GroupTally, sensitivity_of
from ethnoshard.evaluation._influence import Influence
from ethnoshard.evaluation._rate_curves import RateCurves, Threshold


def demographics(pairs: TestedPairs, threshold: float, options: GroupOptions = USUAL) -> Demographics:
    """Errors by group at one threshold for all.

    Args:
        pairs: all pairs of a ``Roster``, or a ``ScoreList``; with groups.
        threshold: similarity from which a pair is accepted. Set it on people who are not in the test
            (``threshold_at_fmr``).
        options: how they are measured.

    Raises:
        EthnoshardError: the pairs have no groups, or one only, or weighting by person is asked for without people.
    """
    return group_curves(pairs, [threshold], options, own=threshold).at(0)


def group_curves(
    pairs: TestedPairs,
    thresholds: npt.ArrayLike,
    options: GroupOptions = USUAL,
    *,
    own: float | ChosenThreshold | None = None,
) -> GroupCurves:
    """Errors by group at each of T thresholds.

    Scores are computed once for all thresholds, and only errors are kept, counted by people. Time and memory grow with
    the pairs that the lowest threshold accepts.

    Args:
        pairs: all pairs of a ``Roster``, or a ``ScoreList``; with groups.
        thresholds: (T,) rising similarities (``thresholds_over``); a pair is accepted from it on.
        options: how they are measured.
        own: one of the thresholds, whose counts are kept; None for none. With one that was chosen on a sample
            (``choose_threshold``) its ends are among the thresholds too, and intervals there hold the sample's chance.

    Raises:
        EthnoshardError: the pairs have no groups, or one only, weighting by person is asked for without people, or
            thresholds don't rise.
    """
    weighting = pairs.weighted(options.weighting)
    chosen = own if isinstance(own, ChosenThreshold) else None
    value = own.value if isinstance(own, ChosenThreshold) else own
    points, accepted, refused = [], [], []
    rising = _rising(thresholds)
    kept: Tally | None = None
    ends: dict[float, Influence] = {}
    for tally in pairs.tallies(rising):
        _check_groups(tally)
        influence = Influence.of(tally, weighting)
        points.append(Threshold.of(influence))
        accepted.append(impostor_errors(tally))
        refused.append(genuine_errors(tally))
        if tally.threshold == value:
            kept = tally
        if chosen is not None and tally.threshold in (chosen.low, chosen.value, chosen.high):
            ends[tally.threshold] = influence
    pairs_fmr, people_fmr = impostor_pairs(tally)
    pairs_fnmr, people_fnmr = genuine_pairs(tally)
    curves = GroupCurves(
        groups=tally.groups,
        thresholds=rising,
        rates=RateCurves.of(points, len(tally.groups), known=tally.known),
        errors_fmr=np.stack(accepted),
        errors_fnmr=np.stack(refused),
        pairs_fmr=pairs_fmr,
        pairs_fnmr=pairs_fnmr,
        people_fmr=people_fmr,
        people_fnmr=people_fnmr,
        units_fmr=influence.fmr_units.astype(np.int64),
        n_people=len(tally.people) if tally.known else UNKNOWN,
        alpha=options.alpha,
        weighting=weighting,
        draws=options.draws if tally.known else 0,
        seed=options.seed,
        min_people=options.min_people,
        min_pairs=options.min_pairs,
        people_digest=tally.digest(),
    )
    if kept is None:
        return curves
    left_out = curves.left_out()
    counts = GroupTally(
        tally=kept,
        weighting=weighting,
        alpha=options.alpha,
        compared=np.array([group not in left_out for group in curves.groups], np.bool_),
    )
    if chosen is None or chosen.low == chosen.high or not tally.known:
        return replace(curves, own=counts)
    counts = replace(counts, sensitivity=sensitivity_of(ends[chosen.low], ends[chosen.high], chosen, weighting))
    rates = curves.rates.with_choice(curves.index_of(chosen.value), counts, ends[chosen.value])
    return replace(curves, rates=rates, own=counts)


def _check_groups(tally: Tally) -> None:
    if len(tally.groups) < 2:
        raise EthnoshardError(f"all people are of one group, {tally.groups[0]!r}; a difference needs two at least")


def _rising(thresholds: npt.ArrayLike) -> Floats:
    values = np.asarray(thresholds, np.float64)
    if values.ndim != 1 or not len(values) or np.isnan(values).any() or (np.diff(values) <= 0).any():
        raise EthnoshardError(
            f"thresholds are one number at least, each greater than the one before; these are {values.tolist()}"
        )
    return values
