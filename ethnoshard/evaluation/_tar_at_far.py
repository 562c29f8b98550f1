"""What share of each group's same pairs is accepted at a FAR: by one threshold for all, and by its own."""

from collections.abc import Mapping, Sequence

from ethnoshard.evaluation._counts import TestedPairs, Weighting
from ethnoshard.evaluation._group_curves import GroupCurves
from ethnoshard.evaluation._thresholds import cut, limit
from ethnoshard.results import GroupTar, OwnThreshold, TarAtFar, Threshold


def tar_at_fars(
    pairs: TestedPairs, curves: GroupCurves, thresholds: Mapping[float, Threshold | str]
) -> tuple[TarAtFar, ...]:
    """By group, at a threshold for all and at each group's own.

    Args:
        pairs: all pairs of a ``Roster``, or a ``ScoreList``; with groups.
        curves: errors of these pairs, at the thresholds for all among others.
        thresholds: FAR -> the threshold for all, set on other people's pairs where there are such; or why none is.

    Raises:
        EthnoshardError: the curves lack a threshold.
    """
    within = {group: pairs.within(group) for group in curves.groups}
    number = {group: own.different_pairs(curves.weighting) for group, own in within.items()}
    fars = [far for far, threshold in thresholds.items() if isinstance(threshold, Threshold)]
    own = {
        group: _own(of_group, [far for far in fars if _enough(far, number[group])], curves.weighting)
        for group, of_group in within.items()
    }
    found = []
    for far, threshold in thresholds.items():
        if isinstance(threshold, str):
            found.append(TarAtFar(far=far, threshold=None, chosen_on=None, reason=threshold))
            continue
        by_group = {}
        for group, at in curves.at(curves.index_of(threshold.value)).by_group.items():
            enough = _enough(far, number[group])
            by_group[group] = GroupTar(
                tar=at.tar,
                fnmr=at.fnmr,
                fmr=at.fmr,
                deviation=at.fmr.rate / far - 1 if enough and at.fmr.rate is not None else None,
                own=own[group].get(far),
                expected=far * number[group],
            )
        found.append(TarAtFar(far=far, threshold=threshold.value, chosen_on=threshold.chosen_on, by_group=by_group))
    return tuple(found)


def _own(pairs: TestedPairs, fars: Sequence[float], weighting: Weighting) -> dict[float, OwnThreshold]:
    """FAR -> threshold of one group's pairs. No intervals: they would forget that thresholds were set on them."""
    if not fars:
        return {}
    scores, shares = pairs.most_similar(max(fars), weighting)
    thresholds = {far: cut(scores, shares, far) for far in fars}
    return {
        far: OwnThreshold(
            threshold=threshold,
            fmr=float(shares[scores >= threshold].sum()),
            tar=pairs.same_accepted(threshold, weighting),
        )
        for far, threshold in thresholds.items()
    }


def _enough(far: float, pairs: float) -> bool:
    """Whether one of so many pairs is no more than the share ``far`` of them."""
    return limit(far) * pairs >= 1
