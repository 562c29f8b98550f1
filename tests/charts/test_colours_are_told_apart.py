"""What ``_palette`` says of its colours, computed again."""

import itertools

import numpy as np
import pytest

from ethnoshard.charts import (
    ARM_COLOURS,
    DIFFERENT,
    GREY,
    GROUP_COLOURS,
    KNOWN_GROUPS,
    MARK,
    SAME,
    colours_of_groups,
)

BACKGROUNDS = ("#FFFFFF", "#0E1117")
SIGHT = {
    "all cones": np.eye(3),
    "no green cones": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "no red cones": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
}
"""Machado et al. (2009), severity 1, on linear RGB."""
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def linear(colour: str) -> np.ndarray:
    values = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def cielab(rgb: np.ndarray) -> np.ndarray:
    xyz = TO_XYZ @ rgb / TO_XYZ.sum(axis=1)
    root = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz * (29 / 6) ** 2 / 3 + 4 / 29)
    return np.array([116 * root[1] - 16, 500 * (root[0] - root[1]), 200 * (root[1] - root[2])])


@pytest.mark.parametrize("sight", list(SIGHT))
def test_the_known_groups_differ_to_everybody(sight: str) -> None:
    colours = list(colours_of_groups(KNOWN_GROUPS).values())
    seen = [cielab(np.clip(SIGHT[sight] @ linear(colour), 0, 1)) for colour in colours]
    assert len(set(colours)) == 7
    assert min(np.linalg.norm(one - other) for one, other in itertools.combinations(seen, 2)) >= 12


@pytest.mark.parametrize("colour", sorted({*GROUP_COLOURS, *ARM_COLOURS, SAME, DIFFERENT, MARK, GREY}))
def test_every_colour_is_seen_on_light_and_dark(colour: str) -> None:
    for ground in BACKGROUNDS:
        bright = sorted(float(TO_XYZ[1] @ linear(each)) for each in (colour, ground))
        assert (bright[1] + 0.05) / (bright[0] + 0.05) >= 3


def test_unknown_groups_have_colours_that_known_ones_leave() -> None:
    found = colours_of_groups(["White", "A", "B", "C"])
    assert found["White"] == GROUP_COLOURS[2]
    assert [found[name] for name in "ABC"] == [GROUP_COLOURS[0], GROUP_COLOURS[1], GROUP_COLOURS[3]]
