"""The page "Benchmarks": the loader beside its peers first, then every other measurement."""

import statistics
from collections.abc import Callable, Mapping, Sequence

import polars as pl
import streamlit as st

from ethnoshard.charts import median_rates
from ethnoshard.errors import EthnoshardError
from ethnoshard.results import (
    ArmsBenchmark,
    Benchmark,
    GroupErrorsBenchmark,
    LoaderBenchmark,
    MemoryBenchmark,
    PageBenchmark,
    PlanningBenchmark,
    RateBenchmark,
    StepBenchmark,
    TableBenchmark,
)

from .. import _show
from .._shelf import Shelf
from .._show import plain, reporting_errors
from ._batch_benchmarks import show_arms, show_memory, show_planning
from ._benchmark_files import Files, Part, part_of, two_columns
from ._loaders import show_loaders, show_origin

_LOADING = "loading-"


def show(shelf: Shelf) -> None:
    """Every file of results that is known."""
    files = shelf.benchmarks()
    if not files:
        where = "No benchmarks were given." if shelf.given.benchmarks is None else "The folder holds no results yet."
        _show.empty(
            f"{where} They are JSON files that the measurements of a checkout write.",
            "make bench DATASET=DATASET",
            f"ethnoshard dashboard {shelf.given.runs} --benchmarks benchmarks/results",
        )
        return
    _show.unreadable([(name, str(content)) for name, content in files.items() if isinstance(content, EthnoshardError)])
    known = {name: content for name, content in files.items() if isinstance(content, Benchmark)}
    loaders = {name: content for name, content in known.items() if isinstance(content, LoaderBenchmark)}
    if loaders:
        show_loaders({name.removeprefix(_LOADING): content for name, content in loaders.items()})
    for begins, (command, part) in _PARTS.items():
        some = [(name, content) for name, content in known.items() if name.startswith(begins)]
        if some:
            st.divider()
            with reporting_errors(", ".join(name for name, _ in some)):
                part(some)
                show_origin(command, some[0][1])
    unknown = [name for name, content in files.items() if content is None]
    if unknown:
        st.caption(plain(f"Not shown, as this version doesn't know them: {', '.join(unknown)}"))


def _alignment(files: Files[RateBenchmark]) -> None:
    for (name, content), column in zip(files, two_columns(len(files)), strict=False):
        with column:
            _show.chart(
                median_rates(content.spreads, "images a second"),
                name=name,
                title=f"{name.removeprefix('alignment-')}: {alignment_title(content)}",
                how=alignment_note(content),
            )


def alignment_title(content: RateBenchmark) -> str:
    """Ours beside the best way to run the original."""
    if not content.ours or not content.others:
        return f"Alignment of {content.images or 0:,} images"
    return (
        f"ethnoshard align takes {max(content.ours) / max(content.others):.1f} times as many images a second as the "
        "best setting of facenet-pytorch"
    )


def alignment_note(content: RateBenchmark) -> str:
    """Whether both find the same faces."""
    note = f"The first {content.images or 0:,} images; whiskers: least to most of the rounds."
    if content.overlapping is not None:
        note += (
            f" Of {content.agreement.get('faces', 0):,.0f} faces of facenet-pytorch {100 * content.overlapping:.2f} % "
            "have one of ours with an intersection over union of 0.98 or more."
        )
    return note


def _packing(files: Files[RateBenchmark]) -> None:
    for name, content in files:
        _show.chart(
            median_rates(content.spreads, "faces a second"),
            name=name,
            title=packing_title(content),
            how="A plain copy of the same bytes, which here goes to a fast disk's cache, is the limit.",
        )


def packing_title(content: RateBenchmark) -> str:
    """Faces and bytes a second."""
    if not content.ours or not content.faces or not content.bytes:
        return "Packing faces, and a plain copy"
    median = content.ours[0]
    mib = median * content.bytes / content.faces / (1 << 20)
    return f"ethnoshard pack writes {median:,.0f} faces a second, {mib:,.0f} MiB/s"


