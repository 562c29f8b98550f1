import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.gpu import _bundle
from benchmarks.gpu.__main__ import ROOT
from benchmarks.gpu._checks import CHECKS, Row
from benchmarks.gpu.kit import make_faces
from ethnoshard.results import benchmark_from_json

Checked = Callable[..., tuple[int, dict[str, object]]]


@pytest.fixture(scope="session")
def kit(drawn: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A kit of the drawn faces; this Python has every module, so there are no wheels."""
    folder = tmp_path_factory.mktemp("gpu") / "kit"
    make_faces(drawn, folder, tmp_path_factory.mktemp("gpu-scratch"))
    (folder / _bundle.ABOUT).write_text(json.dumps({"python": "3.11", "machine": "x86_64", "wheels": {}}))
    return folder


@pytest.fixture
def checked(kit: Path, tmp_path: Path) -> Checked:
    """Run the command in small on the CPU; its status, and what it wrote."""

    def run(*arguments: str) -> tuple[int, dict[str, object]]:
        out = tmp_path / "out" / "gpu-check.json"
        command = [sys.executable, "-m", "benchmarks.gpu", "--small", "--kit", str(kit), "--out", str(out), *arguments]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert out.exists(), done.stderr
        content = json.loads(out.read_text())
        assert isinstance(content, dict)
        return done.returncode, content

    return run


def rows_of(content: dict[str, object]) -> list[dict[str, object]]:
    rows = content["rows"]
    assert isinstance(rows, list)
    return rows


def test_in_small_on_a_cpu_each_row_is_a_figure_or_says_why_not(checked: Checked) -> None:
    status, content = checked("--device", "cpu")
    rows = rows_of(content)
    assert {row["check"] for row in rows} == {check.name for check in CHECKS}
    for row in rows:
        assert (row["figure"] is None) == bool(row["why_not"]), row
    # What lacks a figure is what only a GPU has.
    lacking = {(row["check"], row["what"]): row["why_not"] for row in rows if row["figure"] is None}
    assert lacking == {
        ("machine", "GPU memory"): "torch sees no GPU",
        ("alignment", "our boxes on the GPU as on the CPU"): "it runs on the CPU",
        ("loading", "page-locked memory"): "it runs on the CPU, so batches stay where they are",
        ("decoding", "torchvision's decoder on the GPU"): "it runs on the CPU",
    }
    assert all(row["holds"] for row in rows if row["asked"]) and status == 0
    assert sum(bool(row["asked"]) for row in rows) == 6
    shown = benchmark_from_json("gpu-check", content, "gpu-check.json")
    assert len(shown.rows) == len(rows)  # type: ignore[union-attr]


def test_without_a_gpu_every_check_that_wants_one_says_so_and_the_next_begins(checked: Checked) -> None:
    status, content = checked("--device", "cuda", "--only", "loading", "processes")
    rows = rows_of(content)
    failed = {str(row["check"]): str(row["why_not"]) for row in rows if row["figure"] is None and row["why_not"]}
    assert {"loading", "processes"} <= failed.keys()
    assert all("GPU" in failed[name] for name in ("loading", "processes"))
    assert any(row["what"] == "faces to stream" and row["figure"] for row in rows)
    assert status == 0


def test_the_checks_take_ten_minutes_at_most() -> None:
    assert sum(check.seconds for check in CHECKS) <= 600


def test_without_a_kit_it_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(_bundle.KitError, match=r"holds no kit .*: run make gpu-kit where a network is"):
        _bundle.read_about(tmp_path)


def test_a_wheel_of_another_python_is_named_and_the_others_are_tried(tmp_path: Path) -> None:
    import tarfile

    kit, wheel = tmp_path / "kit", "no_such_module-1.0-cp27-cp27m-manylinux1_x86_64.whl"
    kit.mkdir()
    (tmp_path / wheel).write_bytes(b"")
    with tarfile.open(kit / _bundle.WHEELS, "w:xz") as tar:
        tar.add(tmp_path / wheel, wheel)
    about = {"python": "2.7", "machine": "x86_64", "wheels": {wheel: "no_such_module", "numpy-1.whl": "numpy"}}
    (kit / _bundle.ABOUT).write_text(json.dumps(about))
    site, lacking = _bundle.install(kit, tmp_path)
    assert list(lacking) == [wheel] and "the kit is for Python 2.7" in lacking[wheel]
    assert [path.name.partition("-")[0] for path in site.iterdir()] == ["ethnoshard"]


def test_a_figure_is_written_and_read_as_it_is() -> None:
    from benchmarks.gpu._checks import at_most, read, written

    row = at_most("loss", 0.25, "", 1e-3)
    assert read(written(row)) == row == Row(what="loss", figure=0.25, asked="0.001 or less", holds=False)
    assert read("anything else") is None
