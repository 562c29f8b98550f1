"""Finished batches, epoch after epoch: the threads and processes that make them, and all that these hold on to."""

import itertools
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from functools import partial

import numpy as np
import torch

from ethnoshard.loading._buffers import Buffers
from ethnoshard.loading._decode import Augmentation, Decoder, views
from ethnoshard.loading._fill import BadFaces, Filler, PendingBatch
from ethnoshard.loading._pipeline import Begun, Job, Pipeline
from ethnoshard.loading._processes import DecodingProcess
from ethnoshard.loading._ranks import in_worker
from ethnoshard.loading._shared_memory import Pieces
from ethnoshard.loading._spans import SpanReader, joined_in
from ethnoshard.mixing import Plan, hashed
from ethnoshard.shards import FaceDataset, ShardReader, open_shards

_SLICE = 128
"""Faces that a process is given at a time, at most: to give and to take back costs the same for many as for few."""
_AHEAD = 3
"""Batches made ahead at least, unless a number is given."""
_TRANSFORM = 14

_LEFT: list["Stream"] = []
"""Streams of a parent, kept from being collected: that would wait for processes that are not this one's."""

Worker = tuple[Callable[[PendingBatch, range], Begun], Callable[[PendingBatch, list[int]], None]]
Transform = Callable[[torch.Tensor, torch.Generator], object]


