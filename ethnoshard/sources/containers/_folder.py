"""A folder of identity folders."""

import os
from pathlib import Path
from typing import NamedTuple

from ethnoshard.errors import EthnoshardError, UnreadableImageError
from ethnoshard.sources._reader import ImageRef, SourceReader, refuse_large
from ethnoshard.sources.containers._images import ImageRows, display
from ethnoshard.sources.containers._inventory import (
    FOLDERS_OF_SYSTEMS,
    HIDDEN,
    SPECIAL,
    Inventory,
    no_image_reason,
)

BROKEN_LINK = "link that leads nowhere or can't be followed"
LOOP = "link to a folder that it lies in, or that such links have reached before"

_Place = tuple[int, int]
"""Device and inode: the same for every path to one folder."""


class _Folder(NamedTuple):
    """A folder still to be listed; there can be millions of them."""

    relative: str
    above: tuple[_Place, ...]
    links: int
    reason: str | None
    """Why nothing below can be an image of an identity."""


def list_folder(root: Path) -> Inventory:
    """List every file below ``root``, following links to files and folders but not in circles.

    A folder may be reached through one link as often as links lead to it (subsets are often made so); through
    links inside linked folders only once, or folders that link to each other would multiply without end.

    Raises:
        EthnoshardError: a folder can't be listed.
    """
    inventory, images = Inventory(), ImageRows()
    seen: set[_Place] = set()
    waiting = [_Folder("", (), 0, None)]
    while waiting:
        folder = waiting.pop()
        path = root / folder.relative
        try:
            status = path.stat()
            with os.scandir(path) as entries:
                listed = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            raise EthnoshardError(
                f"{display(str(path))} can't be listed: {error.strerror}. Mend its permissions or "
                f"take it out of the source"
            ) from error
        place = (status.st_dev, status.st_ino)
        if place in folder.above or (folder.links > 1 and place in seen):
            inventory.skip(LOOP, folder.relative)
            continue
        seen.add(place)
        above = (*folder.above, place)
        below = [_look(entry, folder, above, inventory, images) for entry in listed]
        waiting.extend(inner for inner in reversed(below) if inner is not None)
    inventory.images = images.finish()
    return inventory


def _look(
    entry: os.DirEntry[str], folder: _Folder, above: tuple[_Place, ...], inventory: Inventory, images: ImageRows
) -> _Folder | None:
    """Enter one file among the images or what else there is, or return the folder that the entry is."""
    relative = f"{folder.relative}/{entry.name}" if folder.relative else entry.name
    try:
        reason = folder.reason or _reason(entry.name)
        if entry.is_dir():
            return _Folder(relative, above, folder.links + entry.is_symlink(), reason)
        if entry.is_symlink():
            entry.stat()  # raises where is_file() would only say no
        if not entry.is_file():
            inventory.skip(SPECIAL, relative)
        elif reason := reason or no_image_reason(entry.name):
            inventory.skip(reason, relative)
        else:
            images.add(folder.relative, entry.name, entry.stat().st_size)
    except OSError as error:
        if not entry.is_symlink():
            raise EthnoshardError(f"{display(entry.path)} can't be examined: {error.strerror}") from error
        inventory.skip(BROKEN_LINK, relative)
    return None


def _reason(name: str) -> str | None:
    if name in FOLDERS_OF_SYSTEMS:
        return FOLDERS_OF_SYSTEMS[name]
    return HIDDEN if name.startswith(".") else None


class FolderReader(SourceReader):
    """Reads image files of a folder; the locator is the raw path relative to it."""

    def __init__(self, root: Path, max_file_bytes: int) -> None:
        self._root = root
        self._max_file_bytes = max_file_bytes

    def read(self, ref: ImageRef) -> bytes:
        """Return the bytes of the file.

        Raises:
            UnreadableImageError: it is gone, forbidden, over the size limit, or no longer of the listed size.
        """
        refuse_large(ref, self._max_file_bytes)
        try:
            with Path(self._root, str(ref.locator)).open("rb") as file:
                # One byte more than listed shows a file that has grown, without reading all of it.
                data = file.read(ref.size + 1)
        except OSError as error:
            raise UnreadableImageError(f"the file can't be read: {error.strerror}") from error
        if len(data) != ref.size:
            raise UnreadableImageError(f"the file has changed since it was listed with {ref.size} bytes")
        return data

    def close(self) -> None:
        """Nothing is kept open."""
