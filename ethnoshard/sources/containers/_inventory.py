"""Which files of a container are images, by extension: one rule for all."""

import importlib.util
import re
from array import array
from typing import NamedTuple

import numpy as np

from ethnoshard.sources.containers._images import ImageRows, Images, Integers, display

_JPEG = ("jpg", "jpeg", "jpe", "jfif", "pjpeg", "pjp", "jp2")
_OTHERS = ("png", "bmp", "dib", "gif", "webp", "tif", "tiff", "ppm", "pgm", "pbm", "pnm")
"""Of the formats that Pillow decodes in every build."""

AVIF_EXTENSIONS = frozenset({"avif", "avifs"})
_AVIF_READ = importlib.util.find_spec("PIL._avif") is not None
"""Pillow decodes AVIF from 11.3 on, unless it was built without (Pillow's release notes)."""

IMAGE_EXTENSIONS = frozenset(_JPEG + _OTHERS) | (AVIF_EXTENSIONS if _AVIF_READ else frozenset())

NO_EXTENSION = "no extension, so that images can't be told from other files; give images one, such as .jpg"
NOT_AN_IMAGE = "no image extension"
_CONVERT = "which can't be decoded here; convert to JPEG or PNG"
_UNREAD = {
    "HEIC image": "heic heif hif heics heifs",
    "JPEG XL image": "jxl",
    "raw image of a camera": "cr2 cr3 nef arw dng orf rw2 raf",
    "drawing or layers": "svg psd xcf",
    "film": "mp4 avi mov mkv webm mpg mpeg wmv",
}
_ASIDE = {extension: f"{what}, {_CONVERT}" for what, names in _UNREAD.items() for extension in names.split()}
if not _AVIF_READ:
    _ASIDE |= dict.fromkeys(AVIF_EXTENSIONS, "AVIF image, which this Pillow can't decode; install Pillow 11.3 or newer")

_WORD = re.compile(r"[a-z][a-z0-9]{0,9}|7z")


def has_image_extension(name: str) -> bool:
    """Tell images by their extension, whatever its case."""
    return extension_of(name) in IMAGE_EXTENSIONS


def extension_of(name: str) -> str:
    """What stands behind the last dot, in lower case; "" where nothing does, or nothing before it."""
    stem, _, extension = name.rpartition(".")
    return extension.lower() if stem else ""


def without_extension(name: str) -> str:
    """The name without its extension, if that is an image's."""
    return name.rpartition(".")[0] if has_image_extension(name) else name


def no_image_reason(name: str) -> str | None:
    """Why a file of this name is not taken for an image, or None where it is."""
    extension = extension_of(name)
    if extension in IMAGE_EXTENSIONS:
        return None
    if extension in _ASIDE:
        return _ASIDE[extension]
    if not extension:
        return NO_EXTENSION
    # Names such as face.0001 would make a reason each.
    return f"{NOT_AN_IMAGE} (.{extension})" if _WORD.fullmatch(extension) else NOT_AN_IMAGE


HIDDEN = "hidden file (a name that begins with a dot)"
MACOS = "macOS metadata (__MACOSX)"
SYNOLOGY = "thumbnails that a Synology made (@eaDir)"
FOLDERS_OF_SYSTEMS = {"__MACOSX": MACOS, "@eaDir": SYNOLOGY}
"""Folders that systems make beside people's own, with copies of the images in them."""
OF_SYSTEMS = frozenset({HIDDEN, *FOLDERS_OF_SYSTEMS.values()})
"""Reasons of what is nobody's data, whatever its form."""
LINK = "link inside an archive"
SPECIAL = "device, pipe or socket"
UNSAFE = "absolute path or '..' in the name"
REPLACED = "replaced by a later entry of the same name"


class Inventory:
    """Images found, and the names of everything else by reason, so that nothing disappears silently."""

    def __init__(self) -> None:
        """Nothing was found."""
        self.images = Images.none()
        self.skipped: dict[str, list[str]] = {}

    def skip(self, reason: str, path: str) -> None:
        """Count ``path`` among the entries that are no image of an identity."""
        self.skipped.setdefault(reason, []).append(display(path))

    def summary(self) -> str:
        """Say what was skipped, as ``3 no image extension, 1 hidden file``."""
        return ", ".join(f"{len(names)} x {reason}" for reason, names in sorted(self.skipped.items()))


class _Above(NamedTuple):
    """What the folders in an entry's name say of it.

    Attributes:
        path: of the folder, without parts that mean nothing.
        unsafe: whether it leads out of the archive.
        reason: why nothing in it can be an image of an identity.
    """

    path: str
    unsafe: bool
    reason: str | None


