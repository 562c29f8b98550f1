"""One image of a source, and what reads it."""

from typing import NamedTuple, Protocol, Self

from ethnoshard.errors import UnreadableImageError

DEFAULT_MAX_FILE_BYTES = 256 * 2**20
"""Larger than any photograph's file; what exceeds it is a mistake or a bomb."""


class ImageRef(NamedTuple):
    """One image of a source: whose it is, how it is called, how its reader finds it.

    Attributes:
        identity: display text of the person's folder or label, always valid UTF-8.
        name: ``<identity>/<file>``, display text, always valid UTF-8, ``/`` separated.
        locator: what the reader of the source's kind needs: the raw relative path (folder), the index in the
            central directory (zip), the byte offset of the data (tar, tar.gz) or of the record (RecordIO).
        size: bytes of the encoded image file, as the listing saw it.
    """

    identity: str
    name: str
    locator: str | int
    size: int


class SourceReader(Protocol):
    """Reads the images of one source, in any order; a context manager. Not shared between threads."""

    def read(self, ref: ImageRef) -> bytes:
        """Return the encoded image file, ``ref.size`` bytes.

        Raises:
            UnreadableImageError: this one image is damaged, gone, changed or over the size limit; the others
                may be fine.
        """
        ...

    def close(self) -> None:
        """Let go of the open files; the reader can't be used afterwards."""
        ...

    def __enter__(self) -> Self:
        """Return the reader itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the reader."""
        self.close()


def refuse_large(ref: ImageRef, max_file_bytes: int) -> None:
    """Stop before a byte of an oversized file is read.

    Raises:
        UnreadableImageError: ``ref.size`` exceeds ``max_file_bytes``.
    """
    if ref.size > max_file_bytes:
        raise UnreadableImageError(f"the file has {ref.size} bytes, more than the limit of {max_file_bytes}")


def locator_number(ref: ImageRef) -> int:
    """Return the locator as the number that all readers but the folder's use.

    Raises:
        TypeError: the ref was listed from a folder.
    """
    if not isinstance(ref.locator, int):
        raise TypeError(f"{ref.name!r} was listed from a source of another kind")
    return ref.locator
