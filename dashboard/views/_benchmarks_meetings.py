"""Who meets whom in batches, and what it costs: files of ``benchmarks.meetings`` and ``benchmarks.look_alikes``."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl


def arms(content: Mapping[str, Any]) -> pl.DataFrame:
    """A row a size of batches, arm and group."""
    rows = []
    for size, of in content.items():
        if not isinstance(of, Mapping) or "x" not in size:
            continue
        for arm, found in of.items():
            for group, figures in found["groups"].items():
                rows.append(
                    {
                        "batches of": size.replace("x", " x "),
                        "arm": arm,
                        "group": group,
                        "people": figures["people"],
                        "variance / random": figures.get("dispersion"),
                        "own pairs": figures["pairs"],
                        "at random": figures["pairs_at_random"],
                        "nearest in the batch, %": _percent(figures.get("nearest")),
                        "by chance, %": _percent(figures.get("nearest_by_chance")),
                    }
                )
    return pl.DataFrame(rows, infer_schema_length=None)


def flat(contents: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """The rows of files, what is inside another row under both names."""
    rows = []
    for content in contents:
        for row in content["rows"]:
            plain: dict[str, Any] = {}
            for name, value in row.items():
                inside = value.items() if isinstance(value, Mapping) else [("", value)]
                plain |= {f"{name}, {further}".rstrip(", ").replace("_", " "): each for further, each in inside}
            rows.append(plain)
    return pl.DataFrame(rows, infer_schema_length=None)


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share
