"""The page "Training": how runs went, arms laid over each other."""

from collections.abc import Mapping, Sequence

import polars as pl
import streamlit as st

from ethnoshard.charts import training_curves

from .. import _show
from .._guard import or_said
from .._pick import one, some
from .._shelf import Shelf
from .._text import plain
from ._runs_lines import lines_of, picked_at_first
from ._training_charts import CHARTS, Chart
from ._training_series import AXES, Training, by_arm, counted, curves, training_of


def show(shelf: Shelf) -> None:
    """Speed in figures, then curves."""
    lines, _ = lines_of(shelf)
    if not any(line.is_run for line in lines):
        _show.empty(
            f"There is no run in {shelf.given.runs}.",
            f"ethnoshard train DATASET --arm natural --seed 0 --out {shelf.given.runs}/natural-0",
        )
        return
    # The same choice as on the page Runs, where other models can be picked too.
    names = [line.name for line in lines]
    picked = some("Picked runs", names, key="runs", start=picked_at_first(lines))
    models = [line.name for line in lines if line.name in picked and not line.is_run]
    if models:
        st.caption(plain(f"No run, so nothing of its training is here: {', '.join(models)}."))
    trainings = _read(shelf, [name for name in picked if name not in models])
    if not trainings:
        if not picked:
            _show.empty("No run is picked. Pick some above.")
        return
    with or_said("the speed"):
        _speed(trainings)
    with or_said("the curves"):
        _curves(trainings, shelf.arm_colours)
    with or_said("the table"):
        _table(trainings)


def _read(shelf: Shelf, names: Sequence[str]) -> list[Training]:
    """Those that measured something; of the others it is said why not."""
    runs = {run.name: run for run in shelf.runs}
    found = []
    for name in names:
        run = runs[name]
        if run.status == "failed":
            st.error(f"{plain(name)} failed: {plain(run.reason)}", icon=":material/error:")
        if run.collapsed:
            st.warning(f"{plain(name)}: {plain(run.collapsed)}", icon=":material/warning:")
        if not run.steps:
            st.info(
                f"{plain(name)} has no metrics yet: they are written with its first checkpoint",
                icon=":material/hourglass_empty:",
            )
            continue
        with or_said(name):
            found.append(training_of(name, shelf.record(name), shelf.metrics(name)))
    return [training for training in found if len(training.table)]


def _speed(trainings: Sequence[Training]) -> None:
    rows = _summary(trainings)
    _show.tiles(
        [
            ("Runs", str(len(rows)), "Picked, and with metrics."),
            (
                "Most images seen",
                f"{max(rows['images'].to_list()):,}",
                "By all ranks together; figures compare best between runs that saw as many.",
            ),
            ("Images a second", _span(rows["images a second"], ".0f"), "Over all steps of a run, evaluation left out."),
            (
                "Waiting for data",
                f"{_span(rows['waiting, %'], '.1f')} %",
                "Share of the steps' time in which no batch was there: near 0, the loader keeps up.",
            ),
        ]
    )


@st.fragment
def _curves(trainings: Sequence[Training], colours: Mapping[str, str]) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        x = one("Along", list(AXES), key="x")
    longest = max(len(training.table) for training in trainings)
    with right:
        smooth = st.slider(
            "Smoothing: mean of the last steps", 1, max(2, min(200, longest)), min(20, max(2, longest // 4)),
            key="smooth", bind="query-params",
        )  # fmt: skip
    arms = by_arm(trainings)
    shown = [chart for chart in CHARTS if any(_measured(training, chart.column) for training in trainings)]
    for begin in range(0, len(shown), 2):
        for place, chart in zip(st.columns(2, gap="large"), shown[begin : begin + 2], strict=False):
            with place, or_said(chart.name):
                _chart(chart, arms, colours, x, smooth)
    if not any(chart.name.startswith("lfw") for chart in shown):
        _show.empty("None of these runs was evaluated on LFW as it trained. To have it:", _WITH_LFW)


def _measured(training: Training, column: str) -> bool:
    return training.table[column].null_count() < len(training.table)


def _chart(
    chart: Chart, arms: Mapping[str, Sequence[Training]], colours: Mapping[str, str], x: str, smooth: int
) -> None:
    steps = smooth if chart.smooth else 1
    found = curves(arms, chart.column, x=x, smooth=steps)
    chance = curves(arms, chart.chance, x=x, smooth=steps) if chart.chance else ()
    how = [chart.how]
    if steps > 1 and not chart.points:
        how.append(f"Mean of the last {steps} steps.")
    if any(curve.low is not None for curve in found):
        how.append("Band: range over runs.")
    _show.chart(
        training_curves(
            found, colours, x=AXES[x], y=chart.y, digits=chart.digits, points=chart.points, chance=chance,
            log=chart.log, from_zero=chart.from_zero,
            until=max(float(training.table[x][-1]) for each in arms.values() for training in each),
        ),
        name=chart.name,
        title=chart.title(arms),
        how=" ".join(how),
    )  # fmt: skip


def _table(trainings: Sequence[Training]) -> None:
    rows = _summary(trainings)
    parts = [f"{arm} {counted(each)}" for arm, each in by_arm(trainings).items()]
    number = st.column_config.NumberColumn
    _show.table(
        rows,
        name="trainings",
        title=f"Each run at its end: {', '.join(parts)}",
        how="Loss and shares: mean of the last epoch's steps. The download holds every step of every run.",
        columns={
            "images": number(format="localized"),
            "loss": number(format="%.3f"),
            "active, %": number(format="%.1f"),
            "in-group negatives, %": number(format="%.1f"),
            "by chance, %": number(format="%.1f"),
            "images a second": number(format="%.0f"),
            "waiting, %": number(format="%.2f"),
        },
        download=pl.concat(
            [
                training.table.select(
                    pl.lit(training.name).alias("run"),
                    pl.lit(training.arm).alias("arm"),
                    pl.lit(training.seed).alias("seed"),
                    pl.int_range(1, pl.len() + 1).alias("step"),
                    pl.all(),
                )
                for training in trainings
            ]
        ),
    )


def _summary(trainings: Sequence[Training]) -> pl.DataFrame:
    rows = []
    for training in trainings:
        end = training.table.tail(training.epoch_steps).select(pl.all().fill_nan(None).mean())
        speed = training.table.select(
            seconds=pl.col("images").diff().fill_null(pl.col("images")) / pl.col("speed"), waiting=pl.col("waiting")
        )
        seconds = float(speed["seconds"].sum())
        rows.append(
            {
                "run": training.name,
                "arm": training.arm,
                "seed": training.seed,
                "steps": len(training.table),
                "images": int(training.table["images"][-1]),
                "loss": end["loss"][0],
                "active, %": end["active"][0],
                "in-group negatives, %": end["in_group"][0],
                "by chance, %": end["by_chance"][0],
                "images a second": training.table["images"][-1] / seconds if seconds else None,
                "waiting, %": float((speed["seconds"] * speed["waiting"]).sum()) / seconds if seconds else None,
            }
        )
    return pl.DataFrame(rows, infer_schema_length=None)


def _span(values: pl.Series, form: str) -> str:
    least, most = (format(value, form) for value in (values.min(), values.max()))
    return least if least == most else f"{least} to {most}"


_WITH_LFW = "ethnoshard train DATASET --out RUN --arm natural --lfw WORK --pairs pairs.txt"
