"""Drafts without end, epoch after epoch: what a loader's threads work on, and all that they hold on to."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import torch

from ethnoshard.loading._augment import Augmentation, views
from ethnoshard.loading._decode import Decoder
from ethnoshard.loading._faults import BadFaces
from ethnoshard.loading._fill import Draft, Filler
from ethnoshard.loading._pipeline import Job, Pipeline
from ethnoshard.loading._processes import DecodingProcess
from ethnoshard.loading._shared import Buffers
from ethnoshard.loading._spans import SpanReader
from ethnoshard.mixing import Plan, hashed
from ethnoshard.shards import FaceDataset, ShardReader

_SLICE = 64
"""Faces that a thread decodes at a time."""
_TRANSFORM = 14

_LEFT: list["Stream"] = []
"""Streams of a parent, kept from being collected: that would wait for processes that are not this one's."""

Worker = tuple[Callable[[Draft, range], list[int]], Callable[[Draft, list[int]], None]]
Transform = Callable[[torch.Tensor, torch.Generator], Any]


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
        pinned: whether they end in page-locked memory.
        transform: what becomes of them.
        rank: whose batches these are.
        ranks: among how many.
        part: which part of the rank's batches, where a ``DataLoader``'s workers share them.
        parts: among how many.
        held_bytes: JPEG bytes kept for batches to come, as of the last batch read.
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
    ranks: int = 1
    part: int = 0
    parts: int = 1
    held_bytes: int = field(default=0, init=False)

    def numbers(self, consumed: int) -> range:
        """The batches of this process that are left of an epoch of which all ranks together have had ``consumed``.

        All ranks have as many; part w of n of them is the batches w, w + n ...
        """
        begin = consumed + self.rank
        steps = -(-(self.plan.batches - consumed) // self.ranks)
        return range(begin, begin + steps * self.ranks, self.ranks)[self.part :: self.parts]

    def jobs(self, epoch: int, consumed: int) -> Iterator[Job[Draft]]:
        """Drafts from a batch of an epoch on; the next epoch follows, so that its first batches are ready in time."""
        while True:
            yield from self._of_epoch(epoch, self.numbers(consumed))
            epoch, consumed = epoch + 1, 0

    def _of_epoch(self, epoch: int, numbers: range) -> Iterator[Job[Draft]]:
        planned = self.plan.epoch(epoch)
        settings = self.plan.settings
        rows = settings.people_per_batch * settings.images_per_person
        slices = [range(start, min(start + _SLICE, rows)) for start in range(0, rows, _SLICE)]
        filler = Filler(self.dataset, planned, self.shards, self.bad_faces)
        reader = SpanReader(planned, numbers, self.shards)
        for number, batch, jpegs in reader:
            self.held_bytes = reader.held_bytes
            view = views(self.augmentation, self.dataset.image_size, rows, settings.seed, epoch, number)
            shared, memory = self.buffers.take()
            yield Job(Draft(filler, number, batch.identities.copy(), batch.faces, jpegs, view, memory, shared), slices)

    def worker(self, process: DecodingProcess | None = None) -> Worker:
        """What a thread does with slices of a draft, and with a draft that is decoded.

        Args:
            process: decodes as soon as it is ready; until then, or without it, the thread does.
        """
        decoder = Decoder(self.dataset.image_size, self.size)

        def decode(draft: Draft, rows: range) -> list[int]:
            if process is not None and process.ready:
                return draft.filler.decode_elsewhere(draft, rows, process)
            return draft.filler.decode(draft, rows, decoder)

        def finish(draft: Draft, failed: list[int]) -> None:
            if failed:
                draft.filler.mend(draft, failed, decoder)
            draft.jpegs.clear()
            memory = draft.memory.pin_memory() if self.pinned else draft.memory
            draft.images = memory.permute(0, 3, 1, 2)
            if self.transform is not None:
                draft.images = self.transform(draft.images, self._generator(draft))

        return decode, finish

    @property
    def size(self) -> int:
        """Side of the faces in a batch, pixels."""
        return self.augmentation.size(self.dataset.image_size)

    def _generator(self, draft: Draft) -> torch.Generator:
        epoch = draft.filler.epoch.number
        seed = hashed(self.plan.settings.seed, epoch, _TRANSFORM, draft.number)[0] >> np.uint64(1)
        return torch.Generator().manual_seed(int(seed))


class Stream:
    """Finished drafts, in order, from one place on. Nothing in it refers to the loader, which so can be let go of."""

    def __init__(self, work: Work, epoch: int, consumed: int, *, processes: int, ahead: int) -> None:
        """Begin at a batch of an epoch; without processes drafts are made when asked for."""
        jobs = work.jobs(epoch, consumed)
        self._processes = [DecodingProcess(work.dataset.image_size, work.size) for _ in range(processes)]
        workers = [partial(work.worker, process) for process in self._processes]
        self._pipeline = Pipeline(jobs, workers, ahead=ahead) if processes else None
        self._drafts = iter(self._pipeline) if self._pipeline else self._here(work, jobs)

    def take(self) -> Draft:
        """The next draft.

        Raises:
            BaseException: what went wrong in any thread.
        """
        return next(self._drafts)

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
    def _here(work: Work, jobs: Iterator[Job[Draft]]) -> Iterator[Draft]:
        decode, finish = work.worker()
        for job in jobs:
            finish(job.item, [row for rows in job.slices for row in decode(job.item, rows)])
            yield job.item
