"""A chart with axes on a picture, drawn by Pillow: a few small charts are no reason to need a library for them."""

import copy
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from PIL import Image, ImageDraw, ImageFont

from ethnoshard._files import whole_file

Point: TypeAlias = tuple[float, float]
Tick: TypeAlias = tuple[float, str]

BLACK, GREY = "#000000", "#7f7f7f"
_FINE = 3
"""Pixels drawn for each pixel's width: Pillow's own lines have steps."""
_TEXT, _SMALL = 13, 11
_TOP, _BOTTOM, _SIDE, _LABEL, _SECOND = 34, 46, 24, 22, 72
"""Pixels around the axes: title, ticks with label, what stands free, a label beside ticks, a second y axis."""


class Sheet:
    """A white picture for charts side by side."""

    def __init__(self, width: int, height: int) -> None:
        """Nothing on it, pixels."""
        self.width, self.height = width, height
        self.image = Image.new("RGB", (width * _FINE, height * _FINE), "white")
        self.pen = ImageDraw.Draw(self.image)

    def text(self, place: Point, text: str, colour: str = BLACK, *, anchor: str = "mm", size: int = _TEXT) -> None:
        """Lines of text at a place in pixels, see Pillow's anchors."""
        at = (place[0] * _FINE, place[1] * _FINE)
        self.pen.text(at, text, fill=colour, font=_font(size), anchor=anchor, align="center")

    def upright(self, place: Point, text: str, colour: str) -> None:
        """Text that reads from bottom to top, its middle at a place in pixels."""
        left, top, right, bottom = (round(edge) for edge in _font(_TEXT).getbbox(text))
        mask = Image.new("L", (right - left, bottom - top))
        ImageDraw.Draw(mask).text((-left, -top), text, fill=255, font=_font(_TEXT))
        mask = mask.transpose(Image.Transpose.ROTATE_90)
        corner = (round(place[0] * _FINE - mask.width / 2), round(place[1] * _FINE - mask.height / 2))
        self.image.paste(colour, (*corner, corner[0] + mask.width, corner[1] + mask.height), mask)

    def save(self, path: Path) -> None:
        """Write it as PNG; the same charts give the same bytes."""
        small = self.image.resize((self.width, self.height), Image.Resampling.BOX)
        with whole_file(path) as file:
            small.save(file, "PNG", optimize=True)


