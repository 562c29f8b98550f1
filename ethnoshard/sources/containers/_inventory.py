"""Which files of a container are images, by extension: one rule for all."""

import importlib.util
import re
from typing import NamedTuple

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


class ImageFile(NamedTuple):
    """An image file: its raw path in the container (undecodable bytes as surrogates), locator and bytes."""

    path: str
    locator: str | int
    size: int


class Inventory:
    """Images found, and the names of everything else by reason, so that nothing disappears silently."""

    def __init__(self) -> None:
        self.images: list[ImageFile] = []
        self.skipped: dict[str, list[str]] = {}

    def skip(self, reason: str, path: str) -> None:
        """Count ``path`` among the entries that are no image of an identity."""
        self.skipped.setdefault(reason, []).append(display(path))

    def summary(self) -> str:
        """Say what was skipped, as ``3 no image extension, 1 hidden file``."""
        return ", ".join(f"{len(names)} x {reason}" for reason, names in sorted(self.skipped.items()))


class ArchiveInventory:
    """Collects the entries of an archive by name, where the last of a name wins, as on extraction."""

    def __init__(self) -> None:
        self._entries: dict[str, ImageFile | str] = {}
        self._inventory = Inventory()

    def add(self, raw: str, locator: int, size: int, reason: str | None = None) -> None:
        """Enter the file ``raw``; with a ``reason`` it is not an image that can be had."""
        parts = [part for part in raw.split("/") if part not in ("", ".")]
        # With a NUL in it no file system would take the name.
        if raw.startswith("/") or ".." in parts or "\0" in raw or not parts:
            self._inventory.skip(UNSAFE, raw)
            return
        path = "/".join(parts)
        reason = reason_in_name(parts) or reason
        if path in self._entries:
            self._inventory.skip(REPLACED, path)
        self._entries[path] = reason or ImageFile(path, locator, size)

    def finish(self) -> Inventory:
        """Return what is left once later entries have replaced earlier ones."""
        for path, entry in self._entries.items():
            if isinstance(entry, ImageFile):
                self._inventory.images.append(entry)
            else:
                self._inventory.skip(entry, path)
        return self._inventory


def reason_in_name(parts: list[str]) -> str | None:
    """Say why a file of this path can't be an image of an identity, or None when it can."""
    if own := next((part for part in parts if part in FOLDERS_OF_SYSTEMS), None):
        return FOLDERS_OF_SYSTEMS[own]
    if any(part.startswith(".") for part in parts):
        return HIDDEN
    return no_image_reason(parts[-1])


def display(raw: str) -> str:
    r"""Return ``raw`` as valid text: bytes that are not UTF-8 (held as surrogates) appear as ``\xe9``."""
    if raw.isascii():
        return raw
    return raw.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
