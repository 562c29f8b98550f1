"""Tallies of all pairs of images, scored block after block so that memory doesn't grow with their number."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray
from scipy.sparse import coo_array

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation._checks import Bools, Floats, Whole, normalised, texts_of
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


def tallies_of_embeddings(
    embeddings: npt.ArrayLike,
    people: npt.ArrayLike,
    groups: npt.ArrayLike,
    thresholds: Floats,
    matched_on: npt.ArrayLike | None = None,
) -> Iterator[Tally]:
    """Count errors of all pairs of images, within and across groups, at each of T thresholds.

    Scores are computed once for all of them. Memory holds one block, and fifty bytes at most for each pair that the
    lowest threshold accepts.

    Args:
        embeddings: (N, D); divided by their length. The similarity is the cosine.
        people: (N,) whose each image is.
        groups: (N,) that person's group.
        thresholds: (T,) rising, similarities from which a pair is accepted.
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
    matched = matched_people(matched_on, codes, crowd)
    order = np.argsort(codes, kind="stable")
    hits = _hits(unit[order].astype(np.float32), codes[order], thresholds)
    single = hits.first == hits.second
    differ = known_to_differ(matched[hits.first], matched[hits.second])
    images = np.bincount(codes, minlength=crowd).astype(np.int64)
    genuine = images * (images - 1) // 2
    for threshold, end in zip(thresholds.tolist(), hits.ends.tolist(), strict=True):
        first, second, times = hits.first[:end], hits.second[:end], hits.times[:end].astype(np.int64)
        own, apart = single[:end], ~(single | differ)[:end]
        accepted = np.bincount(first[own], times[own], minlength=crowd).astype(np.int64)
        yield Tally(
            groups=roster.groups,
            people=roster.people,
            known=True,
            sizes=roster.sizes,
            genuine_pairs=genuine,
            genuine_errors=genuine - accepted,
            impostor_errors=coo_array((times[apart], (first[apart], second[apart])), shape=(crowd, crowd)).tocsr(),
            impostor_pairs=None,
            images=images,
            matched=matched,
            threshold=threshold,
        )


class _Hits(NamedTuple):
    """Accepted pairs counted by two people, those that the most thresholds accept first.

    Two people may come several times; ``first[:ends[i]]`` and so on are all that threshold i accepts.
    """

    first: NDArray[np.int32]
    second: NDArray[np.int32]
    times: NDArray[np.int32]
    ends: Whole


def _hits(unit: NDArray[np.float32], codes: Whole, thresholds: Floats) -> _Hits:
    """Count the pairs of every two people, the lower number first; ``codes`` rises along the rows."""
    limits = thresholds.astype(np.float32)
    crowd, levels = int(codes[-1]) + 1, len(limits) + 1
    keys, counts = [], []
    for block in similarity_blocks(unit):
        rows, columns = np.nonzero(block.scores >= limits[0])
        if block.row == block.column:
            once = rows < columns
            rows, columns = rows[once], columns[once]
        passed = np.searchsorted(limits, block.scores[rows, columns], side="right")
        pair = codes[block.row + rows] * crowd + codes[block.column + columns]
        found, times = np.unique(pair * levels + passed, return_counts=True)
        keys.append(found)
        counts.append(times.astype(np.int32))
    joined, number = np.concatenate(keys), np.concatenate(counts)
    passed = (joined % levels).astype(np.int32)
    order = np.argsort(-passed, kind="stable")
    pair = joined[order] // levels
    return _Hits(
        first=(pair // crowd).astype(np.int32),
        second=(pair % crowd).astype(np.int32),
        times=number[order],
        ends=np.searchsorted(-passed[order], -np.arange(len(limits)), side="left"),
    )


def matched_people(values: npt.ArrayLike | None, codes: Whole, crowd: int) -> Whole:
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


def known_to_differ(one: Whole, other: Whole) -> Bools:
    """Where two people's known attributes, -1 for unknown, are not the same."""
    differ: Bools = (one >= 0) & (other >= 0) & (one != other)
    return differ
