"""Photographs in, faces and rows out, through the library."""

import io
import tarfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from PIL import Image

from ethnoshard.alignment import AlignSettings, align
from ethnoshard.errors import EthnoshardError
from ethnoshard.sources import Reading


@pytest.fixture(scope="module")
def pair(drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One picture of two drawn people side by side, one of nobody."""
    folder = tmp_path_factory.mktemp("pair")
    (folder / "p").mkdir()
    left, right = (np.asarray(Image.open(path)) for path in sorted(drawn.glob("faces/*/000.jpg"))[:2])
    Image.fromarray(np.concatenate([left, right], 1)).save(folder / "p" / "two.png")
    Image.new("RGB", (100, 60), "grey").save(folder / "p" / "none.png")
    return folder


def table(work: Path) -> pl.DataFrame:
    return pl.concat(pl.read_parquet(path) for path in sorted(work.glob("parts/*.parquet")))


def pictures(work: Path) -> list[Image.Image]:
    found = []
    for path in sorted(work.glob("parts/*.tar")):
        with tarfile.open(path) as tar:
            found += [Image.open(io.BytesIO(tar.extractfile(member).read())) for member in tar.getmembers()]
    return found


ALONE = Reading(as_it_is=True)
"""One identity only, as many a trial has."""


def test_drawn_faces_become_182_px_squares_with_their_boxes(drawn: Path, tmp_path: Path) -> None:
    report = align(drawn / "faces", tmp_path, AlignSettings(part_images=10), workers=2)
    rows = table(tmp_path)
    assert len(rows) == report.images == len(list(drawn.glob("faces/*/*.jpg"))) == sum(report.statuses.values())
    assert report.statuses["aligned"] == report.faces >= 0.9 * report.images
    assert {picture.size for picture in pictures(tmp_path)} == {(182, 182)}
    found = rows.filter(pl.col("status") == "aligned")
    assert found["box"].list.len().unique().to_list() == [4] and found["landmarks"].list.len().unique().to_list() == [
        10
    ]
    assert found["probability"].min() >= 0.7 and found["faces_found"].min() >= 1
    lost = rows.filter(pl.col("status") != "aligned")
    assert lost["reason"].null_count() == 0 and lost["length"].null_count() == len(lost)


def test_one_face_or_all(pair: Path, tmp_path: Path) -> None:
    align(pair, tmp_path / "one", reading=ALONE, workers=1)
    one = table(tmp_path / "one").filter(pl.col("image") == "p/two.png")
    assert one["faces_found"].to_list() == [2] and len(pictures(tmp_path / "one")) == 1
    report = align(pair, tmp_path / "all", AlignSettings(faces="all"), reading=ALONE, workers=1)
    two = table(tmp_path / "all").filter(pl.col("image") == "p/two.png")
    assert two["face"].to_list() == [0, 1] and report.statuses == {
        "aligned": 1,
        "no_face": 1,
        "unreadable": 0,
        "too_small": 0,
    }
    assert report.faces == 2


def test_no_face_is_skipped_or_its_centre_taken(pair: Path, tmp_path: Path) -> None:
    skipped = align(pair, tmp_path / "skip", reading=ALONE, workers=1)
    assert skipped.statuses["no_face"] == 1 and skipped.reasons == {"no face found": 1}
    align(pair, tmp_path / "centre", AlignSettings(no_face="centre", size=60), reading=ALONE, workers=1)
    row = table(tmp_path / "centre").filter(pl.col("image") == "p/none.png").row(0, named=True)
    assert (row["status"], row["faces_found"], row["box"]) == ("aligned", 0, None)
    assert row["reason"] == "no face found: largest centre square taken"


def test_aligned_faces_keep_their_bytes_and_others_are_scaled_with_a_reason(noise: Path, tmp_path: Path) -> None:
    home = tmp_path / "faces" / "one"
    home.mkdir(parents=True)
    good = (noise / "faces" / "p000" / "000.jpg").read_bytes()
    (home / "1.jpg").write_bytes(good)
    Image.open(io.BytesIO(good)).save(home / "2.png")
    Image.open(io.BytesIO(good)).resize((50, 70)).save(home / "3.jpg")
    align(tmp_path / "faces", tmp_path / "work", AlignSettings(aligned=True, size=None), reading=ALONE, workers=1)
    rows = table(tmp_path / "work")
    assert rows["reason"].to_list() == [None, "encoded anew", "scaled from 50 x 70 px"]
    content = (tmp_path / "work" / "parts" / "00000.tar").read_bytes()
    assert content[rows["offset"][0] :][: rows["length"][0]] == good
    assert {picture.size for picture in pictures(tmp_path / "work")} == {(64, 64)}


def test_an_aligned_source_that_is_not_square_needs_a_size(tmp_path: Path) -> None:
    (tmp_path / "faces" / "one").mkdir(parents=True)
    Image.new("RGB", (40, 60)).save(tmp_path / "faces" / "one" / "1.jpg")
    with pytest.raises(EthnoshardError, match="its first image is 40 x 60 px; give --size"):
        align(tmp_path / "faces", tmp_path / "work", AlignSettings(aligned=True, size=None), reading=ALONE, workers=1)


def test_what_is_hardly_what_it_looks_like_is_refused_before_anything_is_made(pair: Path, tmp_path: Path) -> None:
    with pytest.raises(EthnoshardError, match="would be of one identity, 'p'"):
        align(pair, tmp_path / "work", workers=1)
    assert not (tmp_path / "work").exists()
