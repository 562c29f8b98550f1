"""Options that are checked before anything is done."""

from typing import Any

from ethnoshard.errors import EthnoshardError


def check_whole(name: str, value: Any, least: int) -> int:
    """The value, if it is a whole number of at least ``least``.

    Raises:
        EthnoshardError: it is not.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise EthnoshardError(f"{name} is a whole number of at least {least}; {value!r} is not")
    return value
