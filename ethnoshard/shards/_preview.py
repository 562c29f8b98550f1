"""A contact sheet: look at a dataset before believing its numbers."""

from pathlib import Path

import numpy as np
import polars as pl
from PIL import Image, ImageDraw, ImageFont

from ethnoshard._files import whole_file
from ethnoshard.alignment import decode_face
from ethnoshard.errors import EthnoshardError
from ethnoshard.shards._dataset import FaceDataset

_GAP = 4
_BAND = 30
_FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}


def contact_sheet(
    dataset: FaceDataset, path: str | Path, *, per_group: int = 12, side: int = 112, seed: int = 0
) -> int:
    """Draw some faces of each group, each of another identity while there are enough, under the group's name.

    No identity is named on it.

    Args:
        dataset: the dataset.
        path: the picture to write, ``.png`` or ``.jpg``.
        per_group: faces of a group.
        side: of a face on the sheet, pixels.
        seed: chooses the faces.

    Returns:
        The number of faces drawn.

    Raises:
        EthnoshardError: the ending is unknown, a number is below its least, a face can't be read.
    """
    target = Path(path)
    kind = _FORMATS.get(target.suffix.lower())
    if kind is None:
        raise EthnoshardError(f"{target}: a contact sheet is a .png or a .jpg")
    if per_group < 1 or side < 16:
        raise EthnoshardError(f"per-group is at least 1 and side at least 16 px; got {per_group} and {side}")
    if seed < 0:
        raise EthnoshardError(f"seed is at least 0; {seed} is not")
    faces = dataset.faces().with_columns(
        dataset.identities["group"].gather(dataset.faces()["identity"]).alias("group"),
        dataset.identities["shard"].gather(dataset.faces()["identity"]).alias("shard"),
    )
    width = per_group * (side + _GAP) + _GAP
    height = len(dataset.groups) * (_BAND + side + _GAP) + _GAP
    sheet = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(size=16)
    drawn = 0
    for row, group in enumerate(dataset.groups):
        top = row * (_BAND + side + _GAP)
        own = faces.filter(pl.col("group") == group)
        people = own["identity"].n_unique()
        title = f"{' '.join(group.split())}: {people:,} identities, {len(own):,} faces"
        draw.text((_GAP, top + 6), title, fill="black", font=font)
        for column, face in enumerate(_chosen(own, per_group, seed).iter_rows(named=True)):
            picture = _read(dataset, face["shard"], face["offset"], face["length"])
            sheet.paste(
                picture.resize((side, side), Image.Resampling.BILINEAR), (_GAP + column * (side + _GAP), top + _BAND)
            )
            drawn += 1
    with whole_file(target) as file:
        sheet.save(file, kind)
    return drawn


def _chosen(faces: pl.DataFrame, number: int, seed: int) -> pl.DataFrame:
    """Faces of as many identities as possible, in random order."""
    order = np.random.default_rng(seed).permutation(len(faces))
    shuffled: pl.DataFrame = faces[order.tolist()]
    turn = pl.int_range(pl.len()).over("identity")
    return shuffled.with_columns(turn.alias("turn")).sort("turn", maintain_order=True).head(number)


def _read(dataset: FaceDataset, shard: int, offset: int, length: int) -> Image.Image:
    path = dataset.shard_path(shard)
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return Image.fromarray(decode_face(file.read(length)))
    except OSError as error:
        raise EthnoshardError(
            f"{path} can't be read: {error.strerror}; try `ethnoshard verify {dataset.path}`"
        ) from error
