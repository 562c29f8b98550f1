"""What makes a loader's batches in one process: open shards, memory, threads. None of it can leave the process."""

import weakref
from dataclasses import dataclass, field, fields
from typing import Any

from ethnoshard.loading._augment import Augmentation
from ethnoshard.loading._faults import BadFaces
from ethnoshard.loading._shared import Buffers
from ethnoshard.loading._stream import Stream, Transform, Work
from ethnoshard.loading._workers import in_worker
from ethnoshard.mixing import Plan
from ethnoshard.shards import FaceDataset, open_shards


@dataclass(kw_only=True, eq=False)
class Engine:
    """Makes batches; pickled or copied, another one with the same settings, which has nothing open yet.

    Attributes:
        dataset, plan, augmentation, bad_faces, transform: see :class:`Work`.
        pinned: whether batches end in page-locked memory; not in a ``DataLoader``'s worker, which sends them on.
        in_memory: whether shards are kept in memory once read.
        limit_mib: of a remote dataset, MiB of shards kept on disk.
        processes: that decode.
        ahead: batches made ahead.
    """

    dataset: FaceDataset
    plan: Plan
    augmentation: Augmentation
    bad_faces: BadFaces
    transform: Transform | None
    pinned: bool
    in_memory: bool
    limit_mib: int
    processes: int
    ahead: int
    _work: Work | None = field(default=None, init=False)
    _stream: Stream | None = field(default=None, init=False)
    _next: tuple[int, int] = field(default=(0, 0), init=False)

    @property
    def work(self) -> Work:
        """What batches are made of, opened when it is first needed."""
        if self._work is None:
            shards = open_shards(self.dataset, in_memory=self.in_memory, limit_mib=self.limit_mib)
            self._close_shards_with_me = weakref.finalize(self, shards.close)
            size = self.augmentation.size(self.dataset.image_size)
            settings = self.plan.settings
            self._work = Work(
                dataset=self.dataset,
                plan=self.plan,
                augmentation=self.augmentation,
                shards=shards,
                bad_faces=self.bad_faces,
                buffers=Buffers((settings.people_per_batch * settings.images_per_person, size, size, 3)),
                pinned=self.pinned and not in_worker(),
                transform=self.transform,
            )
        return self._work

    def place(self, rank: int, ranks: int, part: int, parts: int) -> Work:
        """Make the batches of this place from now on."""
        work = self.work
        if (rank, ranks, part, parts) != (work.rank, work.ranks, work.part, work.parts):
            self.end()
            work.rank, work.ranks, work.part, work.parts = rank, ranks, part, parts
        return work

    def stream(self, epoch: int, consumed: int) -> Stream:
        """Batches to the end of an epoch, which then goes on with the next: that of before, if it got there."""
        if self._stream is not None and self._next != (epoch, consumed):
            self.end()
        if self._stream is None:
            self._stream = Stream(self.work, epoch, consumed, processes=self.processes, ahead=self.ahead)
            self._end_with_me = weakref.finalize(self, self._stream.close)
        self._next = (epoch + 1, 0)
        return self._stream

    def replan(self, plan: Plan) -> None:
        """Make the batches of another plan from now on."""
        self.end()
        self.plan = plan
        if self._work is not None:
            self._work.plan = plan

    def runs(self, stream: Stream) -> bool:
        """Whether a stream has not been ended."""
        return stream is self._stream

    def end(self) -> None:
        """End the threads and processes."""
        stream, self._stream = self._stream, None
        if stream is not None:
            self._end_with_me.detach()
            stream.close()

    def after_fork(self, *, in_child: bool) -> None:
        """Keep both sides apart: the child begins anew, and neither uses memory again that the other may look at."""
        if not in_child:
            if self._work is not None:
                self._work.buffers.forked()
            return
        if self._stream is not None:
            self._end_with_me.detach()
            self._stream.leave()
        if self._work is not None:
            # Its lock may be held by a thread that is not here.
            self._close_shards_with_me.detach()
        self._work = self._stream = None
        self.bad_faces = self.bad_faces.copy()

    def __getstate__(self) -> dict[str, Any]:
        """The settings, and the bad faces so far."""
        settings = {each.name: getattr(self, each.name) for each in fields(self) if each.init}
        return {**settings, "bad_faces": self.bad_faces.copy(), "_work": None, "_stream": None}
