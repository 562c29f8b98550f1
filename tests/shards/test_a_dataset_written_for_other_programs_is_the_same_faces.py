"""RecordIO, identity folders and Parquet: read by the programs that they are for, the same bytes, people and groups."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import polars as pl
import pytest
import torchvision

from ethnoshard import FaceDataset
from ethnoshard._files import sha256_of, write_table
from ethnoshard._progress import Progress
from ethnoshard.errors import EthnoshardError
from ethnoshard.shards import EXPORT_FORMS, export_dataset
from ethnoshard.shards import _export as export_module
from ethnoshard.shards import _export_recordio as recordio_module
from ethnoshard.shards._export_imagefolder import folder_names
from ethnoshard.sources import open_source
from tests.kit.datasets import pattern_jpeg, write_dataset

MAGIC = b"\x0a\x23\xd7\xce"
ODD = [
    "p0",
    "m.01abc",
    "African/m.02",
    'a "quoted", name',
    "人",
    "..",
    "ANNA",
    "anna",
    "con",
    "line\nbreak\tand tab",
    "x" * 300,
]


def with_magic(identity: int, face: int) -> bytes:
    """A JPEG with the magic word of RecordIO behind its end, at every alignment, once and again and again."""
    jpeg = pattern_jpeg(identity, face)
    return jpeg + bytes((face - len(jpeg)) % 4) + MAGIC * (identity % 4) + b"x" * face + MAGIC


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """11 people of 1 to 4 faces in two groups, in several shards, with names of all sorts."""
    path = write_dataset(
        tmp_path / "dataset", [[1, 2, 3, 4, 1, 2], [3, 4, 1, 2, 3]], shard_bytes=1 << 13, picture=with_magic
    )
    table = pl.read_parquet(path / "identities.parquet")
    assert table["shard"].n_unique() > 3
    confidence = pl.Series("confidence", [None, *(place / 16 for place in range(1, 11))], pl.Float32)
    write_table(path / "identities.parquet", table.with_columns(pl.Series("identity", ODD), confidence))
    return path


def expected(folder: Path) -> dict[str, list[bytes]]:
    """Each person's faces, in order."""
    dataset = FaceDataset.open(folder)
    found: dict[str, list[bytes]] = {name: [] for name in dataset.identities["identity"]}
    for number, offset, length in dataset.faces().select("identity", "offset", "length").iter_rows():
        shard = dataset.shard_path(dataset.identities["shard"][number]).read_bytes()
        found[dataset.identities["identity"][number]].append(shard[offset : offset + length])
    return found


def test_our_own_reader_reads_the_records(folder: Path, tmp_path: Path) -> None:
    report = export_dataset(FaceDataset.open(folder), tmp_path / "out", "recordio")
    assert (report.faces, report.identities, report.notes) == (26, 11, [])
    source = open_source(tmp_path / "out")
    faces = list(expected(folder).values())
    found: dict[str, list[bytes]] = {}
    with source.open() as reader:
        for ref in source.refs:
            found.setdefault(ref.identity, []).append(reader.read(ref))
    assert found == {str(label): images for label, images in enumerate(faces)}
    assert (tmp_path / "out" / "property").read_text() == "11,48,48\n"
    keys = [int(line.split("\t")[0]) for line in (tmp_path / "out" / "train.idx").read_text().splitlines()]
    assert keys == list(range(1 + 26 + 11))


def test_the_magic_word_stands_at_the_begin_of_pieces_and_nowhere_else(folder: Path, tmp_path: Path) -> None:
    # A reader that is lost in the middle of a file looks for it at multiples of 4 bytes.
    export_dataset(FaceDataset.open(folder), tmp_path / "out", "recordio")
    records = (tmp_path / "out" / "train.rec").read_bytes()
    begins, at = [], 0
    while at < len(records):
        begins.append(at)
        length = int.from_bytes(records[at + 4 : at + 8], "little") & (1 << 29) - 1
        at += 8 + length + -length % 4
    words = np.frombuffer(records, "<u4")
    assert (4 * np.flatnonzero(words == int.from_bytes(MAGIC, "little"))).tolist() == begins
    assert len(begins) > 60 > 1 + 26 + 11, "records are split"


def test_names_of_records_stand_in_the_list_beside_them(folder: Path, tmp_path: Path) -> None:
    export_dataset(FaceDataset.open(folder), tmp_path / "out", "recordio")
    lines = [line.split("\t") for line in (tmp_path / "out" / "train.lst").read_text().splitlines()]
    assert len(lines) == 26 and all(len(line) == 3 and line[0] == "1" for line in lines)
    names = [path.rpartition("/")[0] for _, path, _ in lines]
    assert dict.fromkeys(names) == dict.fromkeys(" ".join(name.split()) if "\n" in name else name for name in ODD)
    assert [int(label) for *_, label in lines] == sorted(int(label) for *_, label in lines)


