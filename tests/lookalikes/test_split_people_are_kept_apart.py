"""Two folders of one person are kept apart and listed; hardly anybody else is, whatever the network has learnt."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from people import FACTS, directions, faces_of

from ethnoshard import FaceDataset
from ethnoshard.lookalikes import chosen_apart, make_look_alikes, neighbours, summary_of
from tests.kit.datasets import write_dataset


def test_they_are_listed_by_name_each_pair_once(people: FaceDataset, tmp_path: Path) -> None:
    vectors, owners = faces_of(people, {3: 17, 50: 20, 58: 57})
    table = make_look_alikes(tmp_path / "near", dataset=people, vectors=vectors, owners=owners, model_facts=FACTS, k=1)
    assert sorted(map(tuple, table.pairs_apart.tolist())) == [(3, 17), (20, 50), (57, 58)]
    assert table.pairs_apart.dtype == np.int32 and table.nearest.shape == (60, 1)
    listed = pl.read_parquet(tmp_path / "near" / "apart.parquet")
    assert listed.filter(pl.col("identity") == 20).drop("similarity").rows() == [(20, 50, "p20", "p50", "A", "B")]
    assert listed["similarity"].is_sorted(descending=True) and (listed["similarity"] >= table.apart).all()
    looks = summary_of(table, people)
    assert [(group.group, group.pairs_apart) for group in looks.groups] == [("A", 1), ("B", 0), ("C", 1)]
    assert looks.across == 1 and table.record["pairs_apart"]["pairs"] == 3


def test_without_any_nobody_is(people: FaceDataset, tmp_path: Path) -> None:
    vectors, owners = faces_of(people)
    table = make_look_alikes(tmp_path / "near", dataset=people, vectors=vectors, owners=owners, model_facts=FACTS)
    assert not len(table.pairs_apart) and table.pairs_apart.shape == (0, 2)
    assert table.record["apart"]["rule"] == "probable" and table.apart == 1


def test_of_too_few_people_nobody_is(tmp_path: Path) -> None:
    few = FaceDataset.open(write_dataset(tmp_path / "few", [[3], [3, 3]]))
    vectors, owners = faces_of(few, {0: 1})
    table = make_look_alikes(tmp_path / "near", dataset=few, vectors=vectors, owners=owners, model_facts=FACTS)
    assert table.record["apart"]["rule"] == "nobody" and table.apart == 1 and not len(table.pairs_apart)


def test_a_given_threshold_is_obeyed(people: FaceDataset, tmp_path: Path) -> None:
    vectors, owners = faces_of(people, {3: 17})
    said: list[str] = []
    given = {"dataset": people, "vectors": vectors, "owners": owners, "model_facts": FACTS}
    table = make_look_alikes(tmp_path / "low", **given, k=8, apart=-0.5, log=said.append)
    pairs = {tuple(pair) for pair in table.pairs_apart.tolist()}
    assert table.apart == -0.5 and table.record["apart"]["rule"] == "given"
    assert len(pairs) == len(table.pairs_apart) and all(one < other for one, other in pairs)
    for row, others in enumerate(table.nearest_of_all.tolist()):
        assert {(min(row, other), max(row, other)) for other in others} <= pairs
    assert len(said) == 1 and said[0].startswith("60 of 60 identities have 8 others above -0.500")
    high = make_look_alikes(tmp_path / "high", **given, apart=1.0)
    assert not len(high.pairs_apart)


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> FaceDataset:
    """400 people of four faces."""
    return FaceDataset.open(write_dataset(tmp_path_factory.mktemp("crowd") / "dataset", [[4] * 300, [4] * 100]))


@pytest.mark.parametrize(("noise", "common"), [(3.0, 0.0), (100.0, 0.0), (3.0, 50.0), (100.0, 10_000.0)])
def test_a_network_that_knows_nobody_keeps_few_apart(
    crowd: FaceDataset, tmp_path: Path, noise: float, common: float
) -> None:
    vectors, owners = faces_of(crowd, {3: 17}, noise=noise, common=common)
    table = make_look_alikes(tmp_path / "near", dataset=crowd, vectors=vectors, owners=owners, model_facts=FACTS)
    apart = np.unique(table.pairs_apart)
    assert (apart < 300).sum() <= 0.02 * 300 and (apart >= 300).sum() <= 2


def test_a_small_group_that_a_network_takes_for_one_person_is_not_kept_apart() -> None:
    centroids, group = directions(3000), np.r_[np.zeros(2980, np.int64), np.ones(20, np.int64)]
    centroids[2980:] = 0.2 * centroids[2980:] + centroids[0]
    centroids /= np.linalg.norm(centroids, axis=1, keepdims=True)
    found = neighbours(centroids, group, 4)
    apart = chosen_apart(found, group, np.zeros(100, np.float32))
    assert apart.rule == "few of a group"
    above = found.similarity_of_all[:, 0] > apart.threshold
    assert above[2980:].sum() <= 2 and above[:2980].sum() <= 0.02 * 2980


def test_one_that_sees_little_but_what_all_share_still_finds_them(crowd: FaceDataset, tmp_path: Path) -> None:
    vectors, owners = faces_of(crowd, {3: 17, 350: 8}, common=5.0)
    # Everybody is near everybody ...
    assert (vectors[:40] @ vectors[40:].T).min() > 0.9
    table = make_look_alikes(tmp_path / "near", dataset=crowd, vectors=vectors, owners=owners, model_facts=FACTS)
    # ... but for what the mean of all takes off.
    assert sorted(map(tuple, table.pairs_apart.tolist())) == [(3, 17), (8, 350)]
