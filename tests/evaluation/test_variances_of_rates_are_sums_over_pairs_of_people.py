"""How far a rate may be off, from counts by people, equals a sum over every two of them."""

import numpy as np
import pytest
from made_people import by_group, made_crowd, scores_by_group
from numpy.typing import NDArray

from ethnoshard.evaluation import Demographics, Weighting
from ethnoshard.evaluation._counts import Tally
from ethnoshard.evaluation._influence import Influence, Part, rate_interval, spread

SIZES = {"A": 25, "B": 22, "C": 6}


class Loop:
    """Every two people, one pair after the other."""

    def __init__(self, tally: Tally, weighting: Weighting) -> None:
        self.tally, self.by_person = tally, weighting == "person"
        self.group = np.repeat(np.arange(len(tally.groups)), tally.sizes)

    def pairs(self, i: int, j: int) -> int:
        """Of images."""
        if self.tally.impostor_pairs is not None:
            return int(self.tally.impostor_pairs[i, j])
        one, two = self.tally.matched[[i, j]].tolist()
        return 0 if min(one, two) >= 0 and one != two else int(self.tally.images[i] * self.tally.images[j])

    def variance(self, influence: Influence, part: Part) -> float:
        """Of an estimate, as the module writes it."""
        people = len(self.group)
        residual = np.zeros((people, people))
        for i in range(people):
            for j in range(i + 1, people):
                one, two = self.group[[i, j]]
                if part.fmr[one, two] and (number := self.pairs(i, j)):
                    error, weight = int(self.tally.impostor_errors[i, j]), 1 if self.by_person else number
                    share = error / number if self.by_person else error
                    residual[i, j] = (
                        part.fmr[one, two]
                        * (share - influence.fmr[one, two] * weight)
                        / influence.fmr_weights[one, two]
                    )
        own = np.zeros(people)
        for i, group in enumerate(self.group.tolist()):
            if number := int(self.tally.genuine_pairs[i]):
                error, weight = int(self.tally.genuine_errors[i]), 1 if self.by_person else number
                share = error / number if self.by_person else error
                few = np.sqrt(influence.fnmr_units[group] / (influence.fnmr_units[group] - 1))
                rest = share - influence.fnmr[group] * weight
                own[i] = few * part.fnmr[group] * rest / influence.fnmr_weights[group]
        rows, squares = residual.sum(axis=0) + residual.sum(axis=1), float(np.square(residual).sum())
        paired = (self.tally.genuine_pairs > 0).tolist()
        counted = sum(
            bool(part.fmr[group].any() or (part.fnmr[group] and has))
            for group, has in zip(self.group.tolist(), paired, strict=True)
        )
        shared = (float(np.square(rows).sum()) - 2 * squares) * counted * (counted - 1) / (counted - 2) ** 2
        alone = squares + float(np.square(own).sum())
        return max(alone, alone + max(shared, 0) + 2 * float((rows * own).sum()))


def parts(influence: Influence) -> list[Part]:
    return [
        influence.of_group(0, fmr=1),
        influence.of_two(0, 2),
        influence.of_all(fmr=1),
        influence.of_group(1, fnmr=1),
        influence.of_all(fnmr=1),
        influence.of_all(fmr=0.5, fnmr=0.5),
        influence.of_group(1, fmr=0.5, fnmr=0.5),
    ]


def check(found: Demographics, weighting: Weighting) -> None:
    assert found.tally is not None
    influence, loop = found.tally.influence(), Loop(found.tally.tally, weighting)
    for part in parts(influence):
        expected = loop.variance(influence, part)
        assert expected > 0 and spread([(influence, part)]).variance == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("weighting", ["person", "pair"])
@pytest.mark.parametrize("matched", [False, True])
def test_of_all_pairs(weighting: Weighting, matched: bool) -> None:
    crowd = made_crowd(0, SIZES)
    sex = {name: ("f", "m", "")[index % 3] for index, name in enumerate(sorted(set(crowd.people.tolist())))}
    matched_on = [sex[name] for name in crowd.people.tolist()] if matched else None
    check(by_group(*crowd, threshold=0.3, weighting=weighting, matched_on=matched_on), weighting)


@pytest.mark.parametrize("weighting", ["person", "pair"])
def test_of_listed_pairs(weighting: Weighting) -> None:
    crowd = made_crowd(1, SIZES)
    unit = crowd.embeddings / np.linalg.norm(crowd.embeddings, axis=1, keepdims=True)
    one, two = np.triu_indices(len(unit), 1)
    same = crowd.people[one] == crowd.people[two]
    some = same | (np.random.default_rng(0).random(len(one)) < 0.3)
    one, two = one[some], two[some]

    def ends(values: NDArray[np.str_]) -> tuple[NDArray[np.str_], NDArray[np.str_]]:
        return values[one], values[two]

    found = scores_by_group(
        (unit[one] * unit[two]).sum(axis=1), same[some], ends(crowd.groups), threshold=0.3, people=ends(crowd.people),
        weighting=weighting,
    )  # fmt: skip
    check(found, weighting)


def test_without_an_error_the_interval_is_that_of_so_many_people_without_one() -> None:
    crowd = made_crowd(0, {"A": 30, "B": 30}, noise=0.05)
    found = by_group(*crowd, threshold=0.9)
    fmr, fnmr = found.by_group["A"].fmr, found.by_group["A"].fnmr
    assert fmr.errors == fnmr.errors == 0 and fnmr.people is not None
    # Clopper and Pearson: of n trials without an event 1 - 0.025^(1/n); of 30 people there are 435 pairs.
    assert fmr.people_interval == (0, 1 - 0.025 ** (1 / 435))
    assert fnmr.people_interval == (0, 1 - 0.025 ** (1 / fnmr.people))
    accuracy = found.by_group["A"].accuracy
    assert accuracy.value == 1 and accuracy.people_interval is not None
    # Both may be off, and seldom both at once.
    both = np.hypot(1 - 0.025 ** (1 / 435), 1 - 0.025 ** (1 / fnmr.people)) / 2
    assert accuracy.people_interval == pytest.approx((1 - both, 1))


def test_pairs_that_share_no_person_have_the_variance_of_independent_ones() -> None:
    # 200 pairs of 400 people, 20 of them wrong.
    rng = np.random.default_rng(0)
    same = np.zeros(400, bool)
    same[::2] = True
    score = np.where(same, 0.9, 0.1)
    wrong = rng.choice(np.flatnonzero(~same), 20, replace=False)
    score[wrong] = 0.9
    first = np.array([f"p{row}" for row in range(400)])
    second = np.where(same, first, np.array([f"q{row}" for row in range(400)]))
    groups = np.repeat(["A", "B"], 200)
    found = scores_by_group(score, same, (groups, groups), threshold=0.5, people=(first, second), weighting="pair")
    assert found.tally is not None
    influence = found.tally.influence()
    measured = spread([(influence, influence.of_all(fmr=1))])
    rates = [(score[(groups == group) & ~same] > 0.5).mean() for group in "AB"]
    expected = sum(rate * (1 - rate) / 100 for rate in rates) / 4
    assert measured.variance == pytest.approx(expected, rel=0.02)
    interval = rate_interval(0.1, measured, 200)
    assert interval is not None and interval.low < 0.1 < interval.high
