"""Whatever is changed in a dataset, verify says so."""

import io
import json
import shutil
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from ethnoshard import FaceDataset
from ethnoshard._files import sha256_of
from ethnoshard.shards import verify
from ethnoshard.shards._format import fingerprint
from ethnoshard.shards._manifest import ShardEntry
from ethnoshard.shards._verify import _tasks


@pytest.fixture
def dataset(noise_dataset: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(noise_dataset, tmp_path / "dataset"))


def flip(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def edit(folder: Path, change: Callable[[dict], None]) -> None:
    """Change the manifest."""
    manifest = json.loads((folder / "dataset.json").read_text())
    change(manifest)
    (folder / "dataset.json").write_text(json.dumps(manifest))


def vouch_again(folder: Path) -> None:
    """Make the manifest agree with whatever the files hold, as a careful forger would."""

    def change(manifest: dict) -> None:
        for shard in manifest["shards"]:
            path = folder / shard["name"]
            shard["bytes"], shard["sha256"] = path.stat().st_size, sha256_of(path)
        for name in manifest["index"]:
            manifest["index"][name] = sha256_of(folder / name)
        identities = pl.read_parquet(folder / "identities.parquet")
        faces = pl.read_parquet(folder / "faces.parquet")
        groups = [group["name"] for group in manifest["groups"]]
        shards = [ShardEntry(**shard) for shard in manifest["shards"]]
        manifest["fingerprint"] = fingerprint(groups, manifest["image_size"], shards, identities, faces)

    edit(folder, change)


def shard_of(folder: Path) -> Path:
    return sorted((folder / "shards").iterdir())[0]


def a_jpeg_byte(folder: Path) -> None:
    flip(shard_of(folder), 512 + 700)


def a_header_byte(folder: Path) -> None:
    flip(shard_of(folder), 3)


def a_shard_gone(folder: Path) -> None:
    shard_of(folder).unlink()


def a_shard_cut(folder: Path) -> None:
    path = shard_of(folder)
    path.write_bytes(path.read_bytes()[:-20_000])


def a_shard_too_many(folder: Path) -> None:
    shutil.copy(shard_of(folder), folder / "shards" / "z.tar")


def a_label_in_the_json(folder: Path) -> None:
    path = shard_of(folder)
    path.write_bytes(path.read_bytes().replace(b'"group":"A"', b'"group":"B"', 1))
    vouch_again(folder)


def a_row_of_the_faces(folder: Path) -> None:
    table = pl.read_parquet(folder / "faces.parquet")
    table.with_columns(pl.col("offset") + 512 * (pl.int_range(pl.len()) == 5)).write_parquet(folder / "faces.parquet")


def a_row_of_the_faces_vouched_for(folder: Path) -> None:
    a_row_of_the_faces(folder)
    vouch_again(folder)


def a_row_of_the_identities(folder: Path) -> None:
    table = pl.read_parquet(folder / "identities.parquet")
    table.with_columns(pl.col("confidence").reverse()).write_parquet(folder / "identities.parquet")


def a_name_of_an_identity_vouched_for(folder: Path) -> None:
    table = pl.read_parquet(folder / "identities.parquet")
    renamed = table.with_columns(pl.col("identity").replace("p000", "p999"))
    renamed.write_parquet(folder / "identities.parquet")
    vouch_again(folder)


def an_identity_among_those_of_another_shard(folder: Path) -> None:
    """Each shard is still met in its turn, but the last identity is said to lie in the first one."""
    table = pl.read_parquet(folder / "identities.parquet").with_row_index()
    moved = pl.when(pl.col("index") == len(table) - 1).then(0).otherwise("shard").cast(pl.Int32).alias("shard")
    table.with_columns(moved).drop("index").write_parquet(folder / "identities.parquet")
    vouch_again(folder)


def the_fingerprint(folder: Path) -> None:
    edit(folder, lambda manifest: manifest.update(fingerprint="0" * 64))


def the_order_of_samples(folder: Path) -> None:
    """The samples of a shard, last one first, the offsets in the index put right for nothing."""
    path = shard_of(folder)
    with tarfile.open(path) as tar:
        members = [(member, tar.extractfile(member).read()) for member in tar.getmembers()]
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for member, content in members[::-1]:
            tar.addfile(member, io.BytesIO(content))
    path.write_bytes(buffer.getvalue())
    vouch_again(folder)


FAULTS = [
    (a_jpeg_byte, "sha256 differs"),
    (a_header_byte, "sha256 differs"),
    (a_shard_gone, "is missing"),
    (a_shard_cut, "bytes, the manifest says"),
    (a_shard_too_many, "not in the manifest"),
    (a_label_in_the_json, "its json differs from the index in group"),
    (a_row_of_the_faces, "not those that the manifest vouches for"),
    (a_row_of_the_faces_vouched_for, "its JPEG is not where the index places it"),
    (a_row_of_the_identities, "not those that the manifest vouches for"),
    (a_name_of_an_identity_vouched_for, "its json differs from the index in identity"),
    (an_identity_among_those_of_another_shard, "not in the order of the shards"),
    (the_fingerprint, "the fingerprint is not that"),
    (the_order_of_samples, "stands where the index has"),
]


@pytest.mark.parametrize(("change", "words"), FAULTS, ids=[change.__name__ for change, _ in FAULTS])
def test_a_fault_is_named(change: Callable[[Path], None], words: str, dataset: Path) -> None:
    change(dataset)
    faults = verify(dataset, workers=1).faults
    assert any(words in fault for fault in faults), faults


def test_a_whole_dataset_has_no_fault(dataset: Path) -> None:
    outcome = verify(dataset, decode=True, workers=2)
    assert (outcome.faults, outcome.samples, outcome.decoded) == ([], 120, 120)


def test_a_process_is_sent_the_rows_of_its_own_shard_alone(dataset: Path) -> None:
    whole = FaceDataset.open(dataset)
    tasks = list(_tasks(whole, whole.face_index(), decode=False))
    assert [task.number for task in tasks] == list(range(len(whole.manifest.shards)))
    assert pl.concat([task.identities for task in tasks]).equals(whole.identities)
    assert [face for task in tasks for face in task.faces] == list(range(whole.manifest.faces))
    for task in tasks:
        assert len(task.dataset.identities) == 0 and len(task.dataset.manifest.shards) == 1
        assert task.dataset.shard_path(task.shard) == whole.shard_path(task.number)
        rows = task.index.table(task.faces.start, task.faces.stop)
        assert rows["identity"].is_between(task.first, task.first + len(task.identities) - 1).all()


def test_a_jpeg_that_does_not_decode_is_found_by_decoding_only(dataset: Path) -> None:
    first = FaceDataset.open(dataset).faces().row(0, named=True)
    path = shard_of(dataset)
    content = bytearray(path.read_bytes())
    middle = first["offset"] + first["length"] // 2
    content[middle : first["offset"] + first["length"]] = bytes(first["offset"] + first["length"] - middle)
    content[first["offset"] + 2 : first["offset"] + 20] = bytes(18)
    path.write_bytes(content)
    vouch_again(dataset)
    assert verify(dataset, workers=1).faults == []
    faults = verify(dataset, decode=True, workers=1).faults
    assert len(faults) == 1 and "the JPEG can't be decoded" in faults[0]


def test_the_fingerprint_follows_what_decides_batches_and_nothing_else(dataset: Path) -> None:
    opened = FaceDataset.open(dataset)
    faces, people = opened.faces(), opened.identities
    shards = opened.manifest.shards

    def of(**changed: object) -> str:
        given = {"groups": opened.groups, "image_size": 64, "shards": shards, "identities": people, "faces": faces}
        return fingerprint(**{**given, **changed})

    assert of() == opened.fingerprint == FaceDataset.open(dataset.rename(dataset.parent / "moved")).fingerprint
    others = [
        of(groups=["A", "B", "X"]),
        of(image_size=65),
        of(shards=[replace(shards[0], sha256="0" * 64), *shards[1:]]),
        of(identities=people.with_columns(pl.col("confidence") / 2)),
        of(identities=people.with_columns(pl.col("identity").reverse())),
        of(faces=faces.with_columns(pl.col("offset") + 1)),
    ]
    assert len({of(), *others}) == 1 + len(others)
    assert of(shards=[replace(shard, name="other") for shard in shards]) == of(), "a file's name decides nothing"
