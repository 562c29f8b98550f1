"""What the dashboard may import of ours: what is measured, drawn and on disk, and never what trains or measures."""

import ast
from pathlib import Path

import pytest

import dashboard

FOLDER = Path(dashboard.__file__).parent
EVERYWHERE = {"charts", "errors", "evaluation", "results", "runs", "shards"}
"""``evaluation`` for what follows a slider: pure functions of what a report keeps."""
ALONE = {
    "_kept.py": {"_files", "_stamp", "lookalikes", "reports"},
    "_shelf.py": {"_stamp", "lookalikes", "reports"},
    "_faces.py": {"alignment", "embedding"},
    "views/_what_if.py": {"loading", "lookalikes", "mixing"},
    "views/dataset.py": {"_checks"},
    "views/_group_rates.py": {"_stamp"},
    "views/groups.py": {"_stamp"},
    "app.py": {"dashboard"},
}
"""The files that open reports, the one that decodes faces, the one that plans batches; and foundations."""


def rooms(source: str) -> set[str]:
    """Rooms of ours that a file imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            names |= (
                {node.module or ""} if node.module != "ethnoshard" else {f"ethnoshard.{a.name}" for a in node.names}
            )
        elif isinstance(node, ast.Import):
            names |= {each.name for each in node.names}
    return {name.split(".")[1] for name in names if name.startswith("ethnoshard.")}


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.py")), ids=lambda path: path.relative_to(FOLDER).as_posix())
def test_a_file_imports_no_room_but_those_it_may(path: Path) -> None:
    may = EVERYWHERE | ALONE.get(path.relative_to(FOLDER).as_posix(), set())
    assert rooms(path.read_text("utf-8")) <= may


def test_every_exception_is_still_one() -> None:
    for name, more in ALONE.items():
        assert more <= rooms((FOLDER / name).read_text("utf-8")), name


def test_no_page_takes_a_private_module_of_a_room() -> None:
    for path in FOLDER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("ethnoshard."):
                assert len((node.module or "").split(".")) == 2, (path, node.module)


def test_a_page_is_a_file_and_helpers_are_few() -> None:
    views = {path.stem for path in (FOLDER / "views").glob("*.py")} - {"__init__"}
    pages = {"audit", "batches", "benchmarks", "clusters", "dataset", "groups", "runs", "training", "verification"}
    helpers = {
        "_arms",
        "_batch_benchmarks",
        "_benchmark_files",
        "_comparisons",
        "_decisions",
        "_delivered",
        "_encounters",
        "_evaluations",
        "_finding_cards",
        "_group_details",
        "_group_rates",
        "_loaders",
        "_picture",
        "_what_if",
        "_worst_pairs",
    }
    assert views == pages | helpers
