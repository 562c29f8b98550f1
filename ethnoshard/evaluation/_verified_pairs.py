"""Two models' verifications on the same pairs: differences, paired on the same draws of people."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ethnoshard._checks import check_whole
from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation._checks import Bools, Floats, Whole, same_of, scores_of
from ethnoshard.evaluation._draws import People, drawn_shares, drawn_weights, people_of_pairs, percentile_interval
from ethnoshard.results import Change, FoldRate, Verification


@dataclass(frozen=True, kw_only=True, eq=False)
class VerifiedPairs:
    """One model's verification with the distance that it rests on.

    Attributes:
        result: what ``verification`` gave.
        distance: (N,) of each pair, as its own fold sees it (``pair_distances``).
    """

    result: Verification
    distance: npt.ArrayLike


class _Pairs(NamedTuple):
    """What both models were tested on."""

    same: Bools
    fold: Whole
    people: People | None


def compare_verifications(
    base: VerifiedPairs,
    other: VerifiedPairs,
    same: npt.ArrayLike,
    *,
    fold: npt.ArrayLike | None = None,
    people: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    draws: int = 1000,
    seed: int = 0,
) -> dict[str, Change]:
    """Differences of two models, each with its own folds' thresholds.

    In each draw of people both models are measured on the pairs that these people have; the interval is of the
    difference. Thresholds stay those of the whole: what is drawn is the test.

    Args:
        base: verification by the base model.
        other: verification by the other, on the same pairs in the same order.
        same: (N,) bool.
        fold: (N,) whole numbers; None for one fold.
        people: (N,) and (N,) whose the two images are; needed for intervals.
        draws: of people.
        seed: of the draws.

    Returns:
        "accuracy", "accuracy_exact", "val_at_<FAR>" and "far_at_<FAR>" for every FAR that both have, "auc", and "eer",
        which has no interval. Where one of them has no VAL there is no difference.

    Raises:
        EthnoshardError: pairs or folds differ, or arrays don't fit.
    """
    check_whole("draws", draws, 0)
    distances = [scores_of(each.distance, "distances") for each in (base, other)]
    truth = same_of(same, len(distances[0]))
    if len({len(distances[0]), len(distances[1]), base.result.pairs, other.result.pairs}) > 1:
        raise EthnoshardError(
            f"the two models were tested on {len(distances[0]):,} and {len(distances[1]):,} pairs; evaluate both "
            "on the same"
        )
    if base.result.folds != other.result.folds:
        raise EthnoshardError(f"the pairs were cut into {base.result.folds} and {other.result.folds} folds")
    number = np.zeros(len(truth), np.int64) if fold is None else np.asarray(fold)
    pairs = _Pairs(
        truth,
        np.unique(number, return_inverse=True)[1].astype(np.int64),
        None if people is None else people_of_pairs(*people, truth),
    )
    drawn = draws if pairs.people is not None else 0

    def change(ours: FoldRate, theirs: FoldRate, wanted: Bools | None, counted: Bools) -> Change:
        rates = (ours, theirs)
        shares = [
            _drawn(pairs, distance, rate, wanted, counted, drawn, seed)
            for distance, rate in zip(distances, rates, strict=True)
        ]
        return _change(ours.mean, theirs.mean, shares[1] - shares[0])

    everything = np.ones_like(truth)
    changes = {
        "accuracy": change(base.result.accuracy, other.result.accuracy, truth, everything),
        "accuracy_exact": change(base.result.accuracy_exact, other.result.accuracy_exact, truth, everything),
    }
    theirs = {at.far_asked: at for at in other.result.validation}
    for ours in base.result.validation:
        if ours.far_asked in theirs:
            changes[f"val_at_{ours.far_asked:g}"] = _val_change(ours.val, theirs[ours.far_asked].val, change, truth)
            changes[f"far_at_{ours.far_asked:g}"] = change(ours.far, theirs[ours.far_asked].far, None, ~truth)
    areas = [_drawn_areas(pairs, distance, drawn, seed) for distance in distances]
    changes["auc"] = _change(base.result.auc, other.result.auc, areas[1] - areas[0])
    changes["eer"] = _change(base.result.eer, other.result.eer, np.empty(0))
    return changes


def _val_change(
    ours: FoldRate | None,
    theirs: FoldRate | None,
    change: Callable[[FoldRate, FoldRate, None, Bools], Change],
    same: Bools,
) -> Change:
    if ours is not None and theirs is not None:
        return change(ours, theirs, None, same)
    return Change(
        base=None if ours is None else ours.mean,
        other=None if theirs is None else theirs.mean,
        difference=None,
        people_interval=None,
        undefined_draws=0,
    )


def _drawn(
    pairs: _Pairs, distance: Floats, rate: FoldRate, wanted: Bools | None, counted: Bools, draws: int, seed: int
) -> Floats:
    """(draws,) shares of right answers (``wanted`` says which these are), or of accepted pairs (None)."""
    if pairs.people is None or not draws:
        return np.empty(0)
    accepted = distance < np.array(rate.thresholds)[pairs.fold]
    events = accepted if wanted is None else accepted == wanted
    part = float(pairs.same[counted].mean())
    total = np.zeros(draws)
    # Both kinds of pairs keep the part that they have in the list, as in each model's own interval.
    for kind, weight in ((pairs.same, part), (~pairs.same, 1 - part)):
        if weight:
            total += weight * drawn_shares(events, counted & kind, pairs.people, draws, seed)
    return total


def _drawn_areas(pairs: _Pairs, distance: Floats, draws: int, seed: int) -> Floats:
    """(draws,) areas below the ROC when people are drawn, ties counting half."""
    if pairs.people is None:
        return np.empty(0)
    _, rank = np.unique(distance, return_inverse=True)
    order = np.argsort(rank, kind="stable")
    starts = np.flatnonzero(np.diff(rank[order], prepend=-1))
    first, second = pairs.people.first[order], pairs.people.second[order]
    same = pairs.same[order][:, None]
    areas = []
    for weights in _some_at_a_time(drawn_weights([pairs.people.number], draws, seed)):
        times = weights[first] * np.where(same, 1, weights[second])
        alike = np.add.reduceat(np.where(same, times, 0), starts, axis=0)
        unlike = np.add.reduceat(np.where(same, 0, times), starts, axis=0)
        farther = unlike.sum(axis=0) - np.cumsum(unlike, axis=0)
        both = alike.sum(axis=0) * unlike.sum(axis=0)
        won = (alike * (farther + unlike / 2)).sum(axis=0)
        areas.append(np.divide(won, both, out=np.full_like(won, np.nan), where=both > 0))
    return np.concatenate(areas) if areas else np.empty(0)


def _some_at_a_time(weights: Iterable[Floats], number: int = 100) -> Iterator[Floats]:
    """Fewer draws at a time: of long lists of pairs all at once would be gigabytes."""
    for part in weights:
        for begin in range(0, part.shape[1], number):
            yield part[:, begin : begin + number]


def _change(base: float, other: float, differences: Floats) -> Change:
    undefined = int(np.count_nonzero(~np.isfinite(differences)))
    return Change(
        base=base,
        other=other,
        difference=other - base,
        people_interval=percentile_interval(differences) if len(differences) and not undefined else None,
        undefined_draws=undefined,
    )
