"""On the command line embeddings and reports go to a store, and what can't go there is one message at once."""

import io
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.embedding.stand_in_models import write_flat_onnx
from tests.kit.faulty_store import Bucket, bucket

Cli = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def s3() -> Iterator[Bucket]:
    with bucket("made") as made:
        yield made


def one_message(run: subprocess.CompletedProcess[str], *said: str) -> None:
    assert run.returncode == 1 and run.stderr.startswith("error: ") and len(run.stderr.splitlines()) == 1, run.stderr
    assert all(text in run.stderr for text in said), run.stderr


def test_from_faces_to_a_report(s3: Bucket, noise_work: Path, tmp_path: Path, cli: Cli) -> None:
    model = write_flat_onnx(tmp_path / "flat.onnx", ("n", 3, 64, 64))
    given = ("--crop", 0, "--normalise", "none", "--alignment", "crop", "--workers", 1)
    local = cli("embed", model, noise_work, tmp_path / "faces.npz", *given)
    assert local.returncode == 0, local.stderr
    url = "s3://made/embeddings/faces.npz"
    run = cli("embed", model, noise_work, url, *given, environment=s3.environment())
    assert run.returncode == 0 and run.stdout.startswith(f"{url}: "), run.stderr
    assert s3.content() == {"embeddings/faces.npz": (tmp_path / "faces.npz").read_bytes()}
    found = np.load(io.BytesIO(s3.content()["embeddings/faces.npz"]))
    assert len(found["keys"]) == 120
    keys = [f"p{person}/{image}.jpg" for person in range(4) for image in range(4)]
    np.savez(tmp_path / "few.npz", embeddings=np.random.default_rng(0).normal(size=(16, 4)), keys=keys)
    run = cli(
        "cluster", tmp_path / "few.npz", "--people", 2, "--cluster-people", 3, "--at-least", 2, "--draws", 1,
        "--out", "s3://made/reports/clusters", environment=s3.environment(),
    )  # fmt: skip
    assert run.returncode == 0 and "report in s3://made/reports/clusters: report.json" in run.stdout, run.stderr
    assert {"report.json", "summary.md", "picture.npz"} <= s3.content("reports/clusters").keys()


def test_what_can_t_be_written_is_said_before_the_work(s3: Bucket, noise_work: Path, tmp_path: Path, cli: Cli) -> None:
    gone = tmp_path / "gone.npz"
    one_message(
        cli("cluster", gone, "--out", "s3://nowhere/report", environment=s3.environment()),
        "s3://nowhere/report/.writing/report.json can't be written: there is no such bucket",
    )
    one_message(
        cli("embed", "gone.onnx", noise_work, "s3://nowhere/faces.npz", environment=s3.environment()),
        "s3://nowhere/faces.npz.writing can't be written: there is no such bucket",
    )
    one_message(
        cli("embed", "gone.onnx", noise_work, "s3://me:secret@made/faces.npz", "--share", "1/2"),
        "what many machines embed lies beside the file until that is whole, so s3://made/faces.npz can't be it",
    )
    one_message(
        cli("pack", noise_work, "s3://nowhere/dataset", environment=s3.environment()),
        "s3://nowhere/dataset/.packing/plan.json can't be written: there is no such bucket",
    )
    one_message(cli("pack", noise_work, "https://me:secret@host/dataset"), "https://host/dataset can only be read")
