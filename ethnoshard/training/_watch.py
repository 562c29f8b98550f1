"""What is told of a training as it goes on."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class TrainingWatch:
    """What to do as a training goes on.

    Attributes:
        begun: called with the number of steps, and how many were done before.
        stepped: called after each step with its row of the metrics.
        epoch_done: called after each epoch with ``epoch``, ``loss``, ``replaced`` (draws that got another face in place
            of a bad one) and, where it was evaluated, ``lfw_...``.
        said: called with what went otherwise than a user may think.
    """

    begun: Callable[[int, int], None] = field(default=lambda steps, done: None)
    stepped: Callable[[dict[str, Any]], None] = field(default=lambda row: None)
    epoch_done: Callable[[dict[str, Any]], None] = field(default=lambda report: None)
    said: Callable[[str], None] = field(default=lambda text: None)
