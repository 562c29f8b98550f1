"""False matches between groups when each person counts so many times, without looking at a score again."""

from typing import Any, Literal

import numpy as np
from scipy.sparse import csr_array

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation._checks import Bools, Floats, Whole
from ethnoshard.evaluation._tally import Tally

Weighting = Literal["person", "pair"]


def weighting_of(name: str) -> Weighting:
    """A weighting by its name.

    Raises:
        EthnoshardError: there is none of that name.
    """
    if name == "person":
        return "person"
    if name == "pair":
        return "pair"
    raise EthnoshardError(f"weighting must be 'person' or 'pair', got {name!r}")


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
        self._listed: list[list[Any]] | None = None
        self._size = tally.images.astype(np.float64) if weighting == "pair" else np.ones(len(tally.images))
        self._kinds = _kinds(tally.matched)
        errors = tally.impostor_errors.astype(np.float64)
        if tally.impostor_pairs is not None:
            pairs = tally.impostor_pairs.astype(np.float64)
            self._listed = self._split(pairs if weighting == "pair" else _with(pairs, np.ones(pairs.nnz)))
            if weighting == "person":
                # An error's two people have a pair, so every place of the one is a place of the other.
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

    def _split(self, matrix: Any) -> list[list[Any]]:
        return [[csr_array(matrix[rows, columns]) for columns in self._blocks] for rows in self._blocks]

    def _sums(self, blocks: list[list[Any]], weights: Floats) -> Floats:
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
        """The same of every two people who aren't known to differ, from sums over each group alone."""
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


def _kinds(matched: Whole) -> list[Bools]:
    """One mask a known value; at least one, so that sums over kinds have a shape."""
    return [matched == value for value in np.unique(matched[matched >= 0]).tolist()] or [
        np.zeros(len(matched), np.bool_)
    ]


def _with(matrix: Any, data: Floats) -> Any:
    return csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape)


def _mirrored(upper: Floats) -> Floats:
    groups = upper.shape[1]
    low = np.tril_indices(groups, -1)
    full = upper.copy()
    full[:, low[0], low[1]] = upper[:, low[1], low[0]]
    return full
