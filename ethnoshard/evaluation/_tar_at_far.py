"""What share of each group's same pairs is accepted at a FAR: by one threshold for all, and by its own."""

from collections.abc import Mapping, Sequence

import numpy as np

from ethnoshard.evaluation._counts import TestedPairs, Weighting
from ethnoshard.evaluation._groups import GroupCurves, GroupOptions, group_curves
from ethnoshard.evaluation._thresholds import limit, threshold_at_fmr
from ethnoshard.results import GroupTar, OwnThreshold, TarAtFar, Threshold


def tar_at_fars(
    pairs: TestedPairs, thresholds: Mapping[float, Threshold | str], options: GroupOptions
) -> tuple[TarAtFar, ...]:
    """By group, at a threshold for all and at each group's own.

    Args:
        pairs: all pairs of a ``Roster``, or a ``ScoreList``; with groups.
        thresholds: FAR -> the threshold for all, set on other people's pairs where there are such; or why none is.
        options: how errors are measured.

    Raises:
        EthnoshardError: the pairs have no groups, or one only, or weighting by person is asked for without people.
    """
    given = {far: threshold for far, threshold in thresholds.items() if isinstance(threshold, Threshold)}
    found = {}
    if given:
        values = sorted({threshold.value for threshold in given.values()})
        curves = group_curves(pairs, values, options)
        found = _at(pairs, curves, given, options)
    return tuple(
        TarAtFar(far=far, threshold=threshold.value, chosen_on=threshold.chosen_on, by_group=found[far])
        if isinstance(threshold, Threshold)
        else TarAtFar(far=far, threshold=None, chosen_on=None, reason=threshold)
        for far, threshold in thresholds.items()
    )


def _at(
    pairs: TestedPairs, curves: GroupCurves, given: Mapping[float, Threshold], options: GroupOptions
) -> dict[float, dict[str, GroupTar]]:
    number = {group: pairs.within(group).different_pairs(curves.weighting) for group in curves.groups}
    own = _own(pairs, list(given), number, curves.weighting, options)
    found = {}
    for far, threshold in given.items():
        rates = curves.at(curves.index_of(threshold.value)).by_group
        found[far] = {
            group: GroupTar(
                tar=at.tar,
                fnmr=at.fnmr,
                fmr=at.fmr,
                deviation=None if at.fmr.rate is None or not _enough(far, number[group]) else at.fmr.rate / far - 1,
                own=own.get((group, far)),
                expected=far * number[group],
            )
            for group, at in rates.items()
        }
    return found


def _own(
    pairs: TestedPairs,
    fars: Sequence[float],
    number: Mapping[str, float],
    weighting: Weighting,
    options: GroupOptions,
) -> dict[tuple[str, float], OwnThreshold]:
    """By group and FAR, where there are pairs enough."""
    chosen = {
        (group, far): threshold_at_fmr(pairs.within(group), far, weighting=weighting)
        for group, different in number.items()
        for far in fars
        if _enough(far, different)
    }
    if not chosen:
        return {}
    # Their intervals would forget that each threshold was set on the pairs themselves: without draws there are none.
    without = GroupOptions(weighting=weighting, draws=0, min_people=options.min_people, min_pairs=options.min_pairs)
    curves = group_curves(pairs, np.unique(list(chosen.values())), without)
    found = {}
    for (group, far), threshold in chosen.items():
        rates = curves.at(curves.index_of(threshold)).by_group[group]
        assert rates.fmr.rate is not None, "a threshold was set on its different pairs"
        found[group, far] = OwnThreshold(threshold=threshold, fmr=rates.fmr.rate, tar=rates.tar)
    return found


def _enough(far: float, pairs: float) -> bool:
    """Whether one of so many pairs is no more than the share ``far`` of them."""
    return limit(far) * pairs >= 1
