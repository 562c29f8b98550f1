"""A list of pairs with a score each, any system's output."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation._checks import Bools, Floats, Whole, same_of, scores_of, texts_of
from ethnoshard.evaluation._counts import Enrolment, Levels, Tally, Weighting, enrolled, weighting_of
from ethnoshard.evaluation._draws import People, people_of_pairs


@dataclass(frozen=True, kw_only=True, eq=False)
class ScoreList:
    """N pairs of images with their similarity.

    Attributes:
        score: (N,) float64, greater for images that are more alike.
        same: (N,) bool, whether both images show one person.
        groups: (N,) and (N,) group of each image's person; None where none is known, which is enough for a threshold.
        people: of the pairs; None where not known.
    """

    score: Floats
    same: Bools
    groups: tuple[NDArray[np.str_], NDArray[np.str_]] | None
    people: People | None

    @classmethod
    def of(
        cls,
        score: npt.ArrayLike,
        same: npt.ArrayLike,
        groups: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
        *,
        people: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
    ) -> "ScoreList":
        """From arrays, once they are checked.

        Args:
            score: (N,) similarities, greater for images that are more alike; the negative of distances.
            same: (N,) bool, whether both images show one person.
            groups: (N,) and (N,) group of each image's person; None for a threshold only.
            people: (N,) and (N,) identity of each image. Without, there is no interval from draws of people.

        Raises:
            EthnoshardError: scores are not finite, arrays don't fit, pairs are of one kind, a same pair has two groups,
                or ``same`` contradicts the people.
        """
        scores = scores_of(score)
        truth = same_of(same, len(scores))
        labels = None
        if groups is not None:
            labels = texts_of(groups[0], len(scores), "the group"), texts_of(groups[1], len(scores), "the group")
            split = int(np.count_nonzero((labels[0] != labels[1]) & truth))
            if split:
                raise EthnoshardError(f"{split:,} pairs of one person have two groups; a person belongs to one")
        known = None if people is None else people_of_pairs(*people, truth)
        return cls(score=scores, same=truth, groups=labels, people=known)

    def as_one_group(self) -> "ScoreList":
        """The same pairs, of people who are all of one group."""
        alike = np.full(len(self.score), "all")
        return replace(self, groups=(alike, alike))

    def weighted(self, weighting: Weighting | None) -> Weighting:
        """The weighting asked for; for None "person" where people are known, else "pair".

        Raises:
            EthnoshardError: there is none of that name, or it is by person, and people aren't known.
        """
        if weighting == "person" and self.people is None:
            raise EthnoshardError(
                "weighting by person needs to know whose the images are; give people, or weight by pair"
            )
        return weighting_of(weighting or ("pair" if self.people is None else "person"))

    def most_similar(self, fmr: float, weighting: Weighting) -> tuple[Floats, Floats]:
        """All similarities of different pairs, falling, and the share of all that each is.

        Args:
            fmr: whatever it is, all pairs are given.
            weighting: "person", where all pairs of two people together count as one, or "pair".
        """
        score, weight = self.score[~self.same], self._weights(weighting)[~self.same]
        order = np.argsort(-score, kind="stable")
        return score[order], weight[order] / weight.sum()

    def histogram(self, weighting: Weighting) -> tuple[Floats, Floats, Floats]:
        """Pairs by similarity, a step for each that occurs.

        Returns:
            (K + 1,) similarities, (K,) weights of different and (K,) of same pairs from one to the next.
        """
        weight = self._weights(weighting)
        steps, step = np.unique(self.score, return_inverse=True)
        different, alike = (
            np.bincount(step, weight * kind, minlength=len(steps)).astype(np.float64)
            for kind in (~self.same, self.same)
        )
        return np.append(steps, np.nextafter(steps[-1], np.inf)), different, alike

    def levels(self, weighting: Weighting) -> Levels:
        """Pairs by their similarity, each that occurs."""
        edges, different, same = self.histogram(weighting)
        return Levels(edges[:-1], different, same)

    def different_pairs(self, weighting: Weighting) -> float:
        """How many different pairs there are; weighted by person, how many pairs of people."""
        return float(self._weights(weighting)[~self.same].sum())

    def same_accepted(self, threshold: float, weighting: Weighting) -> float | None:
        """Share of same pairs accepted from a similarity on; None of no pair."""
        weight = self._weights(weighting) * self.same
        return float(weight[self.score >= threshold].sum() / weight.sum()) if self.same.any() else None

    def within(self, group: str) -> "ScoreList":
        """The pairs both of whose people are in the group.

        Raises:
            EthnoshardError: there are no groups.
        """
        if self.groups is None:
            raise EthnoshardError("pairs within a group need the group of each image's person; give groups to the list")
        one, other = self.groups
        rows = (one == group) & (other == group)
        people = self.people
        return replace(
            self,
            score=self.score[rows],
            same=self.same[rows],
            groups=(one[rows], other[rows]),
            people=people and replace(people, first=people.first[rows], second=people.second[rows]),
        )

    def tallies(self, thresholds: Floats) -> Iterator[Tally]:
        """Count errors at each of T thresholds.

        Args:
            thresholds: (T,) rising, similarities from which a pair is accepted.

        Raises:
            EthnoshardError: there are no groups, or only one, or a person has two.
        """
        enrolment, first, second = self._enrolled()
        people, same = len(enrolment.people), self.same
        low, high = np.minimum(first, second)[~same], np.maximum(first, second)[~same]

        def between(events: Whole) -> csr_array:
            return coo_array((events, (low, high)), shape=(people, people)).tocsr()

        genuine = np.bincount(first[same], minlength=people).astype(np.int64)
        pairs = between(np.ones(len(low), np.int64))
        for threshold in thresholds.tolist():
            accepted = self.score >= threshold
            yield Tally(
                groups=enrolment.groups,
                people=enrolment.people,
                known=self.people is not None,
                sizes=enrolment.sizes,
                genuine_pairs=genuine,
                genuine_errors=np.bincount(first[same & ~accepted], minlength=people).astype(np.int64),
                impostor_errors=between(accepted[~same].astype(np.int64)),
                impostor_pairs=pairs,
                images=np.zeros(people, np.int64),
                matched=np.full(people, -1, np.int64),
                threshold=threshold,
            )

    def _enrolled(self) -> tuple[Enrolment, Whole, Whole]:
        """The people, and (N,) and (N,) the number of each image's person."""
        if self.groups is None:
            raise EthnoshardError("errors by group need the group of each image's person; give groups to the list")
        groups = np.concatenate(self.groups)
        if self.people is None:
            # A stand-in a group: rates can be had from it, draws of people can't.
            names = groups
        else:
            names = self.people.names[np.concatenate([self.people.first, self.people.second])]
        enrolment, codes = enrolled(names, groups)
        return enrolment, codes[: len(self.score)], codes[len(self.score) :]

    def _weights(self, weighting: Weighting) -> Floats:
        """(N,) of each pair; by person all pairs of two people together, or of one, weigh 1."""
        if self.people is None or weighting == "pair":
            return np.ones(len(self.score))
        low = np.minimum(self.people.first, self.people.second)
        high = np.maximum(self.people.first, self.people.second)
        _, index, times = np.unique(low * self.people.number + high, return_inverse=True, return_counts=True)
        weights: Floats = 1 / times[index]
        return weights
