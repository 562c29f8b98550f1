"""Values that make sense, or one message. As the room imports nothing of ours, it has an error of its own."""

import math
from typing import TypeGuard


class MixingError(ValueError):
    """A setting makes no sense, or the dataset can't give what the target asks for; the message has the numbers."""


def check_whole(name: str, value: object, *, at_least: int) -> None:
    """Refuse what is not a whole number of at least ``at_least``.

    Raises:
        MixingError: it is not.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise MixingError(f"{name} must be a whole number, got {value!r}")
    if value < at_least:
        raise MixingError(f"{name} must be at least {at_least:,}, got {value:,}")


def check_share(name: str, value: object) -> float:
    """A number from 0 to 1.

    Raises:
        MixingError: it is not.
    """
    if not is_number(value) or not 0 <= value <= 1:
        raise MixingError(f"{name} must be between 0 and 1, got {value!r}")
    return float(value)


def is_number(value: object) -> TypeGuard[float]:
    """Whether a value is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
