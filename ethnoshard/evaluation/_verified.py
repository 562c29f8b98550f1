"""What a verification came to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ethnoshard.evaluation._curve import Curve
from ethnoshard.evaluation._intervals import Interval
from ethnoshard.evaluation._similarity import MeanSimilarity


@dataclass(frozen=True, kw_only=True)
class FoldFigure:
    """A share measured on every fold with a threshold that the fold has no part in.

    Attributes:
        by_fold: (F) share on each fold.
        mean: of the folds.
        std: of the folds, population standard deviation.
        thresholds: (F) distance below which a pair of the fold was accepted.
        events: pairs of all folds that count.
        pairs: of how many.
        wilson: interval of events / pairs, as if pairs were independent.
        people_interval: interval from draws of people; None where the people aren't known.
    """

    by_fold: tuple[float, ...]
    mean: float
    std: float
    thresholds: tuple[float, ...]
    events: int
    pairs: int
    wilson: Interval
    people_interval: Interval | None


@dataclass(frozen=True, kw_only=True)
class Validation:
    """VAL at a FAR.

    Attributes:
        target: FAR for which the threshold was set on the other folds.
        val: share of same pairs accepted (TAR); None where the FAR that was reached isn't the one asked for.
        far: share of different pairs accepted: the FAR that was reached.
        reason: why there is no VAL.
    """

    target: float
    val: FoldFigure | None
    far: FoldFigure
    reason: str | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Verification:
    """How well pairs of one person are told from pairs of two.

    Attributes:
        pairs: N.
        same: of one person.
        different: of two.
        people: whom the pairs show; None where not known.
        folds: F.
        thresholds_from: "the other folds", or "the same pairs" where there is one fold, which flatters.
        metric: "euclidean" (squared), "cosine" or "given".
        subtract_mean: whether the mean of the other folds' embeddings was subtracted.
        accuracy: share of right answers, thresholds from the grid.
        accuracy_exact: the same, thresholds searched exactly.
        validation: one for each FAR asked for.
        auc: area under the ROC of all pairs.
        eer: equal error rate of all pairs.
        curve: the ROC, thinned for a picture.
        draws: of people, for the intervals; 0 without.
        seed: of the draws.
        similarity: how alike embeddings are, of one person and of different people; None of distances that were given.
    """

    pairs: int
    same: int
    different: int
    people: int | None
    folds: int
    thresholds_from: str
    metric: str
    subtract_mean: bool
    accuracy: FoldFigure
    accuracy_exact: FoldFigure
    validation: tuple[Validation, ...]
    auc: float
    eer: float
    curve: Curve
    draws: int
    seed: int
    similarity: MeanSimilarity | None = None

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        plain = {name: value for name, value in vars(self).items() if name not in ("accuracy", "accuracy_exact")}
        return {
            **plain,
            "accuracy": _figure_dict(self.accuracy),
            "accuracy_exact": _figure_dict(self.accuracy_exact),
            "validation": [
                {
                    "target": at.target,
                    "val": at.val and _figure_dict(at.val),
                    "far": _figure_dict(at.far),
                    "reason": at.reason,
                }
                for at in self.validation
            ],
            "curve": self.curve.to_dict(),
            "similarity": self.similarity and self.similarity.to_dict(),
        }

    @classmethod
    def of_dict(cls, plain: Mapping[str, Any]) -> "Verification":
        """From what ``to_dict`` gave, perhaps by way of a file.

        Raises:
            KeyError: something is missing.
            TypeError: something is of another kind.
        """
        fields = {name: plain[name] for name in cls.__dataclass_fields__ if name != "similarity"}
        for name in ("accuracy", "accuracy_exact"):
            fields[name] = _figure_of(plain[name])
        fields["validation"] = tuple(
            Validation(
                target=at["target"],
                val=at["val"] and _figure_of(at["val"]),
                far=_figure_of(at["far"]),
                reason=at.get("reason"),
            )
            for at in plain["validation"]
        )
        # Reports of before don't have it.
        similarity = plain.get("similarity")
        fields["similarity"] = similarity and MeanSimilarity.of_dict(similarity)
        curve = {name: np.array(values, np.float64) for name, values in plain["curve"].items()}
        return cls(**{**fields, "curve": Curve(**curve)})


def _figure_of(plain: Mapping[str, Any]) -> FoldFigure:
    fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()}
    for name in ("wilson", "people_interval"):
        fields[name] = fields[name] and Interval(*fields[name])
    return FoldFigure(**fields)


def _figure_dict(figure: FoldFigure) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in vars(figure).items()}
