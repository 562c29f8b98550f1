"""The page "Benchmarks": the loader beside its peers first, then every other measurement."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import polars as pl
import streamlit as st

from ethnoshard.charts import loader_rates, median_rates, memory_growth, quota_deviation
from ethnoshard.errors import EthnoshardError

from .. import _pick, _show
from .._guard import or_said
from .._shelf import Shelf
from .._text import plain
from . import _benchmarks_loading as loading
from . import _benchmarks_meetings as meetings
from . import _benchmarks_rates as rates
from . import _benchmarks_scale as scale
from ._benchmarks_contestants import contestants, limits, table

Content = Mapping[str, Any]

_LOADING = "loading-"
_OTHERS: dict[str, tuple[str, Callable[[Sequence[tuple[str, Content]]], None]]] = {}
"""Beginning of a file's name -> the command that makes it, and what shows all such files."""


def show(shelf: Shelf) -> None:
    """Every file of results that is known."""
    found = shelf.benchmarks()
    if not found:
        where = "No benchmarks were given." if shelf.given.benchmarks is None else "The folder holds no results yet."
        _show.empty(
            f"{where} They are JSON files that the measurements of a checkout write.",
            "make bench DATASET=DATASET",
            f"ethnoshard dashboard {shelf.given.runs} --benchmarks benchmarks/results",
        )
        return
    for name, content in found.items():
        if isinstance(content, EthnoshardError):
            st.warning(f"{plain(name)} can't be read: {plain(content)}", icon=":material/warning:")
    read = {name: content for name, content in found.items() if not isinstance(content, EthnoshardError)}
    loaded = {name.removeprefix(_LOADING): content for name, content in read.items() if name.startswith(_LOADING)}
    if loaded:
        _loading(loaded)
    for begins, (command, shown) in _OTHERS.items():
        files = [(name, content) for name, content in read.items() if name.startswith(begins)]
        if files:
            st.divider()
            with or_said(", ".join(name for name, _ in files)):
                shown(files)
                _made(command, files[0][1])
    known = (_LOADING, *_OTHERS)
    unknown = [name for name in read if not name.startswith(known)]
    if unknown:
        st.caption(plain(f"Not shown, as this version doesn't know them: {', '.join(unknown)}"))


def _loading(loaded: Mapping[str, Content]) -> None:
    name = _pick.one("Loaders on", list(loaded), key="loading")
    content = loaded[name]
    with or_said(f"{_LOADING}{name}"):
        found = contestants(content)
        batch = int(content["people"]) * int(content["images"])
        asked = f"batches of {content['people']} people x {content['images']} faces, {content['workers']} workers"
        _show.chart(
            loader_rates(found, limits(content)),
            name="images-a-second",
            title=loading.rate_title(found),
            how=(
                f"Medians over {found[0].rounds} rounds, whiskers least to most; {asked}. In brackets: the share of "
                "what decoding alone made just before and after. Hatched to plain is the decoder's gain, plain to ours "
                "the loader's."
            ),
        )
        _show.chart(
            quota_deviation(found),
            name="quota",
            title=loading.quota_title(found, batch),
            how=(
                f"Largest difference over groups between a batch and what was asked for; less is better. Ours keeps "
                f"{content['images']} faces of each person together, so it is exact to a person; who draws single "
                "faces can be closer, but has fewer pairs of one person."
            ),
        )
        everything = table(found)
        _show.table(
            everything.drop("worst off", "mean off"),
            name="loaders",
            title=loading.coverage_title(found),
            how=(
                f"Medians. {content['people']} people a batch were asked for. Never seen: for ours people with one "
                "face, who have no pair. Memory: main process and children."
            ),
            columns={
                "images/s": st.column_config.NumberColumn(format="%.0f"),
                "of decoding alone": st.column_config.NumberColumn(format="%.2f"),
                "people a batch": st.column_config.NumberColumn(format="%.1f"),
                "memory, MiB": st.column_config.NumberColumn(format="%.0f"),
                "first batch, s": st.column_config.NumberColumn(format="%.2f"),
            },
            download=everything,
        )
        _made("make bench DATASET=folder", content)


def _alignment(files: Sequence[tuple[str, Content]]) -> None:
    for (name, content), column in zip(files, _columns(len(files)), strict=False):
        with column, or_said(name):
            _show.chart(
                median_rates(rates.medians(content), "images a second"),
                name=name,
                title=f"{name.removeprefix('alignment-')}: {rates.alignment_title(content)}",
                how=rates.alignment_note(content),
            )


def _packing(files: Sequence[tuple[str, Content]]) -> None:
    for name, content in files:
        _show.chart(
            median_rates(rates.medians(content), "faces a second"),
            name=name,
            title=rates.packing_title(content),
            how="A plain copy of the same bytes, which here goes to a fast disk's cache, is the limit.",
        )


def _labelling(files: Sequence[tuple[str, Content]]) -> None:
    for _, content in files:
        _show.head(rates.labelling_title(content), "The shipped classifier, processes' start included.")


def _planning(files: Sequence[tuple[str, Content]]) -> None:
    rows = scale.planning([content for _, content in files])
    milliseconds = st.column_config.NumberColumn(format="%.2f")
    _show.table(
        rows.drop("target"),
        name="planning",
        title=scale.planning_title(rows),
        how="Planning needs no face and no file; going on from a state costs about what a batch costs.",
        download=rows,
        columns={
            **dict.fromkeys(("people", "faces", "batches"), st.column_config.NumberColumn(format="compact")),
            "plan ready, s": st.column_config.NumberColumn(format="%.1f"),
            **dict.fromkeys(("a batch anywhere, ms", "the next batch, ms", "going on from a state, ms"), milliseconds),
        },
    )


