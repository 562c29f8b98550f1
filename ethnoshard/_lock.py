"""One process of ours at a time in a folder."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import filelock

from ethnoshard._files import disk_error, make_folder
from ethnoshard.errors import EthnoshardError

LOCK = ".lock"


@contextlib.contextmanager
def locked(folder: Path, busy: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Make ``folder`` and keep other processes of ours from it while the block runs.

    The system lets go of the lock when the process that holds it dies, however it dies.

    Args:
        folder: made if it is not there.
        busy: called if another process holds it, before it is waited for; what it raises ends the waiting before it
            begins.

    Raises:
        EthnoshardError: the folder can't be made, or the lock can't be written.
    """
    make_folder(folder)
    path = folder / LOCK
    lock = filelock.FileLock(path)
    if not _acquired(lock, path, blocking=False):
        busy()
        _acquired(lock, path, blocking=True)
    try:
        yield
    finally:
        lock.release()


def refusal(text: str) -> Callable[[], None]:
    """What ``busy`` is where nobody waits.

    Args:
        text: of the error.
    """

    def refuse() -> None:
        raise EthnoshardError(text)

    return refuse


def is_locked(folder: Path) -> bool:
    """Whether a process holds ``folder`` at the moment."""
    path = folder / LOCK
    if not path.exists():
        return False
    lock = filelock.FileLock(path)
    try:
        lock.acquire(blocking=False)
    except filelock.Timeout:
        return True
    except OSError:
        # A copy that may only be read: nobody works there.
        return False
    lock.release()
    return False


def _acquired(lock: filelock.BaseFileLock, path: Path, *, blocking: bool) -> bool:
    try:
        lock.acquire(blocking=blocking)
    except filelock.Timeout:  # an OSError too
        return False
    except OSError as error:
        raise disk_error(error, path) from error
    return True
