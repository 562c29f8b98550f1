"""``label --classifier``, ``label --labels --classifier`` and ``build``, in processes of their own."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl
import pytest
import torch
from safetensors.torch import save_file

from ethnoshard._files import sha256_of, write_json
from ethnoshard.cli._options import with_shipped
from ethnoshard.ethnicity._classifier import build_network

Cli = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that takes everybody for White, with the same probability of 0.6."""
    folder = tmp_path_factory.mktemp("model") / "constant"
    folder.mkdir()
    weights = build_network("mobilefacenet", 2).state_dict()
    weights["head.weight"] = torch.zeros_like(weights["head.weight"])
    weights["head.bias"] = torch.tensor([0.6, 0.4]).log()
    save_file(weights, folder / "weights.safetensors")
    card = {
        "format": 1,
        "network": "mobilefacenet",
        "classes": ["White", "Black"],
        "image_size": 112,
        "temperature": 1.0,
        "weights_sha256": sha256_of(folder / "weights.safetensors"),
    }
    write_json(folder / "card.json", card)
    return folder


@pytest.fixture
def work(noise_work: Path, tmp_path: Path) -> Iterator[Path]:
    """A work folder of its own: 30 identities of 4 faces, labelled A to C."""
    yield Path(shutil.copytree(noise_work, tmp_path / "work"))


def source_of(model: Path) -> str:
    return f"classifier constant {sha256_of(model / 'weights.safetensors')[:12]}"


def test_label_by_a_classifier_says_that_it_is_a_prediction(cli: Cli, work: Path, model: Path, tmp_path: Path) -> None:
    run = cli("label", work, "--classifier", model, "--images", 3, "--seed", 5, "--workers", 1, "--show", 2)
    assert (run.returncode, run.stderr) == (0, "")
    assert f"perceived ethnicity as predicted by {source_of(model)}, from 90 faces" in run.stdout
    assert re.search(r"^White +30 +0\.600 +1\.000$", run.stdout, re.MULTILINE)
    assert re.search(rf"^p000 +4 +White +0\.600 +1\.00 +{source_of(model)}$", run.stdout, re.MULTILINE)
    record = json.loads((work / "label.json").read_text())
    assert (record["classifier"]["images"], record["classifier"]["seed"]) == (3, 5)
    assert pl.read_parquet(work / "label_faces.parquet").height == 90

    assert cli("pack", work, tmp_path / "dataset").returncode == 0
    card = (tmp_path / "dataset" / "README.md").read_text()
    assert f"as predicted by `{source_of(model)}`" in card and "as given by" not in card


def test_min_confidence_and_json(cli: Cli, work: Path, model: Path) -> None:
    run = cli("label", work, "--classifier", model, "--min-confidence", 0.61, "--workers", 1, "--json")
    assert run.returncode == 0, run.stderr
    said = json.loads(run.stdout)
    assert said["groups"] == {"unknown": 30} and said["source"] == source_of(model) and said["undecodable"] == []


def test_a_file_and_a_classifier_are_compared_and_the_files_labels_kept(
    cli: Cli, work: Path, model: Path, tmp_path: Path
) -> None:
    labels = tmp_path / "given.csv"
    labels.write_text("identity,group\n" + "".join(f"p{n:03d},{'white' if n < 6 else 'Asian'}\n" for n in range(8)))
    run = cli("label", work, "--labels", labels, "--classifier", model, "--workers", 1)
    assert run.returncode == 0, run.stderr
    assert "groups as given by file given.csv" in run.stdout
    assert f"(rows) and as predicted by {source_of(model)} (columns)" in run.stdout
    assert re.search(r"^Asian +0 +2 +0\.0%$", run.stdout, re.MULTILINE)
    assert re.search(r"^white +0 +6 +100\.0%$", run.stdout, re.MULTILINE)
    assert "8 identities compared: 75.0% equal (95 % interval 40.9% to 92.9%), Cohen's kappa 0.000" in run.stdout
    assert "only file given.csv has: Asian" in run.stdout
    table = pl.read_parquet(work / "labels.parquet")
    assert table["group"].drop_nulls().value_counts().sort("group").rows() == [("Asian", 2), ("white", 6)]
    assert table["source"].unique().to_list() == ["file given.csv"]
    assert pl.read_parquet(work / "label_faces.parquet").height == 120
    report = json.loads((work / "agreement.json").read_text())
    assert report["matrix"]["Asian"] == {"Asian": 0, "white": 2} and report["equal"]["of"] == 8
    options = ("--images", 1, "--workers", 1, "--json")
    both = json.loads(cli("label", work, "--labels", labels, "--classifier", model, *options).stdout)
    assert both["agreement"]["kappa"] == 0 and both["groups"] == {"Asian": 2, "white": 6}


