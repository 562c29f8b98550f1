"""No box stands for a character: a font that has it draws it, else the group has a number, which is said."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from PIL import Image

Cli = Callable[..., subprocess.CompletedProcess[str]]
HAN = "\U00020bb7野家"
"""A character of the second plane, too, which few fonts have."""


def write_font(path: Path, characters: str) -> None:
    """A font in which each of these is a black square."""
    pen = TTGlyphPen(None)
    for number, point in enumerate([(0, 0), (0, 800), (800, 800), (800, 0)]):
        (pen.lineTo if number else pen.moveTo)(point)
    pen.closePath()
    empty, square = TTGlyphPen(None).glyph(), pen.glyph()
    names = [f"u{ord(character):x}" for character in characters]
    font = FontBuilder(1000)
    font.setupGlyphOrder([".notdef", *names])
    font.setupCharacterMap({ord(character): name for character, name in zip(characters, names, strict=True)})
    font.setupGlyf({".notdef": empty, **dict.fromkeys(names, square)})
    font.setupHorizontalMetrics(dict.fromkeys([".notdef", *names], (1000, 0)))
    font.setupHorizontalHeader(ascent=900, descent=-100)
    font.setupNameTable({"familyName": "Squares", "styleName": "Regular"})
    font.setupOS2()
    font.setupPost()
    path.parent.mkdir(parents=True)
    font.save(path)


@pytest.fixture
def dataset(noise: Path, tmp_path: Path, cli: Cli) -> Path:
    (tmp_path / "labels.csv").write_text(f"identity,group\np000,{HAN}\np001,A\n")
    line = ["build", noise / "faces", tmp_path / "dataset", "--labels", tmp_path / "labels.csv", "--aligned"]
    assert cli(*line).returncode == 0
    return tmp_path / "dataset"


def bands(sheet: Path) -> list[Image.Image]:
    """Where the groups' names stand."""
    with Image.open(sheet) as picture:
        return [picture.crop((0, top, 120, top + 30)) for top in (0, 30 + 112 + 4)]


def test_a_font_that_has_the_characters_draws_them(dataset: Path, tmp_path: Path, cli: Cli) -> None:
    write_font(tmp_path / "home" / "fonts" / "Squares.ttf", HAN)
    run = cli("preview", dataset, tmp_path / "sheet.png", environment={"XDG_DATA_HOME": str(tmp_path / "home")})
    assert (run.returncode, run.stderr) == (0, "")
    black = np.asarray(bands(tmp_path / "sheet.png")[1].convert("L")) < 64
    # Three squares of 0.8 of 16 pixels.
    rows = black.sum(axis=1)
    assert int((rows >= 3 * 12).sum()) >= 11


def test_without_one_the_group_has_a_number_which_is_said(dataset: Path, tmp_path: Path, cli: Cli) -> None:
    run = cli("preview", dataset, tmp_path / "sheet.png")
    assert run.returncode == 0 and f"group 2 is {HAN!r}" in run.stderr and "'A'" not in run.stderr
    plain = tmp_path / "plain"
    plain.mkdir()
    (plain / "labels.csv").write_text("identity,group\np000,group 2\np001,A\n")
    source = dataset.with_name("dataset.work")
    assert cli("label", source, "--labels", plain / "labels.csv").returncode == 0
    assert cli("pack", source, plain / "dataset").returncode == 0
    assert cli("preview", plain / "dataset", plain / "sheet.png").returncode == 0
    pairs = zip(bands(tmp_path / "sheet.png"), bands(plain / "sheet.png"), strict=True)
    assert all(one.tobytes() == other.tobytes() for one, other in pairs)
