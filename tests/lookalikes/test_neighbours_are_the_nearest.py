"""Neighbours are the nearest there are, whatever the blocks; those of an index nearly, and the same each time."""

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from people import directions

from benchmarks.look_alikes import clustered
from ethnoshard._progress import Progress
from ethnoshard.errors import EthnoshardError
from ethnoshard.lookalikes import Neighbours, neighbours
from tests.kit.examples import usual_examples


def by_hand(
    centroids: NDArray[np.float32], group: NDArray[np.int64], k: int
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """The nearest of the group and of all, one identity after the other; ties by number."""
    there = np.flatnonzero(centroids.any(axis=1))
    within, of_all = (np.full((len(centroids), k), -1, np.int32) for _ in range(2))
    for one in there.tolist():
        cosines = {
            other: float((centroids[one].astype(np.float64) * centroids[other]).sum())
            for other in there.tolist()
            if other != one
        }
        order = sorted(cosines, key=lambda other: (-cosines[other], other))
        of_all[one, : len(order[:k])] = order[:k]
        own = [other for other in order if group[other] == group[one]][:k]
        within[one, : len(own)] = own
    return within, of_all


@settings(max_examples=usual_examples(0.6))
@given(st.integers(1, 50), st.integers(1, 6), st.integers(1, 12), st.integers(1, 4000), st.integers(0, 2**32 - 1))
def test_they_are_those_of_brute_force(number: int, groups: int, k: int, block_bytes: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    centroids, group = directions(number, seed, dimensions=12), rng.integers(0, groups, number)
    # Some are exactly alike, some have no face.
    centroids[rng.integers(0, number, number // 8)] = centroids[0]
    centroids[rng.integers(0, number, number // 10)] = 0
    found = neighbours(centroids, group, k, block_bytes=block_bytes)
    within, of_all = by_hand(centroids, group, k)
    np.testing.assert_array_equal(found.nearest, within)
    np.testing.assert_array_equal(found.nearest_of_all, of_all)
    assert found.exact
    for numbers, values in ((found.nearest, found.similarity), (found.nearest_of_all, found.similarity_of_all)):
        assert numbers.dtype == np.int32 and values.dtype == np.float32
        row, place = np.nonzero(numbers >= 0)
        cosines = (centroids[row] * centroids[numbers[row, place]]).sum(axis=1)
        np.testing.assert_allclose(values[row, place], cosines, atol=1e-6)
        assert (values[numbers < 0] == -np.inf).all() and (values[:, :-1] >= values[:, 1:]).all()


def arrays(found: Neighbours) -> list[NDArray[np.generic]]:
    return [found.nearest, found.similarity, found.nearest_of_all, found.similarity_of_all]


def test_the_size_of_blocks_changes_no_bit() -> None:
    centroids, group = clustered(700), np.arange(700) % 3
    whole = arrays(neighbours(centroids, group, 16))
    for block_bytes in (1, 10_000, 123_457):
        for one, other in zip(whole, arrays(neighbours(centroids, group, 16, block_bytes=block_bytes)), strict=True):
            assert one.tobytes() == other.tobytes()


def test_many_who_are_all_alike_are_taken_by_number() -> None:
    centroids = np.repeat(directions(1), 200, axis=0)
    found = neighbours(centroids, np.zeros(200, np.int64), 3, block_bytes=5000)
    assert found.nearest[:, 0].tolist() == [1, *[0] * 199]
    assert found.nearest[5].tolist() == [0, 1, 2] and found.nearest_of_all[1].tolist() == [0, 2, 3]


def test_no_neighbour_at_all_is_refused() -> None:
    with pytest.raises(EthnoshardError, match="--k must be at least 1, got 0"):
        neighbours(directions(5), np.zeros(5, np.int64), 0)


def test_too_many_without_an_index_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(EthnoshardError, match=r'pip install "ethnoshard\[look-alikes\]"'):
        neighbours(directions(50), np.zeros(50, np.int64), 4, exact_to=40)


def test_an_index_finds_nearly_all_and_the_same_with_any_number_of_threads() -> None:
    faiss = pytest.importorskip("faiss", reason='no index: pip install "ethnoshard[look-alikes]"')
    centroids, group = clustered(4000), np.r_[np.zeros(3000, np.int64), np.ones(1000, np.int64)]
    centroids[7] = 0
    exactly = neighbours(centroids, group, 8)
    threads, found = faiss.omp_get_max_threads(), []
    for number in (1, 2, 2):
        faiss.omp_set_num_threads(number)
        found.append(neighbours(centroids, group, 8, exact_to=2000))
    faiss.omp_set_num_threads(threads)
    assert not found[0].exact
    for other in found[1:]:
        assert all(a.tobytes() == b.tobytes() for a, b in zip(arrays(found[0]), arrays(other), strict=True))
    # The group of 1,000 is compared with itself exactly.
    np.testing.assert_array_equal(found[0].nearest[3000:], exactly.nearest[3000:])
    assert (found[0].nearest[:3000, 0] == exactly.nearest[:3000, 0]).mean() > 0.95
    assert (found[0].nearest_of_all[:, 0] == exactly.nearest_of_all[:, 0]).mean() > 0.95
    assert (found[0].nearest_of_all[7] == -1).all() and not (found[0].nearest_of_all == 7).any()
    assert not (found[0].nearest_of_all == np.arange(4000)[:, None]).any()


def test_where_all_are_of_one_group_its_nearest_are_those_of_all() -> None:
    centroids = directions(60, 5, dimensions=8)
    advanced: list[int] = []
    one = neighbours(centroids, np.zeros(60, np.int32), 4, progress=Progress(advance=advanced.append))
    two = neighbours(centroids, np.arange(60) % 2, 4)
    assert one.nearest.tolist() == one.nearest_of_all.tolist() == two.nearest_of_all.tolist()
    assert one.similarity.tolist() == two.similarity_of_all.tolist()
    assert sum(advanced) == 120
