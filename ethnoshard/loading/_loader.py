"""The loader: a dataset, a plan, and batches of tensors."""

import copy
import warnings
import weakref
from collections.abc import Generator, Iterator, Mapping
from typing import Any, Literal

import numpy as np
import torch
from torch.utils.data import IterableDataset

from ethnoshard._checks import check_whole
from ethnoshard.errors import EthnoshardError
from ethnoshard.loading._batch import Batch, Delivery
from ethnoshard.loading._decode import Augmentation
from ethnoshard.loading._fill import BadFaces, PendingBatch
from ethnoshard.loading._forks import notify_on_fork
from ethnoshard.loading._measure import LoaderCoverage
from ethnoshard.loading._planning import ResemblanceTable, mixing_errors, plan_of, resemblance_of
from ethnoshard.loading._position import Iteration, Position
from ethnoshard.loading._ranks import Rank, in_worker, share
from ethnoshard.loading._state import LoaderState, LoaderStateJson
from ethnoshard.loading._stream import Engine, Transform
from ethnoshard.mixing import Exhaustion, Plan, PlanSettings, Resemblance, TargetLike, Within, meetings
from ethnoshard.shards import FaceDataset, ReadCounts

_MEETING_BATCHES = 500
"""Batches that are looked at for a report on who meets whom."""


