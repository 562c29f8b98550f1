"""All pairs of images of a number of people, scored block after block so that memory doesn't grow with their number."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray
from scipy.sparse import coo_array

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation._checks import Bools, Floats, Whole, normalised, texts_of
from ethnoshard.evaluation._counts import Levels, Tally, Weighting, enrolled, weighting_of
from ethnoshard.evaluation._thresholds import limit, top_scores

_SIDE = 2048
"""Images a side of a block: 4 million scores, 16 MB."""

_BINS = 200_000
"""Over similarities from -1 to 1 these are steps of 0.00001."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Roster:
    """Images of people, brought to unit length and coded once; tested are all pairs of its images.

    The similarity is the cosine. Single precision suffices: the error of a similarity is about 1e-7.

    Attributes:
        unit: (N, D) float32 embeddings of length 1.
        names: (P,) identities, sorted.
        codes: (N,) int64, index of each image's identity in ``names``.
        groups: (P,) group of each identity; None where none is known, which is enough for a threshold.
        matched: (P,) int64, a number for a known attribute of each identity, such as sex; -1 unknown. Two people known
            to differ in it make no pair.

    >>> roster = Roster.of([[3, 4], [0, 2], [1, 0]], ["b", "a", "b"], ["X", "Y", "X"])
    >>> roster.names, roster.codes, roster.groups
    (array(['a', 'b'], dtype='<U1'), array([1, 0, 1]), array(['Y', 'X'], dtype='<U1'))
    """

    unit: NDArray[np.float32]
    names: NDArray[np.str_]
    codes: Whole
    groups: NDArray[np.str_] | None
    matched: Whole

    @classmethod
    def of(
        cls,
        embeddings: npt.ArrayLike,
        people: npt.ArrayLike,
        groups: npt.ArrayLike | None = None,
        *,
        matched_on: npt.ArrayLike | None = None,
    ) -> "Roster":
        """From embeddings as a network gave them.

        Args:
            embeddings: (N, D), to be divided by their length.
            people: (N,) identity of each image.
            groups: (N,) group of that identity; images without one are left out before. None for a threshold only.
            matched_on: (N,) an attribute of the identity, such as sex, "" or None where unknown: two people known to
                differ in it make no pair.

        Raises:
            EthnoshardError: NaN, infinite or zero embeddings (with their number), arrays that don't fit, an identity
                with two groups or attributes.
        """
        unit = normalised(embeddings).astype(np.float32)
        owners = texts_of(people, len(unit), "the person")
        names, first, codes = np.unique(owners, return_index=True, return_inverse=True)
        codes = codes.astype(np.int64)
        group = None
        if groups is not None:
            labels = texts_of(groups, len(unit), "the group")
            group = labels[first]
            split = np.unique(codes[labels != group[codes]])
            if len(split):
                raise EthnoshardError(
                    f"{len(split):,} of {len(names):,} people are in more than one group; each belongs to one"
                )
        return cls(unit=unit, names=names, codes=codes, groups=group, matched=_matched(matched_on, codes, len(names)))

    def select(self, rows: Bools) -> "Roster":
        """Some of the images.

        Args:
            rows: (N,) which.
        """
        chosen, codes = np.unique(self.codes[rows], return_inverse=True)
        return replace(
            self,
            unit=self.unit[rows],
            names=self.names[chosen],
            codes=codes.astype(np.int64),
            groups=None if self.groups is None else self.groups[chosen],
            matched=self.matched[chosen],
        )

    def grouped(self, groups: Mapping[str, str]) -> "Roster":
        """The images of the people whom a source of labels puts in a group.

        Args:
            groups: identity -> group.
        """
        known = np.array([name in groups for name in self.names.tolist()], np.bool_)
        some = self.select(known[self.codes])
        return replace(some, groups=np.array([groups[name] for name in some.names.tolist()], np.str_))

    def as_one_group(self) -> "Roster":
        """The same images, of people who are all of one group."""
        return replace(self, groups=np.full(len(self.names), "all"))

    def weighted(self, weighting: Weighting | None) -> Weighting:
        """The weighting asked for; "person" for None.

        Raises:
            EthnoshardError: there is none of that name.
        """
        return weighting_of(weighting or "person")

    def most_similar(self, fmr: float, weighting: Weighting) -> tuple[Floats, Floats]:
        """The greatest similarities of two people's images, falling, and the share of all that each is.

        There are none of two people known to differ in what people are matched on. Memory holds the share ``fmr`` of
        the scores at most, twelve bytes each, and one block.

        Args:
            fmr: 0 to 1; they go as far as the first that makes their share exceed it.
            weighting: "person", where all pairs of images of two people together count as one, or "pair".

        Raises:
            EthnoshardError: all images are of one person, or no two people can be matched.
        """
        number = len(self.names)
        if number < 2:
            raise EthnoshardError(
                "all images are of one person; a threshold for false matches needs two people at least"
            )
        images = np.bincount(self.codes).astype(np.int64)
        each = np.ones(len(self.unit)) if weighting == "pair" else 1 / images[self.codes]
        total = self.different_pairs(weighting)
        if not total:
            raise EthnoshardError("no two people are alike in what they are matched on; match on something else")
        matched = self.matched[self.codes]
        scores, shares = np.empty(0, np.float32), np.empty(0)
        for block in similarity_blocks(self.unit):
            wanted = above_diagonal(block) & (self.codes[block.rows, None] != self.codes[None, block.columns])
            wanted &= ~_known_to_differ(matched[block.rows, None], matched[None, block.columns])
            if len(scores) and shares.sum() > limit(fmr):
                # What is below the scores so far, when they make up the share already, can't be accepted.
                wanted &= block.scores > scores[-1]
            rows, columns = np.nonzero(wanted)
            scores, shares = top_scores(
                np.concatenate([scores, block.scores[rows, columns]]),
                np.concatenate([shares, each[block.row + rows] * each[block.column + columns] / total]),
                fmr,
            )
        return scores.astype(np.float64), shares

    def different_pairs(self, weighting: Weighting) -> float:
        """How many different pairs there are, of people not known to differ; weighted by person, of people."""
        images = np.bincount(self.codes, minlength=len(self.names)).astype(np.int64)
        size = images if weighting == "pair" else np.ones_like(images)
        everybody = int(size.sum()) ** 2 - int((size**2).sum())
        kinds = [int(size[self.matched == kind].sum()) for kind in np.unique(self.matched[self.matched >= 0]).tolist()]
        return (everybody - sum(kinds) ** 2 + sum(kind**2 for kind in kinds)) / 2

    def histogram(self, weighting: Weighting) -> tuple[Floats, Floats, Floats]:
        """Pairs by similarity, in steps of 0.00001.

        Returns:
            (K + 1,) similarities, (K,) weights of different and (K,) of same pairs from one to the next.
        """
        images = np.bincount(self.codes)[self.codes].astype(np.float64)
        by_person = weighting == "person"
        each, own_pairs = (1 / images, images * (images - 1) / 2) if by_person else (np.ones(len(self.unit)),) * 2
        matched = self.matched[self.codes]
        different, alike = np.zeros((2, _BINS))
        for block in similarity_blocks(self.unit):
            rows, columns = block.rows, block.columns
            step = np.clip((block.scores + 1) * (_BINS / 2), 0, _BINS - 1).astype(np.int32)
            once = above_diagonal(block)
            single = once & (self.codes[rows, None] == self.codes[None, columns])
            apart = once & ~single & ~_known_to_differ(matched[rows, None], matched[None, columns])
            weight = each[rows, None] * each[None, columns]
            different += np.bincount(step[apart], weight[apart], minlength=_BINS)
            i, j = np.nonzero(single)
            alike += np.bincount(step[i, j], 1 / own_pairs[rows][i], minlength=_BINS)
        return -1 + np.arange(_BINS + 1) * 2 / _BINS, different, alike

    def levels(self, weighting: Weighting) -> Levels:
        """Pairs by their similarity, in steps of 0.00001, each in the middle of its step."""
        edges, different, same = self.histogram(weighting)
        return Levels((edges[:-1] + edges[1:]) / 2, different, same)

    def same_accepted(self, threshold: float, weighting: Weighting) -> float | None:
        """Share of same pairs accepted from a similarity on; None of no pair."""
        order = np.argsort(self.codes, kind="stable")
        ends = np.cumsum(np.bincount(self.codes, minlength=len(self.names)))[:-1]
        own = [self.unit[rows] for rows in np.split(order, ends) if len(rows) > 1]
        if not own:
            return None
        pairs = np.array([len(unit) * (len(unit) - 1) // 2 for unit in own])
        accepted = np.array([np.count_nonzero(np.triu(unit @ unit.T >= np.float32(threshold), 1)) for unit in own])
        return float(accepted.sum() / pairs.sum() if weighting == "pair" else (accepted / pairs).mean())

    def within(self, group: str) -> "Roster":
        """The images of one group's people.

        Raises:
            EthnoshardError: there are no groups.
        """
        if self.groups is None:
            raise EthnoshardError("pairs within a group need the group of each person; give groups to the roster")
        return self.select((self.groups == group)[self.codes])

    def tallies(self, thresholds: Floats) -> Iterator[Tally]:
        """Count errors of all pairs of images, within and across groups, at each of T thresholds.

        Scores are computed once for all of them. Memory holds one block, and fifty bytes at most for each pair that
        the lowest threshold accepts.

        Args:
            thresholds: (T,) rising, similarities from which a pair is accepted.

        Raises:
            EthnoshardError: there are no groups, or only one.
        """
        if self.groups is None:
            raise EthnoshardError("errors by group need the group of each person; give groups to the roster")
        enrolment, numbers = enrolled(self.names, self.groups)
        people = len(enrolment.people)
        codes = numbers[self.codes]
        matched = np.empty(people, np.int64)
        matched[numbers] = self.matched
        order = np.argsort(codes, kind="stable")
        hits = _hits(self.unit[order], codes[order], thresholds)
        single = hits.first == hits.second
        differ = _known_to_differ(matched[hits.first], matched[hits.second])
        images = np.bincount(codes, minlength=people).astype(np.int64)
        genuine = images * (images - 1) // 2
        for threshold, end in zip(thresholds.tolist(), hits.ends.tolist(), strict=True):
            first, second, times = hits.first[:end], hits.second[:end], hits.times[:end].astype(np.int64)
            own, apart = single[:end], ~(single | differ)[:end]
            accepted = np.bincount(first[own], times[own], minlength=people).astype(np.int64)
            yield Tally(
                groups=enrolment.groups,
                people=enrolment.people,
                known=True,
                sizes=enrolment.sizes,
                genuine_pairs=genuine,
                genuine_errors=genuine - accepted,
                impostor_errors=coo_array(
                    (times[apart], (first[apart], second[apart])), shape=(people, people)
                ).tocsr(),
                impostor_pairs=None,
                images=images,
                matched=matched,
                threshold=threshold,
            )


class Block(NamedTuple):
    """Cosine similarities of some images with others, rows from ``row`` on, columns from ``column`` on."""

    row: int
    column: int
    scores: NDArray[np.float32]

    @property
    def rows(self) -> slice:
        """Which images the rows are of."""
        return slice(self.row, self.row + self.scores.shape[0])

    @property
    def columns(self) -> slice:
        """Which images the columns are of."""
        return slice(self.column, self.column + self.scores.shape[1])


def similarity_blocks(unit: NDArray[np.float32]) -> Iterator[Block]:
    """Every pair of images once: those above the diagonal; on it, blocks hold pairs twice and images with themselves.

    Args:
        unit: (N, D) of length 1.
    """
    for row in range(0, len(unit), _SIDE):
        for column in range(row, len(unit), _SIDE):
            yield Block(row, column, unit[row : row + _SIDE] @ unit[column : column + _SIDE].T)


def above_diagonal(block: Block) -> Bools:
    """Where a block holds a pair that it or another block doesn't hold a second time."""
    rows, columns = block.scores.shape
    if block.row < block.column:
        return np.ones((rows, columns), np.bool_)
    return np.triu(np.ones((rows, columns), np.bool_), 1)


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
    people, levels = int(codes[-1]) + 1, len(limits) + 1
    keys, counts = [], []
    for block in similarity_blocks(unit):
        rows, columns = np.nonzero(block.scores >= limits[0])
        if block.row == block.column:
            once = rows < columns
            rows, columns = rows[once], columns[once]
        passed = np.searchsorted(limits, block.scores[rows, columns], side="right")
        pair = codes[block.row + rows] * people + codes[block.column + columns]
        key, times = np.unique(pair * levels + passed, return_counts=True)
        keys.append(key)
        counts.append(times.astype(np.int32))
    joined, number = np.concatenate(keys), np.concatenate(counts)
    passed = (joined % levels).astype(np.int32)
    order = np.argsort(-passed, kind="stable")
    pair = joined[order] // levels
    return _Hits(
        first=(pair // people).astype(np.int32),
        second=(pair % people).astype(np.int32),
        times=number[order],
        ends=np.searchsorted(-passed[order], -np.arange(len(limits)), side="left"),
    )


def _matched(values: npt.ArrayLike | None, codes: Whole, people: int) -> Whole:
    """(P,) the attribute of each person as a number, -1 where unknown."""
    attribute = np.full(people, -1, np.int64)
    if values is None:
        return attribute
    array = np.asarray(values, dtype=object)
    if array.shape != codes.shape:
        raise EthnoshardError(
            f"matched_on is one for each of {len(codes):,} images; these have the shape {array.shape}"
        )
    texts = np.array(["" if value is None else str(value) for value in array.tolist()])
    _, numbers = np.unique(texts, return_inverse=True)
    numbers = np.where(texts == "", -1, numbers)
    attribute[codes] = numbers
    split = np.unique(codes[attribute[codes] != numbers])
    if len(split):
        raise EthnoshardError(f"{len(split):,} people have more than one value of matched_on")
    return attribute


def _known_to_differ(one: Whole, other: Whole) -> Bools:
    """Where two people's known attributes, -1 for unknown, are not the same."""
    differ: Bools = (one >= 0) & (other >= 0) & (one != other)
    return differ