def _labelling(files: Files[RateBenchmark]) -> None:
    for _, content in files:
        _show.head(labelling_title(content), "The shipped classifier, processes' start included.")


def labelling_title(content: RateBenchmark) -> str:
    """Faces a second."""
    return f"ethnoshard label looks at {max(content.ours, default=0.0):,.0f} faces a second"


def _table(name: str, title: str, how: str) -> Callable[[Files[TableBenchmark]], None]:
    def show_table(files: Files[TableBenchmark]) -> None:
        several = len(files) > 1
        rows = pl.DataFrame(
            [({"file": own} if several else {}) | row for own, content in files for row in content.flat()],
            infer_schema_length=None,
        )
        two = st.column_config.NumberColumn(format="%.2f")
        _show.table(
            rows,
            name=name,
            title=title,
            how=how,
            columns={column: two for column, kind in rows.schema.items() if kind == pl.Float64},
        )

    return show_table


def _training(files: Files[StepBenchmark]) -> None:
    for name, content in files:
        rows = step_table(content)
        seconds, ratio = (st.column_config.NumberColumn(format=form) for form in ("%.3f", "%.2f"))
        _show.table(
            rows,
            name=name,
            title=f"{name.removeprefix('training-')}: {step_title(content)}",
            how="A plain loop has its batches in memory already. Medians of a turn's steps; they take turns.",
            columns={
                **{column: seconds for column in rows.columns if column.endswith(", s")},
                **{column: ratio for column in rows.columns if " / " in column},
                "waiting for data, %": st.column_config.NumberColumn(format="%.1f"),
            },
        )


def _loops(content: StepBenchmark) -> list[tuple[str, Sequence[float], Sequence[float]]]:
    """What a step is measured beside, its seconds, and ours by them; older files know one plain loop."""
    loops: list[tuple[str, Sequence[float], Sequence[float]]] = [
        ("a plain loop", content.plain, content.ratios),
        ("a plain loop that keeps its memory", content.plain_memory_kept, content.ratios_memory_kept),
    ]
    return [loop for loop in loops if loop[1] and loop[2]]


def step_table(content: StepBenchmark) -> pl.DataFrame:
    """A row a turn: a step of ours beside a plain loop's, and the share of ours that waits for data."""
    columns = {"turn": list(range(1, len(content.ours) + 1)), "a step of ours, s": list(content.ours)}
    for words, seconds, ratios in _loops(content):
        columns |= {f"{words}, s": list(seconds), f"ours / {words}": list(ratios)}
    return pl.DataFrame({**columns, "waiting for data, %": [100 * share for share in content.waiting]})


def step_title(content: StepBenchmark) -> str:
    """The medians of the turns."""
    against = [f"{statistics.median(ratios):.2f} times {words}'s" for words, _, ratios in _loops(content)]
    waiting = 100 * statistics.median(content.waiting)
    return f"A training step of ours takes {' and '.join(against)}; {waiting:.1f} % of it waits for data"


def _group_errors(files: Files[GroupErrorsBenchmark]) -> None:
    for name, content in files:
        _show.table(
            group_error_table(content),
            name=name,
            title=group_error_title(content),
            how="As many people and images as LFW has, all pairs within and across groups; vectors are random.",
        )


def group_error_title(content: GroupErrorsBenchmark) -> str:
    """How long errors by group take at LFW's size."""
    return (
        f"Errors by group of {content.pairs / 1e6:,.0f} million pairs take "
        f"{content.threshold_s + content.figures_s:.1f} s, {content.draws:,} draws of people included"
    )


def group_error_table(content: GroupErrorsBenchmark) -> pl.DataFrame:
    """One row: what takes how long."""
    return pl.DataFrame(
        [
            {
                "people": content.people,
                "images": content.images,
                "common threshold, s": content.threshold_s,
                "metrics with intervals, s": content.figures_s,
                "two models compared, s": content.compare_s,
                "peak memory, MiB": content.peak_mib,
            }
        ]
    )


