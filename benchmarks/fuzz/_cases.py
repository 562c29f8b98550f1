"""A case: a file damaged by a seed, what its reader did with it, and whether that is allowed."""

import io
import os
import resource
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from benchmarks.fuzz._mutations import mutated
from ethnoshard.errors import EthnoshardError

LIMIT_S = 10.0
LIMIT_MIB = 1024
_MOST_LINES = 3

Outcome = Literal["message", "rows", "failure"]


@dataclass(frozen=True)
class Target:
    """A reader and what it reads.

    Attributes:
        name: of the reader, as the table has it.
        file: the one that is damaged, below the folder.
        make: writes whole files into a folder.
        read: reads them; returns how many rows, images or pairs were had.
    """

    name: str
    file: str
    make: Callable[[Path], None]
    read: Callable[[Path], int]


@dataclass(frozen=True, kw_only=True)
class Case:
    """What became of one damaged file.

    Attributes:
        seed: that decided the damage.
        outcome: "message" is one clear message, "rows" counted rows, "failure" anything else.
        text: the message, the number of rows, or what went wrong.
        seconds: of a processor.
    """

    seed: int
    outcome: Outcome
    text: str
    seconds: float


class Guard:
    """Notices what a reader of files must not do: write, run, or load by name what a file says."""

    def __init__(self) -> None:
        """Listen from now on; it can't be taken back in this process."""
        self.seen: list[str] = []
        self._listening = False
        sys.addaudithook(self._hook)

    def watch(self, listening: bool) -> None:
        """Whether what happens counts."""
        self._listening = listening

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._listening or _kept(arguments):
            return
        if event in _FORBIDDEN or event.startswith(("subprocess.", "socket.")):
            self.seen.append(f"{event} {str(arguments)[:200]}")
        elif event == "open" and _writes(arguments):
            self.seen.append(f"opened for writing: {str(arguments[0])[:200]}")


_FORBIDDEN = {
    "os.system", "os.exec", "os.posix_spawn", "os.rename", "os.remove", "os.rmdir", "os.symlink", "os.link",
    "os.truncate", "os.chmod", "os.chown", "os.mkdir", "shutil.rmtree", "shutil.move", "pickle.find_class",
}  # fmt: skip


def _kept(arguments: tuple[Any, ...]) -> bool:
    """Of the user's cache, where what was read is remembered."""
    cache, path = os.environ.get("ETHNOSHARD_CACHE"), arguments[0] if arguments else None
    return bool(cache) and isinstance(path, str | bytes | os.PathLike) and os.fsdecode(path).startswith(str(cache))


def _writes(arguments: tuple[Any, ...]) -> bool:
    path, mode, flags = arguments
    if not isinstance(path, str | bytes | os.PathLike) or os.fsdecode(path).startswith("/dev/"):
        return False
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return bool(isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


def run_case(target: Target, folder: Path, whole: bytes, seed: int, guard: Guard) -> Case:
    """Damage the file, read it, judge; afterwards the file is whole again.

    Args:
        target: the reader.
        folder: where its files lie.
        whole: the file as it was made.
        seed: decides the damage.
        guard: of this process.
    """
    path = folder / target.file
    path.write_bytes(mutated(whole, seed))
    before = _peak_mib()
    begin = time.process_time()
    outcome, text = _read(target, folder, guard)
    seconds = time.process_time() - begin
    if guard.seen:
        outcome, text = "failure", "; ".join(guard.seen[:3])
        guard.seen.clear()
    if seconds > LIMIT_S:
        outcome, text = "failure", f"{seconds:.1f} s: {text}"
    if _peak_mib() - before > LIMIT_MIB:
        outcome, text = "failure", f"{_peak_mib() - before:,.0f} MiB: {text}"
    path.write_bytes(whole)
    return Case(seed=seed, outcome=outcome, text=text, seconds=seconds)


def _read(target: Target, folder: Path, guard: Guard) -> tuple[Outcome, str]:
    said = io.StringIO()
    kept = sys.stderr
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sys.stderr = said
        guard.watch(True)
        try:
            rows = target.read(folder)
        except EthnoshardError as error:
            text = str(error)
            clear = text.strip() and len(text.splitlines()) <= _MOST_LINES
            return ("message", text) if clear else ("failure", f"no clear message: {text!r}")
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is a fault
            last = traceback.extract_tb(error.__traceback__)[-1]
            ours = [frame for frame in traceback.extract_tb(error.__traceback__) if "/ethnoshard/" in frame.filename]
            place = ours[-1] if ours else last
            return "failure", f"{type(error).__name__}: {str(error)[:200]} ({Path(place.filename).name}:{place.lineno})"
        finally:
            guard.watch(False)
            sys.stderr = kept
    if said.getvalue():
        return "failure", f"printed: {said.getvalue()[:200]!r}"
    return "rows", f"{rows:,}"


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
