"""Folders to look at: a full one made by the real commands from drawn faces, an empty one, and a broken one."""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import filelock
import pytest
from playwright.sync_api import expect
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

from dashboard._given import Given
from ethnoshard.cli._main import app
from tests.kit.made_audits import write_audit
from tests.kit.pages import HOSTILE, Page
from tests.kit.waiting import PATIENCE

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"

expect.set_options(timeout=1000 * PATIENCE)


@pytest.fixture(autouse=True)
def _main_put_back() -> Iterator[None]:
    """An AppTest leaves its script as ``__main__``, from which a later test's spawned processes could not start."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


def command(*arguments: object) -> None:
    """Run a verb of the command line in this process."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output


@pytest.fixture(scope="session")
def full(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Given:
    """Two runs with reports, a comparison, audits, two datasets, benchmarks. Not to be written to."""
    base = tmp_path_factory.getbasetemp()
    # Made once, whichever process of pytest-xdist comes first.
    root = (base if worker_id == "master" else base.parent) / "dashboard-full"
    with filelock.FileLock(f"{root}.lock"):
        if not (root / "made").exists():
            shutil.rmtree(root, ignore_errors=True)
            make_full(root)
            (root / "made").touch()
    return Given(
        runs=root / "runs", datasets=(root / "trained.dataset", root / "tested.dataset"), benchmarks=root / "benchmarks"
    )


def make_full(root: Path) -> None:
    """Draw, pack, train, evaluate, cluster, compare."""
    for name, people, images, seed in (("trained", 32, 6, 0), ("tested", 32, 14, 1)):
        folder, work = root / name, root / f"{name}.work"
        command("draw", folder, "--identities", people, "--images", images, "--size", 64, "--seed", seed)
        command("align", folder / "faces", work, "--aligned", "--workers", 1)
        command("label", work, "--labels", folder / "labels.csv")
        command("pack", work, root / f"{name}.dataset", "--workers", 1)
    for arm in ("base", "natural"):
        run = root / "runs" / f"{arm}-0"
        command("train", root / "trained.dataset", "--config", "smoke", "--target", arm, "--seed", 0, "--out", run,
                "--set", "epochs=2", "--set", "num_workers=1", "--device", "cpu")  # fmt: skip
        report = run / "reports" / "drawn"
        command("evaluate", run, "--images", root / "tested.work", "--pairs", root / "tested" / "pairs.csv",
                "--pairs-form", "bfw", "--draws", 50, "--min-people", 4, "--min-pairs", 10, "--galleries", 2,
                "--no-cache", "--workers", 1, "--out", report)  # fmt: skip
        command("cluster", report / "embeddings.npz", "--people", 6, "--cluster-people", 8, "--draws", 2,
                "--out", run / "reports" / "clusters")  # fmt: skip
    reports = [root / "runs" / f"{arm}-0" / "reports" / "drawn" for arm in ("base", "natural")]
    command("compare", *reports, "--out", root / "runs" / "compare")
    for arm in ("base", "natural"):
        write_audit(root / "runs" / f"{arm}-0" / "reports" / "audit")
    shutil.copytree(RESULTS, root / "benchmarks")


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Given:
    """Nothing yet."""
    return Given(runs=tmp_path_factory.mktemp("nothing"))


@pytest.fixture
def broken(full: Given, tmp_path: Path) -> Given:
    """One good run beside every kind of broken one, and names that are no names."""
    runs = tmp_path / "runs"
    good = full.runs / "natural-0"
    for name in ("good", "cut", "newer", "list", "lacking", "no-table", "bad-table", "bad-report", "newer-report",
                 "wrong-types", "no-scores", "bad-scores", HOSTILE.replace("/", "_")):  # fmt: skip
        shutil.copytree(good, runs / name, ignore=shutil.ignore_patterns("checkpoints", "tensorboard", "figures"))
    record = json.loads((good / "run.json").read_text())
    (runs / "cut" / "run.json").write_text(json.dumps(record)[:200])
    (runs / "newer" / "run.json").write_text(json.dumps({**record, "format": 99}))
    (runs / "list" / "run.json").write_text("[]")
    (runs / "lacking" / "run.json").write_text(json.dumps({"format": 1, "status": "finished"}))
    (runs / "no-table" / "metrics.parquet").unlink()
    (runs / "no-table" / "batches.parquet").unlink()
    (runs / "bad-table" / "metrics.parquet").write_bytes(b"PAR1 no")
    (runs / "bad-table" / "batches.parquet").write_bytes(b"PAR1 no")
    for name in ("drawn", "clusters"):
        report = json.loads((good / "reports" / name / "report.json").read_text())
        (runs / "bad-report" / "reports" / name / "report.json").write_text(json.dumps(report)[:300])
        (runs / "newer-report" / "reports" / name / "report.json").write_text(json.dumps({**report, "format": 99}))
        (runs / "wrong-types" / "reports" / name / "report.json").write_text(json.dumps(_wrong(report)))
        for path in (runs / "no-scores" / "reports" / name).glob("*.npz"):
            path.unlink()
        for path in (runs / "bad-scores" / "reports" / name).glob("*.npz"):
            path.write_bytes(b"PK no")
    hostile = runs / HOSTILE.replace("/", "_")
    (hostile / "run.json").write_text(
        json.dumps({**record, "arm": HOSTILE, "status": "failed", "reason": HOSTILE, "dataset": _renamed(record)})
    )
    lost, cut = tmp_path / "lost.dataset", tmp_path / "cut.dataset"
    lost.mkdir()
    shutil.copytree(full.datasets[1], cut)
    (cut / "identities.parquet").write_bytes(b"PAR1 no")
    benchmarks = tmp_path / "benchmarks"
    benchmarks.mkdir()
    (benchmarks / "loading-cut.json").write_text('{"runs": [')
    (benchmarks / "loading-other.json").write_text('{"runs": 7, "machine": null}')
    (benchmarks / "unknown.json").write_text("[1, 2]")
    return Given(runs=runs, datasets=(lost, cut), benchmarks=benchmarks)


def _wrong(report: dict[str, Any]) -> dict[str, Any]:
    """Everything that was agreed on is something else."""
    kept = ("format", "kind", "versions")
    return {key: value if key in kept else ([1] if isinstance(value, dict) else "?") for key, value in report.items()}


def _renamed(record: dict[str, Any]) -> dict[str, Any]:
    groups = [{**group, "name": HOSTILE} for group in record["dataset"]["groups"][:1]]
    return {**record["dataset"], "groups": groups + record["dataset"]["groups"][1:]}


def _script(name: str, given: object) -> None:
    from dashboard._main import show_page

    show_page(name, given)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def page() -> Page:
    """Show a page as the app does: ``page("runs", full, run="base-0")``; the rest are parameters of the URL."""

    def shown(name: str, given: Given, **query: str | list[str]) -> AppTest:
        test = AppTest.from_function(_script, kwargs={"name": name, "given": given}, default_timeout=PATIENCE)
        for key, value in query.items():
            test.query_params[key] = value
        return test.run()

    return shown
