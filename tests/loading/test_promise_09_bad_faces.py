"""Promise 9: a bad face is replaced from its identity, else its group, and counted; no batch is ever short."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

import polars as pl
import pytest

from ethnoshard import EthnoshardError, FaceDataset, StratifiedLoader
from tests.kit.datasets import said_by

OPTIONS: dict[str, Any] = {"people_per_batch": 5, "images_per_person": 4}
Own = Callable[..., FaceDataset]


def spoil(dataset: FaceDataset, faces: Iterable[tuple[int, int]], *, header: bool = False) -> None:
    """Overwrite the middle of JPEGs, or the names in front of them."""
    table = dataset.faces().with_columns(pl.int_range(pl.len()).over("identity").alias("face"))
    for identity, face in faces:
        row = table.filter((pl.col("identity") == identity) & (pl.col("face") == face)).row(0, named=True)
        with dataset.shard_path(dataset.identities["shard"][identity]).open("r+b") as file:
            file.seek(row["offset"] - 512 if header else row["offset"] + 20)
            file.write(b"\xff\x00spoilt" * 40)


def check(loader: StratifiedLoader, dataset: FaceDataset, bad: set[tuple[int, int]]) -> list[tuple[int, int]]:
    """Every batch is exact, right, and without bad faces; returns all that was handed out."""
    seen = []
    groups = dataset.identities["group"].to_list()
    for batch in loader:
        named = list(zip(batch.identities.tolist(), batch.faces.tolist(), strict=True))
        assert said_by(batch.images.numpy()) == named
        assert sorted(Counter(batch.identities.tolist()).values()) == [4] * 5
        assert [dataset.groups[number] for number in batch.groups] == [groups[who] for who, _ in named]
        assert not bad & set(named)
        seen += named
    return seen


@pytest.mark.parametrize("header", [False, True])
@pytest.mark.parametrize("workers", [0, 2])
def test_a_bad_face_is_replaced_from_the_same_identity(own: Own, workers: int, header: bool) -> None:
    dataset = own([[12] * 20, [6] * 10])
    bad = {(3, 5), (7, 0), (7, 11), (25, 2)}
    spoil(dataset, bad, header=header)
    planned = StratifiedLoader(dataset, **OPTIONS).plan.epoch(0)
    loader = StratifiedLoader(dataset, num_workers=workers, **OPTIONS)
    seen = check(loader, dataset, bad)
    # Nobody else is in the batches than was planned.
    who = [one for number in range(planned.plan.batches) for one in planned.batch(number).identities.tolist()]
    assert [identity for identity, _ in seen[::4]] == who
    coverage = loader.coverage()
    assert coverage.bad_faces == 4 and coverage.replaced_from_group == 0
    drawn = sum(
        (who, face) in bad
        for number in range(planned.plan.batches)
        for who, faces in zip(planned.batch(number).identities, planned.batch(number).faces.tolist(), strict=True)
        for face in faces
    )
    assert coverage.replaced_from_identity == drawn >= 4


def test_an_identity_without_a_good_face_is_replaced_from_its_group(own: Own) -> None:
    dataset = own([[12] * 20, [6] * 10])
    bad = {(4, face) for face in range(12)} | {(22, face) for face in range(6)}
    spoil(dataset, bad)
    loader = StratifiedLoader(dataset, **OPTIONS)
    drawn = loader.plan.epoch(0).draws()
    check(loader, dataset, bad)
    coverage = loader.coverage()
    assert coverage.bad_faces == 18
    assert coverage.replaced_from_group == 4 * drawn[[4, 22]].sum() > 0
    assert "18 bad faces" in str(coverage)


def test_what_takes_the_place_does_not_depend_on_workers_ranks_or_resuming(own: Own) -> None:
    dataset = own([[12] * 20, [6] * 10])
    bad = {(4, face) for face in range(12)} | {(9, 1), (9, 2), (26, 5)}
    spoil(dataset, bad)
    expected = check(StratifiedLoader(dataset, num_workers=0, **OPTIONS), dataset, bad)
    assert check(StratifiedLoader(dataset, num_workers=3, **OPTIONS), dataset, bad) == expected
    ranks = [check(StratifiedLoader(dataset, rank=rank, world_size=2, **OPTIONS), dataset, bad) for rank in range(2)]
    steps = len(ranks[0]) // 20
    merged = [face for step in range(steps) for rank in ranks for face in rank[20 * step : 20 * (step + 1)]]
    assert merged[: len(expected)] == expected


def test_few_faces_left_are_repeated_rather_than_somebody_else_taken(own: Own) -> None:
    dataset = own([[12] * 12, [3] * 6])
    bad = {(13, 0), (13, 2)}
    spoil(dataset, bad)
    loader = StratifiedLoader(dataset, **OPTIONS)
    epoch = loader.plan.epoch(0)
    planned = [one for number in range(epoch.plan.batches) for one in epoch.people(number).tolist()]
    seen = check(loader, dataset, bad)
    assert 13 in planned
    assert Counter(face for face in seen if face[0] == 13) == {(13, 1): 4 * planned.count(13)}


@pytest.mark.parametrize(("limit", "bad"), [(3, 4), (0, 1), (0.01, 4)])
def test_more_than_the_limit_ends_it_and_names_the_shard(own: Own, limit: float, bad: int) -> None:
    dataset = own([[12] * 20, [6] * 10])
    spoil(dataset, [(who, 1) for who in range(bad)])
    with pytest.raises(EthnoshardError, match=rf"a-00000\d\.tar: face 1 of identity \d is bad.* max_bad_faces={limit}"):
        list(StratifiedLoader(dataset, max_bad_faces=limit, **OPTIONS))
    list(StratifiedLoader(dataset, max_bad_faces=bad, **OPTIONS))


def test_the_same_bad_face_counts_once_however_many_epochs(own: Own) -> None:
    dataset = own([[12] * 20, [6] * 10])
    spoil(dataset, [(1, 1)])
    loader = StratifiedLoader(dataset, max_bad_faces=1, **OPTIONS)
    for _ in range(3):
        list(loader)
    assert loader.coverage().bad_faces == 1


def test_a_group_with_nobody_left_is_an_error_that_says_so(own: Own) -> None:
    dataset = own([[12] * 20, [4] * 3])
    spoil(dataset, [(who, face) for who in (20, 21, 22) for face in range(4)])
    with pytest.raises(EthnoshardError, match="nobody of 'B' has a face left"):
        list(StratifiedLoader(dataset, **OPTIONS))
