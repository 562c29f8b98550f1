"""The shape of ``dataset.json``, so that whoever reads one needn't doubt each value."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ethnoshard.errors import EthnoshardError
from ethnoshard.shards._format import FACES, IDENTITIES

_ANY = "*"
_COUNT: dict[str, Any] = {"identities": int, "faces": int}
_SHAPE: dict[str, Any] = {
    "fingerprint": str,
    "plan": str,
    "image_size": int,
    "groups": [{"name": str, **_COUNT, "shards": int, "bytes": int}],
    **_COUNT,
    "bytes": int,
    "left_out": {_ANY: _COUNT},
    "align": {"source": dict, "settings": dict, "versions": dict, "statuses": {_ANY: int}},
    "label": {"sources": [str]},
    "pack": dict,
    "index": {IDENTITIES: str, FACES: str},
    "shards": [{"name": str, "group": str, "bytes": int, **_COUNT, "sha256": str}],
}
"""A type, or a mapping of the keys that must be there (or of any), or a list of values of one shape."""


def check_manifest(path: Path, manifest: dict[str, Any]) -> None:
    """Make sure that everything is there, of the right type.

    Raises:
        EthnoshardError: it is not; the message names every place.
    """
    wrong = list(_wrong(manifest, _SHAPE, ""))
    if wrong:
        raise EthnoshardError(f"{path} lacks {', '.join(wrong)} or has something else there; pack the dataset again")


def _wrong(value: Any, shape: Any, place: str) -> Iterator[str]:
    kind: type[Any] = shape if isinstance(shape, type) else type(shape)
    if not isinstance(value, kind) or isinstance(value, bool):
        yield place
    elif isinstance(shape, dict):
        for key, inner in dict.fromkeys(value, shape[_ANY]).items() if _ANY in shape else shape.items():
            yield from _wrong(value.get(key), inner, f"{place}.{key}" if place else key)
    elif isinstance(shape, list):
        for number, item in enumerate(value):
            yield from _wrong(item, shape[0], f"{place}[{number}]")
