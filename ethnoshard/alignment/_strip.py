"""Levels of many images laid side by side, so that a network that looks at every place sees all of them at one size.

A run-time is at its fastest where it meets a single shape. So levels are laid out on an endless strip as wide as its
input, and the strip is cut into canvases that overlap by what a window takes beyond its step: each window lies whole
in just one of them. What is beside a level doesn't matter, for windows that begin there are nobody's.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ethnoshard.alignment._settings import CELL
from ethnoshard.alignment._stages import STRIDE, Level

OVERLAP = CELL - STRIDE
"""Pixels that neighbouring pieces share, so that each window is in one of them."""


class Tile(NamedTuple):
    """A level of one image on the strip: all of its rows, and columns as many as the strip has.

    Attributes:
        level: number of the level.
        image: number of the image.
        columns: of the scaled image.
        height: of the scaled image.
        top: row of the strip where it begins, even.
        left: column of the strip where it begins, even.
    """

    level: int
    image: int
    columns: range
    height: int
    top: int
    left: int

    @property
    def places(self) -> tuple[int, int]:
        """Rows and columns of windows in it."""
        return places(self.height), places(len(self.columns))


def places(side: int) -> int:
    """Windows of 12 along a side of so many pixels, 2 apart; the last may lack a pixel, because pooling takes less."""
    return (side - 1) // STRIDE - 4


def laid_out(levels: Sequence[Level], width: int) -> list[Tile]:
    """Find each level of each image a place on a strip of a width."""
    parts = [
        (number, image, columns, level.height)
        for number, level in enumerate(levels)
        for image in level.images
        for columns in _columns(level.width, width)
    ]
    corners = packed([(height, len(columns)) for _, _, columns, height in parts], width)
    return [Tile(*part, *corner) for part, corner in zip(parts, corners, strict=True)]


def by_canvas(tiles: Sequence[Tile], height: int) -> list[list[int]]:
    """Numbers of the tiles with a window in each canvas of a height."""
    step = height - OVERLAP
    found: list[list[int]] = []
    for number, tile in enumerate(tiles):
        last = (tile.top + STRIDE * (tile.places[0] - 1)) // step
        found += [[] for _ in range(len(found), last + 1)]
        for canvas in range(tile.top // step, last + 1):
            found[canvas].append(number)
    return found


def packed(sides: Sequence[tuple[int, int]], width: int) -> list[tuple[int, int]]:
    """Rectangles on a strip, by best fit (Burke et al. 2004): the lowest gap takes the widest that fits into it.

    Args:
        sides: (height, width) of each, none wider than the strip.
        width: of the strip.

    Returns:
        (top, left) of each; all even.
    """
    waiting: dict[int, list[tuple[int, int]]] = {}
    for number, (tall, wide) in enumerate(sides):
        waiting.setdefault(_even(wide), []).append((_even(tall), -number))
    for alike in waiting.values():
        alike.sort()
    widths = sorted(waiting, reverse=True)
    found = [(0, 0)] * len(sides)
    # Gaps from left to right: how far down the strip is taken there, where the gap begins, how wide it is.
    gaps = [(0, 0, width)]
    while widths:
        place = gaps.index(min(gaps))
        top, left, room = gaps[place]
        wide = next((each for each in widths if each <= room), 0)
        if not wide:
            _fill(gaps, place)
            continue
        tall, number = waiting[wide].pop()
        found[-number] = top, left
        if not waiting[wide]:
            widths.remove(wide)
        gaps[place : place + 1] = [
            (top + tall, left, wide),
            *([(top, left + wide, room - wide)] if room > wide else []),
        ]
        _join(gaps, place)
    return found


def _fill(gaps: list[tuple[int, int, int]], place: int) -> None:
    """Give a gap up: it goes on where the lower of its neighbours does."""
    _, left, room = gaps[place]
    gaps[place] = min(gaps[each][0] for each in (place - 1, place + 1) if 0 <= each < len(gaps)), left, room
    _join(gaps, place)


def _join(gaps: list[tuple[int, int, int]], place: int) -> None:
    """Make one gap of a gap and neighbours that begin as far down."""
    first = place - 1 if place and gaps[place - 1][0] == gaps[place][0] else place
    last = place + 1 if place + 1 < len(gaps) and gaps[place + 1][0] == gaps[place][0] else place
    room = sum(gap[2] for gap in gaps[first : last + 1])
    gaps[first : last + 1] = [(gaps[place][0], gaps[first][1], room)]


def _columns(width: int, most: int) -> Iterator[range]:
    """Columns of a level in pieces that the strip has room for."""
    first = 0
    while width - first > most:
        yield range(first, first + most)
        first += most - OVERLAP
    yield range(first, width)


def _even(side: int) -> int:
    return side + side % STRIDE
