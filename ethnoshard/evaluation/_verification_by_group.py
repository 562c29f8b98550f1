"""Each group's pairs verified by themselves, with thresholds of their own."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation._checks import same_of, scores_of, texts_of
from ethnoshard.evaluation._draws import people_of_pairs
from ethnoshard.evaluation._folded_pairs import FARS, FoldedPairs
from ethnoshard.evaluation._folds import DistancesByFold, folds_of
from ethnoshard.evaluation._similarity import SPANS
from ethnoshard.results import VerificationByGroup, VerificationSummary


def verification_by_group(
    distance: npt.ArrayLike,
    same: npt.ArrayLike,
    groups: tuple[npt.ArrayLike, npt.ArrayLike],
    *,
    fold: npt.ArrayLike | None = None,
    people: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    metric: str = "given",
    fars: Sequence[float] = FARS,
    draws: int = 1000,
    seed: int = 0,
) -> VerificationByGroup:
    """Verify the pairs within each group as if they were the whole list, as RFW is reported.

    Args:
        distance: (N,) smaller for images that are more alike; of scores the negative.
        same: (N,) bool.
        groups: (N,) and (N,) group of each image's person; pairs across groups are passed over.
        fold: (N,) whole numbers; None for one fold, whose thresholds come from the same pairs.
        people: (N,) and (N,) identities of the two images; needed for intervals from draws of people.
        metric: "euclidean" or "cosine", whose thresholds come in the steps of ``verification``; "given" for any
            other, whose thresholds are searched exactly.
        fars: FARs to give VAL at, at each group's own thresholds.
        draws: of people.
        seed: of the draws.

    Raises:
        EthnoshardError: distances are not finite, or arrays don't fit.
    """
    values = scores_of(distance, "distances")
    truth = same_of(same, len(values))
    first, second = (texts_of(side, len(values), "the group") for side in groups)
    folds = None if fold is None else np.asarray(fold)
    whose = None if people is None else tuple(np.asarray(side) for side in people)
    by_group: dict[str, VerificationSummary] = {}
    left_out: dict[str, str] = {}
    for group in np.unique(np.concatenate([first, second])).tolist():
        rows = (first == group) & (second == group)
        if not rows.any():
            left_out[group] = "no pair within it is listed"
            continue
        try:
            own = same_of(truth[rows], int(rows.sum()))
            by_fold = DistancesByFold.of(values[rows][None], own, folds_of(None if folds is None else folds[rows], own))
            known = None if whose is None else people_of_pairs(whose[0][rows], whose[1][rows], own)
        except EthnoshardError as error:
            left_out[group] = str(error)
            continue
        found = FoldedPairs(by_fold, SPANS.get(metric), known).measured(
            fars, draws, seed, metric=metric, subtract_mean=False
        )
        by_group[group] = VerificationSummary(
            **{name: getattr(found, name) for name in VerificationSummary.__dataclass_fields__}
        )
    return VerificationByGroup.measured(by_group, left_out)
