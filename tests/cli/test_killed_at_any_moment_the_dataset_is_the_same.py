"""kill -9 at any moment loses at most the parts in hand; the rerun's bytes are those of an uninterrupted run."""

import contextlib
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tarfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.kit.waiting import PATIENCE, until

MARK = "ETHNOSHARD_TEST_MARK"


class Victim:
    """Starts a command again and again, and kills it when it has made some progress."""

    def __init__(self, command: list[str], progress: Callable[[], int], seed: int) -> None:
        self.mark = uuid.uuid4().hex
        self.kills = 0
        self._command, self._progress = command, progress
        self._random = random.Random(seed)

    def run(self, kills: int, check: Callable[[], None], finished: Callable[[], None]) -> None:
        """Kill it ``kills`` times in the middle, whenever it manages to finish check that, then let it finish.

        ``finished`` also clears the result away, so that there is something to be killed in again.
        """
        attempts = 0
        while self.kills < kills:
            attempts += 1
            # On a busy machine it may often be through before this process gets to look.
            assert attempts < 50 * kills, "it is too fast to be killed"
            process = self._start()
            if self._wait_for_progress(process):
                time.sleep(self._random.uniform(0, 0.03))
                process.send_signal(signal.SIGKILL)
            if process.wait(PATIENCE) == 0:
                finished()
                continue
            assert process.returncode == -signal.SIGKILL
            self.kills += 1
            self._all_workers_leave()
            check()
        process = self._start()
        assert process.wait(PATIENCE) == 0
        finished()

    def _start(self) -> subprocess.Popen[bytes]:
        workers = str(self._random.randint(1, 3))
        return subprocess.Popen(
            [sys.executable, "-m", "ethnoshard", *self._command, "--workers", workers],
            env={**os.environ, MARK: self.mark},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def _wait_for_progress(self, process: subprocess.Popen[bytes]) -> bool:
        """True once it has finished some more pieces; now and then at once, to hit the start as well."""
        if self._random.random() < 0.15:
            time.sleep(self._random.uniform(0.05, 1.0))
            return True
        goal = self._progress() + self._random.randint(1, 3)
        until(lambda: self._progress() >= goal or process.poll() is not None, "no progress")
        return process.poll() is None

    def _all_workers_leave(self) -> None:
        until(lambda: not list(self.alive()), "processes outlived the one that started them")

    def alive(self) -> Iterator[int]:
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    if f"{MARK}={self.mark}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                        yield int(entry.name)
                except OSError:
                    continue  # it has just ended


def parts_are_whole(work: Path) -> None:
    for table in (work / "parts").glob("*.parquet"):
        places = pl.read_parquet(table).drop_nulls("offset")
        with tarfile.open(table.with_suffix(".tar")) as tar:
            members = tar.getmembers()
        assert [member.offset_data for member in members] == places["offset"].to_list()
        assert [member.size for member in members] == places["length"].to_list()


def number_of(folder: Path, ending: str) -> int:
    """Files in a folder, which the process may be making or clearing away."""
    try:
        return sum(path.name.endswith(ending) for path in folder.iterdir())
    except FileNotFoundError:
        return 0


def shards_are_whole(dataset: Path) -> None:
    if (dataset / "dataset.json").exists():
        return  # killed while it tidied up: the rerun is compared byte by byte
    for record in (dataset / ".packing").glob("*.json"):
        if record.name == "plan.json":
            continue
        known = json.loads(record.read_text())
        shard = dataset / "shards" / record.with_suffix(".tar").name
        assert hashlib.sha256(shard.read_bytes()).hexdigest() == known["sha256"]
    for shard in (dataset / "shards").glob("*.tar"):
        with tarfile.open(shard) as tar:
            assert len(tar.getmembers()) % 2 == 0


@pytest.fixture
def same_and_gone(contents_of: Callable[[Path], dict[str, bytes]]) -> Callable[[Path, Path], None]:
    def check(made: Path, reference: Path) -> None:
        assert contents_of(made) == contents_of(reference)
        shutil.rmtree(made)

    return check


@pytest.fixture(scope="module")
def many(make_noise: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_noise(tmp_path_factory.mktemp("many"), 240, 3)


def test_align_and_pack_killed_twenty_times(
    many: Path,
    tmp_path: Path,
    cli: Callable[..., subprocess.CompletedProcess[str]],
    same_and_gone: Callable[[Path, Path], None],
) -> None:
    align = ["align", str(many / "faces"), "--aligned", "--part-images", "3"]
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    assert cli(align[0], align[1], whole / "work", *align[2:], "--workers", 1).returncode == 0

    work = broken / "work"
    command = [align[0], align[1], str(work), *align[2:]]
    aligning = Victim(command, lambda: number_of(work / "parts", ".parquet"), seed=1)
    aligning.run(10, lambda: parts_are_whole(work), lambda: same_and_gone(work, whole / "work"))

    assert cli("label", whole / "work", "--labels", many / "labels.csv").returncode == 0
    shutil.copytree(whole / "work", work)
    pack = ["--shard-mib", "0.0625"]
    assert cli("pack", whole / "work", whole / "dataset", *pack, "--workers", 1).returncode == 0
    dataset = broken / "dataset"
    packing = Victim(["pack", str(work), str(dataset), *pack], lambda: number_of(dataset / "shards", ".tar"), seed=2)
    packing.run(10, lambda: shards_are_whole(dataset), lambda: same_and_gone(dataset, whole / "dataset"))
    assert aligning.kills + packing.kills == 20


def test_detection_killed(
    drawn: Path,
    tmp_path: Path,
    cli: Callable[..., subprocess.CompletedProcess[str]],
    same_and_gone: Callable[[Path, Path], None],
) -> None:
    whole, work = tmp_path / "whole", tmp_path / "broken"
    assert cli("align", drawn / "faces", whole, "--part-images", 2, "--workers", 2).returncode == 0
    command = ["align", str(drawn / "faces"), str(work), "--part-images", "2"]
    victim = Victim(command, lambda: number_of(work / "parts", ".parquet"), seed=4)
    victim.run(2, lambda: parts_are_whole(work), lambda: same_and_gone(work, whole))


def stopped_midway(
    command: list[str], work: Path, stop: Callable[[subprocess.Popen[str]], None], **options: Any
) -> tuple[int, str]:
    """Start it, ``stop`` it once a part is there; exit code and errors. Again, if it was through before that."""
    for _ in range(50):
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **options)
        until(lambda: number_of(work / "parts", ".parquet") or process.poll() is not None)  # noqa: B023 - used at once
        stop(process)
        _, errors = process.communicate(timeout=PATIENCE)
        if process.returncode != 0:
            return process.returncode, errors
        shutil.rmtree(work)
    raise AssertionError("it is too fast to be stopped")


def test_ctrl_c_says_one_thing_and_the_rerun_goes_on(many: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    command = [sys.executable, "-m", "ethnoshard", "align", str(many / "faces"), str(work), "--aligned"]
    command += ["--part-images", "3", "--workers", "2"]

    def ctrl_c(process: subprocess.Popen[str]) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does: every process of the group gets it

    code, errors = stopped_midway(command, work, ctrl_c, process_group=0)
    assert code == 130
    assert errors.strip() == "error: interrupted. What was finished is kept: run the same command again to go on"
    before = {path: path.stat().st_mtime_ns for path in (work / "parts").glob("*.parquet")}
    assert subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode == 0
    assert all(path.stat().st_mtime_ns == time_of for path, time_of in before.items()), "finished parts were made again"


def test_a_killed_worker_is_an_error_not_a_hang(many: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    command = ["align", str(many / "faces"), str(work), "--aligned", "--part-images", "3"]
    victim = Victim(command, lambda: 0, seed=0)

    def kill_a_worker(process: subprocess.Popen[str]) -> None:
        workers = [pid for pid in victim.alive() if pid != process.pid and b"spawn_main" in _command_of(pid)]
        with contextlib.suppress(ProcessLookupError):
            for pid in workers[:1]:
                os.kill(pid, signal.SIGKILL)

    whole = [sys.executable, "-m", "ethnoshard", *command]
    code, errors = stopped_midway(whole, work, kill_a_worker, env={**os.environ, MARK: victim.mark})
    assert code == 1
    assert "a worker process was killed" in errors and "Traceback" not in errors


def _command_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
