"""Lists of pairs with a score each: RFW-like ones of several groups, LFW-like ones in folds."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.coverage._groups import GroupWorld
from benchmarks.coverage._laws import USUAL, Effects, Floats, Law, effect
from ethnoshard.evaluation import ScoreList

Whole = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoredPairs:
    """N pairs that two models scored.

    Attributes:
        score: (2, N), greater for images that are more alike.
        same: (N,).
        first: (N,) whose the first image is.
        second: (N,) whose the second is.
    """

    score: Floats
    same: Bools
    first: Whole
    second: Whole

    @property
    def people_with_same(self) -> int:
        """People who have a same pair."""
        return len(np.unique(self.first[self.same]))

    @property
    def two_people(self) -> int:
        """Pairs of two people who have a different pair."""
        low, high = np.minimum(self.first, self.second), np.maximum(self.first, self.second)
        return len(np.unique(np.stack([low, high])[:, ~self.same], axis=1).T)


@dataclass(frozen=True, kw_only=True)
class ListOfPairs:
    """How pairs are chosen: each kind at random, with people coming back by chance.

    Attributes:
        people: to choose from.
        several: of them, those with images enough for same pairs; the first.
        images: of a person.
        same: pairs of one person.
        different: pairs of two.
    """

    people: int
    several: int
    images: int
    same: int
    different: int

    def scored(self, rng: np.random.Generator, laws: tuple[Law, Law], effects: Effects) -> ScoredPairs:
        """Choose the pairs and score them, by the law of each model."""
        person = rng.integers(0, self.several, self.same)
        one = rng.integers(0, self.people, self.different)
        other = (one + rng.integers(1, self.people, self.different)) % self.people
        picture = rng.integers(0, self.images, (2, self.same + self.different))
        # Two images of one person are two.
        step = rng.integers(1, self.images, self.same)
        picture[1, : self.same] = (picture[0, : self.same] + step) % self.images
        hard = effect(rng, effects.hard, (self.several,), 2, effects.shared)
        own = effect(rng, effects.own_image, (self.people, self.images), 2, effects.shared)
        alike = effect(rng, effects.alike, (self.people,), 2, effects.shared)
        image = effect(rng, effects.image, (self.people, self.images), 2, effects.shared)
        low, high = np.minimum(one, other), np.maximum(one, other)
        _, pair = np.unique(low * self.people + high, return_inverse=True)
        both = effect(rng, effects.pair, (int(pair.max()) + 1,), 2, effects.shared)
        x, y = picture[:, : self.same]
        rest = 1 - effects.hard - 2 * effects.own_image
        genuine = hard[:, person] + own[:, person, x] + own[:, person, y]
        genuine += rng.normal(size=genuine.shape) * rest**0.5 + np.array([[law.same] for law in laws])
        x, y = picture[:, self.same :]
        rest = 1 - 2 * effects.alike - effects.pair - 2 * effects.image
        impostor = alike[:, one] + alike[:, other] + image[:, one, x] + image[:, other, y] + both[:, pair]
        impostor += rng.normal(size=impostor.shape) * rest**0.5 + np.array([[law.different] for law in laws])
        return ScoredPairs(
            score=np.concatenate([genuine, impostor], axis=1),
            same=np.arange(self.same + self.different) < self.same,
            first=np.concatenate([person, one]),
            second=np.concatenate([person, other]),
        )


@dataclass(frozen=True, kw_only=True)
class GroupLists:
    """A list of pairs within each group, as RFW has.

    Attributes:
        laws: of each group.
        pairs: how they are chosen in each.
        effects: shares of variance.
        other: laws of the other model; None for the same.
    """

    laws: tuple[Law, ...]
    pairs: ListOfPairs
    effects: Effects = USUAL
    other: tuple[Law, ...] | None = None

    def world(self, rng: np.random.Generator) -> GroupWorld:
        """Draw one."""
        laws = list(zip(self.laws, self.other or self.laws, strict=True))
        lists = [self.pairs.scored(rng, own, self.effects) for own in laws]
        groups = np.repeat(list("ABCDEFGH"[: len(laws)]), [len(one.same) for one in lists])
        people = [
            np.array([f"{group}{number:06}" for group, number in zip(groups, numbers, strict=True)])
            for numbers in (np.concatenate([getattr(one, side) for one in lists]) for side in ("first", "second"))
        ]
        same = np.concatenate([one.same for one in lists])
        score = np.concatenate([one.score for one in lists], axis=1)
        made = [ScoreList.of(own, same, (groups, groups), people=(people[0], people[1])) for own in score]
        fmr = [np.diag([law[model].fmr for law in laws]) for model in range(2)]
        return GroupWorld.of(
            pairs=(made[0], made[1]),
            fmr=(fmr[0], fmr[1]),
            fnmr=tuple(np.array([law[model].fnmr for law in laws]) for model in range(2)),
            impostor_weight=np.diag([float(one.two_people) for one in lists]),
            genuine_weight=np.array([float(one.people_with_same) for one in lists]),
        )


@dataclass(frozen=True, kw_only=True)
class FoldedList:
    """A list of pairs in folds that share no person, as LFW's View 2 is.

    Attributes:
        law: of all pairs.
        pairs: how they are chosen in each fold.
        folds: how many.
        effects: shares of variance.
    """

    law: Law
    pairs: ListOfPairs
    folds: int = 10
    effects: Effects = USUAL

    def scored(self, rng: np.random.Generator) -> tuple[ScoredPairs, Whole]:
        """Draw one: the pairs, and the fold of each."""
        lists = [self.pairs.scored(rng, (self.law, self.law), self.effects) for _ in range(self.folds)]
        fold = np.repeat(np.arange(self.folds), [len(one.same) for one in lists])
        return ScoredPairs(
            score=np.concatenate([one.score for one in lists], axis=1),
            same=np.concatenate([one.same for one in lists]),
            first=np.concatenate([one.first + number * self.pairs.people for number, one in enumerate(lists)]),
            second=np.concatenate([one.second + number * self.pairs.people for number, one in enumerate(lists)]),
        ), fold