@dataclass(kw_only=True)
class Work:
    """Everything that batches are made of, but for where a training is.

    Attributes:
        dataset: the faces.
        plan: which of them are in which batch.
        augmentation: how they are cut.
        shards: where they are read.
        bad_faces: those that could not be, so far.
        buffers: where pixels go.
        pieces: where what is read goes.
        pinned: whether they end in page-locked memory.
        transform: what becomes of them.
        rank: whose batches these are.
        world_size: among how many.
        part: which part of the rank's batches, where a ``DataLoader``'s workers share them.
        parts: among how many.
        held_bytes: JPEG bytes of people who have faces to come, as of the last batch read.
        joined: see ``joined_in``.
    """

    dataset: FaceDataset
    plan: Plan
    augmentation: Augmentation
    shards: ShardReader
    bad_faces: BadFaces
    buffers: Buffers
    pinned: bool
    transform: Transform | None
    rank: int = 0
    pieces: Pieces = field(default_factory=Pieces)
    world_size: int = 1
    part: int = 0
    parts: int = 1
    held_bytes: int = field(default=0, init=False)
    joined: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Look once at how the identities lie."""
        self.joined = joined_in(self.plan.identities, self.plan.piece_bits)

    def numbers(self, consumed: int) -> range:
        """The batches of this process that are left of an epoch of which all ranks together have had ``consumed``.

        All ranks have as many; part w of n of them is the batches w, w + n ...
        """
        begin = consumed + self.rank
        steps = -(-(self.plan.batches - consumed) // self.world_size)
        return range(begin, begin + steps * self.world_size, self.world_size)[self.part :: self.parts]

    def jobs(self, epoch: int, consumed: int, first: list[range], later: list[range]) -> Iterator[Job[PendingBatch]]:
        """Batches of an epoch from one on, then those of the next epoch, so that its first ones are ready in time.

        Args:
            epoch: which one.
            consumed: how many of its batches all ranks together have had.
            first: slices of the first batch, which somebody waits for.
            later: slices of those after it.
        """
        slices = itertools.chain([first], itertools.repeat(later))
        while True:
            yield from self._of_epoch(epoch, self.numbers(consumed), slices)
            epoch, consumed = epoch + 1, 0

    def _of_epoch(self, epoch: int, numbers: range, slices: Iterator[list[range]]) -> Iterator[Job[PendingBatch]]:
        planned = self.plan.epoch(epoch)
        settings = self.plan.settings
        rows = settings.people_per_batch * settings.images_per_person
        filler = Filler(self.dataset, planned, self.shards, self.bad_faces)
        reader = SpanReader(planned, numbers, self.shards, self.pieces, self.joined)
        for number, batch, jpegs in reader:
            self.held_bytes = reader.held_bytes
            view = views(self.augmentation, self.dataset.image_size, rows, settings.seed, epoch, number)
            shared, memory = self.buffers.take()
            pending = PendingBatch(filler, number, batch.identities.copy(), batch.faces, jpegs, view, memory, shared)
            yield Job(pending, next(slices))

    def worker(self, process: DecodingProcess | None = None) -> Worker:
        """What a thread does with slices of a batch, and with a batch that is decoded.

        Args:
            process: decodes as soon as it is ready; until then, or without it, the thread does.
        """
        decoder = Decoder(self.dataset.image_size, self.size)

        def begin(pending: PendingBatch, rows: range) -> Begun:
            if process is not None and process.ready:
                pending.filler.begin_elsewhere(pending, rows, process)
                return partial(pending.filler.end_elsewhere, pending, process)
            # Done at once: whoever waits for the first batch doesn't wait for the next slice as well.
            return pending.filler.decode(pending, rows, decoder)

        def finish(pending: PendingBatch, failed: list[int]) -> None:
            if failed:
                pending.filler.mend(pending, failed, decoder)
            pending.jpegs.clear()
            memory = pending.memory.pin_memory() if self.pinned else pending.memory
            images = memory.permute(0, 3, 1, 2)
            transform = self.transform
            pending.images = images if transform is None else transform(images, self._generator(pending))

        return begin, finish

    @property
    def size(self) -> int:
        """Side of the faces in a batch, pixels."""
        return self.augmentation.size(self.dataset.image_size)

    def _generator(self, pending: PendingBatch) -> torch.Generator:
        epoch = pending.filler.epoch.number
        seed = hashed(self.plan.settings.seed, epoch, _TRANSFORM, pending.number)[0] >> np.uint64(1)
        return torch.Generator().manual_seed(int(seed))


class Stream:
    """Finished batches, in order. Nothing in it refers to the loader, which so can be let go of."""

    def __init__(self, work: Work, epoch: int, consumed: int, *, processes: int, ahead: int | None) -> None:
        """Begin at a batch of an epoch; without processes, batches are made when they are taken."""
        settings = work.plan.settings
        rows = settings.people_per_batch * settings.images_per_person
        if ahead is None:
            # Two slices in each process's hands, and some that are done.
            ahead = max(_AHEAD, -(-5 * processes * _SLICE // (2 * rows)))
        at_once = min(_SLICE, max(1, ahead * rows // max(1, 2 * processes)))
        jobs = work.jobs(epoch, consumed, _slices(rows, -(-rows // max(1, processes))), _slices(rows, at_once))
        self._processes = [DecodingProcess(work.dataset.image_size, work.size) for _ in range(processes)]
        workers = [partial(work.worker, process) for process in self._processes]
        self._pipeline = Pipeline(jobs, workers, ahead=ahead) if processes else None
        self._batches = iter(self._pipeline) if self._pipeline else self._here(work, jobs)

    def take(self) -> PendingBatch:
        """The next batch.

        Raises:
            BaseException: what went wrong in any thread.
        """
        return next(self._batches)

    def close(self) -> None:
        """End the threads and the processes."""
        for process in self._processes:
            process.stop()
        if self._pipeline:
            self._pipeline.close()
        for process in self._processes:
            process.close()

    def leave(self) -> None:
        """In a forked process: its threads and processes go on in the parent; here nothing may touch them again."""
        for process in self._processes:
            process.leave()
        _LEFT.append(self)

    @staticmethod
    def _here(work: Work, jobs: Iterator[Job[PendingBatch]]) -> Iterator[PendingBatch]:
        begin, finish = work.worker()
        for job in jobs:
            finish(job.item, [row for rows in job.slices for row in _failed(begin(job.item, rows))])
            yield job.item


def _failed(begun: Begun) -> list[int]:
    return begun if isinstance(begun, list) else begun()


def _slices(rows: int, most: int) -> list[range]:
    """Ranges of at most so many rows, about as many in each."""
    number = -(-rows // most)
    return [range(rows * one // number, rows * (one + 1) // number) for one in range(number)]


@dataclass(kw_only=True, eq=False)
class Engine:
    """Makes batches; pickled or copied, another one with the same settings, which has nothing open yet.

    Attributes:
        dataset, plan, augmentation, bad_faces, transform: see :class:`Work`.
        pinned: whether batches end in page-locked memory; not in a ``DataLoader``'s worker, which sends them on.
        in_memory: whether shards are kept in memory once read.
        limit_mib: of a remote dataset, MiB of shards kept on disk.
        processes: that decode.
        ahead: batches made ahead; None for as many as keep the processes busy.
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
    ahead: int | None
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

    def assign(self, rank: int, world_size: int, part: int, parts: int) -> Work:
        """Make the batches of this rank, and of this part of them, from now on."""
        work = self.work
        if (rank, world_size, part, parts) != (work.rank, work.world_size, work.part, work.parts):
            self.end()
            work.rank, work.world_size, work.part, work.parts = rank, world_size, part, parts
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

    def __getstate__(self) -> dict[str, object]:
        """The settings, and the bad faces so far."""
        settings = {each.name: getattr(self, each.name) for each in fields(self) if each.init}
        return {**settings, "bad_faces": self.bad_faces.copy(), "_work": None, "_stream": None}
