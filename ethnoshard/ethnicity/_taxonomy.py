"""Lists of groups, and which of them can be read as another's. The lists are data: ``taxonomies.json``."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

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
    """A taxonomy by name: "utkface", "seed" or "fairface".

    >>> taxonomy("seed").classes
    ('Asian', 'Caucasian', 'African', 'Hispanic')

    Raises:
        EthnoshardError: there is none of that name.
    """
    known = _data()["taxonomies"]
    if name not in known:
        raise EthnoshardError(f"no taxonomy is called {name!r}; there are {', '.join(known)}")
    entry = known[name]
    return Taxonomy(name=name, classes=tuple(entry["classes"]), source=entry["source"], note=entry["note"])


def mapping(source: str, target: str) -> NDArray[np.int64]:
    """Number in ``target`` of each class of ``source``: (C,) int64.

    ==========  =========  ========  ==========
    from \\ to  utkface    seed      fairface
    ==========  =========  ========  ==========
    utkface     itself     refused   refused
    seed        refused    itself    refused
    fairface    5 classes  refused   itself
    ==========  =========  ========  ==========

    >>> mapping("fairface", "utkface")
    array([0, 1, 4, 2, 2, 3, 4])

    Raises:
        EthnoshardError: there is no such taxonomy, or the classes of one can't be read as the other's; says why.
    """
    given, wanted = taxonomy(source).classes, taxonomy(target).classes
    if source == target:
        return np.arange(len(given), dtype=np.int64)
    for entry in _data()["mappings"]:
        if (entry["from"], entry["to"]) == (source, target):
            return np.array([wanted.index(entry["classes"][name]) for name in given], np.int64)
    reason = next(entry["reason"] for entry in _data()["refusals"] if (entry["from"], entry["to"]) == (source, target))
    raise EthnoshardError(
        f"the groups of {source} can't be read as those of {target}: {reason}. Keep the groups of {source}, or take "
        f"labels that were given in those of {target}"
    )


@cache
def _data() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(files("ethnoshard.ethnicity").joinpath("taxonomies.json").read_text("utf-8"))
    return content
