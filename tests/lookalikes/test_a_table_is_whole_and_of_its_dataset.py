"""A table of look-alikes is whole or not there, is told from any other, and is refused for another dataset."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from people import FACTS, faces_of

from ethnoshard import EthnoshardError, FaceDataset, LookAlikes
from ethnoshard.lookalikes import make_look_alikes, neighbours, summary_of

Make = Callable[..., LookAlikes]


@pytest.fixture
def make(people: FaceDataset, tmp_path: Path) -> Make:
    """A table of ``people``, at a place of the test's own."""

    def made(name: str = "near", **changes: Any) -> LookAlikes:
        vectors, owners = faces_of(people, {3: 17})
        given = {"dataset": people, "vectors": vectors, "owners": owners, "model_facts": FACTS, "k": 5, **changes}
        return make_look_alikes(tmp_path / name, **given)

    return made


def test_what_was_found_is_read_back(make: Make, people: FaceDataset) -> None:
    table = make()
    group = np.repeat([0, 1, 2], [40, 15, 5])
    found = neighbours(np.array(table.centroids), group, 5)
    for name in ("nearest", "similarity", "nearest_of_all", "similarity_of_all"):
        array = getattr(table, name)
        assert isinstance(array, np.memmap) and not array.flags.writeable
        np.testing.assert_array_equal(array, getattr(found, name))
    assert table.nearest.shape == (60, 5) and table.nearest.dtype == np.int32 and table.similarity.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(table.centroids, axis=1), 1, atol=1e-6)
    # C has five people: four others.
    assert (table.nearest[55:, 4] == -1).all() and (table.nearest[55:, :4] >= 55).all()
    assert table.fingerprint == people.fingerprint and table.model == FACTS
    assert table.record["k"] == 5 and table.record["identities"] == 60 and table.record["without_embedding"] == 0
    table.check(people)


def test_a_centroid_is_the_mean_of_the_faces_without_the_mean_of_all(make: Make, people: FaceDataset) -> None:
    table = make()
    vectors, owners = faces_of(people, {3: 17})
    means = np.array([vectors[owners == one].mean(axis=0, dtype=np.float64) for one in range(60)])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    rest = means - means.mean(axis=0)
    np.testing.assert_allclose(table.centroids, rest / np.linalg.norm(rest, axis=1, keepdims=True), atol=1e-6)


