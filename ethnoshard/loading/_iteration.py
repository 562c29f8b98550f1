"""One run through a loader's batches."""

from collections.abc import Generator, Iterator
from typing import Any

from ethnoshard.errors import EthnoshardError


class Iteration(Iterator[Any]):
    """The batches to the end of an epoch. It ends, and lets go of threads, when nobody refers to it any more."""

    def __init__(self, batches: Generator[Any, None, None]) -> None:
        """Give ``batches``."""
        self._batches = batches
        self._done = self._displaced = False

    def __next__(self) -> Any:
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
