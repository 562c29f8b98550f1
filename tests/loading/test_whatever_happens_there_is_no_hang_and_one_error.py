"""A worker that dies, a shard that vanishes or changes, Ctrl-C, ``break``: no hang, nothing left running, one error."""

import gc
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from ethnoshard import EthnoshardError, FaceDataset, StratifiedLoader
from ethnoshard.loading import _decoding_process
from ethnoshard.loading._fill import Filler
from ethnoshard.loading._processes import DecodingProcess
from tests.kit.waiting import PATIENCE, until

OPTIONS: dict[str, Any] = {"people_per_batch": 5, "images_per_person": 4}
Own = Callable[..., FaceDataset]


def running() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("ethnoshard-")]


def test_leaving_a_loop_closing_or_forgetting_a_loader_ends_its_threads(made: FaceDataset) -> None:
    loader = StratifiedLoader(made, **OPTIONS)
    for _ in loader:
        break
    assert not running()
    for _ in range(2):
        assert sum(1 for _ in loader) > 0
        # The first batches of the next epoch are being made.
        assert running()
    loader.close()
    assert not running()
    assert sum(1 for _ in loader) == len(loader)
    assert running()
    del loader
    gc.collect()
    assert not running()


def test_a_loader_forgotten_in_mid_epoch_gives_all_its_batches_and_ends(made: FaceDataset) -> None:
    assert sum(1 for _ in StratifiedLoader(made, **OPTIONS)) == len(StratifiedLoader(made, **OPTIONS))
    gc.collect()
    assert not running()


def test_a_second_loop_ends_the_first_which_says_so(made: FaceDataset) -> None:
    loader = StratifiedLoader(made, **OPTIONS)
    first = iter(loader)
    next(first)
    assert sum(1 for _ in loader) == len(loader)
    with pytest.raises(EthnoshardError, match="another iteration of this loader has begun"):
        next(first)
    with pytest.raises(EthnoshardError, match=r"copy it: copy\.copy"):
        list(zip(loader, loader, strict=True))
    loader.close()
    assert not running()


def test_a_loop_that_gave_all_is_at_its_end_whatever_begins_later(made: FaceDataset) -> None:
    loader = StratifiedLoader(made, num_workers=0, **OPTIONS)
    first = iter(loader)
    assert sum(1 for _ in first) == len(loader)
    next(iter(loader))
    assert next(first, None) is None


def test_a_loader_may_be_used_in_another_thread_than_it_was_made_in(made: FaceDataset) -> None:
    loader = StratifiedLoader(made, **OPTIONS)
    first = next(iter(loader)).faces.tolist()
    with ThreadPoolExecutor(1) as pool:
        epoch = [batch.faces.tolist() for batch in pool.submit(list, loader).result()]
    loader.set_epoch(0)
    assert [first, epoch] == [next(iter(loader)).faces.tolist(), [batch.faces.tolist() for batch in loader]]
    loader.close()
    assert not running()


def test_a_loop_that_is_closed_is_at_its_end(made: FaceDataset) -> None:
    loader = StratifiedLoader(made, **OPTIONS)
    seen = 0
    for _ in loader:
        seen += 1
        if seen == 3:
            loader.close()
    assert seen == 3


@pytest.mark.parametrize("workers", [0, 3])
def test_what_a_transform_raises_reaches_the_training(made: FaceDataset, workers: int) -> None:
    def transform(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        raise ZeroDivisionError("mine")

    loader = StratifiedLoader(made, transform=transform, num_workers=workers, **OPTIONS)
    with pytest.raises(ZeroDivisionError, match="mine"):
        list(loader)
    assert not running()


@pytest.mark.parametrize("workers", [0, 2])
def test_a_thread_that_dies_of_a_bug_is_an_error_in_the_training(
    made: FaceDataset, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> list[int]:
        raise MemoryError("no memory left")

    monkeypatch.setattr("ethnoshard.loading._fill.Filler.decode", dies)
    monkeypatch.setattr("ethnoshard.loading._fill.Filler.begin_elsewhere", dies)
    with pytest.raises(MemoryError):
        list(StratifiedLoader(made, num_workers=workers, **OPTIONS))
    assert not running()


@pytest.mark.parametrize("workers", [0, 2])
def test_a_shard_that_vanishes_is_one_error_that_names_it(own: Own, workers: int) -> None:
    dataset = own([[20] * 60, [20] * 20], 40_000)
    loader = StratifiedLoader(dataset, window_mib=1, shards_in_window=1, num_workers=workers, prefetch=1, **OPTIONS)
    with pytest.raises(EthnoshardError, match=r"shards/[ab]-00\d+\.tar is gone"):
        for number, _ in enumerate(loader):
            if number == 1:
                for shard in range(len(dataset.manifest.shards)):
                    dataset.shard_path(shard).unlink()
    assert not running()


@pytest.mark.parametrize("change", ["append", "cut", "rewrite"])
def test_a_shard_that_changes_in_mid_epoch_is_one_error_that_names_it(own: Own, change: str) -> None:
    dataset = own([[20] * 60], 10_000_000)
    path = dataset.shard_path(0)
    loader = StratifiedLoader(dataset, window_mib=1, prefetch=1, **OPTIONS)
    with pytest.raises(EthnoshardError, match=r"a-000000\.tar (was changed|has [\d,]+ bytes)"):
        for number, _ in enumerate(loader):
            if number == 0:
                content, before = path.read_bytes(), path.stat()
                if change == "append":
                    path.write_bytes(content + b"x" * 512)
                elif change == "cut":
                    path.write_bytes(content[:5000])
                else:
                    path.write_bytes(content)
                # Later than before by more than the file system's clock may tell apart.
                os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 10**9))


