"""What grows with the dataset, and what a step costs: planning, memory, figures by group, training."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

_LOOPS = (
    ("a plain loop", "plain", "ratios"),
    ("a plain loop that keeps its memory", "plain_memory_kept", "ratios_memory_kept"),
)
"""What a step is measured beside -> its seconds and ours by them in ``benchmarks.training``'s file."""


def planning(contents: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """A row a file of ``python -m benchmarks.planning``."""
    return pl.DataFrame(
        [
            {
                "batches of": f"{content['people']} x {content['images']}",
                "target": str(content["target"]),
                "people": int(content["identities"]),
                "faces": int(content["faces"]),
                "batches": int(content["batches"]),
                "plan ready, s": float(content["plan_s"]),
                "a batch anywhere, ms": float(content["batch_anywhere_ms"]["median"]),
                "the next batch, ms": float(content["next_batch_ms"]["median"]),
                "going on from a state, ms": float(content["going_on_ms"]),
                "peak memory, MiB": int(content["peak_mib"]),
            }
            for content in contents
        ]
    )


def planning_title(rows: pl.DataFrame) -> str:
    """The slowest of the plans."""
    row = rows.sort("plan ready, s", descending=True).row(0, named=True)
    return (
        f"A plan of {row['faces'] / 1e6:,.0f} million faces is ready in {row['plan ready, s']:.1f} s and takes "
        f"{row['peak memory, MiB'] / 1024:.1f} GiB"
    )


def memory(content: Mapping[str, Any]) -> tuple[list[int], list[tuple[str, list[float]]]]:
    """Sizes of the datasets, and what took how many MiB at each."""
    rows = sorted(content["rows"], key=lambda row: row["faces"])
    lines = (("shards on disk", "size_mib"), ("whole process", "peak_mib"), ("of it the loader", "loader_mib"))
    return [int(row["faces"]) for row in rows], [(words, [float(row[field]) for row in rows]) for words, field in lines]


def memory_title(content: Mapping[str, Any]) -> str:
    """How the loader's memory grows between the smallest and the largest dataset."""
    rows = sorted(content["rows"], key=lambda row: row["faces"])
    first, last = rows[0], rows[-1]
    faces, memory = (last[field] / first[field] for field in ("faces", "loader_mib"))
    return (
        f"{faces:,.0f} times as many faces take {memory:.1f} times the loader's memory, {last['loader_mib']:,.0f} MiB"
    )


def reads(content: Mapping[str, Any]) -> pl.DataFrame:
    """What was read of each dataset, and how often a read jumps; beside it one file a face."""
    return pl.DataFrame(
        [
            {
                "faces": int(row["faces"]),
                "shards, MiB": float(row["size_mib"]),
                "read / size": float(row["read_mib"]) / float(row["size_mib"]),
                "reads": int(row["reads"]),
                "jumps": int(row["seeks"]),
                "jumps, a file a face": int(row["images"]),
                "images/s": float(row["images_per_second"]),
            }
            for row in content["rows"]
        ]
    )


def reads_title(rows: pl.DataFrame) -> str:
    """Of the largest dataset."""
    row = rows.sort("faces", descending=True).row(0, named=True)
    return (
        f"Of {row['faces']:,} faces {row['read / size']:.2f} times the shards' size is read, with "
        f"{row['jumps, a file a face'] / row['jumps']:,.0f} times fewer jumps than a file a face"
    )


def step(content: Mapping[str, Any]) -> pl.DataFrame:
    """A row a turn: a step of ours beside a plain loop's, and the share of ours that waits for data."""
    turns = len(content["ratios"])
    columns: dict[str, list[float]] = {"a step of ours, s": _floats(content["ours"])}
    for words, loop, ratios in _LOOPS:
        # Older files know one plain loop.
        if loop in content:
            columns[f"{words}, s"] = _floats(content[loop])
            columns[f"ours / {words}"] = _floats(content[ratios])
    columns["waiting for data, %"] = [100 * share for share in _floats(content["waiting"])]
    return pl.DataFrame({"turn": list(range(1, turns + 1)), **columns})


def step_title(content: Mapping[str, Any]) -> str:
    """The medians of the turns."""
    told = [
        f"{statistics.median(_floats(content[ratios])):.2f} times {words}'s"
        for words, _, ratios in _LOOPS
        if ratios in content
    ]
    waiting = 100 * statistics.median(_floats(content["waiting"]))
    return f"A training step of ours takes {' and '.join(told)}; {waiting:.1f} % of it waits for data"


def _floats(values: Sequence[Any]) -> list[float]:
    return [float(value) for value in values]


def by_group_title(content: Mapping[str, Any]) -> str:
    """How long errors by group take at LFW's size."""
    return (
        f"Errors by group of {content['pairs'] / 1e6:,.0f} million pairs take "
        f"{content['threshold_s'] + content['figures_s']:.1f} s, {content['draws']:,} draws of people included"
    )


def by_group(content: Mapping[str, Any]) -> pl.DataFrame:
    """The one row of ``python -m benchmarks.demographics``."""
    return pl.DataFrame(
        [
            {
                "people": int(content["people"]),
                "images": int(content["images"]),
                "common threshold, s": float(content["threshold_s"]),
                "figures with intervals, s": float(content["figures_s"]),
                "two models compared, s": float(content["compare_s"]),
                "peak memory, MiB": int(content["peak_mib"]),
            }
        ]
    )


def waiting(content: Mapping[str, Any]) -> pl.DataFrame:
    """A row a page of the dashboard: medians in seconds, and of its slider if it has one."""
    rows = []
    for page, paints in content["paints"].items():
        moves = content["moves"].get(page)
        rows.append(
            {
                "page": str(page),
                "text, s": statistics.median(paint["text"] for paint in paints),
                "whole, s": statistics.median(paint["whole"] for paint in paints),
                "whole again, s": statistics.median(paint["again"] for paint in paints),
                "slider's move, s": statistics.median(moves) if moves else None,
            }
        )
    return pl.DataFrame(rows, infer_schema_length=None)


def waiting_title(rows: pl.DataFrame, runs: int) -> str:
    """The slowest page and slider."""
    names = ("text, s", "whole again, s", "slider's move, s")
    text, again, moves = (rows[name].drop_nulls().to_list() for name in names)
    moved = f", a slider moves in {max(moves):.2f} s" if moves else ""
    return (
        f"The dashboard with {runs} runs: a page's text is there in {max(text):.1f} s, all of it in "
        f"{max(again):.1f} s once a browser has plotly{moved}"
    )