class StratifiedLoader(IterableDataset[Any]):
    """Batches of P identities with K faces each, whose groups follow a target, for one rank of a training.

    An iteration gives the batches of an epoch, the next iteration those of the next epoch, also after a ``break``.
    After :meth:`load_state_dict` the first iteration gives the rest of the state's epoch. All ranks get the same number
    of batches: with R ranks, rank r gets the batches r, r + R, r + 2R ... of a sequence that does not depend on R;
    where R does not divide it, the epoch's first batches come once more at its end.

    .. code-block:: text

        10 batches:   rank 0 of 4   0 4 8      rank 2 of 4   2 6 0*
                      rank 1 of 4   1 5 9      rank 3 of 4   3 7 1*      * a second time

    It has processes of its own and needs no ``DataLoader`` around it. Inside the workers of one, with
    ``batch_size=None``, worker w of n gives the rank's batches w, w + n ..., which ``DataLoader`` puts in order again;
    a loader made in a worker with a rank that counts the workers gives what the rank says. A loader can be pickled,
    copied by :func:`copy.copy`, and used in forked processes; each copy goes on by itself, from where this one stands.

    What the plan gives (the quotas, who is drawn when, which faces) is described with
    :class:`~ethnoshard.mixing.PlanSettings`.
    """

    def __init__(
        self,
        dataset: FaceDataset,
        *,
        people_per_batch: int,
        images_per_person: int,
        target: TargetLike = "natural",
        when_exhausted: Exhaustion = "repeat",
        seed: int = 0,
        min_faces: int | None = None,
        together: int = 1,
        look_alikes: ResemblanceTable | Resemblance | None = None,
        hard: float = 0.0,
        within: Within = "group",
        window_mib: int = 64,
        shards_in_window: int | None = None,
        rank: int | None = None,
        world_size: int | None = None,
        num_workers: int = 2,
        prefetch: int | None = None,
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
            together: people of a group come at least so many at a time: a batch has none of it, or so many.
            look_alikes: who resembles whom in this dataset.
            hard: share of the cells that come in sets of look-alikes, 0 to 1.
            within: who is in a set: people of one "group", or of "any".
            window_mib: how much of the dataset cells are shuffled within, MiB; up to about twice as much is held.
            shards_in_window: of how many shards of a group pieces are shuffled together; by default of all, without
                which people of the same shards meet more often than by chance, and look-alikes in other shards don't
                meet. Needed for a dataset behind a URL that is larger than ``cache_mib``.
            rank: this process's number among ``world_size``, from 0; if not given, that in torch.distributed's process
                group, which may begin after the loader was made, but before the first batch.
            world_size: how many processes train together; given together with ``rank``.
            num_workers: processes that decode; 0 starts none and decodes while the caller waits.
            prefetch: batches made ahead; by default 3, or as many more as ``num_workers`` can be busy with.
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
        self._rank = Rank(rank, world_size)
        for name, value, least in (
            ("num_workers", num_workers, 0),
            ("prefetch", 1 if prefetch is None else prefetch, 1),
            ("cache_mib", cache_mib, 1),
        ):
            check_whole(name, value, least)
        if output not in ("batch", "tuple"):
            raise EthnoshardError(f"output must be 'batch' or 'tuple', got {output!r}")
        if cache not in (None, "memory"):
            raise EthnoshardError(f"cache must be 'memory' or None, got {cache!r}")
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
            together=together,
            look_alikes=look_alikes,
            hard=hard,
            within=within,
            window_mib=window_mib,
            shards_in_window=shards_in_window,
        )
        if shards_in_window is None and cache is None:
            _check_fits(dataset, cache_mib)
        if pin_memory and not torch.cuda.is_available():
            warnings.warn("pin_memory does nothing without a GPU", stacklevel=2)
            pin_memory = False
        self._output = output
        self._engine = Engine(
            dataset=dataset,
            plan=self.plan,
            augmentation=self.augmentation,
            bad_faces=BadFaces(limit=max_bad_faces, faces=int(self.plan.identities.faces.sum(dtype=np.int64))),
            transform=transform,
            pinned=pin_memory,
            in_memory=cache == "memory",
            limit_mib=cache_mib,
            processes=num_workers,
            ahead=prefetch,
        )
        _ = self._engine.work  # refuses a cache_mib that is too small
        self._position = Position()
        self._made_in_worker = in_worker()
        self._running: weakref.ref[Iteration[Delivery]] | None = None
        notify_on_fork(self)

    @property
    def settings(self) -> PlanSettings:
        """What decides the plan."""
        return self.plan.settings

    @property
    def rank(self) -> int:
        """This process's place among ``world_size``, as things stand."""
        return self._rank.current()[0]

    @property
    def world_size(self) -> int:
        """How many processes train together, as things stand."""
        return self._rank.current()[1]

    @property
    def epoch(self) -> int:
        """The epoch of the last batch handed out, also after a ``break``; after its last one, the next epoch."""
        return self._position.epoch

    @property
    def begins_epoch(self) -> bool:
        """Whether the next iteration begins an epoch rather than going on with one."""
        return self._position.start()[1] == 0

    @property
    def reads(self) -> ReadCounts:
        """What this process read of the shards so far."""
        return self._engine.work.shards.counts

    @property
    def bad_faces(self) -> BadFaces:
        """The faces that could not be read or decoded so far."""
        return self._engine.bad_faces

    @property
    def held_bytes(self) -> int:
        """JPEG bytes of people who have faces to come, as of the last batch read."""
        return self._engine.work.held_bytes

    def __len__(self) -> int:
        """Batches of this rank in a whole epoch, the same for every rank."""
        return -(-self.plan.batches // self.world_size)

    def __iter__(self) -> Iterator[Any]:
        """The batches of this rank to the end of the epoch. It ends an iteration that is under way.

        Raises:
            EthnoshardError: too many faces are bad, or a shard is gone or was changed.
        """
        running = self._running() if self._running else None
        if running is not None:
            # Two iterations at a time would both move the position.
            running.displace()
        iteration = Iteration(self._batches())
        # Not the iteration itself: left by a ``break`` it should end at once.
        self._running = weakref.ref(iteration)
        return iteration

    def set_epoch(self, epoch: int) -> None:
        """Go to the beginning of an epoch."""
        check_whole("epoch", epoch, 0)
        self._end_iteration()
        self._position.go_to(epoch)

    def set_look_alikes(self, look_alikes: ResemblanceTable) -> None:
        """Take another table of who resembles whom, from the beginning of the epoch that comes next.

        Raises:
            EthnoshardError: an epoch is under way, or the table is of another dataset.
        """
        if self._position.consumed:
            raise EthnoshardError(
                f"batch {self._position.consumed:,} of epoch {self._position.epoch} was handed out: another table of "
                "look-alikes can be taken where an epoch begins, before its first batch"
            )
        self._end_iteration()
        near = resemblance_of(look_alikes, self.dataset)
        with mixing_errors():
            self.plan = Plan(self.plan.identities, self.settings, near)
        self._engine.replan(self.plan)

    def close(self) -> None:
        """End an iteration that is under way, the threads and the processes; the next iteration begins them anew.

        They end by themselves when a loop is left early, and when nobody refers to the loader any more. After a whole
        epoch they make the first batches of the next one, and wait.
        """
        self._end_iteration()
        self._engine.end()

    def coverage(self) -> LoaderCoverage:
        """What :attr:`epoch`, as a whole, does with every face, by group and with reasons; and bad faces so far.

        It also says what the batches hold of each group: with an exact quota a group's ordered pairs in a batch are
        mean^2 - mean, fewer than at random, and none where a batch has one person of it; ``together`` gives them back.
        """
        again = len(self) * self.world_size - self.plan.batches
        epoch = self.plan.epoch(self._position.epoch)
        return LoaderCoverage(
            planned=epoch.coverage(),
            meetings=meetings(epoch, most=_MEETING_BATCHES),
            batches_again=again,
            bad_faces=len(self.bad_faces.reasons),
            replaced_from_identity=self.bad_faces.replaced_by["identity"],
            replaced_from_group=self.bad_faces.replaced_by["group"],
        )

    def state_dict(self) -> LoaderStateJson:
        """Where the training is, as JSON holds it: after the last batch that was handed out, also after a ``break``.

        Ranks move together, so the state of one is that of all.

        Raises:
            EthnoshardError: the batches come from a ``DataLoader``'s workers, which are ahead of the training.
        """
        self._position.check_known()
        if in_worker() and share(self._rank, made_here=self._made_in_worker)[1] > 1:
            raise EthnoshardError("one of several workers that share an epoch can't tell where the training is")
        return self._state_at(self._position.epoch, self._position.consumed).to_json()

    def load_state_dict(self, state: Mapping[str, object]) -> None:
        """Go on where another loader was, however many ranks or workers it had.

        Args:
            state: what :meth:`state_dict` gave.

        Raises:
            EthnoshardError: the state is of another dataset or another setting; the message names it.
        """
        loaded = LoaderState.parse(state)
        loaded.check_same_sequence(self._state_at(0, 0))
        if loaded.batches > self.plan.batches:
            raise EthnoshardError(
                f"the state is after batch {loaded.batches:,}, but an epoch has {self.plan.batches:,}"
            )
        self.close()
        if loaded.batches < self.plan.batches:
            self._position.go_to(loaded.epoch, loaded.batches)
        else:
            self._position.go_to(loaded.epoch + 1)

    def before_fork(self) -> None:
        """Called by the process when it is about to fork."""
        self._position.share()

    def after_fork(self, *, in_child: bool) -> None:
        """Called on both sides of a fork: the child's loader stands where its parent's does, and goes on by itself."""
        self._engine.after_fork(in_child=in_child)
        if in_child:
            self._running = None

    def __getstate__(self) -> dict[str, object]:
        """What another process, or a copy, needs to go on from here; threads and what is open stay."""
        copies = {name: copy.copy(getattr(self, name)) for name in ("_rank", "_engine", "_position")}
        return {**self.__dict__, **copies, "_running": None}

    def __setstate__(self, state: dict[str, object]) -> None:
        """Go on from there."""
        self.__dict__.update(state)
        notify_on_fork(self)

    def _batches(self) -> Generator[Delivery, None, None]:
        work = self._engine.assign(*self._rank.settled(), *share(self._rank, made_here=self._made_in_worker))
        epoch, begin = self._position.start()
        numbers = work.numbers(begin)
        self._position.begins_in_worker(epoch)
        if not numbers:
            # More workers than batches: this one has no share, but goes on with the others.
            self._position.handed_out(epoch + 1, 0)
            return
        stream = self._engine.stream(epoch, begin)
        step = 0
        try:
            while step < len(numbers):
                if not self._engine.runs(stream):
                    raise EthnoshardError("this iteration was begun in another process, before a fork; begin one here")
                pending = stream.take()
                step += 1
                if step == len(numbers):
                    self._position.handed_out(epoch + 1, 0)
                else:
                    self._position.handed_out(epoch, begin + step * work.world_size * work.parts)
                self._rank.note_use()
                yield self._finished(pending)
        finally:
            if step < len(numbers) and self._engine.runs(stream):
                self._engine.end()

    def _state_at(self, epoch: int, batches: int) -> LoaderState:
        near = self.plan.near
        return LoaderState.of(
            self.dataset.fingerprint,
            self.settings,
            self.augmentation,
            None if near is None else near.digest,
            epoch=epoch,
            batches=batches,
        )

    def _end_iteration(self) -> None:
        running = self._running() if self._running else None
        if running is not None:
            running.close()

    def _finished(self, pending: PendingBatch) -> Delivery:
        self.bad_faces.replaced_by += pending.replaced
        per_person = pending.faces.shape[1]
        # By numpy, which takes a tenth of torch's time for arrays as small as these.
        people = pending.identities.repeat(per_person)
        identities = torch.from_numpy(people.astype(np.int64))
        if self._output == "tuple":
            return pending.images, identities
        groups = torch.from_numpy(self.plan.identities.group[people])
        return Batch(pending.images, identities, groups, torch.from_numpy(pending.faces.reshape(-1)))


def _check_fits(dataset: FaceDataset, cache_mib: int) -> None:
    """Refuse a dataset whose shards would be fetched again and again, since pieces of all of them are shuffled."""
    size = -(-sum(shard.bytes for shard in dataset.manifest.shards) // 2**20)
    if dataset.url is not None and size > cache_mib:
        raise EthnoshardError(
            f"the dataset has {size:,} MiB of shards, of which {cache_mib:,} are kept on disk, but pieces of all are "
            f"shuffled: give it cache_mib={size:,} or more; or say shards_in_window, as 16, to have pieces of so "
            f"many shards of a group shuffled at a time (people of one shard then meet more often than by chance)"
        )
