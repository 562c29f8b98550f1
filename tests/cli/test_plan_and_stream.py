"""``plan`` says before any training what an epoch does, ``stream`` does it; both for people and for machines."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from tests.kit.datasets import write_dataset


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sizes = random.Random(1)
    shape = [[sizes.randint(1, 30) for _ in range(number)] for number in (40, 20, 8)]
    return write_dataset(tmp_path_factory.mktemp("streamed") / "dataset", shape, shard_bytes=100_000)


def test_plan_and_stream_agree(cli: Any, dataset: Path) -> None:
    asked = [dataset, "--people", 6, "--images", 4, "--target", "uniform", "--json"]
    plan, stream = (json.loads(cli(verb, *asked).stdout) for verb in ("plan", "stream"))
    assert plan["batches"] == stream["batches"] and stream["images"] == 24 * plan["batches"]
    assert sum(group["draws"] for group in plan["coverage"]["groups"]) == stream["images"]
    assert {quota["stratum"]: (quota["least"], quota["most"]) for quota in plan["quotas"]} == dict.fromkeys(
        "ABC", (2, 2)
    )
    assert stream["worst_batch"] == stream["worst_sum"] == 0 == stream["bad_faces"]
    assert stream["images_per_second"] > 0 and 0 < stream["waiting"] <= 1 and stream["first_batch"] > 0


def test_plan_says_steps_and_reasons(cli: Any, dataset: Path) -> None:
    run = cli(
        "plan",
        dataset,
        "--people",
        6,
        "--images",
        4,
        "--ranks",
        4,
        "--target",
        "A=0.5,B=0.5",
        "--when-exhausted",
        "stop",
    )
    assert run.returncode == 0, run.stderr
    assert "steps on each of 4 ranks" in run.stdout
    assert "excluded: the target gives the group no share" in run.stdout
    assert "dropped: the epoch ended ('B' ran out)" in run.stdout


def test_stream_stops_after_so_many_batches_and_what_training_takes_is_no_waiting(cli: Any, dataset: Path) -> None:
    asked = (
        "stream",
        dataset,
        "--people",
        6,
        "--images",
        4,
        "--batches",
        20,
        "--crop",
        40,
        "--flip",
        "--memory",
        "--json",
    )
    slow = json.loads(cli(*asked, "--step-ms", 30).stdout)
    assert slow["batches"] == 20
    # True however slow the machine is: it slept for so long at least, and waited in the rest at most.
    slept = 20 * 0.03
    assert slow["seconds"] >= slept
    assert slow["waiting"] * slow["seconds"] <= slow["seconds"] - slept + 1e-6


@pytest.mark.parametrize("verb", ["plan", "stream"])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--target", "uniform", "--people", "2"], "wants 3 groups in each batch, but people_per_batch=2"),
        (["--target", "A=0.5,B=much"], "'B=much' in the target is not"),
        (["--target", "A=0.5,X=0.5"], "names 'X'"),
        (["--when-exhausted", "loop"], "--when-exhausted must be one of repeat, stop, redistribute, raise, got 'loop'"),
        (["--within", "any"], "hard=0 of the cells come in one, so it would do nothing"),
        (["--people", "0"], "people_per_batch must be at least 1, got 0"),
        (["--people", "500"], "but the dataset has"),
    ],
)
def test_a_users_mistake_is_one_message(cli: Any, dataset: Path, verb: str, options: list[str], message: str) -> None:
    run = cli(verb, dataset, "--people", 6, "--images", 4, *options)
    assert run.returncode == 1 and run.stdout == ""
    assert (
        run.stderr.startswith("error: ") and message in " ".join(run.stderr.split()) and "Traceback" not in run.stderr
    )


@pytest.mark.parametrize("line", [("plan", "--people", 6, "--images", 4), ("stream", "--people", 6, "--images", 4)])
def test_a_target_is_refused_before_any_dataset_is_opened(cli: Any, tmp_path: Path, line: tuple[object, ...]) -> None:
    verb, *options = line
    run = cli(verb, tmp_path / "nowhere", *options, "--target", "asian=x")
    assert run.returncode == 1 and "'asian=x' in the target is not" in " ".join(run.stderr.split())


def test_a_damaged_dataset_ends_the_stream_with_one_message(cli: Any, tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path / "d", [[9] * 12], shard_bytes=10_000_000)
    path = dataset / "shards" / "a-000000.tar"
    path.write_bytes(path.read_bytes()[:-5000])
    run = cli("stream", dataset, "--people", 4, "--images", 3)
    assert run.returncode == 1 and "a-000000.tar has" in run.stderr and "Traceback" not in run.stderr
    path.unlink()
    run = cli("stream", dataset, "--people", 4, "--images", 3)
    assert run.returncode == 1 and "a-000000.tar is gone" in run.stderr and "Traceback" not in run.stderr
