"""Lists of groups, and which of them can be read as another's. The lists are data: ``taxonomies.json``."""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import msgspec
import numpy as np
from numpy.typing import NDArray

from ethnoshard.errors import EthnoshardError


@dataclass(frozen=True, kw_only=True)
class Taxonomy:
    """A list of groups.

    Attributes:
        name: short.
        classes: the groups, in the order of their numbers.
        source: who made the list.
        note: what to know of it.
    """

    name: str
    classes: tuple[str, ...]
    source: str
    note: str


def taxonomy(name: str) -> Taxonomy:
    """A taxonomy by name: "utkface", "kalinga2020" or "fairface".

    >>> taxonomy("kalinga2020").classes
    ('Asian', 'Caucasian', 'African', 'Hispanic')

    Raises:
        EthnoshardError: there is none of that name.
    """
    known = _data().taxonomies
    if name not in known:
        raise EthnoshardError(f"no taxonomy is called {name!r}; there are {', '.join(known)}")
    entry = known[name]
    return Taxonomy(name=name, classes=entry.classes, source=entry.source, note=entry.note)


def mapping(source: str, target: str) -> NDArray[np.int64]:
    """Number in ``target`` of each class of ``source``: (C,) int64.

    ===========  =========  ===========  ========
    from \\ to   utkface    kalinga2020  fairface
    ===========  =========  ===========  ========
    utkface      itself     refused      refused
    kalinga2020  refused    itself       refused
    fairface     5 classes  refused      itself
    ===========  =========  ===========  ========

    >>> mapping("fairface", "utkface")
    array([0, 1, 4, 2, 2, 3, 4])

    Raises:
        EthnoshardError: there is no such taxonomy, or the classes of one can't be read as the other's; says why.
    """
    given, wanted = taxonomy(source).classes, taxonomy(target).classes
    if source == target:
        return np.arange(len(given), dtype=np.int64)
    for entry in _data().mappings:
        if (entry.source, entry.target) == (source, target):
            return np.array([wanted.index(entry.classes[name]) for name in given], np.int64)
    reason = next(entry.reason for entry in _data().refusals if (entry.source, entry.target) == (source, target))
    raise EthnoshardError(
        f"the groups of {source} can't be read as those of {target}: {reason}. Keep the groups of {source}, or take "
        f"labels that were given in those of {target}"
    )


class _Entry(msgspec.Struct, frozen=True):
    classes: tuple[str, ...]
    source: str
    note: str


class _Mapping(msgspec.Struct, frozen=True, rename={"source": "from", "target": "to"}):
    source: str
    target: str
    classes: dict[str, str]
    reason: str


class _Refusal(msgspec.Struct, frozen=True, rename={"source": "from", "target": "to"}):
    source: str
    target: str
    reason: str


class _Data(msgspec.Struct, frozen=True):
    taxonomies: dict[str, _Entry]
    mappings: list[_Mapping]
    refusals: list[_Refusal]


@cache
def _data() -> _Data:
    return msgspec.json.decode(files("ethnoshard.ethnicity").joinpath("taxonomies.json").read_bytes(), type=_Data)
