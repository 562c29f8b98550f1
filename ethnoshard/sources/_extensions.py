"""Which files are images, told by the extension of their names, whatever its case; one list for every place."""

import importlib.util
import re

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

_WORD = re.compile(r"[a-z][a-z0-9]{0,9}")


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
