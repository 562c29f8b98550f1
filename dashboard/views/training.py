"""The page "Training": how runs went, arms laid over each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl
import streamlit as st

from ethnoshard.charts import training_curves
from ethnoshard.runs import (
    Training,
    at_the_end,
    at_the_highest,
    by_arm,
    counted,
    first_seeds,
    series_of,
    training_of,
)

from .. import _show
from .._pick import MOST_AT_FIRST, one, some
from .._shelf import Shelf
from .._show import plain, reporting_errors

AXES = {"epochs": "Epochs", "images": "Images seen"}
_WITH_LFW = "ethnoshard train DATASET --out RUN --target natural --lfw WORK --pairs pairs.txt"
_NAMED = 3
"""Arms that a title names, at most."""
PERCENT = "\N{NO-BREAK SPACE}%"


@dataclass(frozen=True, kw_only=True)
class TrainingChart:
    """A metric along the training.

    Attributes:
        name: of the chart and its files.
        column: of ``Training.table``.
        what: begins the title.
        y: title of the axis.
        how: to read it.
        unit: after each number of the title.
        digits: that the metric deserves.
        chance: column with the same by chance.
        points: whether it was measured at a few steps only.
        smooth: whether it jumps from step to step.
        log: whether the axis is logarithmic.
        from_zero: whether it begins at 0.
        highest: whether the title says how high it was, not where it ended.
    """

    name: str
    column: str
    what: str
    y: str
    how: str
    unit: str = ""
    digits: int = 3
    chance: str | None = None
    points: bool = False
    smooth: bool = True
    log: bool = False
    from_zero: bool = False
    highest: bool = False

    def title(self, arms: Mapping[str, Sequence[Training]]) -> str:
        """What it came to, by arm."""
        ends = (at_the_highest if self.highest else at_the_end)(arms, self.column)
        chances = at_the_end(arms, self.chance) if self.chance else {}
        texts = {
            arm: f"{self._number(value)}" + (f" (by chance {self._number(chances[arm])})" if arm in chances else "")
            for arm, value in ends.items()
        }
        if not texts:
            return f"{self.what}: not measured"
        if len(texts) > _NAMED:
            least, most = min(ends, key=lambda arm: ends[arm]), max(ends, key=lambda arm: ends[arm])
            return f"{self.what}: from {least} {texts[least]} to {most} {texts[most]}"
        return f"{self.what}: {', '.join(f'{arm} {value}' for arm, value in texts.items())}"

    def _number(self, value: float) -> str:
        return f"{value:,.{self.digits}f}{self.unit}"


CHARTS = (
    TrainingChart(
        name="loss", column="loss", what="Loss ends at", y="Triplet loss",
        how="Mean over active triplets; mining keeps it up.",
    ),
    TrainingChart(
        name="lfw-accuracy", column="accuracy", what="LFW accuracy at the end", y="Accuracy", points=True,
        how="Mean over the folds, after the epochs at which it was evaluated.",
    ),
    TrainingChart(
        name="lfw-val", column="val", what="LFW VAL at the end", y="VAL at FAR near 0.001", points=True,
        how="Share of same-person pairs accepted; few pairs decide it, so it jumps.",
    ),
    TrainingChart(
        name="lfw-auc", column="auc", what="LFW AUC at the end", y="AUC", how="Area under the ROC curve.", points=True,
    ),
    TrainingChart(
        name="similarity", column="similarity", what="Similarity of different people at the end", points=True,
        y="Mean cosine of different people",
        how="Of the last batch of each epoch. Near 1 all people are alike: the network has hardly begun, or collapsed.",
    ),
    TrainingChart(
        name="in-group", column="in_group", what="In-group negatives end at", y="In-group, % of active triplets",
        how="Active triplets whose negative is of the anchor's group; dotted: among all possible ones, by chance.",
        unit=PERCENT, digits=0, chance="by_chance",
    ),
    TrainingChart(
        name="active", column="active", what="Active triplets end at", y="Active, % of mined",
        how="Mined triplets that still violate the margin.", unit=PERCENT, digits=1,
    ),
    TrainingChart(
        name="mined", column="mined", what="Mined triplets end at", y="Mined, % of possible",
        how="Triplets that mining chose, of all that a batch could form.", unit=PERCENT, digits=3,
    ),
    TrainingChart(
        name="gradient-norm", column="gradient_norm", what="Gradient norm ends at", y="Gradient norm, before clipping",
        how="Jumps mean instability. Logarithmic axis.", digits=1, log=True,
    ),
    TrainingChart(
        name="learning-rate", column="learning_rate", what="Learning rate at its highest", y="Learning rate",
        how="As scheduled.", digits=5, smooth=False, from_zero=True, highest=True,
    ),
    TrainingChart(
        name="speed", column="speed", what="Images a second in the last epoch", y="Images a second",
        how="All ranks together.", digits=0, from_zero=True,
    ),
)  # fmt: skip


def show(shelf: Shelf) -> None:
    """Speed in numbers, then curves."""
    models, _ = shelf.models
    if not any(model.is_run for model in models):
        _show.empty(
            f"There is no run in {shelf.given.runs}.",
            f"ethnoshard train DATASET --target natural --seed 0 --out {shelf.given.runs}/natural-0",
        )
        return
    # The same choice as on the page Runs, where other models can be picked too.
    names = [model.name for model in models]
    picked = some("Picked runs", names, key="runs", start=first_seeds(models, MOST_AT_FIRST))
    no_runs = [model.name for model in models if model.name in picked and not model.is_run]
    if no_runs:
        st.caption(plain(f"No run, so nothing of its training is here: {', '.join(no_runs)}."))
    trainings = _trainings(shelf, [name for name in picked if name not in no_runs])
    if not trainings:
        if not picked:
            _show.empty("No run is picked. Pick some above.")
        return
    with reporting_errors("the speed"):
        _speed(trainings)
    with reporting_errors("the curves"):
        _curves(trainings, shelf.arm_colours)
    with reporting_errors("the table"):
        _table(trainings)


def _trainings(shelf: Shelf, names: Sequence[str]) -> list[Training]:
    """Of the runs that measured something; of the others the page says why not."""
    runs = {run.name: run for run in shelf.runs}
    trainings = []
    for name in names:
        run = runs[name]
        if run.status == "failed":
            st.error(f"{plain(name)} failed: {plain(run.reason)}", icon=":material/error:")
        if run.collapsed:
            _show.warn(f"{name}: {run.collapsed}")
        if not run.steps:
            st.info(
                f"{plain(name)} has no metrics yet: they are written with its first checkpoint",
                icon=":material/hourglass_empty:",
            )
            continue
        with reporting_errors(name):
            trainings.append(training_of(name, shelf.record(name), shelf.metrics(name)))
    return [training for training in trainings if len(training.table)]


def _speed(trainings: Sequence[Training]) -> None:
    rows = _summary(trainings)
    _show.tiles(
        [
            ("Runs", str(len(rows)), "Picked, and with metrics."),
            (
                "Most images seen",
                f"{max(rows['images'].to_list()):,}",
                "By all ranks together; metrics compare best between runs that saw as many.",
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
    charts = [chart for chart in CHARTS if any(_measured(training, chart.column) for training in trainings)]
    for begin in range(0, len(charts), 2):
        for column, chart in zip(st.columns(2, gap="large"), charts[begin : begin + 2], strict=False):
            with column, reporting_errors(chart.name):
                _chart(chart, arms, colours, x, smooth)
    if not any(chart.name.startswith("lfw") for chart in charts):
        _show.empty("None of these runs was evaluated on LFW as it trained. To have it:", _WITH_LFW)


def _measured(training: Training, column: str) -> bool:
    return training.table[column].null_count() < len(training.table)


def _chart(
    chart: TrainingChart, arms: Mapping[str, Sequence[Training]], colours: Mapping[str, str], x: str, smooth: int
) -> None:
    steps = smooth if chart.smooth else 1
    curves = series_of(arms, chart.column, x=x, smooth=steps)
    chance = series_of(arms, chart.chance, x=x, smooth=steps) if chart.chance else ()
    how = [chart.how]
    if steps > 1 and not chart.points:
        how.append(f"Mean of the last {steps} steps.")
    if any(curve.low is not None for curve in curves):
        how.append("Band: range over runs.")
    _show.chart(
        training_curves(
            curves, colours, x=AXES[x], y=chart.y, digits=chart.digits, points=chart.points, chance=chance,
            log=chart.log, from_zero=chart.from_zero,
            until=max(float(training.table[x][-1]) for each in arms.values() for training in each),
        ),
        name=chart.name,
        title=chart.title(arms),
        how=" ".join(how),
    )  # fmt: skip


def _table(trainings: Sequence[Training]) -> None:
    parts = [f"{arm} {counted(each)}" for arm, each in by_arm(trainings).items()]
    number = st.column_config.NumberColumn
    _show.table(
        _summary(trainings),
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
    """A row a run: where it ended, and how fast it was."""
    rows = []
    for training in trainings:
        end = training.table.tail(training.epoch_steps).select(pl.all().fill_nan(None).mean())
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
                "images a second": training.images_per_second,
                "waiting, %": training.waiting,
            }
        )
    return pl.DataFrame(rows, infer_schema_length=None)


def _span(values: pl.Series, form: str) -> str:
    least, most = (format(value, form) for value in (values.min(), values.max()))
    return least if least == most else f"{least} to {most}"
