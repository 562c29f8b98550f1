"""Which people a list of pairs is about, and how much a pair weighs when people are drawn."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation._checks import Bools, Floats, Whole, texts_of
from ethnoshard.evaluation._draws import drawn_weights


@dataclass(frozen=True, kw_only=True, eq=False)
class People:
    """The people of N pairs.

    Attributes:
        names: (P,) in alphabetical order.
        first: (N,) number of the first image's person.
        second: (N,) of the second's.
    """

    names: npt.NDArray[np.str_]
    first: Whole
    second: Whole

    @property
    def number(self) -> int:
        """P."""
        return len(self.names)


def people_of_pairs(first: npt.ArrayLike, second: npt.ArrayLike, same: Bools) -> People:
    """Number the people of pairs.

    Args:
        first: (N,) whose the first image is.
        second: (N,) whose the second is.
        same: (N,).

    Raises:
        EthnoshardError: ``same`` contradicts the people.
    """
    names_first = texts_of(first, len(same), "the first image's person")
    names_second = texts_of(second, len(same), "the second image's person")
    wrong = int(np.count_nonzero((names_first == names_second) != same))
    if wrong:
        raise EthnoshardError(
            f"{wrong:,} of {len(same):,} pairs are called same with two people, or different with one"
        )
    names, codes = np.unique(np.concatenate([names_first, names_second]), return_inverse=True)
    codes = codes.astype(np.int64)
    return People(names=names, first=codes[: len(same)], second=codes[len(same) :])


def drawn_shares(events: Bools, pairs: Bools, people: People, draws: int, seed: int) -> Floats:
    """Share of ``pairs`` with an event when people are drawn with replacement, (draws,).

    A pair of one person counts as often as the person was drawn, a pair of two people as often as the one times as
    often as the other: these are the pairs that the drawn people would have.

    Args:
        events: (N,).
        pairs: (N,), which pairs to count.
        people: of the pairs.
        draws: how many.
        seed: chooses them.
    """
    first, second = people.first[pairs], people.second[pairs]
    single, happened = (first == second)[:, None], events[pairs].astype(np.float64)
    shares = []
    for weights in drawn_weights([people.number], draws, seed):
        times = weights[first] * np.where(single, 1, weights[second])
        total = times.sum(axis=0)
        shares.append(np.where(total > 0, happened @ times / np.maximum(total, 1), np.nan))
    return np.concatenate(shares)
