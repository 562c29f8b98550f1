"""What TensorBoard shows of a training, where it is installed; the training goes on without."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Protocol, TypeAlias

Board: TypeAlias = Callable[[int, Mapping[str, object]], None]
"""Called with a step, or an epoch, and its values by name, of which None are left out."""


class _Writer(Protocol):
    """What is needed of TensorBoard's ``SummaryWriter``."""

    def add_scalar(self, tag: str, scalar_value: object, global_step: int) -> object: ...

    def close(self) -> object: ...


_NO_CURVES = ("step", "images", "epoch")


def no_board(step: int, values: Mapping[str, object]) -> None:
    """Shows nothing, as a rank does that is not the first."""


def without_board() -> str | None:
    """What a user should know where TensorBoard's files are not written; None where they are."""
    if _summary_writer() is not None:
        return None
    return "tensorboard is not installed, so nothing is written for it: pip install 'ethnoshard[tensorboard]' brings it"


@contextlib.contextmanager
def board_in(folder: Path, begin: int) -> Iterator[Board]:
    """Write to ``folder`` while the block runs; steps from ``begin`` on that are there already count no more."""
    summary_writer = _summary_writer()
    if summary_writer is None:
        yield no_board
        return
    writer = summary_writer(str(folder), purge_step=begin)

    def write(step: int, values: Mapping[str, object]) -> None:
        for name, value in values.items():
            if name not in _NO_CURVES and value is not None:
                writer.add_scalar(name, value, step)

    try:
        yield write
    finally:
        writer.close()


def _summary_writer() -> Callable[..., _Writer] | None:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter
