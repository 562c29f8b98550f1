"""A work folder is of its photographs, known by what they hold, wherever they lie; no others pass for them."""

import json
import shutil
import subprocess
import sys
import tarfile
import threading
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from ethnoshard._known_digests import KnownDigests
from ethnoshard.alignment import AlignSettings, Progress, align, align_once
from ethnoshard.embedding import faces_of_work
from ethnoshard.errors import EthnoshardError
from ethnoshard.sources import Reading, contents_digest, image_digests, open_source
from ethnoshard.work import FaceRow, WorkFolder

SETTINGS = AlignSettings(aligned=True, size=32, part_images=2)
PATIENCE = 300
"""Seconds until a test gives up."""


@pytest.fixture
def faces(tmp_path: Path) -> Path:
    """Four people with two pictures each, all of one size."""
    rng = np.random.default_rng(0)
    for person in "ABCD":
        (tmp_path / "faces" / person).mkdir(parents=True)
        for number in range(2):
            pixels = rng.integers(0, 256, (32, 32, 3), np.uint8)
            Image.fromarray(pixels).save(tmp_path / "faces" / person / f"{number}.bmp")
    return tmp_path / "faces"


def replaced(faces: Path, name: str) -> None:
    """Another picture of the same name and size."""
    path = faces / name
    data = bytearray(path.read_bytes())
    data[100] ^= 255
    path.write_bytes(data)


def packed(faces: Path, into: Path) -> Path:
    with tarfile.open(into, "w") as archive:
        archive.add(faces, "faces")
    return into


def half_done(work: Path) -> None:
    """As a killed run leaves it."""
    record = json.loads((work / "align.json").read_text())
    del record["source"]["contents"]
    (work / "align.json").write_text(json.dumps({**record, "complete": False}))
    for path in sorted((work / "parts").glob("*.parquet"))[2:]:
        path.unlink()


def in_format_1(work: Path) -> None:
    record = json.loads((work / "align.json").read_text())
    record["source"].pop("contents", None)
    (work / "align.json").write_text(json.dumps({**record, "format": 1}))
    for path in (work / "parts").glob("*.parquet"):
        pl.read_parquet(path).drop("sha256").write_parquet(path)


@pytest.mark.parametrize("killed", [False, True], ids=["finished", "half done"])
def test_other_photographs_of_the_same_names_and_sizes_are_refused(faces: Path, tmp_path: Path, killed: bool) -> None:
    work = tmp_path / "work"
    align(faces, work, SETTINGS, workers=1)
    if killed:
        half_done(work)
    replaced(faces, "B/1.bmp")
    with pytest.raises(EthnoshardError, match=rf"1 of the {4 if killed else 8} compared differ .* first is 'B/1\.bmp'"):
        align(faces, work, SETTINGS, workers=1)
    with pytest.raises(EthnoshardError, match=r"made from other photographs: .* the first is 'B/1\.bmp'"):
        if killed:
            align(packed(faces, tmp_path / "faces.tar"), work, SETTINGS, workers=1)
        else:
            faces_of_work(work, faces)
    shutil.rmtree(work)  # as the message says
    assert align(faces, work, SETTINGS, workers=1).made == 8


@pytest.mark.parametrize("killed", [False, True], ids=["finished", "half done"])
def test_the_same_photographs_go_on_wherever_they_lie(faces: Path, tmp_path: Path, killed: bool) -> None:
    work = tmp_path / "work"
    align(faces, work, SETTINGS, workers=1)
    tables = [path.read_bytes() for path in sorted((work / "parts").iterdir())]
    if killed:
        half_done(work)
    archive = packed(faces, tmp_path / "photographs.tar")
    (faces / "notes.txt").write_text("no photograph")
    moved = faces.rename(tmp_path / "moved")
    assert [align(place, work, SETTINGS, workers=1).made for place in (archive, moved)] == [4 if killed else 0, 0]
    assert [path.read_bytes() for path in sorted((work / "parts").iterdir())] == tables
    record = json.loads((work / "align.json").read_text())
    source = open_source(moved)
    assert record["source"]["contents"] == contents_digest(
        source.refs, image_digests(source, KnownDigests(tmp_path / "none"))
    )
    assert record["source"]["name"] == "faces"


def test_what_could_not_be_read_then_is_no_reason_to_refuse(faces: Path, tmp_path: Path) -> None:
    whole = (faces / "A" / "0.bmp").read_bytes()
    (faces / "A" / "0.bmp").write_bytes(b"x" * len(whole))
    small = AlignSettings(aligned=True, size=32, part_images=2, max_file_bytes=len(whole) - 1)
    for path in faces.glob("[BCD]/*"):
        Image.open(path).convert("L").save(path)
    assert align(faces, tmp_path / "work", small, workers=1).statuses["unreadable"] == 2
    (faces / "A" / "0.bmp").write_bytes(whole)
    assert align(faces, tmp_path / "work", small, workers=1).made == 0