def test_torchvision_reads_the_folders(folder: Path, tmp_path: Path) -> None:
    report = export_dataset(FaceDataset.open(folder), tmp_path / "out", "imagefolder")
    (note,) = report.notes
    assert note.startswith("9 identities have names that are not safe for folders everywhere")
    read = torchvision.datasets.ImageFolder(tmp_path / "out", loader=lambda path: Path(path).read_bytes())
    with (tmp_path / "out" / "metadata.csv").open(newline="") as file:
        rows = {str(tmp_path / "out" / row["file_name"]): row for row in csv.DictReader(file)}
    assert len(read) == len(rows) == 26 and len(read.classes) == 11
    found: dict[str, list[bytes]] = {}
    for (path, _), (image, _) in zip(read.samples, read, strict=True):
        found.setdefault(rows[path]["identity"], []).append(image)
    assert found == expected(folder)


def load(kind: str, folder: Path, home: Path) -> Any:
    """What ``datasets`` makes of a folder: its features' types and rows, in a process without network."""
    program = (
        "import sys, json, base64, datasets\n"
        "read = datasets.load_dataset(sys.argv[1], split='train')\n"
        "image = read.cast_column('image', datasets.Image(decode=False))\n"
        "names = getattr(read.features['label'], 'names', None)\n"
        "def row(each):\n"
        "    if each['image']['bytes'] is None:\n"
        "        each['image']['bytes'] = open(each['image']['path'], 'rb').read()\n"
        "    return {**each, 'image': base64.b16encode(each['image']['bytes']).decode()}\n"
        "print(json.dumps({'names': names, 'rows': [row(each) for each in image]}))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, folder],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(home)},
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout.splitlines()[-1])


@pytest.mark.parametrize("form", ["parquet", "imagefolder"])
def test_datasets_reads_names_groups_and_bytes(form: str, folder: Path, tmp_path: Path) -> None:
    export_dataset(FaceDataset.open(folder), tmp_path / "out", form, file_bytes=3000)
    read = load(form, tmp_path / "out", tmp_path / "home")
    if form == "parquet":
        assert read["names"] == ODD
        files = sorted(path.name for path in (tmp_path / "out" / "data").iterdir())
        assert len(files) > 2 and files[0] == f"train-00000-of-{len(files):05d}.parquet"
    found: dict[str, list[bytes]] = {}
    for row in read["rows"]:
        name = ODD[row["label"]]
        assert row.get("identity", name) == name
        assert row["group"] == ("A" if row["label"] < 6 else "B")
        assert row["confidence"] == (None if row["label"] == 0 else row["label"] / 16)
        found.setdefault(name, []).append(bytes.fromhex(row["image"]))
    assert found == expected(folder)


@pytest.mark.parametrize("form", EXPORT_FORMS)
def test_beside_each_stands_whose_the_labels_are(form: str, folder: Path, tmp_path: Path) -> None:
    dataset = FaceDataset.open(folder)
    report = export_dataset(dataset, tmp_path / "out", form)
    assert report.faces_by_group == {"A": 13, "B": 13}
    table = pl.read_csv(tmp_path / "out" / "identities.csv")
    assert table.columns == ["label", "identity", "group", "confidence", "faces"]
    assert table["identity"].to_list() == ODD and table["faces"].to_list() == [1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3]
    about = json.loads((tmp_path / "out" / "ethnoshard.json").read_text())
    assert about["dataset"] == {"fingerprint": dataset.fingerprint, "image_size": 48}
    assert (about["form"], about["faces"], about["identities"], about["bytes"]) == (form, 26, 11, report.bytes)


@pytest.mark.parametrize("form", EXPORT_FORMS)
def test_a_dataset_at_a_url_gives_the_same(
    form: str, folder: Path, tmp_path: Path, contents_of: Callable[[Path], dict[str, bytes]]
) -> None:
    memory = fsspec.filesystem("memory")
    for path in folder.rglob("*"):
        if path.is_file():
            memory.pipe(f"/{tmp_path.name}/{path.relative_to(folder)}", path.read_bytes())
    manifest = json.loads((folder / "dataset.json").read_text())
    manifest["index"] = {name: sha256_of(folder / name) for name in manifest["index"]}
    memory.pipe(f"/{tmp_path.name}/dataset.json", json.dumps(manifest).encode())
    far = FaceDataset.open(f"memory://{tmp_path.name}", cache=tmp_path / "cache")
    export_dataset(far, tmp_path / "far", form)
    export_dataset(FaceDataset.open(folder), tmp_path / "near", form)
    assert contents_of(tmp_path / "far") == contents_of(tmp_path / "near")


