"""Thresholds run from 10 % false matches to hardly any or half of the matches lost, the report's own among them."""

import numpy as np
import pytest
from made_people import Crowd, made_crowd
from numpy.typing import NDArray

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation import Roster, ScoreList, Weighting, _roster, thresholds_over

OWN = 0.4321


def all_pairs(crowd: Crowd, sex: NDArray[np.str_]) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.str_]]:
    """(N,) scores, (N,) same, (N, 2) people, those of known different sex left out."""
    unit = crowd.embeddings / np.linalg.norm(crowd.embeddings, axis=1, keepdims=True)
    one, other = np.triu_indices(len(unit), 1)
    kept = (sex[one] == sex[other]) | (sex[one] == "") | (sex[other] == "")
    one, other = one[kept], other[kept]
    people = np.stack([crowd.people[one], crowd.people[other]], axis=1)
    return (unit[one] * unit[other]).sum(axis=1), people[:, 0] == people[:, 1], people


def shares(people: NDArray[np.str_], weighting: str) -> NDArray[np.float64]:
    if weighting == "pair":
        return np.ones(len(people))
    _, place, times = np.unique(np.sort(people, axis=1), axis=0, return_inverse=True, return_counts=True)
    return np.asarray(1 / times[place.ravel()], np.float64)


@pytest.mark.parametrize("weighting", ["person", "pair"])
@pytest.mark.parametrize("matched", [False, True])
@pytest.mark.parametrize("noise", [0.3, 0.9, 1.6, 50])
@pytest.mark.parametrize("side", [16, 2048])
def test_both_ends_are_where_the_shares_say(
    monkeypatch: pytest.MonkeyPatch, weighting: Weighting, matched: bool, noise: float, side: int
) -> None:
    monkeypatch.setattr(_roster, "_SIDE", side)
    crowd = made_crowd(1, {"A": 50, "B": 30}, noise=noise)
    sex_of = dict(zip(sorted(set(crowd.people.tolist())), ["f", "m", "", "f"] * 20, strict=True))
    sex = np.array([sex_of[name] for name in crowd.people.tolist()] if matched else [""] * len(crowd.people))
    score, same, people = all_pairs(crowd, sex)
    roster = Roster.of(crowd.embeddings, crowd.people, matched_on=sex)
    by_embeddings = thresholds_over(roster, OWN, weighting=weighting)
    listed = ScoreList.of(score, same, people=(people[:, 0], people[:, 1]))
    by_scores = thresholds_over(listed, OWN, weighting=weighting)
    weight = shares(people, weighting)

    def share(of: NDArray[np.bool_], chosen: NDArray[np.bool_]) -> float:
        return float(weight[of & chosen].sum() / weight[of].sum())

    for found, step in ((by_embeddings, 1.1e-5), (by_scores, 0.0)):
        assert len(found) == 42 and (np.diff(found) > 0).all() and OWN in found.tolist()
        even = found[found != OWN]
        assert np.diff(even) == pytest.approx(np.full(40, (even[-1] - even[0]) / 40))
        begin, end = even[0], even[-1]
        lower = score[~same & (score < begin)].max()
        assert share(~same, score >= begin + step) <= 0.1 < share(~same, score >= lower - step)
        fmr, fnmr = share(~same, score >= end + step), share(same, score < end + step)
        if fnmr >= 0.9:
            assert fmr <= 0.001
            # Not after it, but for the sake of 0.1 % false matches.
            before = score[score < end - step].max()
            assert share(same, score < before - step) < 0.9 or share(~same, score >= before - step) > 0.001
        else:
            # A step earlier is too early by one of the two.
            assert fmr <= 0.00001
            before = score[score < end - step].max()
            assert share(~same, score >= before - step) > 0.00001 or share(same, score < before - step) < 0.5
    if noise == 0.3:
        assert share(same, score < by_scores[-1]) == pytest.approx(0.5, abs=0.03)
    if noise == 50:
        assert share(~same, score >= by_scores[-1]) <= 0.001


@pytest.mark.parametrize("own", [-3.0, 0.0, 5.0])
def test_the_own_threshold_is_one_of_them_wherever_it_lies(own: float) -> None:
    crowd = made_crowd(1, {"A": 20})
    found = thresholds_over(Roster.of(crowd.embeddings, crowd.people), own)
    assert own in found.tolist() and len(found) == 42
    already = thresholds_over(Roster.of(crowd.embeddings, crowd.people), float(found[20]))
    assert found[20] in already and len(already) in (41, 42)


def test_without_matches_or_with_one_score_there_are_thresholds_too() -> None:
    crowd = made_crowd(1, {"A": 40}, most=1)
    found = thresholds_over(Roster.of(crowd.embeddings, crowd.people), OWN)
    assert len(found) == 42
    assert thresholds_over(ScoreList.of([0.5] * 4, [True, False] * 2), 0.5).tolist() == [0.5, np.nextafter(0.5, 1)]
    # Of one person there are no false matches.
    assert len(thresholds_over(Roster.of(np.eye(3), ["a"] * 3), 0.5)) >= 1


def test_without_people_each_pair_counts_alike() -> None:
    crowd = made_crowd(1, {"A": 40})
    score, same, people = all_pairs(crowd, np.array([""] * len(crowd.people)))
    ends = (people[:, 0], people[:, 1])
    known, unknown = ScoreList.of(score, same, people=ends), ScoreList.of(score, same)
    by_pair = thresholds_over(known, OWN, weighting="pair")
    assert thresholds_over(unknown, OWN).tolist() == by_pair.tolist()
    assert thresholds_over(known, OWN).tolist() != by_pair.tolist()
    with pytest.raises(EthnoshardError, match="weighting by person needs to know whose the images are"):
        thresholds_over(unknown, OWN, weighting="person")


@pytest.mark.parametrize("own", [float("nan"), float("inf")])
def test_refused(own: float) -> None:
    with pytest.raises(EthnoshardError, match=f"a threshold is a finite number; {own} is not"):
        thresholds_over(Roster.of(np.eye(3), ["a", "a", "b"]), own)
    with pytest.raises(EthnoshardError, match=f"a threshold is a finite number; {own} is not"):
        thresholds_over(ScoreList.of([1.0, 2.0], [True, False]), own)