@pytest.mark.parametrize("killed", [False, True], ids=["finished", "half done"])
def test_a_folder_of_format_1_stays_readable_and_goes_on_and_what_it_cannot_tell_is_said(
    faces: Path, tmp_path: Path, killed: bool
) -> None:
    work, said = tmp_path / "work", list[str]()
    align(faces, work, SETTINGS, workers=1)
    before = WorkFolder(work).faces(4).drop("sha256")
    if killed:
        half_done(work)
    in_format_1(work)
    assert align(faces, work, SETTINGS, workers=1, log=said.append).made == (4 if killed else 0)
    assert len(said) == 1 and "is of format 1" in said[0] and "can't be told" in said[0]
    assert WorkFolder(work).faces(4).drop("sha256").equals(before)
    after = json.loads((work / "align.json").read_text())
    assert after["format"] == 1 and after["complete"] and "contents" not in after["source"]
    assert len(faces_of_work(work, faces).keys) == 8


def test_a_folder_of_a_later_format_is_refused(faces: Path, tmp_path: Path) -> None:
    align(faces, tmp_path / "work", SETTINGS, workers=1)
    path = tmp_path / "work" / "align.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 3}))
    with pytest.raises(EthnoshardError, match="is of format 3; this version of ethnoshard reads 1 and 2"):
        align(faces, tmp_path / "work", SETTINGS, workers=1)


def test_in_the_cache_neither_name_nor_kind_counts_but_every_byte_and_setting(faces: Path, tmp_path: Path) -> None:
    cache, told = tmp_path / "cache", list[tuple[int, int]]()

    def aligned(place: Path, settings: AlignSettings = SETTINGS) -> Path:
        return align_once(
            open_source(place), settings, cache, workers=1, progress=Progress(begun=lambda *counts: told.append(counts))
        )

    first = aligned(faces)
    assert aligned(packed(faces, tmp_path / "photographs.tar")) == first
    assert aligned(Path(shutil.copytree(faces, tmp_path / "copy"))) == first
    replaced(faces, "B/1.bmp")
    others = [aligned(faces), aligned(tmp_path / "copy", AlignSettings(aligned=True, size=32, part_images=3))]
    assert len({first, *others}) == 3 and told == [(8, 0), (8, 8), (8, 8), (8, 0), (8, 0)]
    assert all(folder.parent == cache / "aligned" for folder in (first, *others))


def test_a_second_process_waits_for_the_first_and_takes_its_faces(faces: Path, tmp_path: Path) -> None:
    cache, told, said = tmp_path / "cache", list[tuple[int, int]](), list[str]()
    work = align_once(open_source(faces), SETTINGS, cache, workers=1)
    waits, found = threading.Event(), list[Path]()

    def heard(text: str) -> None:
        said.append(text)
        waits.set()

    def second() -> None:
        found.append(
            align_once(
                open_source(faces),
                SETTINGS,
                cache,
                log=heard,
                progress=Progress(begun=lambda *counts: told.append(counts)),
            )
        )

    thread = threading.Thread(target=second)
    with WorkFolder(work).held():
        thread.start()
        assert waits.wait(PATIENCE)
        assert not told and not found
    thread.join(PATIENCE)
    assert found == [work] and told == [(8, 8)]
    assert len(said) == 1 and f"another process is aligning the same photographs in {work}" in said[0]


def test_a_killed_process_blocks_nobody(faces: Path, tmp_path: Path) -> None:
    work = align_once(open_source(faces), SETTINGS, tmp_path / "cache", workers=1)
    WorkFolder(work).part_path(1).with_suffix(".parquet").unlink()
    holds = (
        "import sys, pathlib; from ethnoshard.work import WorkFolder\n"
        "with WorkFolder(pathlib.Path(sys.argv[1])).held(): print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holds, str(work)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        process.kill()
        process.wait(PATIENCE)
    said: list[str] = []
    assert align_once(open_source(faces), SETTINGS, tmp_path / "cache", workers=1, log=said.append) == work
    assert said == [] and WorkFolder(work).has_part(1)


def test_rows_hold_the_digest_of_their_image(faces: Path, tmp_path: Path) -> None:
    align(faces, tmp_path / "work", SETTINGS, workers=1)
    source = open_source(faces)
    table = WorkFolder(tmp_path / "work").faces(4)
    assert table["sha256"].to_list() == image_digests(source, KnownDigests(tmp_path / "none"))
    assert FaceRow(identity="A", image="A/1.jpg", status="unreadable").sha256 is None


def test_searched_photographs_have_it_too(drawn: Path, tmp_path: Path) -> None:
    (tmp_path / "photographs" / "p").mkdir(parents=True)
    shutil.copy(next((drawn / "faces").glob("*/*.jpg")), tmp_path / "photographs" / "p" / "face.jpg")
    Image.new("RGB", (100, 100), "grey").save(tmp_path / "photographs" / "p" / "grey.jpg")
    Image.new("RGB", (10, 10), "grey").save(tmp_path / "photographs" / "p" / "small.jpg")
    (tmp_path / "photographs" / "p" / "short.jpg").write_bytes(b"x")
    report = align(
        tmp_path / "photographs", tmp_path / "work", AlignSettings(), reading=Reading(as_it_is=True), workers=1
    )
    assert report.statuses == {"aligned": 1, "no_face": 1, "unreadable": 1, "too_small": 1}
    rows = WorkFolder(tmp_path / "work").faces(1)
    assert rows["sha256"].to_list() == image_digests(
        open_source(tmp_path / "photographs"), KnownDigests(tmp_path / "none")
    )