class ArchiveInventory:
    """Collects the entries of an archive by name, where the last of a name wins, as on extraction."""

    def __init__(self) -> None:
        """No entry was met."""
        self._images = ImageRows()
        self._keys = array("q")
        """For each entry but the unsafe ones a number that entries of one name share."""
        self._others: list[str] = []
        self._reasons: list[str] = []
        self._places = array("q")
        """Of the entries that are no images: path, reason, which of all entries it is."""
        self._unsafe: list[tuple[int, str]] = []
        self._folder, self._above = "", _above("")

    def add(self, raw: str, locator: int, size: int, reason: str | None = None) -> None:
        """Enter the file ``raw``; with a ``reason`` it is not an image that can be had."""
        folder, _, file = raw.rpartition("/")
        if file in ("", ".", ".."):
            # Rare; then the last part that means something is the file's name.
            parts = [part for part in raw.split("/") if part not in ("", ".")]
            folder, file = "/".join(["", *parts[:-1]] if raw.startswith("/") else parts[:-1]), "".join(parts[-1:])
        if folder != self._folder:
            self._folder, self._above = folder, _above(folder)
        above = self._above
        # With a NUL in it no file system would take the name.
        if above.unsafe or raw.startswith("/") or file in ("", "..") or "\0" in raw:
            self._unsafe.append((len(self._keys), raw))
            return
        reason = _reason_of_file(file, above.reason) or reason
        if reason is None:
            self._images.add(above.path, file, size, locator)
        else:
            self._others.append(f"{above.path}/{file}" if above.path else file)
            self._reasons.append(reason)
            self._places.append(len(self._keys))
        self._keys.append(hash((above.path, file)))

    def finish(self) -> Inventory:
        """Return what is left once later entries have replaced earlier ones."""
        inventory, images = Inventory(), self._images.finish()
        keys = np.array(self._keys, np.int64)
        in_order = np.sort(keys)
        suspects = np.flatnonzero(np.isin(keys, in_order[1:][in_order[1:] == in_order[:-1]]))
        del in_order
        told = [(at, False, raw) for at, raw in self._unsafe]
        if len(suspects):
            images = self._last_of_each(suspects, images, told)
        # In the order in which the entries were met.
        for _, replaced, name in sorted(told, key=lambda each: each[:2]):
            inventory.skip(REPLACED if replaced else UNSAFE, name)
        for reason, path in zip(self._reasons, self._others, strict=True):
            inventory.skip(reason, path)
        inventory.images = images
        return inventory

    def _last_of_each(self, suspects: Integers, images: Images, told: list[tuple[int, bool, str]]) -> Images:
        """Put the last entry of a name in the place of the first, and tell which were replaced."""
        number = len(self._keys)
        is_image = np.ones(number, bool)
        is_image[np.array(self._places, np.int64)] = False
        row = np.where(is_image, np.cumsum(is_image), np.cumsum(~is_image)) - 1
        found = iter(images.at(row[suspects[is_image[suspects]]]))
        first: dict[str, int] = {}
        entry, kept = np.arange(number), np.ones(number, bool)
        for at in suspects.tolist():
            path = next(found).path if is_image[at] else self._others[row[at]]
            if path in first:
                kept[at], entry[first[path]] = False, at
                told.append((at, True, path))
            else:
                first[path] = at
        entry = entry[kept]
        others = row[entry[~is_image[entry]]].tolist()
        self._others, self._reasons = [self._others[at] for at in others], [self._reasons[at] for at in others]
        return images.kept(row[entry[is_image[entry]]])


def reason_in_name(parts: list[str]) -> str | None:
    """Say why a file of this path can't be an image of an identity, or None when it can."""
    return _reason_of_file(parts[-1], _reason_of_folders(parts[:-1]))


def _above(folder: str) -> _Above:
    parts = [part for part in folder.split("/") if part not in ("", ".")]
    return _Above("/".join(parts), ".." in parts, _reason_of_folders(parts))


def _reason_of_folders(parts: list[str]) -> str | None:
    if own := next((part for part in parts if part in FOLDERS_OF_SYSTEMS), None):
        return FOLDERS_OF_SYSTEMS[own]
    return HIDDEN if any(part.startswith(".") for part in parts) else None


def _reason_of_file(file: str, above: str | None) -> str | None:
    """The same where the reason that lies in its folders is known already."""
    if file in FOLDERS_OF_SYSTEMS and above in (None, HIDDEN):
        return FOLDERS_OF_SYSTEMS[file]
    if above is None and file.startswith("."):
        return HIDDEN
    return above or no_image_reason(file)
