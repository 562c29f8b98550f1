"""What packs, describes, labels from a file and plans loads no torch, not in its workers either."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Cli = Callable[..., subprocess.CompletedProcess[str]]
HEAVY = (
    "torch", "torchvision", "facenet_pytorch", "sklearn", "plotly", "streamlit", "matplotlib", "onnxruntime",
    "openvino", "minisom", "ray", "tensorboard", "webdataset",
)  # fmt: skip
STAND_IN = """
import os
with open(os.path.join(os.path.dirname(__file__), "loaded"), "a") as file:
    file.write(__name__ + "\\n")
raise ImportError(__name__ + " is not for this verb")
"""


@pytest.fixture
def light(cli: Cli, tmp_path: Path) -> Callable[..., list[str]]:
    """Run a verb where heavy libraries can't be loaded; which of them it, or a process of its own, tried to load."""
    for name in HEAVY:
        (tmp_path / "stand-ins").mkdir(exist_ok=True)
        (tmp_path / "stand-ins" / f"{name}.py").write_text(STAND_IN)
    before = os.pathsep.join([str(tmp_path / "stand-ins"), str(Path(__file__).parent.parent.parent)])

    def run(*line: object) -> list[str]:
        outcome = cli(*line, environment={"PYTHONPATH": before})
        loaded = tmp_path / "stand-ins" / "loaded"
        assert outcome.returncode == 0 or loaded.exists(), outcome.stderr
        return loaded.read_text().split() if loaded.exists() else []

    return run


def test_labelling_from_a_file_and_packing(
    light: Callable[..., list[str]], noise: Path, noise_work: Path, tmp_path: Path
) -> None:
    work = shutil.copytree(noise_work, tmp_path / "work")
    assert light("label", work, "--labels", noise / "labels.csv") == []
    assert light("pack", work, tmp_path / "dataset", "--workers", 1) == []
    assert (tmp_path / "dataset" / "dataset.json").is_file()


@pytest.mark.parametrize(
    "line",
    [
        ["info"],
        ["plan", "--people", 6, "--images", 2],
    ],
    ids=["info", "plan"],
)
def test_reading_a_dataset(light: Callable[..., list[str]], noise_dataset: Path, line: list[object]) -> None:
    verb, *options = line
    assert light(verb, noise_dataset, *options) == []


def test_a_contact_sheet(light: Callable[..., list[str]], noise_dataset: Path, tmp_path: Path) -> None:
    assert light("preview", noise_dataset, tmp_path / "sheet.png") == []


@pytest.mark.parametrize("form", ["recordio", "imagefolder"])
def test_writing_a_dataset_for_other_programs(
    light: Callable[..., list[str]], noise_dataset: Path, tmp_path: Path, form: str
) -> None:
    assert light("export-dataset", noise_dataset, tmp_path / form, "--as", form) == []


def test_what_is_forbidden_here_is_noticed(light: Callable[..., list[str]], noise_dataset: Path) -> None:
    assert light("stream", noise_dataset, "--people", 6, "--images", 2, "--workers", 0) == ["torch"]
