"""How often a group's images get no embedding, and what its FNMR is when that counts as an error."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ethnoshard.evaluation._checks import Bools, Floats, Whole
from ethnoshard.evaluation._counts import Tally, TestedPairs, Weighting
from ethnoshard.evaluation._roster import Roster
from ethnoshard.evaluation._score_list import ScoreList
from ethnoshard.results import AcquisitionFailures, GroupFailures, wilson

Texts = NDArray[np.str_]


@dataclass(frozen=True, kw_only=True, eq=False)
class LostImages:
    """M images without an embedding, of people in a group.

    Attributes:
        people: (M,) whose each is.
        groups: (M,) group of that person.
        status: (M,) why, such as "no_face".
    """

    people: Texts
    groups: Texts
    status: Texts


@dataclass(frozen=True, kw_only=True, eq=False)
class ListedImages:
    """The images of a list of pairs, and its same pairs that can't be scored.

    Attributes:
        groups: (I,) group of each image's person.
        status: (I,) why the image has no embedding; "" where it has one.
        people: (I,) whose each is; None where not known.
        lost_groups: (L,) group of each same pair that can't be scored.
        lost_people: (L,) whose each is; None where not known.
    """

    groups: Texts
    status: Texts
    people: Texts | None
    lost_groups: Texts
    lost_people: Texts | None


@dataclass(frozen=True, kw_only=True, eq=False)
class _Cases:
    """Same pairs of P people, or of P stand-ins where people aren't known."""

    errors: Whole
    pairs: Whole
    lost: Whole

    def of(self, some: Bools) -> "_Cases":
        return _Cases(errors=self.errors[some], pairs=self.pairs[some], lost=self.lost[some])

    def rate(self, weighting: Weighting, *, with_lost: bool) -> float | None:
        errors, pairs = self.errors, self.pairs
        if with_lost:
            errors, pairs = errors + self.lost, pairs + self.lost
        some = pairs > 0
        if not some.any():
            return None
        if weighting == "pair":
            return float(errors.sum() / pairs.sum())
        shares: Floats = errors[some] / pairs[some]
        return float(shares.mean())


def failures_of_images(roster: Roster, threshold: float, lost: LostImages, weighting: Weighting) -> AcquisitionFailures:
    """Over all images of the people in groups; a lost image loses its pairs with all others of its person.

    Args:
        roster: the images that have an embedding, with groups.
        threshold: similarity from which a pair is accepted.
        lost: the images that have none.
        weighting: of people's same pairs, as the report's.

    Raises:
        EthnoshardError: the roster has no groups, or one only.
    """
    tally = _tally(roster, threshold)
    index, group = _numbered(tally, lost.people, lost.groups)
    there = _grown(tally.images, len(group))
    gone = np.bincount(index, minlength=len(group)).astype(np.int64)
    cases = _Cases(
        errors=_grown(tally.genuine_errors, len(group)),
        pairs=_grown(tally.genuine_pairs, len(group)),
        lost=_two(there + gone) - _two(there),
    )

    def failures(some: Bools) -> GroupFailures:
        return _measured(
            lost.status[some[index]].tolist(),
            int((there + gone)[some].sum()),
            cases.of(some),
            weighting,
            people=int(some.sum()),
            people_without=int(np.count_nonzero(there[some] == 0)),
        )

    groups = np.unique(group).tolist()
    return AcquisitionFailures(
        overall=failures(np.ones(len(group), np.bool_)), by_group={name: failures(group == name) for name in groups}
    )


def failures_of_list(
    pairs: ScoreList, threshold: float, images: ListedImages, weighting: Weighting
) -> AcquisitionFailures:
    """Over the images and the same pairs of a list.

    Args:
        pairs: those with a score, with groups.
        threshold: similarity from which a pair is accepted.
        images: of the list, with and without an embedding.
        weighting: of people's same pairs, as the report's.

    Raises:
        EthnoshardError: the pairs have no groups, or one only.
    """
    tally = _tally(pairs, threshold)
    lost_people = images.lost_groups if not tally.known or images.lost_people is None else images.lost_people
    index, group = _numbered(tally, lost_people, images.lost_groups)
    cases = _Cases(
        errors=_grown(tally.genuine_errors, len(group)),
        pairs=_grown(tally.genuine_pairs, len(group)),
        lost=np.bincount(index, minlength=len(group)).astype(np.int64),
    )

    def failures(of_people: Bools, of_images: Bools) -> GroupFailures:
        status = images.status[of_images]
        people = people_without = None
        if images.people is not None:
            everybody = set(images.people[of_images].tolist())
            people = len(everybody)
            people_without = len(everybody - set(images.people[of_images & (images.status == "")].tolist()))
        return _measured(
            status[status != ""].tolist(),
            int(of_images.sum()),
            cases.of(of_people),
            weighting,
            people=people,
            people_without=people_without,
        )

    groups = np.unique(np.concatenate([group, images.groups])).tolist()
    return AcquisitionFailures(
        overall=failures(np.ones(len(group), np.bool_), np.ones(len(images.groups), np.bool_)),
        by_group={name: failures(group == name, images.groups == name) for name in groups},
    )


def _measured(
    missing: Sequence[str],
    images: int,
    cases: _Cases,
    weighting: Weighting,
    *,
    people: int | None,
    people_without: int | None,
) -> GroupFailures:
    return GroupFailures(
        images=images,
        missing=dict(sorted(Counter(missing).items())),
        rate=len(missing) / images if images else None,
        wilson=wilson(len(missing), images),
        people=people,
        people_without=people_without,
        same=int((cases.pairs + cases.lost).sum()),
        lost=int(cases.lost.sum()),
        fnmr=cases.rate(weighting, with_lost=False),
        fnmr_with_failures=cases.rate(weighting, with_lost=True),
    )


def _numbered(tally: Tally, people: Texts, groups: Texts) -> tuple[Whole, Texts]:
    """(M,) the number of each lost one's person, and (P,) the group of all people; those only lost come at the end."""
    number = {who: index for index, who in enumerate(tally.people.tolist())}
    of_number = np.repeat(np.array(tally.groups), tally.sizes).tolist()
    for who, group in zip(people.tolist(), groups.tolist(), strict=True):
        if who not in number:
            number[who] = len(number)
            of_number.append(group)
    return np.array([number[who] for who in people.tolist()], np.int64), np.array(of_number, np.str_)


def _tally(pairs: TestedPairs, threshold: float) -> Tally:
    (tally,) = pairs.tallies(np.array([threshold]))
    return tally


def _grown(values: Whole, number: int) -> Whole:
    return np.concatenate([values, np.zeros(number - len(values), np.int64)])


def _two(images: Whole) -> Whole:
    """Pairs of so many images."""
    pairs: Whole = images * (images - 1) // 2
    return pairs
