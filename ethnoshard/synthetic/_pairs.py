"""Pairs of drawn faces, so that verification can be tried where no photograph is."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

FOLDS = 10
_LEAST_PEOPLE = 4
"""Of a fold."""
_SAME = 6
"""Pairs of a person's own images, if there are so many; a fold has as many of two people's."""
_WITHIN = 0.9


class DrawnPair(NamedTuple):
    """A row of a table in the form of BFW (Robinson et al. 2020)."""

    fold: int
    p1: str
    p2: str
    label: int
    att1: str
    att2: str


class DrawnPerson(NamedTuple):
    """Somebody drawn, with the names of the images."""

    group: str
    images: Sequence[str]


def drawn_pairs(people: Sequence[DrawnPerson], seed: int) -> list[DrawnPair]:
    """Pairs in ten folds of different people, fewer where people are few; none of fewer than two people.

    In each fold as many pairs are of two people as of one; every other of them is of two people of one group, where
    the fold has such, so that errors within groups can be seen.

    Args:
        people: everybody.
        seed: chooses the pairs.
    """
    if len(people) < 2:
        return []
    folds = max(1, min(FOLDS, len(people) // _LEAST_PEOPLE))
    rng = np.random.default_rng(seed)
    # Dealt out group by group, so that each fold has its part of every group.
    order = sorted(range(len(people)), key=lambda number: people[number].group)
    pairs = []
    for fold in range(folds):
        here = [people[number] for number in order[fold::folds]]
        same = [pair for person in here for pair in _same(person, fold, rng)]
        pairs += same + _different(here, fold, len(same), rng)
    return pairs


def _same(person: DrawnPerson, fold: int, rng: np.random.Generator) -> Iterator[DrawnPair]:
    first, second = np.triu_indices(len(person.images), 1)
    for place in sorted(rng.permutation(len(first))[:_SAME].tolist()):
        one, other = person.images[first[place]], person.images[second[place]]
        yield DrawnPair(fold, one, other, 1, person.group, person.group)


def _different(here: Sequence[DrawnPerson], fold: int, number: int, rng: np.random.Generator) -> list[DrawnPair]:
    everybody = [(one, other) for one in range(len(here)) for other in range(one + 1, len(here))]
    alike = [pair for pair in everybody if here[pair[0]].group == here[pair[1]].group] or everybody
    found: dict[tuple[str, str], DrawnPair] = {}
    possible = sum(len(here[one].images) * len(here[other].images) for one, other in everybody)
    while len(found) < min(number, possible):
        # Not always of one group: such pairs may be used up.
        within = len(found) % 2 == 0 and rng.random() < _WITHIN
        choice = alike if within else everybody
        one, other = (here[place] for place in choice[rng.integers(len(choice))])
        images = _any(one.images, rng), _any(other.images, rng)
        found.setdefault(images, DrawnPair(fold, *images, 0, one.group, other.group))
    return list(found.values())


def _any(names: Sequence[str], rng: np.random.Generator) -> str:
    return names[int(rng.integers(len(names)))]
