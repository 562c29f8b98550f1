"""A contact sheet: look at a dataset before believing its numbers."""

import contextlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
from PIL import Image, ImageDraw

from ethnoshard._checks import check_number
from ethnoshard._command import command
from ethnoshard._files import whole_file
from ethnoshard.alignment import decode_face
from ethnoshard.errors import EthnoshardError, UnreadableImageError
from ethnoshard.shards._backend import shown_url
from ethnoshard.shards._dataset import FaceDataset
from ethnoshard.shards._open_shards import open_shards

_GAP = 4
_BAND = 30
_BASELINE = 22
_FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}


def contact_sheet(
    dataset: FaceDataset,
    path: str | Path,
    *,
    per_group: int = 12,
    side: int = 112,
    seed: int = 0,
    said: Callable[[str], None] = lambda text: None,
) -> int:
    """Draw some faces of each group, each of another identity while there are enough, under the group's name.

    No identity is named on it. Of a remote dataset the shards of the chosen faces are fetched.

    Args:
        dataset: the dataset.
        path: the picture to write, ``.png`` or ``.jpg``.
        per_group: faces of a group.
        side: of a face on the sheet, pixels.
        seed: chooses the faces.
        said: told of groups that have a number on the sheet, since no font of this machine has their names' characters.

    Returns:
        The number of faces drawn.

    Raises:
        EthnoshardError: the ending is unknown, a number is below its least, a face can't be read.
    """
    target = Path(path)
    kind = _FORMATS.get(target.suffix.lower())
    if kind is None:
        raise EthnoshardError(f"{target}: a contact sheet is a .png or a .jpg")
    check_number("per-group", per_group, at_least=1)
    check_number("side", side, at_least=16, unit="px")
    check_number("seed", seed, at_least=0)
    faces = dataset.faces().with_columns(
        dataset.identities["group"].gather(dataset.faces()["identity"]).alias("group"),
        dataset.identities["shard"].gather(dataset.faces()["identity"]).alias("shard"),
    )
    width = per_group * (side + _GAP) + _GAP
    height = len(dataset.groups) * (_BAND + side + _GAP) + _GAP
    sheet = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(sheet)
    from ethnoshard.shards._lettering import Lettering  # with fonts to read, for which other verbs need not wait

    lettering = Lettering(16)
    drawn = 0
    numbered = []
    with contextlib.closing(open_shards(dataset)) as shards:
        for row, group in enumerate(dataset.groups):
            top = row * (_BAND + side + _GAP)
            own = faces.filter(pl.col("group") == group)
            name = " ".join(group.split())
            if lettering.fonts(name) is None:
                name = f"group {row + 1}"
                numbered.append(f"{name} is {group!r}")
            # By itself: a name that is written from right to left would draw the numbers to its other side.
            end = lettering.draw(draw, (_GAP, top + _BASELINE), name)
            lettering.draw(draw, end, f": {own['identity'].n_unique():,} identities, {len(own):,} faces")
            for column, (shard, offset, length) in enumerate(_chosen(own, per_group, seed).iter_rows()):
                picture = _decoded(dataset, shard, bytes(shards.read(shard, offset, length)))
                sheet.paste(
                    picture.resize((side, side), Image.Resampling.BILINEAR),
                    (_GAP + column * (side + _GAP), top + _BAND),
                )
                drawn += 1
    with whole_file(target) as file:
        sheet.save(file, kind)
    if numbered:
        said(
            f"no font of this machine has all letters of these names; on {target} {', '.join(numbered)}. Once a font "
            "that has them is installed (Noto has most scripts), drawn again they are there"
        )
    return drawn


def _chosen(faces: pl.DataFrame, number: int, seed: int) -> pl.DataFrame:
    """Shard, offset and length of faces of as many identities as possible, in random order."""
    order = np.random.default_rng(seed).permutation(len(faces))
    shuffled: pl.DataFrame = faces[order.tolist()]
    turn = pl.int_range(pl.len()).over("identity")
    chosen = shuffled.with_columns(turn.alias("turn")).sort("turn", maintain_order=True).head(number)
    return chosen.select("shard", "offset", "length")


def _decoded(dataset: FaceDataset, shard: int, jpeg: bytes) -> Image.Image:
    try:
        return Image.fromarray(decode_face(jpeg))
    except UnreadableImageError as error:
        where = dataset.url or dataset.path
        raise EthnoshardError(
            f"a face in {dataset.shard_path(shard).name} can't be decoded: {error}; "
            f"`{command('verify', shown_url(str(where)), '--decode')}` says which"
        ) from error