class Panel:
    """Axes on a sheet."""

    def __init__(
        self,
        sheet: Sheet,
        box: tuple[int, int, int, int],
        *,
        x: tuple[float, float],
        y: tuple[float, float],
        x_ticks: Sequence[Tick] | None = None,
        y_ticks: Sequence[Tick] | None = None,
        x_label: str = "",
        y_label: str = "",
        y_colour: str = BLACK,
        title: str = "",
        second_axis: bool = False,
    ) -> None:
        """Draw frame, ticks, labels and title.

        Args:
            sheet: to draw on.
            box: left, top, right and bottom of all of it, pixels.
            x: values at the left and at the right end.
            y: values at the lower and at the upper end, which may be the smaller one.
            x_ticks: values with their labels; by default round numbers.
            y_ticks: values with their labels; by default round numbers.
            x_label: what x is.
            y_label: what y is.
            y_colour: of label and ticks of y.
            title: above it.
            second_axis: leave room on the right for :meth:`on_the_right`.
        """
        self._sheet, self._box, self._x, self._y = sheet, box, x, y
        y_ticks = round_ticks(*y) if y_ticks is None else y_ticks
        widest = max((_font(_SMALL).getlength(label) / _FINE for _, label in y_ticks), default=0)
        left = box[0] + round(widest) + 12 + (_LABEL if y_label else 0)
        self.area = (left, box[1] + _TOP, box[2] - (_SECOND if second_axis else _SIDE), box[3] - _BOTTOM)
        self._frame(box, x_ticks, x_label, title)
        self._y_axis(self.area[0], -1, y_ticks, y_colour)
        if y_label:
            sheet.upright((box[0] + _LABEL / 2, self._middle), y_label, y_colour)

    def on_the_right(self, y: tuple[float, float], label: str, colour: str) -> "Panel":
        """The same panel with a y axis of its own, at the right, for other values."""
        other = copy.copy(self)
        other._y = y
        other._y_axis(self.area[2], 1, round_ticks(*y), colour)
        self._sheet.upright((self._box[2] - _LABEL / 2, self._middle), label, colour)
        return other

    @property
    def _middle(self) -> float:
        return (self.area[1] + self.area[3]) / 2

    def _y_axis(self, edge: float, sign: int, ticks: Sequence[Tick], colour: str) -> None:
        for value, label in ticks:
            _, height = self.place((self._x[0], value))
            self._line([(edge, height), (edge + sign * 4, height)], colour, 1)
            self._sheet.text((edge + sign * 7, height), label, colour, anchor="lm" if sign > 0 else "rm", size=_SMALL)

    def _frame(self, box: tuple[int, int, int, int], x_ticks: Sequence[Tick] | None, x_label: str, title: str) -> None:
        left, top, right, bottom = self.area
        self._line([(left, top), (right, top), (right, bottom), (left, bottom), (left, top)], BLACK, 1)
        for value, label in round_ticks(*self._x) if x_ticks is None else x_ticks:
            at, _ = self.place((value, self._y[0]))
            self._line([(at, bottom), (at, bottom + 4)], BLACK, 1)
            self._sheet.text((at, bottom + 7), label, anchor="ma", size=_SMALL)
        middle = (left + right) / 2
        self._sheet.text((middle, box[3] - 12), x_label)
        self._sheet.text((middle, top - 14), title)

    def place(self, point: Point) -> Point:
        """Where a point is on the sheet, pixels."""
        left, top, right, bottom = self.area
        x = (point[0] - self._x[0]) / (self._x[1] - self._x[0])
        y = (point[1] - self._y[0]) / (self._y[1] - self._y[0])
        return left + x * (right - left), bottom - y * (bottom - top)

    def line(self, points: Sequence[Point], colour: str, *, width: float = 1.8) -> None:
        """Join points by a line."""
        self._line([self.place(point) for point in points], colour, width)

    def dot(self, point: Point, colour: str, radius: float = 3) -> None:
        """A disc."""
        x, y = self.place(point)
        self._sheet.pen.ellipse([value * _FINE for value in (x - radius, y - radius, x + radius, y + radius)], colour)

    def cell(self, column: int, row: int, colour: str) -> None:
        """Fill the square around whole numbers."""
        (left, top), (right, bottom) = self.place((column - 0.5, row - 0.5)), self.place((column + 0.5, row + 0.5))
        self._sheet.pen.rectangle([round(value * _FINE) for value in (left, top, right, bottom)], colour)

    def text(self, point: Point, text: str, colour: str = BLACK, *, anchor: str = "mm") -> None:
        """Small text at a point."""
        self._sheet.text(self.place(point), text, colour, anchor=anchor, size=_SMALL)

    def _line(self, places: Sequence[Point], colour: str, width: float) -> None:
        self._sheet.pen.line(
            [(x * _FINE, y * _FINE) for x, y in places], colour, max(1, round(width * _FINE)), joint="curve"
        )


def round_ticks(low: float, high: float, number: int = 5) -> list[Tick]:
    """About so many round values from ``low`` to ``high``, with labels.

    >>> round_ticks(0, 1)
    [(0.0, '0'), (0.2, '0.2'), (0.4, '0.4'), (0.6, '0.6'), (0.8, '0.8'), (1.0, '1')]
    """
    rough = (high - low) / number
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    values = [round(count * step, 12) for count in range(first, last + 1)]
    return [(value, f"{value:g}") for value in values]


def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size * _FINE)
    assert isinstance(font, ImageFont.FreeTypeFont), "Pillow's wheels have FreeType"
    return font