SCRIPT = """
import sys
from ethnoshard import FaceDataset, StratifiedLoader
loader = StratifiedLoader(FaceDataset.open(sys.argv[1]), people_per_batch=5, images_per_person=4, num_workers=3)
for number, batch in enumerate(loader):
    print(number, flush=True)
    if sys.argv[2] == "break" and number == 2:
        break
    if sys.argv[2] == "wait":
        sys.stdin.read()
"""
"""With "wait" it stands still after the first batch until its input ends, and then goes on to the end."""


def start(dataset: FaceDataset, how: str) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(dataset.path), how],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None and process.stdout.readline() == "0\n"
    return process


def test_a_script_that_breaks_out_and_ends_ends_at_once(made: FaceDataset) -> None:
    process = start(made, "break")
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0 and errors == ""


def test_ctrl_c_ends_a_training_at_once(made: FaceDataset) -> None:
    process = start(made, "wait")
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode != 0 and errors.rstrip().endswith("KeyboardInterrupt")


def children_of(pid: int) -> list[int]:
    """The decoding processes of a process, once they are there."""
    tasks = Path(f"/proc/{pid}/task")
    found: list[int] = []

    def all_there() -> bool:
        found[:] = [int(child) for task in tasks.iterdir() for child in (task / "children").read_text().split()]
        return len(found) == 3

    until(all_there, "no three decoding processes")
    return found


def gone(pid: int) -> bool:
    """Whether a process has ended; what is left of it then has no command line."""
    try:
        return not Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return True


linux = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="it looks for processes in /proc")


@linux
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_no_decoding_process_outlives_a_training_however_it_ends(made: FaceDataset, how: signal.Signals) -> None:
    process = start(made, "wait")
    children = children_of(process.pid)
    process.send_signal(how)
    process.communicate(timeout=PATIENCE)
    until(lambda: all(map(gone, children)), "a decoding process outlived the training")


@linux
def test_a_decoding_process_that_is_killed_is_one_error_that_says_so(made: FaceDataset) -> None:
    process = start(made, "wait")
    children = children_of(process.pid)
    os.kill(children[1], signal.SIGKILL)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "EthnoshardError: a decoding process was killed" in errors.splitlines()[-1]
    until(lambda: all(map(gone, children)), "a decoding process outlived the training")


@linux
def test_a_decoding_process_that_is_left_before_it_got_its_memory_ends_quietly() -> None:
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-P", str(_decoding_process.__file__), str(theirs.fileno()), "64", "64"]
    process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stderr=subprocess.PIPE)
    theirs.close()
    assert ours.recv(1) == b"r"
    head, memory, table = [1, 0, 0, 1], [0, 64 * 64 * 3], [0, 0, 0, 0, 0, 0]
    ours.sendall(np.array(head + memory + table, np.int64).tobytes())
    ours.close()
    _, errors = process.communicate(timeout=PATIENCE)
    assert (process.returncode, errors) == (0, b"")


def test_processes_decode_what_threads_do(made: FaceDataset, monkeypatch: pytest.MonkeyPatch) -> None:
    # A thread decodes itself as long as its process is not ready: here it waits for it.
    is_ready = DecodingProcess.ready.fget
    assert is_ready is not None

    def waited_for(process: DecodingProcess) -> bool:
        until(lambda: is_ready(process), "the decoding process did not get ready")
        return True

    monkeypatch.setattr(DecodingProcess, "ready", property(waited_for))
    monkeypatch.setattr(Filler, "decode", lambda *_: pytest.fail("a thread decoded"))
    options = {"random_crop": 40, "random_flip": True, **OPTIONS}
    rest = list(StratifiedLoader(made, num_workers=1, prefetch=1, **options))
    monkeypatch.undo()
    alone = list(StratifiedLoader(made, num_workers=0, **options))
    assert all(torch.equal(one.images, other.images) for one, other in zip(rest, alone, strict=True))


def test_tensors_that_a_user_keeps_are_not_written_over(made: FaceDataset) -> None:
    kept = [batch.images for batch in StratifiedLoader(made, **OPTIONS)]
    again = [batch.images for batch in StratifiedLoader(made, num_workers=0, **OPTIONS)]
    assert all(torch.equal(one, other) for one, other in zip(kept, again, strict=True))


def test_memory_of_batches_is_used_again_once_nobody_looks_at_it(made: FaceDataset) -> None:
    loader = StratifiedLoader(made, prefetch=1, num_workers=1, **OPTIONS)
    places = {batch.images.data_ptr() for _ in range(3) for batch in loader}
    assert len(places) <= 5 < len(loader)
