"""Open-set identification by group: each search made by itself, and intervals that know who is in the gallery."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation import Roster, Searches, open_set
from ethnoshard.evaluation._open_set import _Errors, _Minimum
from ethnoshard.results import Interval, OpenSet

Vectors = NDArray[np.float64]


def made(seed: int, people: int = 30, *, noise: float = 0.6, sizes: int = 5) -> tuple[Vectors, NDArray[np.str_]]:
    """Embeddings of people with 1 to ``sizes`` images, and whose each is."""
    rng = np.random.default_rng(seed)
    whose = np.repeat(np.arange(people), rng.integers(1, sizes + 1, people))
    vectors = rng.normal(size=(people, 6))[whose] + noise * rng.normal(size=(len(whose), 6))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.array([f"p{number:03d}" for number in whose])


def roster(vectors: Vectors, people: NDArray[np.str_], matched: list[str] | None = None) -> Roster:
    groups = ["AAB"[int(name[1:]) % 3] for name in people.tolist()]
    return Roster.of(vectors, people, groups, matched_on=matched)


def recounted(
    vectors: Vectors, people: list[str], at: OpenSet, seed: int, sex: dict[str, str]
) -> dict[str, list[float]]:
    """Group -> FNIR, its errors, FPIR, its errors: every search by itself."""
    shuffled = np.random.default_rng(seed).permutation(len(people)).tolist()
    gallery = {name: next(row for row in shuffled if people[row] == name) for name in sorted(set(people))}
    found: dict[str, list[float]] = {}
    for group in ("A", "B", "all"):
        missed, returned, counts = [], [], [0, 0]
        for name in gallery:
            if group not in ("AAB"[int(name[1:]) % 3], "all"):
                continue
            rows = [row for row in range(len(people)) if people[row] == name]
            others = [each for each in gallery if each != name and (not sex or sex[each] == sex[name])]
            mates = [vectors[row] @ vectors[gallery[name]] < at.threshold for row in rows if row != gallery[name]]
            anybody = [any(vectors[row] @ vectors[gallery[each]] >= at.threshold for each in others) for row in rows]
            missed += [np.mean(mates)] if mates else []
            returned.append(np.mean(anybody))
            counts = [counts[0] + sum(mates), counts[1] + sum(anybody)]
        found[group] = [float(np.mean(missed)), counts[0], float(np.mean(returned)), counts[1]]
    return found


@pytest.mark.parametrize("matched", [False, True])
@pytest.mark.parametrize("seed", [0, 1])
def test_rates_and_counts_are_those_of_every_search_by_itself(seed: int, matched: bool) -> None:
    vectors, people = made(seed)
    sex = {name: "fm"[int(name[1:]) // 3 % 2] for name in people.tolist()} if matched else {}
    tested = roster(vectors, people, [sex[name] for name in people.tolist()] if matched else None)
    for at in open_set(tested, fpirs=(0.1, 0.4), seed=seed):
        assert at.overall is not None and at.gallery == 30
        expected = recounted(vectors, people.tolist(), at, seed, sex)
        for group, own in {"all": at.overall, **at.by_group}.items():
            ours = [own.fnir.rate, own.fnir.errors, own.fpir.rate, own.fpir.errors]
            assert ours == pytest.approx(expected[group], abs=1e-12), group
            assert own.fpir.searches == len([n for n in people.tolist() if group in ("AAB"[int(n[1:]) % 3], "all")])


def test_the_threshold_is_the_lowest_with_no_more_than_the_fpir() -> None:
    tested = roster(*made(2))
    searches = Searches.of(tested, 0)
    for at in open_set(tested, fpirs=(0.05, 0.1, 0.4)):
        assert at.overall is not None and at.threshold is not None and at.overall.fpir.rate is not None
        assert at.overall.fpir.rate <= at.fpir_asked + 1e-9
        below = searches.best[searches.best < at.threshold].max()
        assert float(np.mean(searches.shares(searches.best >= below, np.ones_like(searches.mated)))) > at.fpir_asked


def test_blocks_change_nothing_and_the_seed_chooses_the_gallery(monkeypatch: pytest.MonkeyPatch) -> None:
    tested = roster(*made(3))
    whole = open_set(tested, fpirs=(0.1,))
    assert open_set(tested, fpirs=(0.1,), seed=1) != whole
    monkeypatch.setattr("ethnoshard.evaluation._searches._CELLS", 100)
    assert open_set(tested, fpirs=(0.1,)) == whole


def test_a_fpir_that_is_less_than_one_person_has_no_threshold_and_says_why() -> None:
    (at,) = open_set(roster(*made(0)), fpirs=(0.03,))
    assert (at.threshold, at.overall, at.by_group) == (None, None, {})
    assert at.reason == "a FPIR of 0.03 is less than the searches of one of 30 people"
    with pytest.raises(EthnoshardError, match="a FPIR must be above 0 and below 1, got 1"):
        open_set(roster(*made(0)), fpirs=(1.0,))
    with pytest.raises(EthnoshardError, match="a gallery needs two people at least, got 1"):
        open_set(roster(*made(0, people=1)))


def test_who_may_be_matched_with_nobody_is_returned_by_no_threshold() -> None:
    vectors, people = made(5)
    names = sorted(set(people.tolist()))
    (nobody,) = open_set(roster(vectors, people, people.tolist()), fpirs=(0.1,))
    assert nobody.threshold is None and nobody.reason == "all people are known to differ in what they are matched on"
    alone = ["f" if name in names[:2] else name for name in people.tolist()]
    (at,) = open_set(roster(vectors, people, alone), fpirs=(0.4,))
    assert at.overall is not None and at.threshold is not None and np.isfinite(at.threshold)
    assert at.overall.fpir.rate is not None and at.overall.fpir.rate <= 2 / 30 + 1e-12


def test_intervals_of_groups_hold_the_rate_of_many_people_like_them() -> None:
    """Of worlds of 60 people: the truth is the mean over worlds at a threshold that is the same for all."""
    rates: dict[str, list[float]] = {"fnir": [], "fpir": []}
    ends: dict[str, list[Interval]] = {"fnir": [], "fpir": []}
    for seed in range(60):
        at = at_threshold(roster(*made(100 + seed, people=60)), 0.9)
        for kind in rates:
            own = getattr(at.by_group["A"], kind)
            rates[kind].append(own.rate)
            ends[kind].append(own.people_interval)
    for kind, values in rates.items():
        truth = float(np.mean(values))
        held = [each.low <= truth <= each.high for each in ends[kind] if each.low is not None and each.high is not None]
        # 95 % of 60 is 57; 50 would be 4 standard errors off.
        assert len(held) == 60 and sum(held) >= 52, kind


def at_threshold(tested: Roster, threshold: float) -> OpenSet:
    """All errors at a threshold that is given."""
    assert tested.groups is not None
    errors = _Errors(Searches.of(tested, 0), tested.groups, threshold, _Minimum(2, 2))
    everybody = np.ones(len(tested.names), np.bool_)
    by_group = {group: errors.among(tested.groups == group) for group in "AB"}
    return OpenSet(
        fpir_asked=0.1, gallery=len(everybody), threshold=threshold, overall=errors.among(everybody), by_group=by_group
    )


def test_a_person_left_out_of_the_interval_is_left_out_of_the_gallery_too() -> None:
    tested = roster(*made(8, people=20))
    searches = Searches.of(tested, 0)
    gallery = np.flatnonzero(~searches.mated)
    similarity = (tested.unit @ tested.unit[gallery].T).astype(np.float64)
    assert tested.groups is not None
    chosen = tested.groups == "A"

    def fpir(without: int) -> float:
        """Of the others of group A, who can't find ``without``; each search by itself."""
        by_person = []
        for person in np.flatnonzero(chosen):
            if person != without:
                others = [each for each in range(20) if each not in (person, without)]
                by_person.append(np.mean(similarity[tested.codes == person][:, others].max(axis=1) >= 0.8))
        return float(np.mean(by_person))

    left = np.array([fpir(person) for person in range(20)])
    expected = 0.0
    for group in "AB":
        own = left[tested.groups == group]
        expected += np.square(own - own.mean()).sum() * (len(own) - 1) / len(own)
    both = np.zeros((20, 20))
    for row, person in enumerate(tested.codes.tolist()):
        reached = [each for each in range(20) if each != person and similarity[row, each] >= 0.8]
        if chosen[person] and len(reached) == 1:
            both[person, reached[0]] += 1 / np.count_nonzero(tested.codes == person) / chosen.sum()
    expected -= float(np.square(np.triu(both + both.T)).sum())
    at = _Errors(searches, tested.groups, 0.8, _Minimum(2, 2))
    shares = searches.shares(searches.best >= 0.8, np.ones_like(searches.mated))
    found = at._jackknife(shares, chosen)
    assert found.variance == pytest.approx(expected) and found.variance > found.independent > 0
