"""A contact sheet: look at a dataset before believing its numbers. Names are lettered in any script.

Each name is drawn in a font of this machine that has its characters.
"""

import contextlib
import functools
import io
import os
import subprocess
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import polars as pl
from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw, ImageFont

from ethnoshard._checks import check_number
from ethnoshard._command import command
from ethnoshard._files import whole_file
from ethnoshard._urls import printable_url
from ethnoshard.alignment import decode_face
from ethnoshard.errors import EthnoshardError, UnreadableImageError
from ethnoshard.shards._dataset import FaceDataset
from ethnoshard.shards._open_shards import open_shards

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


class Lettering:
    """Draws lines of text in one size."""

    def __init__(self, size: int) -> None:
        """Letters of ``size`` pixels."""
        self._size = size
        default = ImageFont.load_default(size)
        assert isinstance(default, ImageFont.FreeTypeFont), "Pillow's wheels have FreeType"
        self._default = default
        self._known = characters_of(io.BytesIO(default.font_bytes))

    def fonts(self, text: str) -> list[tuple[str, ImageFont.FreeTypeFont]] | None:
        """Pieces of a text, each with a font that has all its characters; None where no font has some of them.

        The text is one piece if one font has all of it, since a script from right to left puts its words in that order
        too; else each word is a piece.
        """
        whole = self._font(text)
        if whole is not None:
            return [(text, whole)]
        pieces = []
        for word in text.split():
            font = self._font(word)
            if font is None:
                return None
            pieces.append((word + " ", font))
        return pieces

    def draw(self, draw: ImageDraw.ImageDraw, place: tuple[int, int], text: str) -> tuple[int, int]:
        """Draw a text, which :meth:`fonts` finds fonts for, from ``place`` on the baseline; returns where it ends."""
        x, y = place
        for piece, font in self.fonts(text) or ():
            draw.text((x, y), piece, fill="black", font=font, anchor="ls")
            x += round(font.getlength(piece))
        return x, y

    def _font(self, text: str) -> ImageFont.FreeTypeFont | None:
        wanted = {ord(character) for character in text if not _is_invisible(character)}
        if wanted <= self._known:
            return self._default
        for path in installed_fonts():
            if wanted <= characters_of(path):
                try:
                    font = ImageFont.truetype(path, self._size)
                except OSError:  # a font of pictures, of one size only
                    continue
                if font.getmask(text).getbbox() is not None:  # else one of layers of colour, which are not drawn
                    return font
        return None


def _is_invisible(character: str) -> bool:
    """Whether no glyph is needed: spaces, joiners, and what chooses between two looks of the one before."""
    return character.isspace() or unicodedata.category(character) == "Cf" or "\ufe00" <= character <= "\ufe0f"


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
    log: Callable[[str], None] = lambda text: None,
) -> int:
    """Draw some faces of each group, each of another identity while there are enough, under the group's name.

    No identity is named on it. Of a remote dataset the shards of the chosen faces are fetched.

    Args:
        dataset: the dataset.
        path: the picture to write, ``.png`` or ``.jpg``.
        per_group: faces of a group.
        side: of a face on the sheet, pixels.
        seed: chooses the faces.
        log: told of groups that have a number on the sheet, since no font of this machine has their names' characters.

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
    from ethnoshard.shards._preview import Lettering  # with fonts to read, for which other verbs need not wait

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
        log(
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
            f"`{command('verify', printable_url(str(where)), '--decode')}` says which"
        ) from error
