"""Error rates of every group: as measured, and in draws of people, without looking at a score again."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from ethnoshard.evaluation._checks import Bools, Floats, Whole
from ethnoshard.evaluation._counts import Tally, Weighting, weighting_of
from ethnoshard.evaluation._draws import drawn_weights
from ethnoshard.evaluation._fairness import fairness_metrics
from ethnoshard.results import Arrays, NamedArrays

_NAMES = {"people_digest": "people"}
"""Fields that have another name in a file."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DrawnRates:
    """Rates of all groups: row 0 as measured, rows 1 to D of draws of people. Holds all that a comparison needs.

    Attributes:
        groups: (G) names.
        compared: (G,) bool, groups with people and pairs enough to enter the metrics.
        fmr: (1 + D, G), NaN where there is no pair.
        fnmr: (1 + D, G).
        overall_fmr: (1 + D,) of all pairs, those across groups too.
        overall_fnmr: (1 + D,).
        cross: (1 + D, G, G) FMR of every two groups.
        pairs_fmr: (G,) different-person pairs.
        pairs_fnmr: (G,) same-person pairs.
        alpha: weight of FMR against FNMR in the metrics.
        weighting: "person" or "pair".
        seed: of the draws.
        people_digest: of groups and people: rates with the same come from the same draws.
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
    people_digest: str

    @property
    def draws(self) -> int:
        """D."""
        return len(self.fmr) - 1

    def fairness(self) -> dict[str, Floats]:
        """(1 + D,) of every fairness metric over the compared groups; none where fewer than two are."""
        chosen = self.compared
        if chosen.sum() < 2:
            return {}
        return fairness_metrics(
            self.fmr[:, chosen],
            self.fnmr[:, chosen],
            self.pairs_fmr[chosen],
            self.pairs_fnmr[chosen],
            self.alpha,
        )

    def rates(self) -> dict[str, Floats]:
        """(1 + D, G) of FMR, FNMR, TAR and accuracy."""
        return {
            "fmr": self.fmr,
            "fnmr": self.fnmr,
            "tar": 1 - self.fnmr,
            "accuracy": 1 - (self.fmr + self.fnmr) / 2,
        }

    def arrays(self) -> Arrays:
        """Name -> array, to be written to a file; the inverse of ``of_arrays``. Nothing in it needs a pickle."""
        return {_NAMES.get(name, name): np.asarray(value) for name, value in vars(self).items()}

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
            people_digest=str(arrays.texts("people")),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Rates:
    """Shares in draws, before anybody asks which groups are large enough. Shapes as in ``DrawnRates``."""

    fnmr: Floats
    overall_fmr: Floats
    overall_fnmr: Floats
    cross: Floats


class Impostors:
    """FMR of every two groups, for people who count w times.

    Two people count w times w'. With weighting "person" the FMR is the mean, over two people at a time, of their own
    share of false matches; with "pair" it is false matches over pairs. A person drawn twice makes no pair with
    themselves: those would be images of one person.

    Args:
        tally: the counts.
        weighting: "person" or "pair".
    """

    def __init__(self, tally: Tally, weighting: Weighting) -> None:
        self._blocks = tally.blocks
        self._listed: list[list[csr_array]] | None = None
        self._size = tally.images.astype(np.float64) if weighting == "pair" else np.ones(len(tally.images))
        self._kinds = _kinds(tally.matched)
        errors = tally.impostor_errors.astype(np.float64)
        if tally.impostor_pairs is not None:
            pairs = tally.impostor_pairs.astype(np.float64)
            self._listed = self._split(pairs if weighting == "pair" else _with(pairs, np.ones(pairs.nnz)))
            if weighting == "person":
                # An error's two people have a pair, so every cell of the one is a cell of the other.
                errors = errors.multiply(_with(pairs, 1 / pairs.data)).tocsr()
        elif weighting == "person":
            rows, columns = errors.nonzero()
            errors = _with(errors, errors.data / (tally.images[rows] * tally.images[columns]))
        self._errors = self._split(errors)

    def rates(self, weights: Floats) -> tuple[Floats, Floats]:
        """FMR of every two groups, and of all pairs together.

        Args:
            weights: (P, D) how often each person counts in each of D draws.

        Returns:
            (D, G, G) symmetric, NaN where nothing is to be counted; (D,).
        """
        events = self._sums(self._errors, weights)
        totals = self._sums(self._listed, weights) if self._listed is not None else self._all_pairs(weights)
        upper = np.triu_indices(len(self._blocks))
        with np.errstate(invalid="ignore", divide="ignore"):
            overall: Floats = events[:, *upper].sum(axis=1) / totals[:, *upper].sum(axis=1)
            return _mirrored(events) / _mirrored(totals), overall

    def _split(self, matrix: csr_array) -> list[list[csr_array]]:
        return [[csr_array(matrix[rows, columns]) for columns in self._blocks] for rows in self._blocks]

    def _sums(self, blocks: list[list[csr_array]], weights: Floats) -> Floats:
        """Sum of w w' x over two people at a time, (D, G, G), upper triangle."""
        groups = len(self._blocks)
        sums = np.zeros((weights.shape[1], groups, groups))
        for i, rows in enumerate(self._blocks):
            for j in range(i, groups):
                if blocks[i][j].nnz:
                    columns = self._blocks[j]
                    sums[:, i, j] = np.einsum("pd,pd->d", weights[rows], blocks[i][j] @ weights[columns])
        return sums

    def _all_pairs(self, weights: Floats) -> Floats:
        """Sum of w w' over every two people who aren't known to differ, (D, G, G), from sums over each group alone."""
        sized = weights * self._size[:, None]
        known = np.stack([[sized[block][kind[block]].sum(axis=0) for kind in self._kinds] for block in self._blocks])
        everybody = np.stack([sized[block].sum(axis=0) for block in self._blocks])
        squares = np.stack([np.square(sized[block]).sum(axis=0) for block in self._blocks])
        # Products of sums count pairs of known kinds that differ; take off all of known kinds, put back the alike.
        either = known.sum(axis=1)
        alike = np.einsum("ikd,jkd->dij", known, known)
        totals = np.einsum("id,jd->dij", everybody, everybody) - np.einsum("id,jd->dij", either, either) + alike
        groups = np.arange(len(self._blocks))
        totals[:, groups, groups] = (totals[:, groups, groups] - squares.T) / 2
        result: Floats = totals
        return result


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


def _kinds(matched: Whole) -> list[Bools]:
    """One mask a known value; at least one, so that sums over kinds have a shape."""
    return [matched == value for value in np.unique(matched[matched >= 0]).tolist()] or [
        np.zeros(len(matched), np.bool_)
    ]


def _with(matrix: csr_array, data: Floats) -> csr_array:
    return csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape)


def _mirrored(upper: Floats) -> Floats:
    groups = upper.shape[1]
    low = np.tril_indices(groups, -1)
    full = upper.copy()
    full[:, low[0], low[1]] = upper[:, low[1], low[0]]
    return full
