"""How errors by group are measured."""

from dataclasses import dataclass

from ethnoshard._checks import check_number, check_whole
from ethnoshard.evaluation._counts import (
    Weighting,
    weighting_of,
)


@dataclass(frozen=True, kw_only=True)
class GroupOptions:
    """How errors by group are measured.

    Attributes:
        weighting: "person", where each person's same-person pairs count alike, and each two people's different-person
            pairs; "pair"; or None for "person" where people are known.
        alpha: weight of FMR against FNMR in FDR, IR and GARBE, 0 to 1.
        draws: simulated sets of groups, for the intervals of fairness metrics and what equal groups would show; with 0
            there are no intervals at all.
        seed: of the simulation.
        min_people: below it a rate is flagged and its group enters no metric: of fewer people nobody knows how much
            people differ.
        min_pairs: below it a rate is flagged and its group enters no metric: of fewer pairs one error more or less
            moves the rate by more than 3 %.

    Raises:
        EthnoshardError: a value is out of its range.
    """

    weighting: Weighting | None = None
    alpha: float = 0.5
    draws: int = 1000
    seed: int = 0
    min_people: int = 20
    min_pairs: int = 30

    def __post_init__(self) -> None:
        """Check the ranges."""
        if self.weighting is not None:
            weighting_of(self.weighting)
        check_number("alpha", self.alpha, at_least=0, at_most=1)
        for name in ("draws", "seed", "min_people", "min_pairs"):
            check_whole(name, getattr(self, name), 0)


USUAL = GroupOptions()
