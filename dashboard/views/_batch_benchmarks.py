"""What planning and reading batches takes, and who meets whom in them."""

from collections.abc import Sequence

import polars as pl
import streamlit as st

from ethnoshard.charts import memory_growth
from ethnoshard.results import (
    ArmsBenchmark,
    MemoryBenchmark,
    PlanningBenchmark,
)

from .. import _show
from ._benchmark_files import Files


def show_planning(files: Files[PlanningBenchmark]) -> None:
    rows = planning_table([content for _, content in files])
    milliseconds = st.column_config.NumberColumn(format="%.2f")
    _show.table(
        rows.drop("target"),
        name="planning",
        title=planning_title(rows),
        how="Planning needs no face and no file; going on from a state costs about what a batch costs.",
        download=rows,
        columns={
            **dict.fromkeys(("people", "faces", "batches"), st.column_config.NumberColumn(format="compact")),
            "plan ready, s": st.column_config.NumberColumn(format="%.1f"),
            **dict.fromkeys(("a batch anywhere, ms", "the next batch, ms", "going on from a state, ms"), milliseconds),
        },
    )


def planning_table(contents: Sequence[PlanningBenchmark]) -> pl.DataFrame:
    """A row a plan."""
    return pl.DataFrame(
        [
            {
                "batches of": f"{content.people} x {content.images}",
                "target": content.target,
                "people": content.identities,
                "faces": content.faces,
                "batches": content.batches,
                "plan ready, s": content.plan_s,
                "a batch anywhere, ms": content.batch_anywhere_ms.median,
                "the next batch, ms": content.next_batch_ms.median,
                "going on from a state, ms": content.going_on_ms,
                "peak memory, MiB": content.peak_mib,
            }
            for content in contents
        ]
    )


def planning_title(rows: pl.DataFrame) -> str:
    """The slowest of the plans: rows of ``planning_table``."""
    row = rows.sort("plan ready, s", descending=True).row(0, named=True)
    return (
        f"A plan of {row['faces'] / 1e6:,.0f} million faces is ready in {row['plan ready, s']:.1f} s and takes "
        f"{row['peak memory, MiB'] / 1024:.1f} GiB"
    )


def show_arms(files: Files[ArmsBenchmark]) -> None:
    rows = pl.concat([arm_table(content) for _, content in files])
    two = st.column_config.NumberColumn(format="%.2f")
    _show.table(
        rows,
        name="meetings-arms",
        title="What batches hold of each group, by arm",
        how="variance / random is 1 where people come as by chance and 0 where a quota holds; own pairs are ordered "
        "pairs of a group's people in a batch, its own negatives.",
        columns=dict.fromkeys(rows.columns[3:], two),
    )


def arm_table(content: ArmsBenchmark) -> pl.DataFrame:
    """A row a size of batches, arm and group."""
    return pl.DataFrame(
        [
            {
                "batches of": size.replace("x", " x "),
                "arm": arm,
                "group": group,
                "people": company.people,
                "variance / random": company.dispersion,
                "own pairs": company.pairs,
                "at random": company.pairs_at_random,
                "nearest in the batch, %": _percent(company.nearest),
                "by chance, %": _percent(company.nearest_by_chance),
            }
            for size, arms in content.sizes.items()
            for arm, found in arms.items()
            for group, company in found.groups.items()
        ],
        infer_schema_length=None,
    )


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def show_memory(files: Files[MemoryBenchmark]) -> None:
    for name, content in files:
        left, right = st.columns(2, gap="large")
        with left:
            _show.chart(
                memory_growth(*memory_lines(content)),
                name=name,
                title=memory_title(content),
                how="Both axes by powers of ten. A whole epoch each; of the shards only some windows are held.",
            )
        with right:
            rows = read_table(content)
            _show.table(
                rows.drop("images/s"),
                name=f"{name}-reads",
                title=read_title(rows),
                how="A jump is a read that does not begin where the one before ended.",
                columns={
                    "shards, MiB": st.column_config.NumberColumn(format="%.0f"),
                    "read / size": st.column_config.NumberColumn(format="%.2f"),
                },
                download=rows,
            )


def memory_lines(content: MemoryBenchmark) -> tuple[list[int], list[tuple[str, list[float]]]]:
    """Sizes of the datasets in faces, and what took how many MiB at each."""
    rows = sorted(content.rows, key=lambda row: row.faces)
    return [row.faces for row in rows], [
        ("shards on disk", [row.size_mib for row in rows]),
        ("whole process", [row.peak_mib for row in rows]),
        ("of it the loader", [row.loader_mib for row in rows]),
    ]


def memory_title(content: MemoryBenchmark) -> str:
    """How the loader's memory grows between the smallest and the largest dataset."""
    rows = sorted(content.rows, key=lambda row: row.faces)
    first, last = rows[0], rows[-1]
    return (
        f"{last.faces / first.faces:,.0f} times as many faces take {last.loader_mib / first.loader_mib:.1f} times the "
        f"loader's memory, {last.loader_mib:,.0f} MiB"
    )


def read_table(content: MemoryBenchmark) -> pl.DataFrame:
    """What was read of each dataset, and how often a read jumps; beside it one file a face."""
    return pl.DataFrame(
        [
            {
                "faces": row.faces,
                "shards, MiB": row.size_mib,
                "read / size": row.read_mib / row.size_mib,
                "reads": row.reads,
                "jumps": row.seeks,
                "jumps, a file a face": row.images,
                "images/s": row.images_per_second,
            }
            for row in content.rows
        ]
    )


def read_title(rows: pl.DataFrame) -> str:
    """The largest dataset: rows of ``read_table``."""
    row = rows.sort("faces", descending=True).row(0, named=True)
    return (
        f"Of {row['faces']:,} faces {row['read / size']:.2f} times the shards' size is read, with "
        f"{row['jumps, a file a face'] / row['jumps']:,.0f} times fewer jumps than a file a face"
    )
