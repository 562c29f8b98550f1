"""``look-alikes`` says who resembles whom, what is kept apart and what comes next; and what a user does wrong."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ethnoshard import FaceDataset, LookAlikes
from ethnoshard.embedding import Embeddings, face_keys
from tests.embedding.stand_in_models import write_flat_onnx
from tests.kit.datasets import write_dataset


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset; embeddings of it, in which p3 and p30 are one person; embeddings of another."""
    folder = tmp_path_factory.mktemp("alike")
    rng = np.random.default_rng(0)
    for name, faces in (("dataset", 5), ("other", 4)):
        dataset = FaceDataset.open(write_dataset(folder / name, [[faces] * 25, [faces] * 15]))
        table = dataset.faces()
        owners = table["identity"].to_numpy()
        people = rng.normal(size=(40, 16))
        people[30] = people[3]
        vectors = people[owners] + 0.1 * rng.normal(size=(len(owners), 16))
        Embeddings(
            vectors=vectors.astype(np.float32),
            keys=np.array(face_keys(table["source_image"].to_list())),
            identities=np.array([f"p{one}" for one in owners.tolist()]),
            facts={
                "model": {"name": "net", "digest": "0" * 64, "alignment": "crop", "normalise": "none"},
                "place": {"kind": "dataset", "name": name}, "place_digest": dataset.fingerprint, "flip": False,
            },
        ).save(folder / f"{name}.npz")  # fmt: skip
    return folder


def test_it_says_who_is_alike_what_is_kept_apart_and_what_comes_next(cli: Any, place: Path, tmp_path: Path) -> None:
    near = tmp_path / "near"
    given = ("look-alikes", place / "dataset", "--embeddings", place / "dataset.npz", "--out", near, "--faces", 4)
    run = cli(*given, environment={"COLUMNS": "200"})
    assert run.returncode == 0, run.stderr
    lines = [" ".join(line.split()) for line in run.stdout.splitlines()]
    assert lines[0] == f"{near}: who resembles whom among 40 people, by 160 faces, 4 each at most; 0 people have none"
    assert lines[1] == "net, alignment crop, pixels none"
    groups = [line.split() for line in lines if line.startswith(("A ", "B "))]
    assert [(row[0], row[1], row[2], row[-1]) for row in groups] == [("A", "25", "0", "0"), ("B", "15", "0", "0")]
    assert any("are probably one person" in line and "1, 1 of two groups" in line for line in lines)
    assert any(line.startswith("p3 p30 0.9") for line in lines)
    assert str(near / "apart.parquet") in run.stdout
    assert lines[-1].endswith(f"ethnoshard train {place / 'dataset'} --look-alikes {near} --hard 0.5")
    assert LookAlikes.open(near).pairs_apart.tolist() == [[3, 30]]


def test_json_has_all_of_it(cli: Any, place: Path, tmp_path: Path) -> None:
    given = ("look-alikes", place / "dataset", "--embeddings", place / "dataset.npz", "--out", tmp_path / "near")
    told = json.loads(cli(*given, "--k", 3, "--apart", 0.9, "--json").stdout)
    table = LookAlikes.open(tmp_path / "near")
    assert told["digest"] == table.digest and told["k"] == 3 == table.nearest.shape[1]
    assert told["apart"]["rule"] == "given" and told["apart"]["threshold"] == pytest.approx(0.9)
    assert [group["people"] for group in told["groups"]] == [25, 15] and told["across"] == 1
    assert told["most_similar_apart"][0]["identity_name"] == "p3"
    nearest = np.median(table.similarity[:25, 0])
    assert told["groups"][0]["nearest"] == pytest.approx(float(nearest), abs=1e-6)


def test_a_model_embeds_some_faces_of_everybody(cli: Any, noise_dataset: Path, tmp_path: Path) -> None:
    model = write_flat_onnx(tmp_path / "flat.onnx", (1, 3, 64, 64))
    given = ("look-alikes", noise_dataset, "--model", model, "--out", tmp_path / "near", "--faces", 2)
    refused = cli(*given)
    assert refused.returncode == 1 and "look-alikes takes by --embeddings; or look" in refused.stderr
    run = cli(*given, "--alignment", "crop", "--normalise", "none", "--json")
    assert run.returncode == 0, run.stderr
    told = json.loads(run.stdout)
    assert told["faces"] == 60 and told["model"]["name"] == "flat" and told["model"]["normalise"] == "none"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "give either --model, which embeds some faces of everybody, or --embeddings, a file"),
        (["--embeddings", "other.npz"], "other faces. `ethnoshard embed` of this dataset"),
        (["--embeddings", "gone.npz"], "gone.npz is not there"),
        (["--embeddings", "dataset.npz", "--flip"], "--crop and --flip go with --model"),
        (
            ["--embeddings", "dataset.npz", "--apart", "2"],
            "a cosine similarity, must be between -1 and 1, got 2",
        ),
        (["--embeddings", "dataset.npz", "--k", "0"], "--k must be at least 1, got 0"),
        (["--embeddings", "dataset.npz", "--faces", "0"], "--faces must be at least 1, got 0"),
        (["--embeddings", "dataset.npz", "--out", "other"], "other holds other things than look-alikes"),
    ],
)
def test_a_mistake_is_one_message(cli: Any, place: Path, tmp_path: Path, arguments: list[str], said: str) -> None:
    paths = [place / word if (place / word).exists() or word.endswith(".npz") else word for word in arguments]
    out = () if "--out" in arguments else ("--out", tmp_path / "near")
    run = cli("look-alikes", place / "dataset", *paths, *out)
    assert run.returncode == 1 and said in run.stderr, run.stderr
    assert "Traceback" not in run.stderr and not (tmp_path / "near").exists()
