"""``same_people`` on people some of whom were parted in two."""

import numpy as np
import pytest

from ethnoshard.lookalikes import PersonModel, SamePeople, same_people
from tests.kit.normal_people import People, normal_people

HALVED = (3, 11, 50, 77, 120)


def found_in(people: People, least: float = 0.5, seed: int = 0, exact_to: int = 100_000) -> SamePeople:
    model, coordinates = people.model()
    return same_people(
        model, coordinates, people.owners, people.identities, least=least, seed=seed, exact_to=exact_to
    )  # fmt: skip


@pytest.fixture(scope="module")
def halved() -> People:
    """150 people, five of them under a second identity, 150 to 154."""
    return normal_people(150).halved(*HALVED)


@pytest.fixture(scope="module")
def found(halved: People) -> SamePeople:
    return found_in(halved)


def pairs(found: SamePeople) -> list[tuple[int, int]]:
    return sorted((one, other) for one, other in found.pairs.tolist())


def test_people_who_were_parted_are_found_and_nobody_else(found: SamePeople) -> None:
    assert pairs(found) == [(one, 150 + turn) for turn, one in enumerate(HALVED)]
    assert found.pairs.dtype == np.int32 and (found.log_ratio > 0).all()
    assert found.expected == pytest.approx(5, abs=1)
    assert found.planted >= 150 and found.recall is not None and found.recall > 0.95


def test_of_people_who_are_all_different_nobody_is_found() -> None:
    for seed in range(3):
        clean = found_in(normal_people(150, seed=seed))
        assert pairs(clean) == [] and clean.expected == pytest.approx(0.5, abs=0.5)


def test_each_pair_comes_once_the_smaller_number_first_the_surest_first(halved: People) -> None:
    every = found_in(halved, least=0)
    assert (every.pairs[:, 0] < every.pairs[:, 1]).all()
    assert len(np.unique(every.pairs, axis=0)) == len(every.pairs) > 150
    assert (np.diff(every.sure) <= 0).all() and (np.diff(every.log_ratio) <= 0).all()


def test_less_sure_pairs_are_left_out(halved: People) -> None:
    every = found_in(halved, least=0)
    for least in (0.05, 0.5, 0.999):
        some = found_in(halved, least)
        assert some.pairs.tolist() == every.pairs[every.sure >= least].tolist()


def test_who_is_probably_one_person_is_told_whatever_is_asked_for(halved: People, found: SamePeople) -> None:
    for least in (0, float(found.sure.max()) + 1e-9):
        other = found_in(halved, least)
        assert other.probable.tolist() == found.pairs.tolist()
        assert bool(len(other.pairs)) == (least == 0)


def test_the_same_seed_gives_the_same_and_any_seed_the_same_pairs(halved: People, found: SamePeople) -> None:
    again = found_in(halved)
    assert again.pairs.tolist() == found.pairs.tolist()
    assert again.sure.tolist() == found.sure.tolist() and again.recall == found.recall
    other = found_in(halved, seed=1)
    assert pairs(other) == pairs(found) and other.sure.tolist() != found.sure.tolist()


def test_the_order_of_faces_and_the_numbers_of_people_change_nothing(halved: People, found: SamePeople) -> None:
    rng = np.random.default_rng(2)
    mixed = halved.only(rng.permutation(len(halved.owners)))
    assert len(found.pairs) == len(HALVED) and pairs(found_in(mixed)) == pairs(found)
    names = rng.permutation(halved.identities)
    renamed = found_in(People(vectors=halved.vectors, owners=names[halved.owners], identities=halved.identities))
    wanted = sorted(tuple(sorted((int(names[one]), int(names[other])))) for one, other in pairs(found))
    assert pairs(renamed) == wanted
    assert np.sort(renamed.log_ratio) == pytest.approx(np.sort(found.log_ratio), rel=1e-3)


def test_an_index_finds_the_same(halved: People, found: SamePeople) -> None:
    by_index = found_in(halved, exact_to=20)
    assert pairs(by_index) == pairs(found)
    assert by_index.sure == pytest.approx(found.sure, abs=1e-6)


def test_an_identity_without_a_face_is_nobodys_double(halved: People, found: SamePeople) -> None:
    model, coordinates = halved.model()
    more = same_people(model, coordinates, halved.owners, halved.identities + 5)
    assert pairs(more) == pairs(found)


def test_single_faces_in_a_second_folder_are_found_too() -> None:
    people = normal_people(150, noise=0.3)
    for turn, one in enumerate(HALVED):
        people = people.filed(people.faces(one)[0], 150 + turn)
    found = found_in(people)
    assert pairs(found) == [(one, 150 + turn) for turn, one in enumerate(HALVED)]
    assert found.sure.min() > 0.5


def test_embeddings_wider_than_faces_are_many_are_fitted_where_the_faces_lie() -> None:
    rng = np.random.default_rng(0)
    own = np.repeat(np.arange(30), 3)
    vectors = rng.normal(size=(30, 3000))[own] + 0.5 * rng.normal(size=(90, 3000))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    model = PersonModel.fit(vectors, own, 30)
    assert model.basis.shape[0] == 3000 and model.basis.shape[1] <= 90
    places = model.coordinates(vectors) * model.weights
    places /= np.linalg.norm(places, axis=1, keepdims=True)
    alike, same = places @ places.T, own[:, None] == own
    np.fill_diagonal(alike, np.nan)
    assert np.nanmin(alike[same]) > np.nanmax(alike[~same])
