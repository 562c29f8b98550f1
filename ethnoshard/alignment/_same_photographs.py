"""Whether a work folder was made from the photographs that it is to go on with."""

from collections.abc import Callable, Sequence

import polars as pl

from ethnoshard._known_digests import KnownDigests
from ethnoshard.errors import EthnoshardError
from ethnoshard.sources import Source, contents_digest, image_digests
from ethnoshard.work import WorkFolder

Digests = Sequence[bytes | None]
"""Of images, in their order; None where one can't be read."""


def check_photographs(
    folder: WorkFolder,
    images: Source,
    parts: Sequence[int],
    *,
    digests: Digests | None = None,
    said: Callable[[str], None] | None = None,
) -> None:
    """Make sure that parts were made from the images that are there now, by what these hold.

    An image that could not be read when it was aligned is no reason to refuse.

    Args:
        folder: of format 2; of format 1 there is nothing to compare with, which is said.
        images: the source as it is now; its names are those of the folder's.
        parts: numbers of finished ones.
        digests: of all images, if they are known already.
        said: told what can't be compared, and that there is much to read.

    Raises:
        EthnoshardError: one was made from another image; the message has their number and the first.
    """
    if not parts:
        return
    if folder.record()["format"] == 1:
        if said is not None:
            said(
                f"{folder.path} is of format 1, in which photographs are known by name and size alone: whether those "
                f"of its {len(parts):,} finished parts are the same can't be told. If any was replaced, align them "
                f"into another work folder"
            )
        return
    before = {image: digest for part in parts for image, digest in _digests_of_part(folder, part)}
    refs = images.refs
    if digests is None:
        refs = [ref for ref in refs if ref.name in before]
        digests = image_digests(images, KnownDigests.usual(), refs, said)
    now = {ref.name: digest for ref, digest in zip(refs, digests, strict=True)}
    other = [image for image, digest in before.items() if digest is not None and now.get(image) != digest]
    if other:
        raise EthnoshardError(
            f"{folder.path} was made from other photographs: {len(other):,} of the {len(before):,} compared differ "
            f"from those in {images.path}, or can't be read any more; the first is {other[0]!r}. Use another work "
            f"folder, or delete this one"
        )


def contents_of(folder: WorkFolder, images: Source, parts: int) -> str:
    """What a finished work folder was made from, as :func:`~ethnoshard.sources.contents_digest` has it."""
    return contents_digest(
        images.refs, (digest for part in range(parts) for _, digest in _digests_of_part(folder, part))
    )


def _digests_of_part(folder: WorkFolder, part: int) -> list[tuple[str, bytes | None]]:
    """Of each image of a part, in order.

    Raises:
        EthnoshardError: its table is missing or damaged.
    """
    return folder.part_table(part).filter(pl.col("face") == 0).select("image", "sha256").rows()
