"""Dataclasses as JSON holds them, and back: checked once, with the place of what is wrong."""

import dataclasses
import re
import sys
from collections.abc import Mapping
from typing import Any, TypeVar, get_origin

import msgspec
import numpy as np

from ethnoshard.errors import EthnoshardError

T = TypeVar("T")


def as_json(result: Any) -> Any:
    """A result as JSON holds it: dictionaries, lists, numbers, texts; the inverse of :func:`from_json`."""
    if dataclasses.is_dataclass(result):
        # By the fields rather than by the library, which passes over those that were read as their default.
        return {field.name: as_json(getattr(result, field.name)) for field in dataclasses.fields(result)}
    if isinstance(result, Mapping):
        return {name: as_json(value) for name, value in result.items()}
    if isinstance(result, tuple | list):
        return [as_json(value) for value in result]
    return result.tolist() if isinstance(result, np.ndarray | np.generic) else result


def from_json(kind: type[T], content: Mapping[str, Any], where: object) -> T:
    """A result from what JSON holds; what else it holds is passed over.

    Args:
        kind: dataclass of the result.
        content: as read.
        where: the file, for messages.

    Raises:
        EthnoshardError: something is missing, of another type or out of its bounds; the message has its place.
    """
    _check_numbers(content, "", where)
    try:
        return msgspec.convert(content, kind, dec_hook=_decoded)
    except msgspec.ValidationError as error:
        raise EthnoshardError(f"{where} is damaged: {_told(str(error))}") from error
    except EthnoshardError as error:
        raise EthnoshardError(f"{where} is damaged: {error}") from error


def _decoded(kind: type, value: Any) -> Any:
    if (get_origin(kind) or kind) is not np.ndarray:
        raise NotImplementedError(f"{kind.__name__} is in none of our records")
    try:
        return np.array(value, np.float64)
    except (TypeError, ValueError) as error:
        # The library adds the place to errors of this type.
        raise ValueError("Expected an array of numbers") from error


def _check_numbers(value: Any, path: str, where: object) -> None:
    """Refuse numbers that are none, or too large to be one, which Python's JSON takes."""
    if isinstance(value, Mapping):
        for name, each in value.items():
            _check_numbers(each, f"{path}.{name}", where)
    elif isinstance(value, list):
        for number, each in enumerate(value):
            _check_numbers(each, f"{path}[{number}]", where)
    elif isinstance(value, float | int) and not -sys.float_info.max <= value <= sys.float_info.max:
        raise EthnoshardError(f"{where} is damaged: {path.lstrip('.')} is no finite number")


def _told(message: str) -> str:
    """The library's message with the place first: ``verification.eer: expected float, got str``."""
    what, _, path = message.partition(" - at `$")
    path = re.sub(r"\[\.\.\.\]", ".*", path.rstrip("`")).lstrip(".")
    what = what.replace("`", "").replace(" | ", " or ")
    missing = re.fullmatch(r"Object missing required field (\w+)", what)
    if missing:
        return f"{'.'.join(filter(None, [path, missing[1]]))} is missing"
    return f"{path or 'the whole'}: {what[:1].lower()}{what[1:]}"
