"""Tables of summaries, and the numbers in their cells."""

from collections.abc import Iterable, Sequence

from ethnoshard import charts
from ethnoshard.charts import Ends


def rate(value: float | None) -> str:
    """A share as charts write it, but 0 with the decimals that its column has."""
    return "0.0000" if value == 0 else charts.share(value)


def interval(ends: Ends) -> str:
    """``[low, high]``; empty for none, ``..`` for an end that isn't defined."""
    return charts.interval(ends, rate)


def with_interval(value: float | None, ends: Ends) -> str:
    """A share and its interval."""
    return charts.with_interval(value, ends, rate)


def mean_std(mean: float, deviation: float) -> str:
    """With the five decimals of table 5.1 of Kalinga (2020): ``0.66733 ± 0.01546``."""
    return charts.plus_minus(mean, deviation, 5)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a Markdown table, the first column to the left, the others to the right."""
    sides = ["---", *["---:"] * (len(head) - 1)]
    return [_line(head), _line(sides), *map(_line, rows), ""]


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
