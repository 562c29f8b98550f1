"""How whoever starts something long is told how far it is."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


def _ignore(*_: object) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """What to call as something goes on; by default nothing.

    Attributes:
        begun: called with how many items there are in all, and how many are done already; again where all of them are
            gone through a second time.
        advance: called now and then with how many more are done.
    """

    begun: Callable[[int, int], None] = _ignore
    advance: Callable[[int], None] = _ignore


SILENT = Progress()


@dataclass(frozen=True, kw_only=True)
class TrainingWatch:
    """What to call as a training goes on; by default nothing.

    Attributes:
        progress: of the steps, or, before a classifier's training, of the images that are aligned.
        stepped: called after each step of a run with its row of the metrics.
        epoch_done: called after each epoch: of a run with ``epoch``, ``loss``, ``replaced`` (draws that got another
            face in place of a bad one) and, where it was evaluated, ``lfw_...``; of a classifier with the line of its
            history.
        log: called with what goes otherwise than a user may think, what is waited for, and what takes long.
    """

    progress: Progress = field(default=SILENT)
    stepped: Callable[[dict[str, Any]], None] = _ignore
    epoch_done: Callable[[dict[str, Any]], None] = _ignore
    log: Callable[[str], None] = _ignore