def test_how_many_faces_are_summed_at_a_time_changes_no_bit(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = make().digest
    monkeypatch.setattr("ethnoshard.lookalikes._centroids._AT_ONCE", 15)
    assert make("in pieces").digest == digest


def test_the_order_of_faces_and_the_place_change_no_digest_but_a_face_and_the_threshold_do(
    make: Make, people: FaceDataset
) -> None:
    vectors, owners = faces_of(people, {3: 17})
    digest = make().digest
    assert make("again").digest == digest == LookAlikes.open(make("third").path).digest
    # Identities in another order; within one the faces stay, since halves are made of them.
    order = np.argsort(-owners, kind="stable")
    assert make("turned", vectors=vectors[order], owners=owners[order]).digest == digest
    assert make("told otherwise", model_facts={"name": "other"}).digest == digest
    one, other = make("apart", apart=0.9), make("a bit more", apart=0.91)
    assert one.pairs_apart.tolist() == other.pairs_apart.tolist() and one.digest != other.digest
    other = vectors.copy()
    other[0] = other[1]
    assert make("face", vectors=other).digest != digest


def test_another_dataset_is_refused_with_both_fingerprints(make: Make, others: FaceDataset) -> None:
    table = make()
    with pytest.raises(EthnoshardError) as refused:
        table.check(others)
    for text in (table.fingerprint[:16], others.fingerprint[:16], "ethnoshard look-alikes", str(others.path)):
        assert text in str(refused.value)
    with pytest.raises(EthnoshardError, match="other people"):
        summary_of(table, others)


def test_an_interruption_leaves_nothing_or_the_older_table(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = make().digest

    def full(*_: object) -> None:
        raise EthnoshardError("the disk is full")

    for name in ("write_json", "write_table", "_written"):
        with monkeypatch.context() as patch:
            patch.setattr(f"ethnoshard.lookalikes._write.{name}", full)
            for folder in ("near", "new"):
                with pytest.raises(EthnoshardError, match="the disk is full"):
                    make(folder, apart=0.1)
        assert [path.name for path in tmp_path.iterdir()] == ["near"]
    assert LookAlikes.open(tmp_path / "near").digest == digest
    assert make(apart=0.1).digest != digest
    assert [path.name for path in tmp_path.iterdir()] == ["near"]


def test_it_is_not_written_over_other_things(make: Make, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_text("")
    with pytest.raises(EthnoshardError, match="holds other things than look-alikes"):
        make("photos")
    with pytest.raises(EthnoshardError, match=r"a\.jpg is a file"):
        make("photos/a.jpg")


FILES = [
    "nearest.npy", "similarity.npy", "nearest-of-all.npy", "similarity-of-all.npy", "centroids.npy", "apart.parquet",
    "look-alikes.json",
]  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_every_damage_is_noticed(make: Make, name: str) -> None:
    path = make().path / name
    whole = path.read_bytes()
    for broken in (whole[: len(whole) // 2], whole[:-1] + bytes([whole[-1] ^ 1]), b""):
        path.write_bytes(broken)
        with pytest.raises(EthnoshardError, match=name):
            LookAlikes.open(path.parent)
    path.unlink()
    with pytest.raises(EthnoshardError, match=name):
        LookAlikes.open(path.parent)
    path.write_bytes(whole)
    LookAlikes.open(path.parent)


def test_pairs_of_another_table_are_noticed(make: Make) -> None:
    one, other = make(), make("other", apart=0.2)
    (other.path / "apart.parquet").rename(one.path / "apart.parquet")
    with pytest.raises(EthnoshardError, match="its pairs are not those that the record vouches for"):
        LookAlikes.open(one.path)


def test_a_threshold_or_pairs_forged_in_the_record_are_noticed(make: Make) -> None:
    path = make().path / "look-alikes.json"
    for change in ({"apart": {"threshold": 0.99}}, {"fingerprint": "f" * 64}, {"arrays": {}}, {"digest": "0" * 64}):
        record = json.loads(path.read_text())
        path.write_text(json.dumps({**record, **change}))
        with pytest.raises(EthnoshardError, match="is damaged"):
            LookAlikes.open(path.parent)
        path.write_text(json.dumps(record))


def test_what_is_no_table_is_refused(make: Make, tmp_path: Path, people: FaceDataset) -> None:
    with pytest.raises(EthnoshardError, match="nowhere is not there; `ethnoshard look-alikes` makes one"):
        LookAlikes.open(tmp_path / "nowhere")
    with pytest.raises(EthnoshardError, match=r"holds no look-alikes\.json"):
        LookAlikes.open(people.path)
    path = make().path / "look-alikes.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 2}))
    with pytest.raises(EthnoshardError, match="is of format 2; this version of ethnoshard reads 1"):
        LookAlikes.open(str(path.parent))


def test_who_has_no_face_has_no_neighbours_and_is_counted(make: Make, people: FaceDataset) -> None:
    vectors, owners = faces_of(people)
    kept = ~np.isin(owners, [2, 41])
    table = make(vectors=vectors[kept], owners=owners[kept], left_out=10)
    for gone in (2, 41):
        assert not table.centroids[gone].any() and (table.nearest[gone] == -1).all()
        assert not (table.nearest_of_all == gone).any()
    assert table.record["without_embedding"] == 2 and table.record["faces_left_out"] == 10
    groups = summary_of(table, people).groups
    assert [(group.group, group.without) for group in groups] == [("A", 1), ("B", 1), ("C", 0)]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"owners": np.arange(5)}, "owners a whole number for each face"),
        ({"owners": np.full(315, 60)}, "60 identities, 0 to 59; these are 60 to 60"),
        (
            {"vectors": np.full((315, 4), 1, np.float32)},
            r"315 of 315 embeddings are not of length 1 \(they have 2 to 2",
        ),
        ({"vectors": np.zeros((0, 4), np.float32), "owners": np.zeros(0, int)}, "there is no face"),
        ({"apart": 1.5}, "must be between -1 and 1, got 1.5"),
        ({"k": 0}, "--k must be at least 1, got 0"),
    ],
)
def test_what_makes_no_sense_is_refused(make: Make, change: dict[str, Any], said: str) -> None:
    with pytest.raises(EthnoshardError, match=said):
        make(**change)
