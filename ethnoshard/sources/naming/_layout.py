"""A pattern of paths that says which part of an image's path is whose: ``{group}/{identity}/*``."""

import re
from dataclasses import dataclass
from typing import NamedTuple

from ethnoshard.errors import EthnoshardError

FIELDS = ("identity", "group", "split", "session")
EXAMPLES = "'{identity}/*', '{group}/{identity}/*', '{split}/{identity}/*', '{identity}/{session}/*', '{identity}_*'"
_PIECE = re.compile(r"\{([^{}/]*)\}|(\*)|([^{}*]+)|([{}])")
_OWN_FOLDER = ("{identity}", "{group}")
"""Folders that an image's name needs no more, once they are read."""


class Taken(NamedTuple):
    """What a layout reads in a path: raw texts, undecodable bytes as surrogates."""

    identity: str
    group: str | None
    rest: str
    """What an image is called within its identity, ``/`` separated."""


@dataclass(frozen=True)
class Layout:
    """A pattern of the last folders of a path and of the file's name.

    ``{identity}``, ``{group}``, ``{split}`` and ``{session}`` stand for what they say, ``*`` for anything, all of them
    within one folder's or file's name. Folders above those of the pattern mean nothing. Inside a name, as in
    ``{identity}_*``, each takes as much as it can from the left: ``George_W_Bush_0001.jpg`` is George_W_Bush's.

    Attributes:
        pattern: as the user wrote it.
    """

    pattern: str

    def __post_init__(self) -> None:
        """Refuse what is no pattern.

        Raises:
            EthnoshardError: it has no ``{identity}``, or a field twice or of an unknown name.
        """
        fields = [found.group(1) for found in _PIECE.finditer(self.pattern) if found.group(1) is not None]
        unknown = [name for name in fields if name not in FIELDS]
        twice = [name for name in FIELDS if fields.count(name) > 1]
        broken = any(found.group(4) for found in _PIECE.finditer(self.pattern))
        why = (
            f"it has {{{unknown[0]}}}, which is none of {', '.join(f'{{{name}}}' for name in FIELDS)}"
            if unknown
            else f"it has {{{twice[0]}}} more than once"
            if twice
            else "it has a brace without its other half"
            if broken
            else "it has no {identity}"
            if "identity" not in fields
            else "it has an empty folder name"
            if not all(self.components)
            else None
        )
        if why:
            raise EthnoshardError(f"--layout {self.pattern!r} is no pattern of paths: {why}. Examples: {EXAMPLES}")

    @property
    def components(self) -> list[str]:
        """Patterns of the folders and, at last, of the file's name."""
        return self.pattern.strip("/").split("/")

    @property
    def in_name(self) -> bool:
        """Whether the identity stands in the file's name."""
        return "{identity}" in self.components[-1]

    def reader(self) -> "LayoutReader":
        """What reads paths by it."""
        return LayoutReader(self)


class LayoutReader:
    """Reads the paths of many images by one layout."""

    def __init__(self, layout: Layout) -> None:
        self._components = layout.components
        self._kept = [
            place
            for place, component in enumerate(self._components)
            if component not in _OWN_FOLDER or place == len(self._components) - 1
        ]
        whole = "/".join(map(_expression, self._components))
        self._fits = re.compile(rf"(?:.*/)?({whole})", re.DOTALL).fullmatch

    def read(self, path: str) -> Taken | None:
        """What the layout reads in a path; None where it doesn't fit."""
        found = self._fits(path)
        if found is None:
            return None
        fields = found.groupdict()
        parts = found[1].split("/")
        return Taken(fields["identity"], fields.get("group"), "/".join(parts[place] for place in self._kept))


def _expression(component: str) -> str:
    pieces = []
    for found in _PIECE.finditer(component):
        field, star, text, _ = found.groups()
        pieces.append(f"(?P<{field}>[^/]+)" if field else "[^/]*" if star else re.escape(text))
    return "".join(pieces)
