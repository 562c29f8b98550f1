"""``strangers`` on people some of whose faces were moved to somebody else."""

import numpy as np
import pytest

from ethnoshard.audit import Strangers, strangers
from tests.kit.normal_people import People, normal_people

MOVED = {10: 80, 200: 3, 333: 100, 500: 40, 700: 17}
"""Face -> the identity that it was moved to."""


def found_in(people: People, least: float = 0.5, seed: int = 0) -> Strangers:
    return strangers(people.directions(), people.owners, people.identities, least=least, seed=seed)


@pytest.fixture(scope="module")
def right() -> People:
    """Everybody's faces where they belong."""
    return normal_people(150)


@pytest.fixture(scope="module")
def moved(right: People) -> People:
    """Five faces in wrong folders."""
    people = right
    for face, to in MOVED.items():
        people = people.filed(face, to)
    return people


@pytest.fixture(scope="module")
def found(moved: People) -> Strangers:
    return found_in(moved)


def test_moved_faces_are_found_with_whose_they_are_and_no_others(right: People, found: Strangers) -> None:
    assert sorted(found.faces.tolist()) == sorted(MOVED)
    assert found.nearest.tolist() == right.owners[found.faces].tolist()
    assert (found.other > found.own).all() and found.sure.min() > 0.9
    assert found.expected == pytest.approx(5, abs=1)
    assert found.looked_at == len(right.owners) and found.recall is not None and found.recall > 0.9


def test_where_everybody_is_right_nobody_is_a_stranger(right: People) -> None:
    clean = found_in(right)
    assert clean.faces.tolist() == [] and clean.expected == pytest.approx(0.5, abs=0.5)


def test_figures_are_mean_cosines_with_the_three_nearest_faces(moved: People, found: Strangers) -> None:
    directions = moved.directions().astype(np.float64)

    def nearest(face: int, identity: int) -> float:
        others = moved.faces(identity)
        cosines = directions[others[others != face]] @ directions[face]
        return float(np.sort(cosines)[-3:].mean())

    for place, face in enumerate(found.faces.tolist()):
        assert found.own[place] == pytest.approx(nearest(face, int(moved.owners[face])), abs=1e-5)
        every = [nearest(face, each) for each in range(150) if each != moved.owners[face]]
        assert found.other[place] == pytest.approx(max(every), abs=1e-5)


def test_a_face_of_somebody_outside_the_set_is_a_stranger_who_resembles_nobody(right: People) -> None:
    outside = normal_people(150, seed=9)
    faces = np.array([10, 200, 333, 500, 700])
    vectors = right.vectors.copy()
    vectors[faces] = outside.vectors[faces]
    found = found_in(People(vectors=vectors, owners=right.owners, identities=150))
    assert set(found.faces.tolist()) <= set(faces.tolist()) and len(found.faces) >= 4
    # Those who are moved within the set are at .8 and above.
    assert found.other.max() < 0.7


def test_an_identity_of_one_face_has_no_stranger(moved: People) -> None:
    alone = moved.only(np.concatenate([moved.faces(each)[: 1 if each < 20 else None] for each in range(150)]))
    every = found_in(alone, least=0)
    assert every.looked_at == int(np.count_nonzero(alone.owners >= 20))
    assert (alone.owners[every.faces] >= 20).all()


def test_the_surest_come_first_and_less_sure_ones_are_left_out(moved: People) -> None:
    every = found_in(moved, least=0)
    assert (np.diff(every.sure) <= 0).all()
    score = every.other - every.own
    some = np.argsort(score)
    assert (np.diff(every.sure[some]) >= 0).all()
    part = found_in(moved, least=0.9)
    assert part.faces.tolist() == every.faces[every.sure >= 0.9].tolist()


def test_the_same_seed_and_any_size_of_blocks_give_the_same(
    moved: People, found: Strangers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ethnoshard.audit._strangers._BLOCK", 40_000)
    again = found_in(moved)
    assert again.faces.tolist() == found.faces.tolist() and again.nearest.tolist() == found.nearest.tolist()
    assert again.sure == pytest.approx(found.sure, abs=1e-6) and again.own.tolist() == found.own.tolist()
    assert sorted(found_in(moved, seed=1).faces.tolist()) == sorted(MOVED)


def test_the_order_of_faces_and_the_numbers_of_people_change_nothing(moved: People, found: Strangers) -> None:
    rng = np.random.default_rng(2)
    order, names = rng.permutation(len(moved.owners)), rng.permutation(150)
    mixed = People(vectors=moved.vectors[order], owners=names[moved.owners[order]], identities=150)
    other = found_in(mixed)
    assert len(found.faces) == len(other.faces) == len(MOVED)
    homes = dict(zip(found.faces.tolist(), found.nearest.tolist(), strict=True))
    assert dict(zip(order[other.faces].tolist(), other.nearest.tolist(), strict=True)) == {
        face: int(names[home]) for face, home in homes.items()
    }


def test_of_one_identity_alone_nobody_is_said_to_be_a_stranger() -> None:
    people = normal_people(30)
    one = people.only(people.faces(3))
    found = strangers(people.directions()[people.faces(3)], np.zeros(len(one.owners), np.int64), 1)
    assert found.faces.tolist() == [] and found.recall is None and found.expected is None