def test_build_takes_a_classifier_and_checks_it_before_the_long_step(
    cli: Cli, noise: Path, model: Path, tmp_path: Path
) -> None:
    nothing = cli("build", noise / "faces", tmp_path / "no", "--aligned", "--classifier", tmp_path / "nowhere")
    assert nothing.returncode == 1 and "is not a model folder" in nothing.stderr
    assert not (tmp_path / "no.work").exists()
    run = cli("build", noise / "faces", tmp_path / "dataset", "--aligned", "--classifier", model, "--images", 1)
    assert run.returncode == 0, run.stderr
    assert f"as predicted by {source_of(model)}, from 30 faces" in run.stdout
    assert f"as predicted by `{source_of(model)}`" in (tmp_path / "dataset" / "README.md").read_text()


def test_the_card_of_labels_from_a_file_says_as_given_by(noise_dataset: Path) -> None:
    card = (noise_dataset / "README.md").read_text()
    assert "as given by `file labels.csv`" in card and "as predicted by" not in card


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "a file (--labels FILE.csv) or a classifier (--classifier, of your own: --classifier MODEL)"),
        (["--classifier", "MODEL", "--groups", "A"], "--groups and --unlabelled say what becomes of a file's labels"),
        (["--labels", "LABELS", "--min-confidence", "0.5"], "give --classifier"),
        (["--classifier", "nowhere", "--workers", "1"], "nowhere is not a model folder"),
        (["--images", "0", "--classifier"], "images must be at least 1, got 0"),
    ],
)
def test_what_can_not_be_done_is_one_message_and_the_labels_stay(
    arguments: list[str], words: str, cli: Cli, noise: Path, work: Path, model: Path
) -> None:
    before = (work / "labels.parquet").read_bytes()
    filled = {"MODEL": model, "LABELS": noise / "labels.csv"}
    run = cli("label", work, *(filled.get(argument, argument) for argument in arguments))
    assert run.returncode == 1 and run.stderr.startswith("error: ") and "Traceback" not in run.stderr
    assert words in run.stderr
    assert (work / "labels.parquet").read_bytes() == before


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (["label", "W", "--classifier"], ["label", "W", "--classifier", "shipped"]),
        (["label", "--classifier", "--seed", "1", "W"], ["label", "--classifier", "shipped", "--seed", "1", "W"]),
        (["label", "W", "--classifier", "mine"], ["label", "W", "--classifier", "mine"]),
        (["label", "W", "--classifier=mine"], ["label", "W", "--classifier=mine"]),
        (["classifier", "info"], ["classifier", "info"]),
        ([], []),
    ],
)
def test_a_bare_classifier_option_means_the_shipped_one(given: list[str], meant: list[str]) -> None:
    assert with_shipped(given) == meant


def test_no_verb_takes_a_single_photograph(cli: Cli, noise: Path, model: Path) -> None:
    photograph = next((noise / "faces").rglob("*.jpg"))
    run = cli("label", photograph, "--classifier", model)
    assert run.returncode == 1 and "is not a work folder" in run.stderr
