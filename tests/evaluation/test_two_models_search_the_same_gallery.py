"""Differences of FNIR and FPIR by group: paired, with thresholds that move, and claimed as seldom as promised."""

from dataclasses import replace

import numpy as np
import pytest

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation import Roster, Searches, compare_open_set, open_set
from ethnoshard.evaluation._compare_open_set import _At, _spread_of
from ethnoshard.results import NamedArrays, OpenSet, holm


def two_models(seed: int, people: int, *, worse: float = 1.0) -> tuple[Roster, Roster]:
    """Two networks' embeddings of the same images, the second ``worse`` times as noisy as the first."""
    rng = np.random.default_rng(seed)
    whose = np.repeat(np.arange(people), rng.integers(2, 6, people))
    hard = np.exp(0.3 * rng.normal(size=people))[whose, None]
    centres, shared = rng.normal(size=(people, 16)), 0.6 * hard * rng.normal(size=(len(whose), 16))
    names, groups = np.array([f"p{each:03d}" for each in whose]), ["AAABBC"[each % 6] for each in whose]

    def model(noise: float) -> Roster:
        own = centres + 0.25 * rng.normal(size=centres.shape)
        return Roster.of(own[whose] + shared + noise * hard * rng.normal(size=shared.shape), names, groups)

    return model(0.6), model(0.6 * worse)


def searched(roster: Roster, fpirs: tuple[float, ...] = (0.1,)) -> tuple[Searches, tuple[OpenSet, ...]]:
    searches = Searches.of(roster, 0)
    return searches, open_set(roster, fpirs=fpirs, searches=searches)


def groups_of(roster: Roster) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
    assert roster.groups is not None
    return roster.groups


def test_where_two_models_never_differ_the_difference_is_bounded_by_how_many_people_there_are() -> None:
    roster, _ = two_models(0, 40)
    searches, at = searched(roster, (0.05, 0.1))
    for change in compare_open_set(searches, searches, groups_of(roster), zip(at, at, strict=True)):
        assert change.overall is not None and change.gallery == 40 and change.by_group.keys() == set("ABC")
        people = {group: int((groups_of(roster) == group).sum()) for group in "ABC"}
        for number, own in ((40, change.overall), *((people[group], own) for group, own in change.by_group.items())):
            for one in (own.fnir, own.fpir):
                if one is not None:
                    most = 1 - 0.025 ** (1 / number)
                    assert one.difference == 0 and one.people_interval == pytest.approx((-most, most))
                    assert one.p_value == 1


def test_rates_are_those_of_both_reports_and_claims_are_adjusted_over_groups() -> None:
    one, two = two_models(1, 60, worse=1.6)
    (base, ours), (other, theirs) = searched(one), searched(two)
    (change,) = compare_open_set(base, other, groups_of(one), zip(ours, theirs, strict=True))
    assert change.thresholds == (ours[0].threshold, theirs[0].threshold) and change.overall is not None
    for group, own in change.by_group.items():
        assert own.fpir is not None
        for kind, found in (("fnir", own.fnir), ("fpir", own.fpir)):
            rates = [getattr(at.by_group[group], kind).rate for at in (ours[0], theirs[0])]
            assert (found.base, found.other) == pytest.approx(rates) and found.difference is not None
    values = [own.fnir.p_value for own in change.by_group.values()]
    assert [own.fnir.p_adjusted for own in change.by_group.values()] == pytest.approx(holm(filter(None, values)))
    overall = change.overall.fnir
    assert overall.difference is not None and overall.difference > 0 and overall.p_value is not None
    assert overall.p_value < 0.05 and change.overall.fpir is None


def test_a_person_left_out_is_left_out_of_both_models_searches_and_of_the_gallery() -> None:
    """At thresholds that stay, beside a recount of every search without each person."""
    people = 24
    rosters = two_models(5, people)
    groups, threshold = groups_of(rosters[0]), 0.5
    chosen = groups == "A"
    left, both = np.zeros(people), np.zeros((people, people))
    models = []
    for roster, sign in zip(rosters, (-1, 1), strict=True):
        searches = Searches.of(roster, 0)
        models.append(_At(searches=searches, groups=groups, threshold=threshold, ends=(threshold, threshold)))
        similarity = (roster.unit @ roster.unit[~searches.mated].T).astype(np.float64)

        def rate(without: int, owner: np.ndarray, similarity: np.ndarray) -> float:
            found = []
            for person in np.flatnonzero(chosen):
                others = [each for each in range(people) if each not in (person, without)]
                if person != without:
                    found.append(np.mean(similarity[owner == person][:, others].max(axis=1) >= threshold))
            return float(np.mean(found))

        left += sign * np.array([rate(person, roster.codes, similarity) for person in range(people)])
        for row, person in enumerate(roster.codes.tolist()):
            reached = [each for each in range(people) if each != person and similarity[row, each] >= threshold]
            if chosen[person] and len(reached) == 1:
                both[person, reached[0]] += sign / np.count_nonzero(roster.codes == person) / chosen.sum()
    expected = -float(np.square(np.triu(both + both.T)).sum())
    for group in np.unique(groups):
        own = left[groups == group]
        expected += float(np.square(own - own.mean()).sum()) * (len(own) - 1) / len(own)
    found = _spread_of([each.moved("fpir", chosen) for each in models], models, (-1, 1))
    assert found.variance == pytest.approx(expected) and found.variance > found.independent > 0


def test_of_models_that_are_alike_a_difference_is_claimed_seldom() -> None:
    claims: dict[str, list[bool]] = {"all": [], "fnir": [], "fpir": []}
    for seed in range(60):
        rosters = two_models(100 + seed, 36)
        (base, ours), (other, theirs) = map(searched, rosters)
        (change,) = compare_open_set(base, other, groups_of(rosters[0]), zip(ours, theirs, strict=True))
        assert change.overall is not None and change.overall.fnir.p_value is not None
        claims["all"].append(change.overall.fnir.p_value < 0.05)
        for kind in ("fnir", "fpir"):
            values = [getattr(own, kind).p_adjusted for own in change.by_group.values()]
            claims[kind].append(any(value is not None and value < 0.05 for value in values))
    # 5 % of 60 are 3; 9 would be 3.6 standard errors more.
    assert {kind: sum(made) for kind, made in claims.items() if sum(made) >= 9} == {}


def test_what_is_not_the_same_search_is_refused_and_arrays_bring_it_back() -> None:
    roster, _ = two_models(3, 20)
    searches, at = searched(roster)
    again = Searches.of_arrays(NamedArrays(searches.arrays(), "groups-one.npz"), 20)
    assert all(np.array_equal(getattr(again, name), getattr(searches, name)) for name in vars(searches))
    with pytest.raises(EthnoshardError, match="owner must hold numbers from 0 to 18, got 0 to 19; make"):
        Searches.of_arrays(NamedArrays(searches.arrays(), "groups-one.npz"), 19)
    other = Searches.of(roster, 1)
    with pytest.raises(EthnoshardError, match="different images, or in different galleries"):
        compare_open_set(searches, other, groups_of(roster), zip(at, at, strict=True))
    with pytest.raises(EthnoshardError, match=r"at a FPIR of 0\.1 and of 0\.2"):
        compare_open_set(searches, searches, groups_of(roster), [(at[0], replace(at[0], fpir_asked=0.2))])
