"""Tallies of all pairs of images, scored block after block so that memory doesn't grow with their number."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray
from scipy.sparse import coo_array

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation._checks import Bools, Whole, normalised, texts_of
from ethnoshard.evaluation._tally import Tally, enrolled

_SIDE = 2048
"""Images a side of a block: 4 million scores, 16 MB."""


class Block(NamedTuple):
    """Cosine similarities of some images with others, rows from ``row`` on, columns from ``column`` on."""

    row: int
    column: int
    scores: NDArray[np.float32]


def similarity_blocks(unit: NDArray[np.float32]) -> Iterator[Block]:
    """Every pair of images once: those above the diagonal; on it, blocks hold pairs twice and images with themselves.

    Single precision suffices: the error of a similarity is about 1e-7.
    """
    for row in range(0, len(unit), _SIDE):
        for column in range(row, len(unit), _SIDE):
            yield Block(row, column, unit[row : row + _SIDE] @ unit[column : column + _SIDE].T)


def above_diagonal(block: Block) -> Bools:
    """Where a block holds a pair that no other place holds."""
    rows, columns = block.scores.shape
    if block.row < block.column:
        return np.ones((rows, columns), np.bool_)
    return np.triu(np.ones((rows, columns), np.bool_), 1)


def tally_of_embeddings(
    embeddings: npt.ArrayLike,
    people: npt.ArrayLike,
    groups: npt.ArrayLike,
    threshold: float,
    matched_on: npt.ArrayLike | None = None,
) -> Tally:
    """Count errors of all pairs of images, within and across groups.

    Args:
        embeddings: (N, D); divided by their length. The similarity is the cosine.
        people: (N,) whose each image is.
        groups: (N,) that person's group.
        threshold: similarity from which a pair is accepted.
        matched_on: (N,) an attribute of the person, such as sex, "" or None where unknown; images of two people who
            are known to differ in it make no pair.

    Raises:
        EthnoshardError: NaN, infinite or zero embeddings (with their number), arrays that don't fit, one group or
            person only, a person with two groups or attributes.
    """
    unit = normalised(embeddings)
    number = len(unit)
    roster, codes = enrolled(texts_of(people, number, "the person"), texts_of(groups, number, "the group"))
    crowd = len(roster.people)
    matched = _matched(matched_on, codes, crowd)
    order = np.argsort(codes, kind="stable")
    first, second, hits = _hits(unit[order].astype(np.float32), codes[order], threshold)
    single = first == second
    differ = (matched[first] >= 0) & (matched[second] >= 0) & (matched[first] != matched[second])
    images = np.bincount(codes, minlength=crowd).astype(np.int64)
    genuine = images * (images - 1) // 2
    accepted = np.zeros(crowd, np.int64)
    accepted[first[single]] = hits[single]
    apart = ~single & ~differ
    return Tally(
        groups=roster.groups,
        people=roster.people,
        known=True,
        sizes=roster.sizes,
        genuine_pairs=genuine,
        genuine_errors=genuine - accepted,
        impostor_errors=coo_array((hits[apart], (first[apart], second[apart])), shape=(crowd, crowd)).tocsr(),
        impostor_pairs=None,
        images=images,
        matched=matched,
        threshold=threshold,
    )


def _hits(unit: NDArray[np.float32], codes: Whole, threshold: float) -> tuple[Whole, Whole, Whole]:
    """Accepted pairs counted by two people, the lower number first; ``codes`` rises along the rows."""
    crowd = int(codes[-1]) + 1
    keys, counts = [], []
    for block in similarity_blocks(unit):
        rows, columns = np.nonzero(block.scores >= np.float32(threshold))
        if block.row == block.column:
            once = rows < columns
            rows, columns = rows[once], columns[once]
        found, times = np.unique(codes[block.row + rows] * crowd + codes[block.column + columns], return_counts=True)
        keys.append(found)
        counts.append(times)
    joined, place = np.unique(np.concatenate(keys), return_inverse=True)
    hits = np.bincount(place, np.concatenate(counts), minlength=len(joined)).astype(np.int64)
    return joined // crowd, joined % crowd, hits


def _matched(values: npt.ArrayLike | None, codes: Whole, crowd: int) -> Whole:
    """(P,) the attribute of each person as a number, -1 where unknown."""
    found = np.full(crowd, -1, np.int64)
    if values is None:
        return found
    array = np.asarray(values, dtype=object)
    if array.shape != codes.shape:
        raise EthnoshardError(
            f"matched_on is one for each of {len(codes):,} images; these have the shape {array.shape}"
        )
    texts = np.array(["" if value is None else str(value) for value in array.tolist()])
    _, numbers = np.unique(texts, return_inverse=True)
    numbers = np.where(texts == "", -1, numbers)
    found[codes] = numbers
    split = np.unique(codes[found[codes] != numbers])
    if len(split):
        raise EthnoshardError(f"{len(split):,} people have more than one value of matched_on")
    return found
