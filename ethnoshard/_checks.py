"""Numbers that a user gives lie within their bounds, or there is one message, in one form."""

import math
import numbers
from collections.abc import Sequence
from typing import TypeVar

from ethnoshard.errors import EthnoshardError

Choice = TypeVar("Choice", bound=str)


def check_whole(name: str, value: object, at_least: int) -> int:
    """The value, if it is a whole number of at least ``at_least``.

    >>> check_whole("epochs", 0, 1)
    Traceback (most recent call last):
    ethnoshard.errors.EthnoshardError: epochs must be at least 1, got 0

    Raises:
        EthnoshardError: it is not.
    """
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise EthnoshardError(f"{name} must be a whole number, got {value!r}")
    check_number(name, int(value), at_least=at_least)
    return int(value)


def check_choice(name: str, value: str, choices: Sequence[Choice]) -> Choice:
    """The value, if it is one of some.

    >>> check_choice("within", "all", ("group", "any"))
    Traceback (most recent call last):
    ethnoshard.errors.EthnoshardError: within must be one of group, any, got 'all'

    Raises:
        EthnoshardError: it is not.
    """
    for choice in choices:
        if choice == value:
            return choice
    raise EthnoshardError(f"{name} must be one of {', '.join(choices)}, got {value!r}")


def check_number(
    name: str,
    value: float,
    *,
    at_least: float | None = None,
    above: float | None = None,
    at_most: float | None = None,
    below: float | None = None,
    unit: str = "",
) -> None:
    """Refuse a number out of bounds; NaN and infinity are out of any.

    >>> check_number("size", 3, at_least=16, at_most=4096, unit="px")
    Traceback (most recent call last):
    ethnoshard.errors.EthnoshardError: size must be between 16 and 4,096 px, got 3

    Args:
        name: of the number, as the user knows it.
        value: the number.
        at_least: the lowest that is allowed.
        above: what it must be greater than.
        at_most: the highest that is allowed.
        below: what it must be less than.
        unit: of all of them, such as "px".

    Raises:
        EthnoshardError: it is out of them.
    """
    within = (
        (isinstance(value, int) or math.isfinite(value))
        and (at_least is None or value >= at_least)
        and (above is None or value > above)
        and (at_most is None or value <= at_most)
        and (below is None or value < below)
    )
    if within:
        return
    if at_least is not None and at_most is not None:
        wanted = f"between {_text(at_least)} and {_text(at_most)}"
    else:
        bounds = {"at least": at_least, "above": above, "at most": at_most, "below": below}
        wanted = " and ".join(f"{word} {_text(bound)}" for word, bound in bounds.items() if bound is not None)
    raise EthnoshardError(f"{name} must be {wanted}{unit and ' '}{unit}, got {_text(value)}")


def _text(number: float) -> str:
    return f"{number:,}" if isinstance(number, int) else f"{float(number):g}"
