"""The model of people: its log ratio is that of normal densities, and what it is fitted to comes out again."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import multivariate_normal

from ethnoshard.errors import EthnoshardError
from ethnoshard.lookalikes import LEAST_PEOPLE, PersonModel
from tests.kit.normal_people import DIMENSIONS, normal_people, unit


def made_model(between: NDArray[np.float64]) -> PersonModel:
    """A model whose coordinates are the embeddings themselves."""
    size = len(between)
    zeros = np.zeros(size)
    return PersonModel(mean=zeros, centre=zeros, basis=np.eye(size), between=between, people=20, faces=40)


def density(faces: NDArray[np.float64], between: NDArray[np.float64]) -> float:
    """Log density of faces of one person, all their numbers stacked: any two share the person, none the noise."""
    number = len(faces)
    covariance = np.kron(np.ones((number, number)), np.diag(between)) + np.eye(faces.size)
    return float(multivariate_normal(cov=covariance).logpdf(faces.ravel()))


@pytest.mark.parametrize(("one", "other"), [(1, 1), (2, 3), (3, 1), (6, 2)])
def test_the_log_ratio_is_that_of_the_densities_of_all_faces(one: int, other: int) -> None:
    rng = np.random.default_rng(one)
    between = np.array([4.0, 1.5, 0.3])
    # Multiples of 6 / 64, so that means of 1, 2, 3 and 6 faces are exact in single precision.
    sets = [rng.integers(-20, 20, (8, number, 3)) * 6 / 64 for number in (one, other)]
    found = made_model(between).log_ratio(
        sets[0].mean(axis=1).astype(np.float32), np.full(8, one), sets[1].mean(axis=1).astype(np.float32),
        np.full(8, other),
    )  # fmt: skip
    wanted = [
        density(np.concatenate([a, b]), between) - density(a, between) - density(b, between)
        for a, b in zip(*sets, strict=True)
    ]
    assert found == pytest.approx(wanted, abs=1e-6)


def test_within_a_person_new_faces_vary_by_1_and_between_people_as_fitted() -> None:
    spread = np.linspace(0.4, 1.6, DIMENSIONS)

    def faces_of(people: int, seed: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        rng = np.random.default_rng(seed)
        owners = np.repeat(np.arange(people), 8)
        means = spread * rng.standard_normal((people, DIMENSIONS))
        return unit(means[owners] + 0.4 * rng.standard_normal((len(owners), DIMENSIONS)) + 3), owners

    model = PersonModel.fit(*faces_of(1500, 0), 1500)
    vectors, _ = faces_of(1500, 1)
    x = model.coordinates(vectors).reshape(1500, 8, -1).astype(np.float64)
    means = x.mean(axis=1, keepdims=True)
    within = np.einsum("pfd,pfe->de", x - means, x - means) / (1500 * 7)
    between = np.cov(means[:, 0].T) - within / 8
    assert np.diag(within) == pytest.approx(np.ones(DIMENSIONS), abs=0.25)
    assert np.abs(within - np.diag(np.diag(within))).max() < 0.12
    # The last direction is along the mean: lengths of 1 leave nothing there.
    assert np.diag(between)[:-1] == pytest.approx(model.between[:-1], rel=0.25)
    assert (np.diff(model.between) <= 0).all() and model.between[0] > 5 * model.between[-2]
    assert (model.people, model.faces) == (1500, 12000)


def test_the_order_of_faces_and_numbers_of_people_change_no_model() -> None:
    people = normal_people(60)
    rng = np.random.default_rng(1)
    faces, names = rng.permutation(len(people.owners)), rng.permutation(60)
    model = people.model()[0]
    other = PersonModel.fit(people.vectors[faces], names[people.owners[faces]], 60)
    assert other.between == pytest.approx(model.between, rel=1e-4)
    assert other.mean == pytest.approx(model.mean, abs=1e-6)


def test_another_sets_mean_is_taken_off_instead() -> None:
    people = normal_people(60)
    model, coordinates = people.model()
    other = normal_people(60, common=-1.0)
    mean = other.model()[0].mean
    cosine = np.einsum(
        "nd,nd->n", model.directions(coordinates), model.directions(model.coordinates(other.vectors, mean))
    )
    assert np.median(cosine) > 0.9
    far = np.einsum("nd,nd->n", model.directions(coordinates), model.directions(model.coordinates(other.vectors)))
    assert np.median(far) < 0.6


def test_too_few_people_are_one_clear_error() -> None:
    few = normal_people(LEAST_PEOPLE, [2])
    few.model()
    fewer = few.only(np.arange(1, 2 * LEAST_PEOPLE))
    with pytest.raises(EthnoshardError, match=r"^19 identities have two faces or more; .* takes 20 at least"):
        fewer.model()


def test_a_network_that_tells_no_two_faces_apart_is_one_clear_error() -> None:
    people = normal_people(30)
    same = np.repeat(people.vectors[:1], len(people.owners), axis=0)
    with pytest.raises(EthnoshardError, match="faces of one person don't differ"):
        PersonModel.fit(same, people.owners, 30)
    copies = people.vectors[people.owners * 6]
    with pytest.raises(EthnoshardError, match="faces of one person don't differ"):
        PersonModel.fit(copies, people.owners, 30)


def test_where_everybody_has_the_same_faces_nothing_speaks_for_one_person_or_two() -> None:
    people = normal_people(30, [3])
    model = PersonModel.fit(np.tile(people.vectors[:3], (30, 1)), people.owners, 30)
    assert (model.between > 0).all()
    x = model.coordinates(people.vectors)
    assert model.log_ratio(x[:40], np.full(40, 1), x[40:80], np.full(40, 1)) == pytest.approx(np.zeros(40), abs=0.01)
