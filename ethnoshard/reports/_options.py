"""What decides an evaluation besides the model and the data."""

from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from ethnoshard.errors import EthnoshardError

Metric = Literal["euclidean", "cosine"]
"""As ``evaluation`` has it; importing that takes seconds."""


@dataclass(frozen=True, kw_only=True)
class EvaluationOptions:
    """How to evaluate.

    Attributes:
        metric: distance of verification.
        subtract_mean: subtract the mean of the other folds' embeddings, in verification.
        fars: FARs to give VAL at.
        draws: of people, for intervals.
        seed: of draws and galleries.
        threshold: cosine similarity (or score) from which errors by group count a pair as accepted; None for the one
            that gives people outside the test the FMR ``fmr``.
        fmr: see there.
        more_than: images that people of the identification have more of.
        galleries: drawn for the identification.
        min_people: below it a rate is shown grey, and its group enters no figure.
        min_pairs: likewise.
        allow_missing: go on when the list names images that the place never had.
    """

    metric: Metric = "euclidean"
    subtract_mean: bool = False
    fars: tuple[float, ...] = (0.001, 0.01)
    draws: int = 1000
    seed: int = 0
    threshold: float | None = None
    fmr: float = 0.001
    more_than: int = 10
    galleries: int = 10
    min_people: int = 20
    min_pairs: int = 30
    allow_missing: bool = False

    def __post_init__(self) -> None:
        """Check the ranges."""
        if self.metric not in get_args(Metric):
            raise EthnoshardError(f"the metric is {' or '.join(get_args(Metric))}; {self.metric!r} is not")
        for name in ("draws", "seed", "min_people", "min_pairs"):
            if getattr(self, name) < 0:
                raise EthnoshardError(f"{name.replace('_', '-')} is at least 0; {getattr(self, name)} is not")
        for name in ("more_than", "galleries"):
            if getattr(self, name) < 1:
                raise EthnoshardError(f"{name.replace('_', '-')} is at least 1; {getattr(self, name)} is not")
        for value in (*self.fars, self.fmr):
            if not 0 < value < 1:
                raise EthnoshardError(f"a FAR or FMR lies between 0 and 1; {value:g} does not")

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {**asdict(self), "fars": list(self.fars)}
