"""``shared_people`` on two sets that have some people in common, whatever else their photographs have in common."""

import numpy as np
import pytest

from ethnoshard.audit import Shared, shared_people
from tests.kit.normal_people import People, unit

PEOPLE, OTHERS, IN_BOTH = 150, 80, {4: 70, 33: 2, 90: 41, 149: 11}
"""People here, people there, and who of these is who there."""


def two_sets(shift: float = 0.0, in_both: dict[int, int] = IN_BOTH) -> tuple[People, People]:
    """This set and another, whose embeddings all have something added that those here don't have."""
    rng = np.random.default_rng(3)
    here, there = rng.standard_normal((PEOPLE, 24)), rng.standard_normal((OTHERS, 24))
    for mine, theirs in in_both.items():
        there[theirs] = here[mine]
    sets = []
    for means, faces, common in ((here, 6, 2.0), (there, 3, 2.0 + shift * np.linspace(-1, 1, 24))):
        owners = np.repeat(np.arange(len(means)), faces)
        x = means[owners] + 0.5 * rng.standard_normal((len(owners), 24)) + common
        sets.append(People(vectors=unit(x), owners=owners, identities=len(means)))
    return sets[0], sets[1]


def found_in(here: People, there: People, least: float = 0.5, seed: int = 0) -> Shared:
    return shared_people(
        (here.vectors, here.owners, here.identities),
        (there.vectors, there.owners, there.identities),
        least=least,
        seed=seed,
    )


def pairs(found: Shared) -> dict[int, int]:
    return dict(sorted((mine, theirs) for mine, theirs in found.pairs.tolist()))


@pytest.mark.parametrize("shift", [0.0, 3.0])
def test_people_of_both_sets_are_found_whatever_the_other_set_has_in_common(shift: float) -> None:
    found = found_in(*two_sets(shift))
    assert pairs(found) == IN_BOTH
    assert found.expected == pytest.approx(4, abs=1) and (found.cosine > 0).all()
    assert found.recall is not None and found.recall > 0.9


def test_of_sets_of_different_people_nobody_is_found() -> None:
    found = found_in(*two_sets(in_both={}))
    assert pairs(found) == {} and found.expected == pytest.approx(0.5, abs=0.5)


def test_a_person_who_is_twice_in_the_other_set_is_found_twice() -> None:
    here, there = two_sets()
    found = found_in(here, there.halved(70))
    assert sorted(theirs for mine, theirs in found.pairs.tolist() if mine == 4) == [70, OTHERS]


def test_the_surest_come_first_and_less_sure_ones_are_left_out() -> None:
    here, there = two_sets()
    every = found_in(here, there, least=0)
    assert len(every.pairs) == 3 * PEOPLE and len(np.unique(every.pairs, axis=0)) == len(every.pairs)
    assert (np.diff(every.sure) <= 0).all() and (np.diff(every.cosine) <= 0).all()
    some = found_in(here, there, least=0.99)
    assert some.pairs.tolist() == every.pairs[every.sure >= 0.99].tolist()


def test_the_same_seed_and_any_size_of_blocks_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = two_sets()
    found = found_in(here, there)
    monkeypatch.setattr("ethnoshard.audit._shared._BLOCK", 4 * OTHERS * 7)
    again = found_in(here, there)
    assert again.pairs.tolist() == found.pairs.tolist() and again.sure == pytest.approx(found.sure, abs=1e-9)
    assert pairs(found_in(here, there, seed=1)) == IN_BOTH


def test_the_order_of_faces_changes_nothing_and_so_does_a_sample_of_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = two_sets()
    rng = np.random.default_rng(0)
    mixed = here.only(rng.permutation(len(here.owners))), there.only(rng.permutation(len(there.owners)))
    assert pairs(found_in(*mixed)) == IN_BOTH
    monkeypatch.setattr("ethnoshard.audit._shared._SAMPLED", 5000)
    assert pairs(found_in(here, there)) == IN_BOTH


def test_a_set_of_fewer_people_than_are_looked_at_will_do() -> None:
    here, there = two_sets()
    one = there.only(there.faces(70))
    found = found_in(here, People(vectors=one.vectors, owners=one.owners * 0, identities=1))
    assert len(found.pairs) <= 1


def test_a_set_of_single_faces_is_compared_by_what_single_faces_tell() -> None:
    here, there = two_sets()
    single = there.only(np.arange(0, len(there.owners), 3))
    found = found_in(here, single, least=0)
    whole = found_in(here, there, least=0)

    def ratio(of: Shared, mine: int) -> float:
        place = of.pairs.tolist().index([mine, IN_BOTH[mine]])
        return float(of.cosine[place])

    assert np.mean([ratio(found, each) < ratio(whole, each) for each in IN_BOTH]) >= 0.75


def test_where_too_few_people_have_two_faces_nothing_is_planted_and_nobody_suspected() -> None:
    here, there = two_sets()
    first, counts = np.unique(here.owners, return_index=True, return_counts=True)[1:]
    for several in (19, 20):
        rows = [
            np.arange(at, at + (number if each < several else 1))
            for each, (at, number) in enumerate(zip(first, counts, strict=True))
        ]
        found = found_in(here.only(np.concatenate(rows)), there, least=0)
        assert (found.planted > 0, found.recall is not None, found.expected is not None) == (several == 20,) * 3
        assert (len(found.pairs) > 0) == (several == 20)