def _pages(files: Files[PageBenchmark]) -> None:
    seconds = st.column_config.NumberColumn(format="%.2f")
    for name, content in files:
        rows = page_table(content)
        _show.table(
            rows,
            name=name,
            title=page_title(rows, content.runs),
            how="Medians in a real browser that shares the machine and has cached nothing, but for again; each run "
            f"with a report on {content.pairs:,} pairs.",
            columns=dict.fromkeys(rows.columns[1:], seconds),
        )


def page_table(content: PageBenchmark) -> pl.DataFrame:
    """A row a page of the dashboard: medians in seconds, and of its slider if it has one."""
    return pl.DataFrame(
        [
            {
                "page": page,
                "text, s": statistics.median(paint.text for paint in paints),
                "whole, s": statistics.median(paint.whole for paint in paints),
                "whole again, s": statistics.median(paint.again for paint in paints),
                "slider's move, s": statistics.median(moves) if (moves := content.moves.get(page)) else None,
            }
            for page, paints in content.paints.items()
        ],
        infer_schema_length=None,
    )


def page_title(rows: pl.DataFrame, runs: int) -> str:
    """The slowest page and slider.

    Args:
        rows: of ``page_table``.
        runs: that the dashboard showed.
    """
    names = ("text, s", "whole again, s", "slider's move, s")
    text, again, moves = (rows[name].drop_nulls().to_list() for name in names)
    moved = f", a slider moves in {max(moves):.2f} s" if moves else ""
    return (
        f"The dashboard with {runs} runs: a page's text is there in {max(text):.1f} s, all of it in "
        f"{max(again):.1f} s once a browser has plotly{moved}"
    )


def _rows(command: str, kind: str, title: str, how: str) -> tuple[str, Part]:
    """The command of files that hold rows, and the part that shows them as tables."""
    return command, part_of(TableBenchmark, _table(kind, title, how))


