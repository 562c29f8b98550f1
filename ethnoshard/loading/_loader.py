"""The loader: a dataset, a plan, and batches of tensors."""

import warnings
import weakref
from collections.abc import Generator, Iterator, Mapping
from typing import Any, Literal

import numpy as np
import torch

from ethnoshard.errors import EthnoshardError
from ethnoshard.loading._augment import Augmentation
from ethnoshard.loading._batch import Batch
from ethnoshard.loading._checks import check_whole
from ethnoshard.loading._faults import BadFaces
from ethnoshard.loading._fill import Draft
from ethnoshard.loading._planning import plan_of
from ethnoshard.loading._report import LoaderCoverage
from ethnoshard.loading._shared import Buffers
from ethnoshard.loading._state import check_state, state_of
from ethnoshard.loading._stream import Stream, Transform, Work
from ethnoshard.mixing import Exhaustion, PlanSettings, Target
from ethnoshard.shards import FaceDataset, ReadCounts, open_shards


class StratifiedLoader:
    """Batches of P identities with K faces each, whose groups follow a target, for one rank of a training.

    An iteration gives the batches of an epoch, or the rest of one after :meth:`load_state_dict` or a ``break``; the
    next iteration the next epoch. All ranks get the same number of batches: with R ranks, rank r gets the batches
    r, r + R, r + 2R ... of a sequence that does not depend on R; where R does not divide it, the epoch's first batches
    come once more at its end.

    .. code-block:: text

        10 batches:   rank 0 of 4   0 4 8      rank 2 of 4   2 6 0*
                      rank 1 of 4   1 5 9      rank 3 of 4   3 7 1*      * a second time

    What the plan gives (the quotas, who is drawn when, which faces) is described with
    :class:`~ethnoshard.mixing.PlanSettings`.
    """

    def __init__(
        self,
        dataset: FaceDataset,
        *,
        people_per_batch: int,
        images_per_person: int,
        target: Target | str = "natural",
        when_exhausted: Exhaustion = "repeat",
        seed: int = 0,
        min_faces: int | None = None,
        window_mib: int = 64,
        shards_in_window: int = 4,
        rank: int = 0,
        world_size: int = 1,
        num_workers: int = 2,
        prefetch: int = 3,
        random_crop: int | None = None,
        random_flip: bool = False,
        transform: Transform | None = None,
        output: Literal["batch", "tuple"] = "batch",
        pin_memory: bool = False,
        max_bad_faces: float = 100,
        cache: Literal["memory"] | None = None,
        cache_mib: int = 8192,
    ) -> None:
        """Plan the epochs; nothing is read yet.

        Args:
            dataset: the faces.
            people_per_batch: P, distinct identities a batch.
            images_per_person: K, faces of each.
            target: wanted distribution over the groups, see :class:`~ethnoshard.mixing.PlanSettings`; shares may be
                text: ``asian=0.5,white=0.5``.
            when_exhausted: what happens when a group runs out before the others.
            seed: chooses everything that is random.
            min_faces: an identity with fewer is excluded; by default 2 (1 if K is 1).
            window_mib: how much of the dataset cells are shuffled within, MiB; about half of it is held in memory.
            shards_in_window: of how many shards of a group pieces are shuffled together.
            rank: this process's place among ``world_size``.
            world_size: how many processes train together.
            num_workers: processes that decode; 0 starts none and decodes while the caller waits.
            prefetch: batches made ahead.
            random_crop: side of a square cut from a random place of each face, pixels.
            random_flip: mirror every other face, by chance.
            transform: called with a batch's images and a ``torch.Generator`` seeded by seed, epoch and batch, in a
                thread beside the training; what it returns takes the place of the images.
            output: "batch" for a :class:`Batch`, "tuple" for ``(images, identities)``.
            pin_memory: put the images into page-locked memory, for copies to a GPU; without one it does nothing.
            max_bad_faces: how many different faces may be bad before it ends; a share of all faces if below 1.
            cache: "memory" keeps every shard in memory once it was read.
            cache_mib: of a remote dataset, MiB of shards kept on disk.

        Raises:
            EthnoshardError: an option makes no sense, or the dataset can't give what the target asks for.
        """
        if check_whole("rank", rank, 0) >= check_whole("world_size", world_size, 1):
            raise EthnoshardError(f"rank is from 0 to world_size - 1 = {world_size - 1}; {rank} is not")
        for name, value, least in (
            ("num_workers", num_workers, 0),
            ("prefetch", prefetch, 1),
            ("cache_mib", cache_mib, 1),
        ):
            check_whole(name, value, least)
        if output not in ("batch", "tuple"):
            raise EthnoshardError(f"output is 'batch' or 'tuple'; {output!r} is neither")
        if cache not in (None, "memory"):
            raise EthnoshardError(f"cache is 'memory' or None; {cache!r} is neither")
        self.dataset = dataset
        self.augmentation = Augmentation(crop=random_crop, flip=random_flip)
        self.augmentation.check(dataset.image_size)
        self.plan = plan_of(
            dataset,
            people_per_batch=people_per_batch,
            images_per_person=images_per_person,
            target=target,
            when_exhausted=when_exhausted,
            seed=seed,
            min_faces=min_faces,
            window_mib=window_mib,
            open_shards=shards_in_window,
        )
        self.rank, self.world_size = rank, world_size
        self._workers, self._prefetch = num_workers, prefetch
        self._output = output
        if pin_memory and not torch.cuda.is_available():
            warnings.warn("pin_memory does nothing without a GPU", stacklevel=2)
            pin_memory = False
        size = self.augmentation.size(dataset.image_size)
        shards = open_shards(dataset, in_memory=cache == "memory", limit_mib=cache_mib)
        weakref.finalize(self, shards.close)
        self._work = Work(
            dataset=dataset,
            plan=self.plan,
            augmentation=self.augmentation,
            shards=shards,
            bad_faces=BadFaces(limit=max_bad_faces, faces=int(self.plan.identities.faces.sum(dtype=np.int64))),
            buffers=Buffers((people_per_batch * images_per_person, size, size, 3)),
            pinned=pin_memory,
            transform=transform,
            rank=rank,
            ranks=world_size,
        )
        self._epoch, self._consumed = 0, 0
        self._running: Generator[Any, None, None] | None = None
        self._stream: Stream | None = None

    @property
    def settings(self) -> PlanSettings:
        """What decides the plan."""
        return self.plan.settings

    @property
    def epoch(self) -> int:
        """The epoch that the next batch belongs to."""
        return self._epoch

    @property
    def reads(self) -> ReadCounts:
        """What was read of the shards so far."""
        return self._work.shards.counts

    @property
    def bad_faces(self) -> BadFaces:
        """The faces that could not be read or decoded so far."""
        return self._work.bad_faces

    @property
    def held_bytes(self) -> int:
        """JPEG bytes kept for batches to come, as of the last batch read."""
        return self._work.held_bytes

    def __len__(self) -> int:
        """Batches of this rank in a whole epoch, the same for every rank."""
        return -(-self.plan.batches // self.world_size)

    def __iter__(self) -> Iterator[Any]:
        """The batches of this rank to the end of the epoch.

        Raises:
            EthnoshardError: too many faces are bad, or a shard is gone or was changed.
        """
        # Two iterations at a time would both move the position.
        self._end_iteration()
        self._running = self._batches()
        return self._running

    def set_epoch(self, epoch: int) -> None:
        """Go to the beginning of an epoch."""
        check_whole("epoch", epoch, 0)
        self.close()
        self._epoch, self._consumed = epoch, 0

    def close(self) -> None:
        """End an iteration that is under way, and the threads; the next one goes on after the last batch handed out.

        Threads end by themselves when a loop is left early, and when nobody refers to the loader any more. After a
        whole epoch they make the first batches of the next one, and wait.
        """
        self._end_iteration()
        self._end_stream()

    def coverage(self) -> LoaderCoverage:
        """What the current epoch does with every face, by group and with reasons, and which faces were bad so far."""
        again = len(self) * self.world_size - self.plan.batches
        return LoaderCoverage(
            planned=self.plan.epoch(self._epoch).coverage(),
            batches_again=again,
            bad_faces=len(self.bad_faces.reasons),
            replaced_from_identity=self.bad_faces.replaced_by["identity"],
            replaced_from_group=self.bad_faces.replaced_by["group"],
        )

    def state_dict(self) -> dict[str, Any]:
        """Where the training is, as JSON holds it: after the last batch that was handed out.

        Ranks move together, so the state of one is that of all.
        """
        return state_of(self.dataset.fingerprint, self.settings, self.augmentation, self._epoch, self._consumed)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where another loader was, however many ranks or workers it had.

        Raises:
            EthnoshardError: the state is of another dataset or another setting; the message names it.
        """
        epoch, consumed = check_state(state, self.dataset.fingerprint, self.settings, self.augmentation)
        if consumed > self.plan.batches:
            raise EthnoshardError(f"the state is after batch {consumed:,}, but an epoch has {self.plan.batches:,}")
        self.close()
        self._epoch, self._consumed = (epoch, consumed) if consumed < self.plan.batches else (epoch + 1, 0)

    def _batches(self) -> Generator[Any, None, None]:
        epoch, begin = self._epoch, self._consumed
        steps = self._work.steps(begin)
        if self._stream is None:
            self._stream = Stream(self._work, epoch, begin, processes=self._workers, ahead=self._prefetch)
            self._end_stream_with_me = weakref.finalize(self, self._stream.close)
        stream = self._stream
        step = 0
        try:
            while step < steps:
                draft = stream.take()
                step += 1
                self._consumed = begin + step * self.world_size
                if step == steps:
                    self._epoch, self._consumed = epoch + 1, 0
                yield self._handed(draft)
        finally:
            if step < steps:
                self._end_stream()

    def _end_iteration(self) -> None:
        running, self._running = self._running, None
        if running is not None:
            running.close()

    def _end_stream(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            self._end_stream_with_me.detach()
            stream.close()

    def _handed(self, draft: Draft) -> Any:
        self.bad_faces.replaced_by += draft.replaced
        per_person = draft.faces.shape[1]
        # By numpy, which takes a tenth of torch's time for arrays as small as these.
        people = draft.identities.repeat(per_person)
        identities = torch.from_numpy(people.astype(np.int64))
        if self._output == "tuple":
            return draft.images, identities
        groups = torch.from_numpy(self.plan.identities.group[people])
        return Batch(draft.images, identities, groups, torch.from_numpy(draft.faces.reshape(-1)))
