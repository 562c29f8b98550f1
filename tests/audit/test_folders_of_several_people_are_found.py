"""``several_people`` on identities into which another person's faces were put."""

import numpy as np
import pytest

from ethnoshard.audit import SeveralPeople, several_people
from tests.kit.normal_people import People, normal_people

MERGED = {5: 90, 60: 61, 100: 20}
"""Identity -> the person three of whose faces were put into it."""


def found_in(people: People, least: float = 0.5, seed: int = 0) -> SeveralPeople:
    model, coordinates = people.model()
    return several_people(
        model, coordinates, model.directions(coordinates), people.owners, people.identities, least=least, seed=seed
    )


@pytest.fixture(scope="module")
def right() -> People:
    """Everybody's faces where they belong."""
    return normal_people(120)


@pytest.fixture(scope="module")
def merged(right: People) -> People:
    """Three identities with faces of two people; two of those who gave some have fewer than four left."""
    people = right
    for into, person in MERGED.items():
        people = people.filed(right.faces(person)[:3], into)
    return people


@pytest.fixture(scope="module")
def found(merged: People) -> SeveralPeople:
    return found_in(merged)


def test_merged_identities_are_found_and_no_others(right: People, found: SeveralPeople) -> None:
    assert sorted(found.identities.tolist()) == sorted(MERGED)
    assert found.identities.dtype == np.int32 and (found.log_ratio > 0).all()
    assert found.looked_at == 118 and found.expected == pytest.approx(3, abs=0.7)
    assert found.planted >= 120 and found.recall is not None and found.recall > 0.95
    assert found_in(right).identities.tolist() == []


def test_the_smaller_part_is_the_other_persons_faces(right: People, merged: People, found: SeveralPeople) -> None:
    for identity, (larger, smaller) in zip(found.identities.tolist(), found.parts, strict=True):
        assert sorted(smaller.tolist()) == right.faces(MERGED[identity])[:3].tolist()
        assert set(right.owners[larger].tolist()) == {identity}
        assert sorted([*larger.tolist(), *smaller.tolist()]) == merged.faces(identity).tolist()


def test_cosines_are_those_of_the_means_of_both_parts(merged: People, found: SeveralPeople) -> None:
    directions = merged.directions().astype(np.float64)
    for (larger, smaller), cosine in zip(found.parts, found.cosine.tolist(), strict=True):
        one, other = directions[larger].mean(axis=0), directions[smaller].mean(axis=0)
        assert cosine == pytest.approx(one @ other / np.linalg.norm(one) / np.linalg.norm(other), abs=1e-5)
        assert cosine < 0.5


def test_one_face_of_somebody_else_is_no_second_person_and_three_faces_are_too_few(right: People) -> None:
    people = right.filed(int(right.faces(7)[0]), 30)
    assert 30 not in found_in(people).identities.tolist()
    few = right.only(np.concatenate([right.faces(each)[: 2 if each == 5 else None] for each in range(120)]))
    few = few.filed(few.faces(90)[:1], 5)
    found = found_in(few, least=0)
    assert len(few.faces(5)) == 3 and 5 not in found.identities.tolist() and found.looked_at == 119


def test_the_surest_come_first_and_the_same_seed_gives_the_same(merged: People, found: SeveralPeople) -> None:
    every = found_in(merged, least=0)
    assert 60 < len(every.identities) <= every.looked_at == 118
    assert set(found.identities.tolist()) == set(every.identities[:3].tolist())
    assert (np.diff(every.sure) <= 0).all() and (np.diff(every.log_ratio) <= 0).all()
    again = found_in(merged)
    assert again.identities.tolist() == found.identities.tolist() and again.sure.tolist() == found.sure.tolist()


def test_the_order_of_faces_and_the_numbers_of_people_change_nothing(merged: People, found: SeveralPeople) -> None:
    rng = np.random.default_rng(2)
    order, names = rng.permutation(len(merged.owners)), rng.permutation(120)
    mixed = People(vectors=merged.vectors[order], owners=names[merged.owners[order]], identities=120)
    other = found_in(mixed)
    assert len(found.identities) == len(MERGED)
    assert sorted(other.identities.tolist()) == sorted(names[found.identities].tolist())
    parts = {frozenset(smaller.tolist()) for _, smaller in found.parts}
    assert {frozenset(order[smaller].tolist()) for _, smaller in other.parts} == parts


def test_of_very_many_faces_some_are_parted_and_the_rest_go_with_the_nearest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ethnoshard.audit._several_people._MOST_FACES", 12)
    right = normal_people(60, [24], noise=0.4)
    gone = right.faces(40)[:10]
    found = found_in(right.filed(gone, 7))
    assert found.identities.tolist() == [7]
    ((larger, smaller),) = found.parts
    assert smaller.tolist() == gone.tolist() and set(larger.tolist()) <= set(right.faces(7).tolist())
    assert len(larger) > 20
