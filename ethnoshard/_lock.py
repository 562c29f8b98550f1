"""One process of ours at a time in a folder."""

import contextlib
import errno
import fcntl
from collections.abc import Callable, Iterator
from pathlib import Path

import filelock

from ethnoshard._files import disk_error, make_folder
from ethnoshard.errors import EthnoshardError

LOCK = ".lock"

_NO_LOCKS = (errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK)
"""What a file system answers that has no locks: Lustre mounted without ``flock``, some of FUSE, NFS without its lock
daemon. What is written there is whole or not there, and of two writers the second writes the same bytes."""


@contextlib.contextmanager
def locked(folder: Path, busy: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Make ``folder`` and keep other processes of ours from it while the block runs.

    The system lets go of the lock when the process that holds it dies, however it dies. On a file system without locks
    nobody is kept away: the lock only keeps two processes from doing the same work twice.

    Args:
        folder: made if it is not there.
        busy: called if another process holds it, before it is waited for; what it raises ends the waiting before it
            begins.

    Raises:
        EthnoshardError: the folder can't be made, or the lock can't be written.
    """
    make_folder(folder)
    path = folder / LOCK
    if not _has_locks(path):
        yield
        return
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
    if not path.exists() or not _has_locks(path):
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


def _has_locks(path: Path) -> bool:
    """Whether the file system of ``path`` knows locks; filelock would leave a file there that no kill takes away."""
    try:
        with path.open("ab") as file:
            # Letting go of what isn't held keeps nobody away, not even for a moment.
            fcntl.flock(file, fcntl.LOCK_UN)
    except OSError as error:
        return error.errno not in _NO_LOCKS
    return True


def _acquired(lock: filelock.BaseFileLock, path: Path, *, blocking: bool) -> bool:
    try:
        lock.acquire(blocking=blocking)
    except filelock.Timeout:  # an OSError too
        return False
    except OSError as error:
        if error.errno in _NO_LOCKS:
            return True
        raise disk_error(error, path) from error
    return True
