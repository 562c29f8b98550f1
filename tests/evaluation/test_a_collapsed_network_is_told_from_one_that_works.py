"""Embeddings of different people that are all alike are called so; no embeddings that tell people apart are."""

import numpy as np
import pytest
from made_people import made_pairs
from numpy.typing import NDArray

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation import MeanSimilarity, mean_similarity_of_pairs, mean_similarity_of_people, verification


def crowd(dimensions: int, *, noise: float, common: float = 0.0, people: int = 30, seed: int = 0) -> MeanSimilarity:
    """A direction for each person, ``common`` times one for all, and noise."""
    rng = np.random.default_rng(seed)
    owner = np.repeat(np.arange(people), 6)
    embeddings = rng.normal(size=(people, dimensions))[owner] + noise * rng.normal(size=(len(owner), dimensions))
    return mean_similarity_of_people(embeddings + common * np.ones(dimensions), owner)


@pytest.mark.parametrize("noise", [1e-5, 1e-2, 0.2])
def test_one_vector_and_noise_has_collapsed(noise: float) -> None:
    rng = np.random.default_rng(0)
    vector = rng.normal(size=64)
    first, second = vector + noise * rng.normal(size=(2, 400, 64))
    found = verification(first, second, np.arange(400) % 2 == 0, draws=0).similarity
    assert found is not None and found.collapsed and found.different > 0.95
    assert found.auc == pytest.approx(0.5, abs=0.1)


def test_the_mean_that_is_subtracted_hides_no_collapse() -> None:
    rng = np.random.default_rng(0)
    first, second = np.ones(32) + 1e-3 * rng.normal(size=(2, 400, 32))
    found = verification(first, second, np.arange(400) % 2 == 0, subtract_mean=True, draws=0).similarity
    assert found is not None and found.collapsed


@pytest.mark.parametrize("dimensions", [2, 3, 16, 128])
@pytest.mark.parametrize("noise", [0.1, 1.0, 1e6])
def test_embeddings_that_lie_in_all_directions_have_not_whether_they_know_people_or_not(
    dimensions: int, noise: float
) -> None:
    assert not crowd(dimensions, noise=noise).collapsed


def test_a_narrow_cone_in_which_people_are_told_apart_is_no_collapse() -> None:
    narrow = crowd(64, noise=0.3, common=10.0)
    assert narrow.different > 0.98 and narrow.auc > 0.99 and not narrow.collapsed
    assert crowd(64, noise=30.0, common=1000.0).collapsed


def test_one_number_tells_two_signs_apart_and_one_sign_nobody() -> None:
    rng = np.random.default_rng(0)
    owner = np.repeat(np.arange(20), 5)
    assert not mean_similarity_of_people(rng.normal(size=(100, 1)), owner).collapsed
    assert mean_similarity_of_people(rng.uniform(1, 2, size=(100, 1)), owner) == MeanSimilarity.measured(
        different=1.0, same=1.0, auc=0.5
    )


def test_means_are_those_of_every_pair() -> None:
    pairs = made_pairs(0, folds=1)

    def cosine(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
        return float(one @ other / np.sqrt((one @ one) * (other @ other)))

    values = np.array([cosine(*both) for both in zip(pairs.first, pairs.second, strict=True)])
    found = mean_similarity_of_pairs(pairs.first, pairs.second, pairs.same)
    assert found.different == pytest.approx(values[~pairs.same].mean())
    assert found.same == pytest.approx(values[pairs.same].mean())
    owner = np.repeat(np.arange(4), 3)
    some = pairs.first[:12]
    each = [(cosine(some[i], some[j]), owner[i] == owner[j]) for i in range(12) for j in range(i)]
    whole = mean_similarity_of_people(some, owner)
    assert whole.different == pytest.approx(np.mean([value for value, same in each if not same]))
    assert whole.same == pytest.approx(np.mean([value for value, same in each if same]))


def test_people_of_one_kind_of_pair_are_refused() -> None:
    with pytest.raises(EthnoshardError, match="all 3 pairs are of the same person"):
        mean_similarity_of_people(np.eye(3), ["a", "a", "a"])
