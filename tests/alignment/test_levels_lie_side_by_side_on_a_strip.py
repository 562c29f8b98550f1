"""Levels of the pyramid lie on the strip once each, none on another; each window is in one canvas."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ethnoshard.alignment._settings import CELL
from ethnoshard.alignment._stages import STRIDE, Level
from ethnoshard.alignment._strip import by_canvas, laid_out, packed

LEVELS = st.lists(
    st.tuples(st.integers(1, 3), st.integers(CELL, 150), st.integers(CELL, 150)).map(
        lambda each: Level(range(each[0]), each[1], each[2])
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=80)
@given(st.lists(st.tuples(st.integers(1, 70), st.integers(1, 40)), max_size=30), st.sampled_from([40, 42, 100]))
def test_rectangles_are_inside_and_apart(sides: list[tuple[int, int]], width: int) -> None:
    corners = packed(sides, width)
    taken = np.zeros((2 + sum(tall + 1 for tall, _ in sides), width), int)
    for (tall, wide), (top, left) in zip(sides, corners, strict=True):
        assert top % STRIDE == 0
        assert left % STRIDE == 0
        assert left + wide <= width
        taken[top : top + tall, left : left + wide] += 1
    assert taken.max(initial=0) <= 1
    assert taken.sum() == sum(tall * wide for tall, wide in sides)


def test_rectangles_of_one_size_leave_nothing_free() -> None:
    corners = packed([(12, 20)] * 10, 40)
    assert sorted(corners) == [(12 * row, 20 * column) for row in range(5) for column in range(2)]


@settings(max_examples=40, deadline=None)
@given(LEVELS, st.sampled_from([(24, 24), (24, 60), (160, 264)]))
def test_every_window_of_every_level_is_in_one_canvas(levels: list[Level], canvas: tuple[int, int]) -> None:
    height, width = canvas
    tiles = laid_out(levels, width)
    seen = np.zeros((sum(len(level.images) for level in levels), 80, 80), int)
    place = {(number, image): 0 for number, level in enumerate(levels) for image in level.images}
    place = {key: index for index, key in enumerate(place)}
    for number, tiles_of in enumerate(by_canvas(tiles, height)):
        first, last = number * (height - CELL + STRIDE), (number + 1) * (height - CELL + STRIDE)
        for tile in (tiles[each] for each in tiles_of):
            rows = [row for row in range(tile.places[0]) if first <= tile.top + STRIDE * row < last]
            assert rows, "a tile is named where a window of it begins"
            columns = np.arange(tile.places[1]) + tile.columns.start // STRIDE
            seen[place[tile.level, tile.image]][np.ix_(rows, columns)] += 1
    for (level, image), index in place.items():
        tall, wide = ((side - 1) // STRIDE - 4 for side in (levels[level].height, levels[level].width))
        assert (seen[index, :tall, :wide] == 1).all(), image
        assert seen[index].sum() == tall * wide


def test_of_the_strip_for_photographs_of_250_pixels_a_tenth_at_most_is_free() -> None:
    sides = [int(250 * 0.6 * 0.709**number + 1) for number in range(8)]
    tiles = laid_out([Level(range(32), side, side) for side in sides], 264)
    depth = max(tile.top + tile.height for tile in tiles)
    assert 0.9 * depth * 264 < 32 * sum(side**2 for side in sides)
