"""A reader's cases in a process of its own, ended when it hangs, and begun again behind a case that killed it."""

import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.fuzz._cases import LIMIT_S, Case

READY = "ready"
"""What a child says once its reader has read the whole file."""
_WALL = 6 * LIMIT_S
"""Seconds until a case counts as hung; beside other work a processor's seconds take longer."""


def cases_of(name: str, seeds: Sequence[int]) -> Iterator[Case]:
    """Run a target's cases.

    Args:
        name: of the target.
        seeds: one a case.
    """
    left = list(seeds)
    while left:
        with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
            for case in _in_a_child(name, left, Path(folder)):
                left = left[left.index(case.seed) + 1 :]
                yield case


def _in_a_child(name: str, seeds: Sequence[int], folder: Path) -> Iterator[Case]:
    # Everything that is kept between calls goes to the folder too.
    environment = {**os.environ, "ETHNOSHARD_CACHE": str(folder / "cache"), "POLARS_MAX_THREADS": "1"}
    environment |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    errors = folder / "stderr"
    with errors.open("wb") as stderr:
        child = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "benchmarks.fuzz._child",
                name,
                str(folder / "files"),
                str(seeds[0]),
                str(seeds[-1]),
            ],
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=environment,
        )
    assert child.stdout is not None
    done, why, partial, ready_said = 0, "", b"", False
    deadline = time.monotonic() + 10 * _WALL
    with child.stdout:
        while done < len(seeds) and not why:
            ready, _, _ = select.select([child.stdout], [], [], max(0.0, deadline - time.monotonic()))
            content = os.read(child.stdout.fileno(), 1 << 16) if ready else b""
            if not content:
                why = "ended" if ready else f"no answer in {_WALL:.0f} s"
            *lines, partial = (partial + content).split(b"\n")
            for line in lines:
                if line.decode() == READY:
                    ready_said = True
                    continue
                done += 1
                yield Case(**json.loads(line))
            deadline = time.monotonic() + _WALL
        if why:
            child.kill()
        status = child.wait()
    said = errors.read_text(errors="replace").strip().splitlines()
    if not ready_said:
        raise RuntimeError(f"{name}: its whole file can't be made or read: {' '.join(said[-1:])}")
    if done < len(seeds):
        yield Case(
            seed=seeds[done],
            outcome="failure",
            text=f"{why}, status {status}: {' '.join(said[-1:])[:200]}",
            seconds=0.0,
        )


def line_of(case: Case) -> str:
    """How a child tells of a case."""
    return json.dumps(asdict(case))