_PARTS: Mapping[str, tuple[str, Part]] = {
    "planning-": ("python -m benchmarks.planning", part_of(PlanningBenchmark, show_planning)),
    "meetings-arms": ("python -m benchmarks.meetings", part_of(ArmsBenchmark, show_arms)),
    "meetings-disk": _rows(
        "python -m benchmarks.meetings",
        "meetings-disk",
        "Nobody meets those who lie beside him on the disk more often than by chance",
        "How often somebody's nearest, or the ten nearest, are in the batch, over chance, without look-alikes; "
        "where the disk is in an order of chance, and where it is in one by likeness.",
    ),
    "meetings-hard": _rows(
        "python -m benchmarks.meetings",
        "meetings-hard",
        "Look-alikes cost jumps, not bytes",
        "Reads and jumps of an epoch, bytes read over those of the dataset, and the most that is held, by the "
        "share of cells that come with look-alikes.",
    ),
    "meetings-remote": _rows(
        "python -m benchmarks.meetings",
        "meetings-remote",
        "From afar each shard is fetched once",
        "Requests and bytes, over those of the dataset.",
    ),
    "look-alikes": (
        "python -m benchmarks.look_alikes",
        part_of(
            TableBenchmark,
            _table(
                "look-alikes", "What the index finds of what a search of all finds", "On clustered synthetic centroids."
            ),
        ),
    ),
    "memory": ("python -m benchmarks.memory", part_of(MemoryBenchmark, show_memory)),
    "alignment-": ("python -m benchmarks.alignment SOURCE", part_of(RateBenchmark, _alignment)),
    "packing": ("python -m benchmarks.packing", part_of(RateBenchmark, _packing)),
    "labelling": ("python -m benchmarks.labelling WORK", part_of(RateBenchmark, _labelling)),
    "inference-": _rows(
        "python -m benchmarks.inference BEFORE PHOTOGRAPHS",
        "inference",
        "Alignment, labels and embeddings beside another version",
        "Images or faces a second by the clock and by a second of a processor, seconds of evaluate, MiB of a worker; "
        "each version in turn in processes of its own, ratios round by round.",
    ),
    "detecting-": _rows(
        "python -m benchmarks.detecting TAR",
        "detecting",
        "Where a detecting worker's time goes",
        "Milliseconds of a photograph in each piece, one process and one thread.",
    ),
    "feeding-": _rows(
        "python -m benchmarks.feeding BEFORE DATASET",
        "feeding",
        "What the loader takes beside another version",
        "Batches of 32 people with 4 images each: images a second, microseconds of a processor a face in the training "
        "process and in those that decode, the share of decoding alone, and seconds to the first batch.",
    ),
    "scaling": _rows(
        "python -m benchmarks.scaling BEFORE DATASET",
        "scaling",
        "How many decoding processes one training process feeds",
        "Each decoding process sleeps for as long as a face takes; worth says how many of them were busy on average.",
    ),
    "training-": ("python -m benchmarks.training DATASET", part_of(StepBenchmark, _training)),
    "demographics": ("python -m benchmarks.demographics", part_of(GroupErrorsBenchmark, _group_errors)),
    "coverage": _rows(
        "python -m benchmarks.coverage",
        "coverage",
        "How often intervals hold the truth, and how often a claim is false",
        "In drawn worlds, in percent with the Monte-Carlo error. Of 95 % intervals 92 to 98 % should hold it "
        "(covers), of claims where nothing differs 2 to 7 % should be made (claims); ! marks what is outside.",
    ),
    "retrained": _rows(
        "python -m benchmarks.retrained FOLDER",
        "retrained",
        "What is claimed of two runs of one arm",
        "Runs of drawn faces that differ in their seed alone, compared on the same other people: pairs of runs with a "
        "claim, claims made of all that could be, and how many have the same sign on people drawn anew. All are false "
        "of the arm; those that hold anew are true of the two networks.",
    ),
    "audit-images": _rows(
        "python -m benchmarks.audit_images",
        "audit-images",
        "Which copies of images an audit finds",
        "Copies that were planted, on people on whom nothing was fitted; recall with Wilson's interval.",
    ),
    "audit-shared": _rows(
        "python -m benchmarks.audit",
        "audit-shared",
        "Which people of another set an audit finds",
        "Precision and recall with Wilson's intervals, on people on whom nothing was fitted.",
    ),
    "audit-made": _rows(
        "python -m benchmarks.audit",
        "audit-made",
        "How long an audit takes",
        "Drawn embeddings, given; without looking for images that come twice.",
    ),
    "audit-named": _rows(
        "python -m benchmarks.audit_named",
        "audit-named",
        "Whom an audit takes a stranger for",
        "Of planted faces in wrong folders that were found, by how alike the nearest other identity is: of "
        "people of the set the share that is named and right, or wrong; of others the share that is named at "
        "all. With Wilson's intervals.",
    ),
    "audit-planted": _rows(
        "python -m benchmarks.audit",
        "audit-planted",
        "What an audit finds of planted faults",
        "Precision and recall with Wilson's intervals, on people on whom nothing was fitted.",
    ),
    "fuzz": _rows(
        "python -m benchmarks.fuzz",
        "fuzz",
        "What readers make of damaged files",
        "Small whole files with one to three random changes each; a clear message or counted rows are right.",
    ),
    "listing-": _rows(
        "python -m benchmarks.listing",
        "listing-",
        "Listing beside an earlier version",
        "Microseconds by the clock and of the processor, and bytes of memory, an image; five rounds in turn.",
    ),
    "gpu-check": _rows(
        "make gpu-check",
        "gpu-check",
        "What a GPU does with all this",
        "A row without a figure says why. What is asked of a figure stands beside it, and whether it holds.",
    ),
    "scale": _rows(
        "python -m benchmarks.scale",
        "scale",
        "The memory of each step as sets grow",
        "Largest memory of a step's process and of the largest of its workers, MiB; seconds by the clock and of the "
        "processor.",
    ),
    "dashboard": ("python -m benchmarks.dashboard", part_of(PageBenchmark, _pages)),
}
"""Beginning of a file's name -> the command that makes it, and what shows all such files."""
