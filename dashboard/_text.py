"""Words and numbers from files, as text: never as Markdown or HTML."""

import html
import re
from collections.abc import Sequence

NONE = "–"
_SIGNS = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~:$^=&])")


def plain(text: object) -> str:
    """For Markdown: the text itself, whatever signs are in it."""
    return _SIGNS.sub(r"\\\1", " ".join(str(text).split()))


def in_chart(text: object) -> str:
    """For plotly, which takes some HTML: the text itself."""
    return html.escape(str(text), quote=False)


def share(value: float | None, digits: int = 4) -> str:
    """A share of 1; small ones with the digits that they have."""
    if value is None:
        return NONE
    if value == 0:
        # None at all, rather than less than can be seen.
        return "0"
    if abs(value) < 0.0001:
        return f"{value:.1e}"
    return f"{value:.5f}" if 0 < abs(value) < 0.01 else f"{value:.{digits}f}"


def with_interval(value: float | None, ends: Sequence[float | None] | None, digits: int = 4) -> str:
    """``0.9870 [0.9818, 0.9917]``; an end that is not defined is ``..``."""
    if value is None or not ends or all(end is None for end in ends):
        return share(value, digits)
    low, high = (".." if end is None else share(end, digits) for end in ends)
    return f"{share(value, digits)} [{low}, {high}]"


def plus_minus(mean: float | None, deviation: float | None) -> str:
    """Mean and standard deviation over folds: ``0.7230 ± 0.0190``."""
    if mean is None:
        return NONE
    return f"{mean:.4f}" if deviation is None else f"{mean:.4f} ± {deviation:.4f}"


def count(number: int | float | None) -> str:
    """``12,345``."""
    return NONE if number is None else f"{number:,.0f}"
