"""What a fork leaves behind: polars' threads, for whose work a forked process would wait without end.

https://docs.pola.rs/user-guide/misc/multiprocessing says why: a fork copies locks and pools, but not the threads.
"""

import contextlib
import os
import re
from pathlib import Path

from ethnoshard.errors import EthnoshardError

_THREADS = Path("/proc/self/task")
_OF_POLARS = re.compile(r"polars-\d+|async-executor")
"""Names of the threads that polars starts when it is first used, not when it is imported (seen with polars 2.1)."""

_used = _running = _left_behind = False


def check_polars(doing: str) -> None:
    """Called before polars is used, which ``doing`` says what for.

    Raises:
        EthnoshardError: this process was forked from one where polars' threads were running.
    """
    global _used
    if _left_behind:
        raise EthnoshardError(
            f"{doing} needs polars, which can't work here: this process was forked from one that had used polars, and "
            f"would wait for threads that a fork leaves behind. Open the dataset before the fork and hand it over (a "
            f"StratifiedLoader of it can be made on both sides), or start processes by spawn or forkserver: "
            f'multiprocessing.get_context("spawn"), DataLoader(..., multiprocessing_context="spawn")'
        )
    _used = True


def _before() -> None:
    global _running
    _running = _polars_runs()


def _in_child() -> None:
    global _left_behind, _used
    _left_behind, _used = _left_behind or _running, False


def _polars_runs() -> bool:
    """Whether polars has its threads; a process that only imported it can be forked."""
    if not _THREADS.is_dir():
        return _used
    for thread in _THREADS.iterdir():
        with contextlib.suppress(OSError):  # it ended meanwhile
            if _OF_POLARS.match((thread / "comm").read_text()):
                return True
    return False


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_child=_in_child)
