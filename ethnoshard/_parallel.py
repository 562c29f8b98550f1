"""Work spread over processes that never outlive the one that started them."""

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import Synchronized
from typing import Protocol, TypeVar

from ethnoshard._checks import check_number
from ethnoshard._progress import SILENT, Progress
from ethnoshard.errors import EthnoshardError

Task = TypeVar("Task")
Result = TypeVar("Result")

_TICK = 0.2
"""Seconds between two looks at the counter."""


class Executor(Protocol):
    """What does work on tasks, wherever it does it: ``in_processes`` on this machine, ``RayTasks`` on many.

    Tasks write what they make to files, and results are small: it is all the same to them where they run. Results come
    in no set order. A task may be done a second time where nobody knows whether the first went through.
    """

    def __call__(
        self,
        work: Callable[[Task], Result],
        tasks: Iterable[Task],
        *,
        workers: int,
        setup: Callable[..., None] | None = None,
        setup_arguments: tuple[object, ...] = (),
        progress: Progress = SILENT,
    ) -> Iterator[Result]:
        """As :func:`in_processes`."""


class Tally:
    """A counter of one process alone."""

    def __init__(self) -> None:
        """Begin at 0."""
        self.value = 0

    def get_lock(self) -> contextlib.AbstractContextManager[None]:
        """Nobody else counts here."""
        return contextlib.nullcontext()


_counter: "Synchronized[int] | Tally | None" = None
_failed_setup: Exception | None = None


def available_cores() -> int:
    """How many cores this process may use, which in a container can be fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def check_workers(workers: int | None) -> int:
    """The number of worker processes: the one asked for, or one a core.

    Raises:
        EthnoshardError: it is below 1.
    """
    if workers is not None:
        check_number("workers", workers, at_least=1)
    return workers or available_cores()


def count(number: int = 1) -> None:
    """Called in a worker: ``number`` more items are done."""
    if _counter is not None:
        with _counter.get_lock():
            _counter.value += number


@contextlib.contextmanager
def counted_here() -> Iterator[Tally]:
    """What :func:`count` counts in this process while the block runs."""
    global _counter
    before, _counter = _counter, Tally()
    try:
        yield _counter
    finally:
        _counter = before


def in_processes(
    work: Callable[[Task], Result],
    tasks: Iterable[Task],
    *,
    workers: int,
    setup: Callable[..., None] | None = None,
    setup_arguments: tuple[object, ...] = (),
    progress: Progress = SILENT,
) -> Iterator[Result]:
    """Do ``work`` on each task in ``workers`` spawned processes; yield results as they come, in no set order.

    The processes end when this one does, however it ends, and when the iterator is closed.

    Args:
        work: a function that can be pickled.
        tasks: taken lazily, a few more than there are workers at a time.
        workers: number of processes.
        setup: called once in each process, before its first task.
        setup_arguments: for ``setup``.
        progress: told, in this process, how many more items the workers have counted.

    Raises:
        EthnoshardError: what a worker raised, or that one of them was killed.
    """
    context = multiprocessing.get_context("spawn")
    counter = context.Value("q", 0)
    # The workers hold the reading end only. Its end of file means that this process is gone, or wants them gone.
    alive, life_line = context.Pipe(duplex=False)
    pool = ProcessPoolExecutor(workers, context, _begin, (alive, counter, setup, setup_arguments))
    seen = 0

    def report() -> None:
        nonlocal seen
        if counter.value > seen:
            progress.advance(counter.value - seen)
            seen = counter.value

    try:
        pending: set[Future[Result]] = set()
        waiting = iter(tasks)
        exhausted = False
        while pending or not exhausted:
            while not exhausted and len(pending) < 2 * workers:
                try:
                    task = next(waiting)
                except StopIteration:
                    exhausted = True
                else:
                    with _interrupts_held():
                        pending.add(pool.submit(_do, work, task))
            done, pending = wait(pending, timeout=_TICK, return_when=FIRST_COMPLETED)
            report()
            for future in done:
                yield future.result()
        report()
    except BaseException as error:
        life_line.close()
        if not isinstance(error, BrokenProcessPool):
            raise
        raise EthnoshardError(
            "a worker process was killed, perhaps because the memory ran out, or could not start (a script that calls "
            'this needs `if __name__ == "__main__":`). What was finished is kept: run the same command again, with '
            "fewer --workers if it happens again"
        ) from error
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        life_line.close()
        alive.close()


def in_this_process(
    work: Callable[[Task], Result],
    tasks: Iterable[Task],
    *,
    workers: int,
    setup: Callable[..., None] | None = None,
    setup_arguments: tuple[object, ...] = (),
    progress: Progress = SILENT,
) -> Iterator[Result]:
    """As :func:`in_processes`, but one task after the other in this process: for what no other one can reach."""
    if setup is not None:
        setup(*setup_arguments)
    for task in tasks:
        with counted_here() as done:
            result = work(task)
        progress.advance(done.value)
        yield result


@contextlib.contextmanager
def _interrupts_held() -> Iterator[None]:
    """Ctrl-C reaches the whole group of processes, and the one in charge decides what it means.

    A process started in here inherits the blocked signal and so never sees it, not even while it starts up.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(
    alive: Connection, counter: "Synchronized[int]", setup: Callable[..., None] | None, arguments: tuple[object, ...]
) -> None:
    """First thing in a worker."""
    global _counter, _failed_setup
    _counter = counter
    threading.Thread(target=_leave_at_end_of, args=(alive,), daemon=True).start()
    try:
        if setup is not None:
            setup(*arguments)
    except Exception as error:  # noqa: BLE001 - the first task raises it, where the caller can catch it
        _failed_setup = error


def _do(work: Callable[[Task], Result], task: Task) -> Result:
    """What a worker does with each task."""
    if _failed_setup is not None:
        raise _failed_setup
    return work(task)


def _leave_at_end_of(alive: Connection) -> None:
    with contextlib.suppress(EOFError, OSError):
        alive.recv_bytes()
    os._exit(1)