@pytest.mark.parametrize("form", EXPORT_FORMS)
def test_a_shard_that_is_damaged_leaves_nothing_behind(form: str, folder: Path, tmp_path: Path) -> None:
    dataset = FaceDataset.open(folder)
    last = dataset.faces().row(-1, named=True)
    shard = dataset.shard_path(dataset.identities["shard"][last["identity"]])
    content = bytearray(shard.read_bytes())
    content[last["offset"]] ^= 0xFF
    shard.write_bytes(content)
    with pytest.raises(EthnoshardError, match=r"where the index has the face .* is no JPEG; run ethnoshard verify"):
        export_dataset(dataset, tmp_path / "out", form)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dataset"]


def test_what_is_there_stays_as_it_is(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    for name in ("out", "link"):
        with pytest.raises(EthnoshardError, match="is there already; give a folder that isn't"):
            export_dataset(FaceDataset.open(folder), tmp_path / name, "recordio")
    with pytest.raises(EthnoshardError, match="the form must be one of recordio, imagefolder, parquet, got 'lmdb'"):
        export_dataset(FaceDataset.open(folder), tmp_path / "other", "lmdb")


def test_what_a_killed_export_left_is_told_and_another_one_at_work_is_not(folder: Path, tmp_path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], check=True, capture_output=True)
    left = tmp_path / f"out.{int(ended.stdout)}.writing"
    others = [
        tmp_path / f"out.{os.getppid()}.writing",
        tmp_path / "out.x.writing",
        tmp_path / f"other.{left.suffixes[0]}",
    ]
    for path in (left, *others):
        path.mkdir()
    report = export_dataset(FaceDataset.open(folder), tmp_path / "out", "imagefolder")
    (note,) = [note for note in report.notes if ".writing" in note]
    assert note.startswith(f"{left.resolve()} was left by an export that was killed; delete it")
    assert all(path.is_dir() for path in (left, *others))


def test_what_has_no_room_is_not_begun(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage:
        free = 1000

    monkeypatch.setattr(export_module.shutil, "disk_usage", lambda path: Usage)
    with pytest.raises(EthnoshardError, match=r"needs 0.0 GiB for the faces, and 0.0 GiB are free there"):
        export_dataset(FaceDataset.open(folder), tmp_path / "deep" / "out", "recordio")
    assert not (tmp_path / "deep" / "out").exists()


def test_more_images_than_the_header_can_count_have_none(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recordio_module, "MOST_EXACT", 37)
    report = export_dataset(FaceDataset.open(folder), tmp_path / "out", "recordio")
    assert "26 images are more than the header record can count" in report.notes[0]
    source = open_source(tmp_path / "out")
    assert len(source.refs) == 26 and not source.skipped
    assert [ref.name for ref in source.refs[:2]] == ["0/00000000.jpg", "1/00000001.jpg"]


def test_folder_names_are_safe_and_no_two_are_one() -> None:
    names = [*ODD, "anna-6", "Anna-7", "a b", "a_b", "trailing.", "-x", "m.02-12"]
    found = folder_names(names)
    assert len({name.casefold() for name in found}) == len(names)
    assert all(len(name) <= 100 and name.isascii() and not set(name) & set('/\\:*?"<>|\n\t ') for name in found)
    kept = {name for name, folder in zip(names, found, strict=True) if name == folder}
    assert kept == {"p0", "m.01abc", "anna-6", "Anna-7", "a_b", "m.02-12"}


def test_progress_counts_every_face(folder: Path, tmp_path: Path) -> None:
    begun: list[tuple[int, int]] = []
    done: list[int] = []
    progress = Progress(begun=lambda total, before: begun.append((total, before)), advance=done.append)
    export_dataset(FaceDataset.open(folder), tmp_path / "out", "recordio", progress=progress)
    assert begun == [(26, 0)] and sum(done) == 26


def test_tables_that_do_not_go_together_are_refused(folder: Path, tmp_path: Path) -> None:
    faces = pl.read_parquet(folder / "faces.parquet")
    write_table(folder / "faces.parquet", faces.slice(1))
    with pytest.raises(EthnoshardError, match="its tables of faces and identities don't go together"):
        export_dataset(FaceDataset.open(folder), tmp_path / "out", "recordio")
    assert np.array_equal(sorted(path.name for path in tmp_path.iterdir()), ["dataset"])
