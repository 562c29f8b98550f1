"""All pairs of images of people in groups, scored by one law or another, as counts of errors by people."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from benchmarks.coverage._groups import GroupWorld
from benchmarks.coverage._laws import USUAL, Effects, Floats, Law, effect
from ethnoshard.evaluation import Weighting
from ethnoshard.evaluation._counts import Tally, weighting_of

Whole = NDArray[np.int64]
Single = NDArray[np.float32]


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """People with a few images each, all pairs of whose images are tested by two models.

    Attributes:
        laws: of each group; by name A, B, C ...
        sizes: people in each.
        images: least and most of a person, each number as likely.
        effects: shares of variance.
        other: laws of the other model, None for the same, by which both are equally good.
        across: FMR of two groups is this times the geometric mean of theirs.
    """

    laws: tuple[Law, ...]
    sizes: tuple[int, ...]
    images: tuple[int, int]
    effects: Effects = USUAL
    other: tuple[Law, ...] | None = None
    across: float = 0.3

    def world(self, rng: np.random.Generator) -> GroupWorld:
        """Draw one."""
        people = sum(self.sizes)
        images = rng.integers(self.images[0], self.images[1] + 1, people)
        laws = (self.laws, self.other or self.laws)
        genuine = self._genuine(rng, images, laws)
        impostor = self._impostor(rng, images, laws)
        groups = tuple("ABCDEFGH"[: len(self.sizes)])
        ends = [0, *accumulate(self.sizes)]
        names = [
            f"{group}{number:05}"
            for group, (a, b) in zip(groups, pairwise(ends), strict=True)
            for number in range(b - a)
        ]
        tallies = [
            Tally(
                groups=groups,
                people=np.array(names),
                known=True,
                sizes=self.sizes,
                genuine_pairs=images * (images - 1) // 2,
                genuine_errors=genuine[model],
                impostor_errors=impostor[model],
                impostor_pairs=None,
                images=images,
                matched=np.full(people, -1, np.int64),
                threshold=0.0,
            )
            for model in range(2)
        ]
        sizes = np.array(self.sizes, np.float64)
        pairs = np.triu(np.outer(sizes, sizes) - np.diag(sizes**2 - sizes * (sizes - 1) / 2))
        return GroupWorld.of(
            pairs=(CountedPairs(tally=tallies[0]), CountedPairs(tally=tallies[1])),
            fmr=(self._rates(laws[0]), self._rates(laws[1])),
            fnmr=tuple(np.array([law.fnmr for law in own]) for own in laws),
            impostor_weight=pairs,
            genuine_weight=sizes,
        )

    def _rates(self, laws: tuple[Law, ...]) -> Floats:
        """(G, G) FMR of every two groups."""
        own = np.array([law.fmr for law in laws])
        between: Floats = self.across * np.sqrt(np.outer(own, own))
        np.fill_diagonal(between, own)
        return between

    def _genuine(self, rng: np.random.Generator, images: Whole, laws: tuple[tuple[Law, ...], ...]) -> Whole:
        """(2, P) same pairs refused."""
        people, effects = len(images), self.effects
        rest = 1 - effects.hard - 2 * effects.own_image
        hard = effect(rng, effects.hard, (people,), 2, effects.shared)
        own = effect(rng, effects.own_image, (people, int(images.max())), 2, effects.shared)
        errors = np.zeros((2, people), np.int64)
        mean = np.stack([np.repeat([law.same for law in each], self.sizes) for each in laws])
        for j in range(int(images.max())):
            for i in range(j):
                score = mean + hard + own[:, :, i] + own[:, :, j] + rng.normal(size=(2, people)) * rest**0.5
                errors += (score < 0) & (images > j)
        return errors

    def _impostor(self, rng: np.random.Generator, images: Whole, laws: tuple[tuple[Law, ...], ...]) -> list[csr_array]:
        """Two sparse (P, P), different pairs accepted."""
        people, effects = len(images), self.effects
        codes = np.repeat(np.arange(people), images)
        alike = effect(rng, effects.alike, (people,), 2, effects.shared)
        of_image = effect(rng, effects.image, (len(codes),), 2, effects.shared)
        level = (alike[:, codes] + of_image).astype(np.float32)
        ends = [0, *accumulate(self.sizes)]
        rates = [self._rates(each) for each in laws]
        keys: list[list[Whole]] = [[], []]
        for i in range(len(self.sizes)):
            for j in range(i, len(self.sizes)):
                rows, columns = (np.flatnonzero((codes >= ends[k]) & (codes < ends[k + 1])) for k in (i, j))
                shape = (ends[i + 1] - ends[i], ends[j + 1] - ends[j])
                two = effect(rng, effects.pair, shape, 2, effects.shared).astype(np.float32)
                for model in range(2):
                    mean = Law(fmr=float(rates[model][i, j]), fnmr=0.5).different
                    hits = self._hits(rng, level[model], two[model], (rows, columns), codes, (ends[i], ends[j]), mean)
                    keys[model].append(hits)
        counts = []
        for own in keys:
            key, times = np.unique(np.concatenate(own), return_counts=True)
            counts.append(coo_array((times, (key // people, key % people)), shape=(people, people)).tocsr())
        return counts

    def _hits(
        self,
        rng: np.random.Generator,
        level: Single,
        two: Single,
        images: tuple[Whole, Whole],
        codes: Whole,
        begin: tuple[int, int],
        mean: float,
    ) -> Whole:
        """The two people of each accepted pair of images, as one number."""
        effects, (rows, columns) = self.effects, images
        rest = 1 - 2 * effects.alike - effects.pair - 2 * effects.image
        score = rng.standard_normal((len(rows), len(columns)), np.float32) * np.float32(rest**0.5)
        score += two[codes[rows, None] - begin[0], codes[None, columns] - begin[1]]
        score += level[rows, None]
        score += level[None, columns]
        one, other = np.nonzero(score >= -mean)
        first, second = codes[rows[one]], codes[columns[other]]
        once = first < second
        keys: Whole = (first[once] * sum(self.sizes) + second[once]).astype(np.int64)
        return keys


@dataclass(frozen=True, kw_only=True, eq=False)
class CountedPairs:
    """Pairs whose errors at 0 are counted already, as an evaluation takes them."""

    tally: Tally

    def weighted(self, weighting: Weighting | None) -> Weighting:
        """By person unless asked otherwise."""
        return weighting_of(weighting or "person")

    def most_similar(self, fmr: float, weighting: Weighting) -> tuple[Floats, Floats]:
        """There are no scores."""
        raise NotImplementedError

    def histogram(self, weighting: Weighting) -> tuple[Floats, Floats, Floats]:
        """There are no scores."""
        raise NotImplementedError

    def tallies(self, thresholds: Floats) -> Iterator[Tally]:
        """The same at all thresholds."""
        for threshold in thresholds.tolist():
            yield replace(self.tally, threshold=threshold)
