"""Two models' verifications on the same pairs: differences, paired on the same draws of people."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from ethnoshard._checks import check_whole
from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation._checks import Floats, same_of, scores_of
from ethnoshard.evaluation._draws import people_of_pairs, percentile_interval
from ethnoshard.evaluation._folded_pairs import FoldedPairs
from ethnoshard.evaluation._folds import DistancesByFold
from ethnoshard.evaluation._redraws import Redraws
from ethnoshard.evaluation._similarity import SPANS
from ethnoshard.results import Change, Validation, Verification


@dataclass(frozen=True, kw_only=True, eq=False)
class VerifiedPairs:
    """One model's verification with the distance that it rests on.

    Attributes:
        result: what ``verification`` gave.
        distance: (N,) of each pair, as its own fold sees it (``pair_distances``).
    """

    result: Verification
    distance: npt.ArrayLike


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

    In each draw of people both models are measured with the same weights, each with thresholds that are chosen again;
    the interval is of the difference. Where the mean of other folds was subtracted, thresholds are chosen again from
    distances as each pair's own fold sees them.

    Args:
        base: verification by the base model.
        other: verification by the other, on the same pairs in the same order.
        same: (N,) bool.
        fold: (N,) whole numbers; None for one fold.
        people: (N,) and (N,) whose the two images are; needed for intervals.
        draws: of people.
        seed: of the draws.

    Returns:
        "accuracy", "accuracy_exact", "val_at_<FAR>" and "far_at_<FAR>" for every FAR that both have, "auc" and "eer".
        Where one of them has no VAL there is no difference.

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
    folds = np.unique(number, return_inverse=True)[1].astype(np.int64)
    fars = [at.far_asked for at in base.result.validation if at.far_asked in _fars(other.result)]
    drawn, few = None, frozenset[float]()
    if people is not None and draws:
        whose = people_of_pairs(*people, truth)
        models = [
            FoldedPairs(DistancesByFold.of(distance[None], truth, folds), SPANS.get(model.result.metric), whose)
            for distance, model in zip(distances, (base, other), strict=True)
        ]
        few = frozenset(far for far in fars if models[0].few_behind(far))
        spread = max(model.spread(fars) for model in models)
        drawn = tuple(model.redraws(fars, draws, seed, spread=spread) for model in models)
    return _changes(base.result, other.result, fars, drawn, few)


def _fars(result: Verification) -> dict[float, Validation]:
    return {at.far_asked: at for at in result.validation}


def _changes(
    base: Verification, other: Verification, fars: list[float], drawn: tuple[Redraws, ...] | None, few: frozenset[float]
) -> dict[str, Change]:
    nothing = np.empty(0)
    one, two = (None, None) if drawn is None else drawn

    def differences(name: Literal["accuracy", "accuracy_exact", "auc", "eer"]) -> Floats:
        difference: Floats = nothing if one is None or two is None else getattr(two, name) - getattr(one, name)
        return difference

    changes = {
        "accuracy": _change(base.accuracy.mean, other.accuracy.mean, differences("accuracy")),
        "accuracy_exact": _change(base.accuracy_exact.mean, other.accuracy_exact.mean, differences("accuracy_exact")),
    }
    for far in fars:
        ours, theirs = _fars(base)[far], _fars(other)[far]
        vals = [None if at.val is None else at.val.mean for at in (ours, theirs)]
        of_val, of_far = (nothing, nothing) if one is None or two is None else _differences(one, two, far)
        changes[f"val_at_{far:g}"] = _change(vals[0], vals[1], nothing if far in few else of_val)
        changes[f"far_at_{far:g}"] = _change(ours.far.mean, theirs.far.mean, of_far)
    changes["auc"] = _change(base.auc, other.auc, differences("auc"))
    changes["eer"] = _change(base.eer, other.eer, differences("eer"))
    return changes


def _differences(base: Redraws, other: Redraws, far: float) -> tuple[Floats, Floats]:
    """Of VAL, and of the FAR reached."""
    return other.val[far] - base.val[far], other.far[far] - base.far[far]


def _change(base: float | None, other: float | None, differences: Floats) -> Change:
    if base is None or other is None:
        return Change(base=base, other=other, difference=None, people_interval=None, undefined_draws=0)
    return Change(
        base=base,
        other=other,
        difference=other - base,
        people_interval=percentile_interval(differences) if len(differences) else None,
        undefined_draws=0,
    )
