"""One colour a group and one an arm, in reports, on pages and in notebooks, light and dark.

After Okabe and Ito's palette (2008), whose light colours are darkened so that each has a contrast of 3 at least with
white and with Streamlit's dark background. The first seven groups' lie 12 or more apart in CIELAB for people without
red or green cones too (matrices of Machado et al. 2009); of colours so evenly bright no more do. Colour is never alone:
lines differ in dash, points in symbol too.
"""

from collections.abc import Iterable, Mapping

GROUP_COLOURS = (
    "#0077BB", "#D55E00", "#008F68", "#B5599C", "#A0522D", "#6A5ACD", "#CC3355", "#7A7A00", "#A66F00", "#3287BD",
)  # fmt: skip
ARM_COLOURS = ("#777777", "#0077BB", "#D55E00", "#008F68", "#B5599C", "#A66F00", "#6A5ACD")
KNOWN_GROUPS = ("Asian", "Black", "White", "Indian", "Others", "Mixed", "Other")
KNOWN_ARMS = ("base", "natural", "uniform", "placebo", "same-group", "weighted")
SAME, DIFFERENT = "#0077BB", "#D55E00"
"""Pairs of one person, pairs of two."""
GREY = "#8C8C8C"
"""Of what rests on too few people or pairs, and of lines that only help to read."""
MARK = "#CC3355"
"""Of the threshold."""
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
SYMBOLS = ("circle", "square", "diamond", "cross", "triangle-up", "x", "star", "hexagon", "pentagon", "triangle-down")


def colours_of_groups(groups: Iterable[str]) -> Mapping[str, str]:
    """Name -> colour. Known groups have one of their own; others share the rest, by name."""
    return _assigned(groups, KNOWN_GROUPS, GROUP_COLOURS)


def colours_of_arms(arms: Iterable[str]) -> Mapping[str, str]:
    """Name -> colour; ``base`` is grey, as it is what others are compared with."""
    return _assigned(arms, KNOWN_ARMS, ARM_COLOURS)


def _assigned(names: Iterable[str], known: tuple[str, ...], colours: tuple[str, ...]) -> dict[str, str]:
    wanted = sorted(set(names))
    found = {name: colours[known.index(name)] for name in wanted if name in known}
    rest = [name for name in wanted if name not in known]
    # Colours of known names that aren't there are free.
    free = [colour for colour in colours if colour not in found.values()] or list(colours)
    return found | {name: free[index % len(free)] for index, name in enumerate(rest)}


def translucent(colour: str, opacity: float) -> str:
    """``#rrggbb`` as plotly's ``rgba``."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {opacity})"
