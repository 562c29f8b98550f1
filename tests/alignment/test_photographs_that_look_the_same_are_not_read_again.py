"""A resumed alignment reads no photograph of a finished part, where their one file looks as it did; else it does."""

import io
import json
import os
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ethnoshard._stamp
from ethnoshard.alignment import AlignSettings, align
from ethnoshard.embedding import faces_of_work
from ethnoshard.errors import EthnoshardError
from ethnoshard.sources import ImageRef, Source
from ethnoshard.sources.recordio._format import RecordIOReader

SETTINGS = AlignSettings(aligned=True, size=32, part_images=2)
PEOPLE, IMAGES = 4, 8


@pytest.fixture
def rec(tmp_path: Path) -> Path:
    """Eight records of one size, two of each of four people."""
    rng, folder = np.random.default_rng(0), tmp_path / "set"
    folder.mkdir()
    with (folder / "train.rec").open("wb") as file, (folder / "train.idx").open("w") as index:
        for key in range(IMAGES):
            index.write(f"{key}\t{file.tell()}\n")
            picture = io.BytesIO()
            Image.fromarray(rng.integers(1, 9, (32, 32, 3), np.uint8)).save(picture, "BMP")
            data = struct.pack("<IfQQ", 0, key // 2, key, 0) + picture.getvalue() + bytes(2)
            file.write(struct.pack("<II", 0xCED7230A, len(data)) + data)
    return folder / "train.rec"


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the images that this process reads; those that make parts are others."""
    names: list[str] = []
    original = RecordIOReader.read

    def counted(self: RecordIOReader, ref: ImageRef) -> bytes:
        names.append(ref.name)
        return original(self, ref)

    monkeypatch.setattr(RecordIOReader, "read", counted)
    return names


@pytest.fixture
def digests(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was made of whole listings."""
    made: list[str] = []
    original = Source.digest

    def counted(self: Source) -> str:
        made.append(original(self))
        return made[-1]

    monkeypatch.setattr(Source, "digest", counted)
    return made


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as settled at once, so that no test has to let two seconds pass."""
    monkeypatch.setattr(ethnoshard._stamp, "SETTLED", -(10**18))


def half_done(work: Path) -> None:
    """As a killed run leaves it: two of four parts are there."""
    record = json.loads((work / "align.json").read_text())
    del record["source"]["contents"]
    (work / "align.json").write_text(json.dumps({**record, "complete": False}))
    for path in sorted((work / "parts").glob("*.parquet"))[2:]:
        path.unlink()


def rewritten(path: Path, change: Callable[[bytes], bytes]) -> None:
    """Other bytes under the old time of change; until the file system's clock has moved on."""
    before = path.stat()
    data = change(path.read_bytes())
    while True:
        path.write_bytes(data)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        if path.stat().st_ctime_ns != before.st_ctime_ns:
            return


@pytest.mark.usefixtures("settled")
def test_a_resumed_alignment_reads_nothing_twice(
    rec: Path, tmp_path: Path, read: list[str], digests: list[str]
) -> None:
    work = tmp_path / "work"
    assert align(rec, work, SETTINGS, workers=1).made == IMAGES
    half_done(work)
    assert align(rec, work, SETTINGS, workers=1).made == 4
    report = align(rec.parent, work, SETTINGS, workers=1)
    assert (report.made, report.identities, report.statuses["aligned"]) == (0, PEOPLE, IMAGES)
    assert len(faces_of_work(work, rec).keys) == IMAGES
    assert read == [] and len(digests) == 1


def test_of_a_file_that_was_changed_just_now_all_is_compared(
    rec: Path, tmp_path: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ethnoshard._stamp, "SETTLED", 10**18)
    align(rec, tmp_path / "work", SETTINGS, workers=1)
    for times in (1, 2):
        assert align(rec, tmp_path / "work", SETTINGS, workers=1).made == 0
        assert len(read) == IMAGES * times


@pytest.mark.usefixtures("settled")
def test_other_photographs_under_the_old_time_are_refused(rec: Path, tmp_path: Path, read: list[str]) -> None:
    work = tmp_path / "work"
    align(rec, work, SETTINGS, workers=1)
    half_done(work)
    rewritten(rec, lambda data: data[:200] + bytes([data[200] ^ 1]) + data[201:])
    for _ in range(2):
        with pytest.raises(EthnoshardError, match=r"1 of the 4 compared differ .* first is '0/00000000\.jpg'"):
            align(rec, work, SETTINGS, workers=1)
    assert sorted(set(read)) == [f"{key // 2}/{key:08d}.jpg" for key in range(4)]
    rewritten(rec, lambda data: data[:200] + bytes([data[200] ^ 1]) + data[201:])
    assert align(rec, work, SETTINGS, workers=1).made == 4


@pytest.mark.usefixtures("settled")
def test_an_index_that_gives_images_each_others_names_is_refused(rec: Path, tmp_path: Path) -> None:
    """Their names and sizes are as before, and so is the file that holds them."""
    align(rec, tmp_path / "work", SETTINGS, workers=1)
    index = rec.with_suffix(".idx")
    offsets = [line.split("\t")[1] for line in index.read_text().splitlines()]
    offsets[:2] = offsets[1::-1]
    index.write_text("".join(f"{key}\t{offset}\n" for key, offset in enumerate(offsets)))
    with pytest.raises(EthnoshardError, match="2 of the 8 compared differ"):
        align(rec, tmp_path / "work", SETTINGS, workers=1)


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("content", [None, "", "[]", '{"key": 1}', '{"key": "a", "digest": "b"}'])
def test_what_is_kept_of_them_only_saves_reading(
    rec: Path, tmp_path: Path, read: list[str], content: str | None
) -> None:
    work = tmp_path / "work"
    align(rec, work, SETTINGS, workers=1)
    if content is None:
        (work / "photographs.json").unlink()
    else:
        (work / "photographs.json").write_text(content)
    assert align(rec, work, SETTINGS, workers=1).made == 0
    assert len(read) == IMAGES
    assert align(rec, work, SETTINGS, workers=1).made == 0
    assert len(read) == IMAGES
