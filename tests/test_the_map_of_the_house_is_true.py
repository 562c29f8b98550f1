"""Files and folders that CONTRIBUTING.md names are there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
NAMED = set(re.findall(r"`([\w/]+\.py|\w[\w/]*/)`", TEXT))
FOLDERS = [ROOT / name for name in ("ethnoshard", "dashboard", "tests", "benchmarks", "findings", "docs")]
THERE = [path.relative_to(ROOT) for folder in FOLDERS for path in (folder, *folder.rglob("*"))]
ENDS = {"/".join(path.parts[begin:]) for path in THERE for begin in range(len(path.parts))}


def test_what_is_named_is_there() -> None:
    assert [name for name in NAMED if name.rstrip("/") not in ENDS] == []


def test_every_room_is_in_the_table() -> None:
    rooms = {path.parent.name for path in (ROOT / "ethnoshard").glob("*/__init__.py")}
    assert rooms == set(re.findall(r"^\| `ethnoshard/(\w+)/`", TEXT, re.MULTILINE))


def test_every_foundation_is_named() -> None:
    foundations = {path.name for path in (ROOT / "ethnoshard").glob("_*.py")} - {"__init__.py", "__main__.py"}
    assert foundations <= NAMED