def _arms(files: Sequence[tuple[str, Content]]) -> None:
    rows = pl.concat([meetings.arms(content) for _, content in files])
    two = st.column_config.NumberColumn(format="%.2f")
    _show.table(
        rows,
        name="meetings-arms",
        title="What batches hold of each group, by arm",
        how="variance / random is 1 where people come as by chance and 0 where a quota holds; own pairs are ordered "
        "pairs of a group's people in a batch, its own negatives.",
        columns=dict.fromkeys(rows.columns[3:], two),
    )


def _rows(name: str, title: str, how: str) -> Callable[[Sequence[tuple[str, Content]]], None]:
    def shown(files: Sequence[tuple[str, Content]]) -> None:
        rows = meetings.flat([content for _, content in files])
        two = st.column_config.NumberColumn(format="%.2f")
        _show.table(
            rows,
            name=name,
            title=title,
            how=how,
            columns={column: two for column, kind in rows.schema.items() if kind == pl.Float64},
        )

    return shown


def _memory(files: Sequence[tuple[str, Content]]) -> None:
    for name, content in files:
        left, right = st.columns(2, gap="large")
        with left:
            _show.chart(
                memory_growth(*scale.memory(content)),
                name=name,
                title=scale.memory_title(content),
                how="Both axes by powers of ten. A whole epoch each; of the shards only some windows are held.",
            )
        with right:
            rows = scale.reads(content)
            _show.table(
                rows.drop("images/s"),
                name=f"{name}-reads",
                title=scale.reads_title(rows),
                how="A jump is a read that does not begin where the one before ended.",
                columns={
                    "shards, MiB": st.column_config.NumberColumn(format="%.0f"),
                    "read / size": st.column_config.NumberColumn(format="%.2f"),
                },
                download=rows,
            )


def _training(files: Sequence[tuple[str, Content]]) -> None:
    for name, content in files:
        rows = scale.step(content)
        seconds, ratio = (st.column_config.NumberColumn(format=form) for form in ("%.3f", "%.2f"))
        _show.table(
            rows,
            name=name,
            title=f"{name.removeprefix('training-')}: {scale.step_title(content)}",
            how="A plain loop has its batches in memory already. Medians of a turn's steps; they take turns.",
            columns={
                **{column: seconds for column in rows.columns if column.endswith(", s")},
                **{column: ratio for column in rows.columns if " / " in column},
                "waiting for data, %": st.column_config.NumberColumn(format="%.1f"),
            },
        )


def _demographics(files: Sequence[tuple[str, Content]]) -> None:
    for name, content in files:
        _show.table(
            scale.by_group(content),
            name=name,
            title=scale.by_group_title(content),
            how="As many people and images as LFW has, all pairs within and across groups; vectors are random.",
        )


def _dashboard(files: Sequence[tuple[str, Content]]) -> None:
    seconds = st.column_config.NumberColumn(format="%.2f")
    for name, content in files:
        rows = scale.waiting(content)
        _show.table(
            rows,
            name=name,
            title=scale.waiting_title(rows, int(content["runs"])),
            how="Medians in a real browser that shares the machine and has cached nothing, but for again; each run "
            f"with a report on {int(content['pairs']):,} pairs.",
            columns=dict.fromkeys(rows.columns[1:], seconds),
        )


def _columns(number: int) -> Sequence[Any]:
    """Two beside each other."""
    return [column for _ in range(0, number, 2) for column in st.columns(2, gap="large")]


def _made(command: str, content: Content) -> None:
    machine = content.get("machine") or {}
    workers = content.get("workers")
    where = [str(machine[key]) for key in ("processor",) if machine.get(key)]
    where += [f"{machine['cores']} cores"] if machine.get("cores") else []
    where += [f"Python {machine['python']}"] if machine.get("python") else []
    where += [f"{workers} workers"] if workers else []
    st.caption(f"`{command}` on {plain(', '.join(where) or 'a machine that it does not name')}")


_OTHERS |= {
    "planning-": ("python -m benchmarks.planning", _planning),
    "meetings-arms": ("python -m benchmarks.meetings", _arms),
    "meetings-disk": (
        "python -m benchmarks.meetings",
        _rows(
            "meetings-disk",
            "Nobody meets those who lie beside him on the disk more often than by chance",
            "How often somebody's nearest, or the ten nearest, are in the batch, over chance, without look-alikes; "
            "where the disk is in an order of chance, and where it is in one by likeness.",
        ),
    ),
    "meetings-hard": (
        "python -m benchmarks.meetings",
        _rows(
            "meetings-hard",
            "Look-alikes cost jumps, not bytes",
            "Reads and jumps of an epoch, bytes read over those of the dataset, and the most that is held, by the "
            "share of cells that come with look-alikes.",
        ),
    ),
    "meetings-remote": (
        "python -m benchmarks.meetings",
        _rows(
            "meetings-remote", "From afar each shard is fetched once", "Requests and bytes, over those of the dataset."
        ),
    ),
    "look-alikes": (
        "python -m benchmarks.look_alikes",
        _rows("look-alikes", "What the index finds of what a search of all finds", "On clustered synthetic centroids."),
    ),
    "memory": ("python -m benchmarks.memory", _memory),
    "alignment-": ("python -m benchmarks.alignment SOURCE", _alignment),
    "packing": ("python -m benchmarks.packing", _packing),
    "labelling": ("python -m benchmarks.labelling WORK", _labelling),
    "training-": ("python -m benchmarks.training DATASET", _training),
    "demographics": ("python -m benchmarks.demographics", _demographics),
    "dashboard": ("python -m benchmarks.dashboard", _dashboard),
}
