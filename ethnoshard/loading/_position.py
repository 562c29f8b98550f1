"""Where a loader is in the sequence of batches, and one run through them."""

from collections.abc import Generator, Iterator
from multiprocessing.context import get_spawning_popen
from typing import TypeVar

from ethnoshard.errors import EthnoshardError
from ethnoshard.loading._ranks import WorkerEpochs, in_worker

Item = TypeVar("Item")


class Position:
    """After the last batch that was handed out: an epoch, and how many of its batches all ranks together have had."""

    def __init__(self) -> None:
        """Stand at the beginning."""
        self.epoch, self.consumed = 0, 0
        self._resumes = False
        self._worker_epochs: WorkerEpochs | None = None

    def go_to(self, epoch: int, consumed: int = 0) -> None:
        """Stand elsewhere; the next iteration gives the rest of that epoch."""
        self.epoch, self.consumed, self._resumes = epoch, consumed, True
        if self._worker_epochs is not None and self._worker_epochs.own:
            self._worker_epochs.forget()

    def handed_out(self, epoch: int, consumed: int) -> None:
        """A batch was handed out, and this is where it leaves the loader."""
        self.go_to(epoch, consumed)
        self._resumes = False

    def start(self) -> tuple[int, int]:
        """Epoch and consumed batches with which the next iteration begins.

        That is the beginning of an epoch, unless the loader was told to stand elsewhere: after a ``break`` the rest of
        the epoch is left out, as torch's ``DataLoader`` does.
        """
        self._follow_workers()
        if self.consumed and not self._resumes:
            return self.epoch + 1, 0
        return self.epoch, self.consumed

    def begins_in_worker(self, epoch: int) -> None:
        """An epoch begins here. If this is a ``DataLoader``'s worker, the process that started it shall know."""
        if in_worker() and self._worker_epochs is not None and not self._worker_epochs.own:
            self._worker_epochs.note(epoch)

    def share(self) -> None:
        """Before processes are started: their epochs are to follow those of the processes before."""
        self._follow_workers()
        if self._worker_epochs is None or not self._worker_epochs.own:
            self._worker_epochs = WorkerEpochs()

    def check_known(self) -> None:
        """Refuse to say where the training is if workers hand out the batches.

        Raises:
            EthnoshardError: they do, and are ahead of the training by what they prefetch.
        """
        if self._worker_epochs is not None and self._worker_epochs.own and self._worker_epochs.next is not None:
            raise EthnoshardError(
                "where the training is can't be told: its batches come from DataLoader's workers, which are ahead of "
                "it. Iterate over the StratifiedLoader itself, whose num_workers decode in processes of their own, or "
                "give the DataLoader around it num_workers=0; set_epoch() goes on with a whole epoch"
            )

    def _follow_workers(self) -> None:
        if self._worker_epochs is not None and self._worker_epochs.own and self._worker_epochs.next is not None:
            self.epoch, self.consumed, self._resumes = self._worker_epochs.next, 0, False

    def __getstate__(self) -> dict[str, object]:
        """A copy, which shares nothing, but with a process that is being started."""
        spawning = get_spawning_popen() is not None
        if spawning:
            self.share()
        else:
            self._follow_workers()
        return {**self.__dict__, "_worker_epochs": self._worker_epochs if spawning else None}


class Iteration(Iterator[Item]):
    """The batches to the end of an epoch. It ends, and lets go of threads, when nobody refers to it any more."""

    def __init__(self, batches: Generator[Item, None, None]) -> None:
        """Give ``batches``."""
        self._batches = batches
        self._done = self._displaced = False

    def __next__(self) -> Item:
        """The next batch.

        Raises:
            EthnoshardError: another iteration of the same loader has begun since.
        """
        if self._displaced:
            raise EthnoshardError(
                "another iteration of this loader has begun since this one, and a loader is in one place at a time; "
                "for two at once, as in zip(loader, loader), copy it: copy.copy(loader)"
            )
        try:
            return next(self._batches)
        except BaseException:
            self._done = True
            raise

    def close(self) -> None:
        """End it; there are no more batches."""
        self._batches.close()
        self._done = True

    def displace(self) -> None:
        """End it, since another one begins; asking for more is a mistake, unless it had given all."""
        self._displaced = not self._done
        self._batches.close()
