"""A run's rows as TensorBoard shows them."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

Board: TypeAlias = Callable[[int, dict[str, Any]], None]
"""Called with a step and its row."""

_NO_CURVES = ("step", "images", "epoch")


def no_board(step: int, row: dict[str, Any]) -> None:
    """Shows nothing, as a rank does that is not the first."""


@contextlib.contextmanager
def board_in(folder: Path, begin: int) -> Iterator[Board]:
    """Write to ``folder`` while the block runs; steps from ``begin`` on that are there already count no more."""
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(str(folder), purge_step=begin)

    def write(step: int, row: dict[str, Any]) -> None:
        for name, value in row.items():
            if name not in _NO_CURVES and value is not None:
                writer.add_scalar(name, value, step)

    try:
        yield write
    finally:
        writer.close()
