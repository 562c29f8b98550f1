"""FMR and FNMR of every group: as measured, and in draws of people."""

from dataclasses import dataclass

import numpy as np

from ethnoshard.evaluation._checks import Bools, Floats, Whole
from ethnoshard.evaluation._draws import drawn_weights
from ethnoshard.evaluation._figures import figures
from ethnoshard.evaluation._impostors import Impostors, Weighting, weighting_of
from ethnoshard.evaluation._tally import Tally
from ethnoshard.results import Arrays, NamedArrays


@dataclass(frozen=True, kw_only=True, eq=False)
class DrawnRates:
    """Rates of all groups: row 0 as measured, rows 1 to D of draws of people. Holds all that a comparison needs.

    Attributes:
        groups: (G) names.
        compared: (G,) bool, groups with people and pairs enough to enter the figures.
        fmr: (1 + D, G), NaN where there is no pair.
        fnmr: (1 + D, G).
        overall_fmr: (1 + D,) of all pairs, those across groups too.
        overall_fnmr: (1 + D,).
        cross: (1 + D, G, G) FMR of every two groups.
        pairs_fmr: (G,) different-person pairs.
        pairs_fnmr: (G,) same-person pairs.
        alpha: weight of FMR against FNMR in the figures.
        weighting: "person" or "pair".
        seed: of the draws.
        people: digest of groups and people.
    """

    groups: tuple[str, ...]
    compared: Bools
    fmr: Floats
    fnmr: Floats
    overall_fmr: Floats
    overall_fnmr: Floats
    cross: Floats
    pairs_fmr: Whole
    pairs_fnmr: Whole
    alpha: float
    weighting: Weighting
    seed: int
    people: str

    @property
    def draws(self) -> int:
        """D."""
        return len(self.fmr) - 1

    def figures(self) -> dict[str, Floats]:
        """(1 + D,) of every figure over the compared groups; none where fewer than two are."""
        chosen = self.compared
        if chosen.sum() < 2:
            return {}
        return figures(
            self.fmr[:, chosen],
            self.fnmr[:, chosen],
            self.pairs_fmr[chosen],
            self.pairs_fnmr[chosen],
            self.alpha,
        )

    def metrics(self) -> dict[str, Floats]:
        """(1 + D, G) of FMR, FNMR, TAR and accuracy."""
        return {
            "fmr": self.fmr,
            "fnmr": self.fnmr,
            "tar": 1 - self.fnmr,
            "accuracy": 1 - (self.fmr + self.fnmr) / 2,
        }

    def arrays(self) -> Arrays:
        """Name -> array, to be written to a file; the inverse of ``of_arrays``. Nothing in it needs a pickle."""
        return {name: np.asarray(value) for name, value in vars(self).items()}

    @classmethod
    def of_arrays(cls, arrays: NamedArrays) -> "DrawnRates":
        """From what ``arrays`` gave.

        Raises:
            EthnoshardError: one is missing, or of another type or shape.
        """
        return cls(
            groups=tuple(arrays.texts("groups", "G").tolist()),
            compared=arrays.bools("compared", "G"),
            fmr=arrays.floats("fmr", "1 + D", "G"),
            fnmr=arrays.floats("fnmr", "1 + D", "G"),
            overall_fmr=arrays.floats("overall_fmr", "1 + D"),
            overall_fnmr=arrays.floats("overall_fnmr", "1 + D"),
            cross=arrays.floats("cross", "1 + D", "G", "G"),
            pairs_fmr=arrays.whole("pairs_fmr", "G"),
            pairs_fnmr=arrays.whole("pairs_fnmr", "G"),
            alpha=float(arrays.floats("alpha")),
            weighting=weighting_of(str(arrays.texts("weighting"))),
            seed=int(arrays.whole("seed")),
            people=str(arrays.texts("people")),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Rates:
    """Shares in draws, before anybody asks which groups are large enough. Shapes as in ``DrawnRates``."""

    fnmr: Floats
    overall_fmr: Floats
    overall_fnmr: Floats
    cross: Floats


def drawn_rates(tally: Tally, weighting: Weighting, draws: int, seed: int) -> Rates:
    """Rates as measured and in ``draws`` draws of people; only as measured where people aren't known."""
    impostors = Impostors(tally, weighting)
    parts = [_rates(tally, impostors, weighting, np.ones((len(tally.people), 1)))]
    if tally.known:
        parts += [_rates(tally, impostors, weighting, weights) for weights in drawn_weights(tally.sizes, draws, seed)]
    return Rates(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in vars(parts[0])})


def _rates(tally: Tally, impostors: Impostors, weighting: Weighting, weights: Floats) -> Rates:
    cross, overall_fmr = impostors.rates(weights)
    fnmr, overall_fnmr = _fnmr(tally, weighting, weights)
    return Rates(fnmr=fnmr, overall_fmr=overall_fmr, overall_fnmr=overall_fnmr, cross=cross)


def _fnmr(tally: Tally, weighting: Weighting, weights: Floats) -> tuple[Floats, Floats]:
    """(D, G) and (D,). By person, everybody's own share of refused pairs counts alike."""
    several = tally.genuine_pairs > 0
    events = tally.genuine_errors.astype(np.float64)
    totals = tally.genuine_pairs.astype(np.float64)
    if weighting == "person":
        events, totals = events / np.maximum(totals, 1), several.astype(np.float64)
    sums = np.stack([[events[block] @ weights[block], totals[block] @ weights[block]] for block in tally.blocks])
    with np.errstate(invalid="ignore", divide="ignore"):
        by_group: Floats = (sums[:, 0] / sums[:, 1]).T
        overall: Floats = sums[:, 0].sum(axis=0) / sums[:, 1].sum(axis=0)
    return by_group, overall
