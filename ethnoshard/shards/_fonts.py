"""Fonts of this machine, and which characters each of them has."""

import functools
import io
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from fontTools.ttLib import TTFont

_ENDINGS = (".otf", ".otc", ".ttc", ".ttf")
_PLAIN_LAST = ("bold", "italic", "oblique", "black", "light", "thin", "condensed", "narrow", "mono", "serif")
"""Words in the names of fonts that are taken only where no plainer one will do."""


@functools.cache
def installed_fonts() -> list[Path]:
    """Fonts of this machine, plain ones first."""
    paths = {path for folder in _folders() for path in folder.rglob("*") if path.suffix.lower() in _ENDINGS}
    paths |= set(_of_fontconfig())
    return sorted(paths, key=lambda path: (sum(word in path.name.lower() for word in _PLAIN_LAST), path.name, path))


@functools.lru_cache(maxsize=4096)
def characters_of(font: Path | io.BytesIO) -> frozenset[int]:
    """Code points that a font has glyphs for; none if it can't be read."""
    try:
        # Of a collection the first font, as Pillow takes it.
        with TTFont(font, fontNumber=0, lazy=True) as opened:
            return frozenset(opened.getBestCmap() or ())
    except Exception:  # noqa: BLE001 - a damaged font fails in more ways than can be listed, and counts as empty
        return frozenset()


def _folders() -> Iterator[Path]:
    """Where fonts are kept on Linux, by the XDG specification, and on macOS."""
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - Path's own raises where there is no home
    data = os.environ.get("XDG_DATA_HOME") or str(home / ".local" / "share")
    shared = os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    yield home / ".fonts"
    for folder in (data, *shared.split(":")):
        yield Path(folder) / "fonts"
    for root in (home, Path("/"), Path("/System")):
        yield root / "Library" / "Fonts"


def _of_fontconfig() -> Iterator[Path]:
    """Those that fontconfig knows of, wherever they are; none where it isn't installed."""
    try:
        listed = subprocess.run(["fc-list", "-f", "%{file}\\n"], capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return
    for line in listed.splitlines():
        path = Path(os.fsdecode(line))
        if path.suffix.lower() in _ENDINGS:
            yield path
