"""What an index leaves out and what a list can't say of people: the commands tell it."""

import io
import json
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import Cli

LEFT_OUT = "record that the index leaves out"
SEVERAL = "label with several folders in train.lst, so that it has no name"


@pytest.fixture
def records(tmp_path: Path) -> Path:
    """Six images of three people; the index lacks the second, and the list has two folders for the first person."""
    folder, rng = tmp_path / "set", np.random.default_rng(0)
    folder.mkdir()
    lines = []
    with (folder / "train.rec").open("wb") as file:
        for key in range(6):
            lines.append(f"{key}\t{file.tell()}\n")
            picture = io.BytesIO()
            Image.fromarray(rng.integers(1, 9, (32, 32, 3), np.uint8)).save(picture, "BMP")
            data = struct.pack("<IfQQ", 0, key // 2, key, 0) + picture.getvalue() + bytes(2)
            file.write(struct.pack("<II", 0xCED7230A, len(data)) + data)
    (folder / "train.idx").write_text(lines[0] + "".join(lines[2:]))
    names = ["A/0.jpg", "B/1.jpg", "C/2.jpg", "C/3.jpg", "D/4.jpg", "D/5.jpg"]
    (folder / "train.lst").write_text("".join(f"1\t{name}\t{key // 2}\n" for key, name in enumerate(names)))
    return folder


def test_look_says_it(cli: Cli, records: Path) -> None:
    done = cli("look", records)
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == 0
    assert f"{LEFT_OUT}: 1" in said and f"1 x {SEVERAL}; the first: 0 (A, B)" in said
    look = json.loads(cli("look", records, "--json").stdout)
    assert look["skipped"] == {LEFT_OUT: 1}
    assert look["remarks"] == [{"reason": SEVERAL, "count": 1, "first": "0 (A, B)"}]


def test_align_says_it_and_keeps_the_names(cli: Cli, records: Path, tmp_path: Path) -> None:
    done = cli("align", records, tmp_path / "work", "--aligned", "--workers", 1)
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == 0, said
    assert f"skipped in the source, {LEFT_OUT}: 1" in said and f"1 x {SEVERAL}; the first: 0 (A, B)" in said
    again = json.loads(cli("align", records, tmp_path / "work", "--aligned", "--workers", 1, "--json").stdout)
    assert (again["images"], again["made"]) == (5, 0)
    assert [len(names) for names in again["skipped"].values()] == [1]
    record = json.loads((tmp_path / "work" / "align.json").read_text())
    assert record["source"]["skipped"] == {LEFT_OUT: 1} and record["source"]["given_by"] == {"name": "train.lst"}
