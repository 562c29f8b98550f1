"""A thread that reads and threads that have slices of batches decoded, ahead of the one that trains."""

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, TypeVar

Item = TypeVar("Item")

_TICK = 0.1
"""Seconds after which a waiting thread looks whether it should end."""


Begun = list[int] | Callable[[], list[int]]
"""Rows that failed, or what waits for them."""
Begin = Callable[[Item, range], Begun]
Finish = Callable[[Item, list[int]], None]

_UNDER_WAY = 2
"""Slices that a thread begins before it waits for the first: so a process has the next one when it is through."""


@dataclass
class Job(Generic[Item]):
    """A batch in the making.

    Attributes:
        item: the batch.
        slices: rows to be decoded, a range for each task.
        failed: rows that could not be decoded so far.
        open: slices that are not done.
        done: held until all are, and the item is finished. A lock is waited for at a fraction of an event's cost.
        lock: held while ``failed`` and ``open`` change.
    """

    item: Item
    slices: list[range]
    failed: list[int] = field(default_factory=list)
    open: int = 0
    done: threading.Lock = field(default_factory=threading.Lock)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """It is not done."""
        self.done.acquire()


class Pipeline(Generic[Item]):
    """Items in order, made by threads at most ``ahead`` before they are asked for."""

    def __init__(
        self,
        jobs: Iterator[Job[Item]],
        workers: Sequence[Callable[[], tuple[Begin[Item], Finish[Item]]]],
        *,
        ahead: int,
    ) -> None:
        """Start the threads.

        Args:
            jobs: what to make; run through in a thread of its own.
            workers: each called in a thread of its own for two functions: begin to decode some rows of an item, and
                return which failed, or what waits for that and tells; finish an item whose rows are decoded.
            ahead: how many items may be ready or in work.
        """
        self._jobs = jobs
        self._room: queue.SimpleQueue[bool] = queue.SimpleQueue()
        for _ in range(ahead):
            self._room.put(True)
        self._ordered: queue.SimpleQueue[Job[Item] | None] = queue.SimpleQueue()
        self._tasks: queue.SimpleQueue[tuple[Job[Item], range] | None] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._error: BaseException | None = None
        self._threads = [
            threading.Thread(target=self._guarded, args=(self._read,), name="ethnoshard-read", daemon=True)
        ]
        for number, worker in enumerate(workers):
            work, name = partial(self._work, worker), f"ethnoshard-decode-{number}"
            self._threads.append(threading.Thread(target=self._guarded, args=(work,), name=name, daemon=True))
        for thread in self._threads:
            thread.start()

    def __iter__(self) -> Iterator[Item]:
        """The items, in order.

        Raises:
            BaseException: what went wrong in any thread.
        """
        while (job := self._next()) is not None:
            while not job.done.acquire(timeout=_TICK):
                self._raise()
            self._room.put(True)
            yield job.item
        self._raise()

    def close(self) -> None:
        """End the threads, whatever they are at."""
        self._stop.set()
        for _ in self._threads:
            self._tasks.put(None)
        self._room.put(True)
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()

    def _next(self) -> Job[Item] | None:
        while True:
            try:
                return self._ordered.get(timeout=_TICK)
            except queue.Empty:
                self._raise()

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error

    def _guarded(self, body: Callable[[], None]) -> None:
        try:
            body()
        except BaseException as error:  # noqa: BLE001 - the thread that trains raises it
            self._error = self._error or error
            self._stop.set()

    def _read(self) -> None:
        while self._room.get() and not self._stop.is_set():
            job = next(self._jobs, None)
            self._ordered.put(job)
            if job is None:
                return
            job.open = len(job.slices)
            for rows in job.slices:
                self._tasks.put((job, rows))

    def _work(self, worker: Callable[[], tuple[Begin[Item], Finish[Item]]]) -> None:
        begin, finish = worker()
        under_way: deque[tuple[Job[Item], Callable[[], list[int]]]] = deque()
        while not self._stop.is_set():
            try:
                task = self._tasks.get(block=not under_way)
            except queue.Empty:
                self._end(*under_way.popleft(), finish)
                continue
            if task is None:
                return
            job, rows = task
            begun = begin(job.item, rows)
            if isinstance(begun, list):
                self._done(job, begun, finish)
                continue
            under_way.append((job, begun))
            if len(under_way) == _UNDER_WAY:
                self._end(*under_way.popleft(), finish)

    def _end(self, job: Job[Item], wait: Callable[[], list[int]], finish: Finish[Item]) -> None:
        self._done(job, wait(), finish)

    @staticmethod
    def _done(job: Job[Item], failed: list[int], finish: Finish[Item]) -> None:
        with job.lock:
            job.failed += failed
            job.open -= 1
            last = job.open == 0
        if last:
            finish(job.item, job.failed)
            job.done.release()
