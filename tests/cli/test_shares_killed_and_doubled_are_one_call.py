"""Shares as processes of their own, one killed at any moment, another run twice at once: the bytes of one call."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.kit.waiting import PATIENCE, until

Cli = Callable[..., subprocess.CompletedProcess[str]]
PART_IMAGES = 3


def test_shares_killed_and_doubled(
    make_noise: Callable[..., Path], tmp_path: Path, cli: Cli, contents_of: Callable[[Path], dict[str, bytes]]
) -> None:
    chance, faces = random.Random(5), make_noise(tmp_path / "many", 120, 3) / "faces"
    options = ["--aligned", "--part-images", str(PART_IMAGES), "--workers", "1"]
    work, whole = tmp_path / "work", tmp_path / "whole"

    def begun(share: int) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "ethnoshard", "align", str(faces), str(work), "--share", f"{share}/3", *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def parts() -> int:
        return len(list((work / "parts").glob("*.parquet"))) if (work / "parts").is_dir() else 0

    # All at once, the third of them twice; two of the four are killed after some parts.
    running = [begun(share) for share in (1, 2, 3, 3)]
    for process in chance.sample(running, 2):
        goal = parts() + chance.randint(1, 8)
        until(lambda: parts() >= goal or process.poll() is not None, "no progress")  # noqa: B023 - used at once
        process.send_signal(signal.SIGKILL)
    for process in running:
        _, errors = process.communicate(timeout=PATIENCE)
        assert process.returncode in (0, -signal.SIGKILL), errors

    lacking = cli("align", faces, work, *options, "--missing", "--shares", 3)
    assert lacking.returncode == (1 if lacking.stdout else 0)
    again = [begun(int(share)) for share in lacking.stdout.strip().replace("-", ",").split(",") if share]
    for process in again:
        _, errors = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, errors
    assert cli("align", faces, work, *options).returncode == 0
    assert cli("align", faces, whole, *options).returncode == 0
    assert contents_of(work) == contents_of(whole)


def test_a_task_of_an_array_says_that_it_does_a_share_and_which(
    noise: Path, tmp_path: Path, cli: Cli, contents_of: Callable[[Path], dict[str, bytes]]
) -> None:
    line = ["align", noise / "faces", tmp_path / "work", "--aligned", "--part-images", 8, "--workers", 1]
    names = ("TASK_ID", "TASK_MIN", "TASK_MAX", "TASK_COUNT")
    task = {f"SLURM_ARRAY_{name}": value for name, value in zip(names, ("4", "2", "4", "2"), strict=True)}
    assert not os.environ.keys() & task.keys()
    share = cli(*line, environment=task)
    assert share.returncode == 0, share.stderr
    assert "task 4 of a Slurm array of 2: this call makes share 2/2 of the parts only." in share.stderr
    assert "--share 1/1 for all of them" in share.stderr and "next, once no part lacks" in share.stdout
    lacking = cli(*line, "--missing", environment=task)
    assert lacking.returncode == 1 and lacking.stdout.count(",") == 7 and "8 of 15 parts lack" in lacking.stderr
    gaps = cli(*line, environment={**task, "SLURM_ARRAY_TASK_MAX": "5", "SLURM_ARRAY_TASK_COUNT": "3"})
    assert gaps.returncode == 1 and "say --share I/N, or --share 1/1 for all" in gaps.stderr
    all_of_it = cli(*line, "--share", "1/1", environment=task)
    assert all_of_it.returncode == 0 and "Slurm" not in all_of_it.stderr and "120 faces" in all_of_it.stdout


def test_options_that_say_two_things_are_refused(tmp_path: Path, cli: Cli) -> None:
    for options, message in (
        (["--share", "1/2", "--ray", "auto"], "leave out --share"),
        (["--workers", 2, "--ray", "auto"], "leave out --workers"),
        (["--share", "1/2", "--missing"], "leave out --share"),
        (["--shares", 3], "give --missing too"),
    ):
        refused = cli("align", tmp_path, tmp_path / "work", *options)
        assert refused.returncode == 1 and message in refused.stderr, refused.stderr
    refused = cli("label", tmp_path, "--labels", "x.csv", "--share", "1/2")
    assert refused.returncode == 1 and "--share is for --classifier" in refused.stderr
