"""Are photographs those that parts were made from? Known by what they hold, and by what their files look like."""

from collections.abc import Callable, Iterable, Sequence

import polars as pl

from ethnoshard._known_digests import KnownDigests
from ethnoshard.alignment._source_parts import part_spans
from ethnoshard.errors import EthnoshardError
from ethnoshard.sources import ImageRef, Source, contents_digest, digests_in_pieces, look_of_images, place_key
from ethnoshard.work import Seen, WorkFolder

Digests = Sequence[bytes | None]
"""Of images, in their order; None where one can't be read."""


def check_photographs(
    folder: WorkFolder,
    images: Source,
    parts: Sequence[int],
    *,
    digests: Digests | None = None,
    log: Callable[[str], None] | None = None,
) -> None:
    """Make sure that parts were made from the images that are there now, by what these hold.

    An image that could not be read when it was aligned is no reason to refuse.

    Args:
        folder: of format 2; of format 1 there is nothing to compare with, which is said.
        images: the source as it is now; its names are those of the folder's.
        parts: numbers of finished ones.
        digests: of all images, if they are known already.
        log: told what can't be compared, and that there is much to read.

    Raises:
        EthnoshardError: one was made from another image; the message has their number and the first.
    """
    if not parts:
        return
    if folder.record().format == 1:
        if log is not None:
            log(
                f"{folder.path} is of format 1, in which photographs are known by name and size alone: whether those "
                f"of its {len(parts):,} finished parts are the same can't be told. If any was replaced, align them "
                f"into another work folder"
            )
        return
    refs, spans = images.refs, part_spans(images.refs, folder.record().settings.part_images)
    pieces = [slice(*spans[part]) for part in parts]
    if digests is None:
        wanted = sum(piece.stop - piece.start for piece in pieces)
        now: Iterable[Digests] = digests_in_pieces(
            images, KnownDigests.usual(), (refs[piece] for piece in pieces), wanted, log
        )
    else:
        now = (digests[piece] for piece in pieces)
    compared, others, first = 0, 0, ""
    for part, piece, found in zip(parts, pieces, now, strict=True):
        by_name = {ref.name: digest for ref, digest in zip(refs[piece], found, strict=True)}
        for image, digest in _digests_of_part(folder, part):
            compared += 1
            if digest is not None and by_name.get(image) != digest:
                others, first = others + 1, first or image
    if others:
        raise EthnoshardError(
            f"{folder.path} was made from other photographs: {others:,} of the {compared:,} compared differ "
            f"from those in {images.path}, or can't be read any more; the first is {first!r}. Use another work "
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


def look_at_photographs(images: Source, before: Seen | None) -> tuple[Seen | None, bool]:
    """What the photographs look like, None where that can't be told, and whether it is as it was before."""
    key = place_key(images)
    if key is None:
        return None, False
    if before is not None and key == before.key:
        return before, True
    return Seen(key=key, digest=images.digest()), False


def look_as_then(folder: WorkFolder, images: Source, refs: Sequence[ImageRef], part: int) -> bool:
    """Whether the files of a part's photographs look as they did when some machine read them."""
    try:
        then = folder.seen_path(part).read_text()
    except OSError:
        return False
    return then == look_of_images(images.place, refs)
