"""``Folders``, ``sums_of``, ``means_of`` and ``centred`` on faces in any order, in runs of any length."""

import numpy as np
import pytest

from ethnoshard.lookalikes import Folders, centred, centroids_of, means_of, sums_of
from tests.kit.normal_people import unit

OWNERS = np.array([4, 0, 4, 2, 2, 4, 0, 6, 2])
"""Of seven identities; 1, 3 and 5 have no face."""


def rows() -> np.ndarray:
    return np.random.default_rng(0).standard_normal((len(OWNERS), 5)).astype(np.float32)


@pytest.mark.parametrize("most", [1, 3, 4, 100])
def test_runs_are_whole_identities_in_order_each_once(most: int) -> None:
    folders = Folders.of(OWNERS, 7)
    runs = [(some.tolist(), faces.tolist()) for some, faces in folders.runs(most)]
    assert [each for some, _ in runs for each in some] == [0, 2, 4, 6]
    for some, faces in runs:
        assert faces == [face for each in some for face in np.flatnonzero(each == OWNERS)]
        assert len(faces) <= most or len(some) == 1
    assert len(runs) == {1: 4, 3: 4, 4: 3, 100: 1}[most]
    assert folders.faces(4).tolist() == [0, 2, 5] and folders.faces(3).tolist() == []


def test_sums_and_means_are_those_of_own_faces_and_zero_of_none(monkeypatch: pytest.MonkeyPatch) -> None:
    x = rows()
    wanted = np.stack([x[each == OWNERS].astype(np.float64).sum(axis=0) for each in range(7)])
    assert sums_of(x, OWNERS, 7, np.float64) == pytest.approx(wanted, rel=1e-12)
    assert sums_of(x, OWNERS, 7, np.float32).dtype == means_of(x, OWNERS, 7).dtype == np.float32
    counts = np.maximum(np.bincount(OWNERS, minlength=7), 1)[:, None]
    assert means_of(x, OWNERS, 7) == pytest.approx(wanted / counts, rel=1e-6)
    assert not sums_of(x, OWNERS, 7, np.float64)[[1, 3, 5]].any()
    whole = sums_of(x, OWNERS, 7, np.float64)
    monkeypatch.setattr(Folders.runs, "__defaults__", (2,))
    assert sums_of(x, OWNERS, 7, np.float64).tolist() == whole.tolist()


def test_means_that_are_centred_are_the_centroids() -> None:
    x = unit(rows() + 1)
    centroids, mean = centroids_of(x, OWNERS, 7)
    means = means_of(x, OWNERS, 7)
    before = means.copy()
    found = centred(means, mean)
    assert found == pytest.approx(centroids, abs=1e-6) and not found[[1, 3, 5]].any()
    assert means.tolist() == before.tolist()
