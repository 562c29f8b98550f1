"""Numbers, intervals and tables as Markdown and as words."""

from collections.abc import Iterable, Sequence
from typing import Any

from ethnoshard.results import Model

NONE = "-"


def number(value: float | None, digits: int = 4) -> str:
    """A figure; a dash for none."""
    return NONE if value is None else f"{value:.{digits}f}"


def rate(value: float | None) -> str:
    """A share, small ones with the digits that they have."""
    return NONE if value is None else f"{value:.5f}" if 0 < abs(value) < 0.01 else f"{value:.4f}"


def interval(ends: Sequence[float | None] | None) -> str:
    """``[low, high]``; empty for none, ``..`` for an end that isn't defined."""
    if not ends or list(ends) == [None, None]:
        return ""
    low, high = (".." if end is None else rate(end) for end in ends)
    return f"[{low}, {high}]"


def with_interval(value: float | None, ends: Sequence[float | None] | None) -> str:
    """A share and its interval."""
    return f"{rate(value)} {interval(ends)}".strip()


def plus_minus(mean: float, deviation: float) -> str:
    """As the study writes it: ``0.66733+-0.01546``."""
    return f"{mean:.5f}+-{deviation:.5f}"


def signed(value: float | None) -> str:
    """A difference with its sign."""
    return NONE if value is None else f"{value:+.5f}" if 0 < abs(value) < 0.01 else f"{value:+.4f}"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a Markdown table, the first column to the left, the others to the right."""
    sides = ["---", *["---:"] * (len(head) - 1)]
    return [_line(head), _line(sides), *map(_line, rows), ""]


def model_name(content: dict[str, Any]) -> str:
    """What a table calls the model: a run's arm if it has one."""
    model = content.get("model")
    if not model:
        return "embeddings" if content.get("images") else "scores"
    arm = model["about"].get("arm")
    return f"{model['name']} ({arm})" if arm and arm not in model["name"] else str(model["name"])


def epoch_of(model: Model | None) -> str:
    """The epoch of a run."""
    return model.about.get("epoch", NONE) if model else NONE


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
