"""Dataclasses as JSON holds them, and back: checked once, with the place of what is wrong."""

import dataclasses
import functools
import re
import sys
from collections.abc import Mapping
from types import UnionType
from typing import TYPE_CHECKING, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints, overload

import msgspec
import numpy as np

from ethnoshard.errors import EthnoshardError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")

Json: TypeAlias = "dict[str, Json] | list[Json] | str | float | int | bool | None"
"""What JSON holds."""


def stored_as(key: str) -> dict[str, str]:
    """Metadata of a dataclass's field that has another name in JSON."""
    return {"key": key}


def stored_apart(**keys: str) -> dict[str, dict[str, str]]:
    """Metadata of a field whose own fields stand beside it in JSON: name -> key; those left out are not in JSON."""
    return {"keys": keys}


@overload
def as_json(result: "DataclassInstance") -> dict[str, Json]: ...
@overload
def as_json(result: tuple[object, ...]) -> list[Json]: ...
@overload
def as_json(result: object) -> Json: ...
def as_json(result: object) -> Json:
    """A result as JSON holds it: dictionaries, lists, numbers, texts; the inverse of :func:`from_json`."""
    if dataclasses.is_dataclass(result) and not isinstance(result, type):
        # By the fields rather than by the library, which passes over those that were read as their default.
        content: dict[str, Json] = {}
        for field in dataclasses.fields(result):
            value = getattr(result, field.name)
            if "keys" in field.metadata:
                content |= {key: as_json(getattr(value, name)) for name, key in field.metadata["keys"].items()}
            else:
                content[field.metadata.get("key", field.name)] = as_json(value)
        return content
    if isinstance(result, Mapping):
        return {name: as_json(value) for name, value in result.items()}
    if isinstance(result, tuple | list):
        return [as_json(value) for value in result]
    if isinstance(result, np.ndarray | np.generic):
        plain: Json = result.tolist()
        return plain
    if result is None or isinstance(result, str | int | float):
        return result
    raise TypeError(f"{type(result).__name__} is in no result")


def from_json(kind: type[T], content: Mapping[str, object], where: object) -> T:
    """A result from what JSON holds; what else it holds is passed over.

    Args:
        kind: dataclass of the result.
        content: as read.
        where: the file, for messages.

    Raises:
        EthnoshardError: something is missing, of another type or out of its bounds; the message has its place.
    """
    _check_numbers(content, "", where)
    keys: dict[str, str] = {}
    try:
        return msgspec.convert(_by_field(kind, content, keys), kind, dec_hook=_decoded)
    except msgspec.ValidationError as error:
        raise EthnoshardError(f"{where} is damaged: {_explained(str(error), keys)}") from error
    except EthnoshardError as error:
        raise EthnoshardError(f"{where} is damaged: {error}") from error


def _by_field(kind: object, value: object, keys: dict[str, str]) -> object:
    """A value of JSON with the names of its type's fields instead of the keys; ``keys`` gets name -> key."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        for argument in arguments:
            value = _by_field(argument, value, keys)
    elif origin is tuple and isinstance(value, list) and arguments[-1] is Ellipsis:
        return [_by_field(arguments[0], each, keys) for each in value]
    elif origin is dict and isinstance(value, Mapping):
        return {name: _by_field(arguments[1], each, keys) for name, each in value.items()}
    elif isinstance(kind, type) and dataclasses.is_dataclass(kind) and isinstance(value, Mapping):
        content = dict(value)
        for field in dataclasses.fields(kind):
            key = field.metadata.get("key", field.name)
            if "keys" in field.metadata:
                inside = field.metadata["keys"]
                content[field.name] = {name: value[each] for name, each in inside.items() if each in value}
                keys |= {f"{field.name}.{name}": each for name, each in inside.items()}
            elif key in value:
                content[field.name] = _by_field(_types(kind)[field.name], value[key], keys)
            if key != field.name:
                keys[field.name] = key
        return content
    return value


@functools.cache
def _types(kind: type) -> dict[str, object]:
    return get_type_hints(kind)


def _decoded(kind: type, value: object) -> object:
    if kind is object:
        return value
    if (get_origin(kind) or kind) is not np.ndarray:
        raise NotImplementedError(f"{kind.__name__} is in none of our records")
    try:
        return np.asarray(value, np.float64)
    except (TypeError, ValueError) as error:
        # The library adds the place to errors of this type.
        raise ValueError("Expected an array of numbers") from error


def _check_numbers(value: object, path: str, where: object) -> None:
    """Refuse NaN and infinity, and whole numbers beyond every float, all of which Python's JSON takes."""
    if isinstance(value, Mapping):
        for name, each in value.items():
            _check_numbers(each, f"{path}.{name}", where)
    elif isinstance(value, list):
        for number, each in enumerate(value):
            _check_numbers(each, f"{path}[{number}]", where)
    elif isinstance(value, float | int) and not -sys.float_info.max <= value <= sys.float_info.max:
        raise EthnoshardError(f"{where} is damaged: {path.lstrip('.')} is not a finite number")


def _explained(message: str, keys: Mapping[str, str]) -> str:
    """The library's message with the place first, by the file's keys: ``verification.eer: expected float, got str``."""
    what, _, path = message.partition(" - at `$")
    path = re.sub(r"\[\.\.\.\]", ".*", path.rstrip("`")).lstrip(".")
    what = what.replace("`", "").replace(" | ", " or ")
    missing = re.fullmatch(r"Object missing required field (\w+)", what)
    if missing:
        path = ".".join(filter(None, [path, missing[1]]))
    for name, key in keys.items():
        path = re.sub(rf"(?<![\w]){re.escape(name)}(?![\w])", key, path)
    if missing:
        return f"{path} is missing"
    return f"{path or 'the whole'}: {what[:1].lower()}{what[1:]}"
