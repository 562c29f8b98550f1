"""Whether arms differ more than the seeds of one arm do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from ethnoshard.charts._numbers import interval
from ethnoshard.charts._palette import SYMBOLS, colours_of_arms
from ethnoshard.charts._style import empty_chart, error_bars, escaped


@dataclass(frozen=True, kw_only=True)
class RunPoint:
    """What was measured of one run.

    Attributes:
        name: of the run.
        value: the metric.
        seed: of everything random.
        interval: low and high, of people drawn anew; None if there is none.
        origin: where the value is from, in words.
    """

    name: str
    value: float
    seed: int | None = None
    interval: tuple[float, float] | None = None
    origin: str = ""


def arm_spread(
    arms: Mapping[str, Sequence[RunPoint]], metric: str, colours: Mapping[str, str] | None = None, *, digits: int = 3
) -> go.Figure:
    """Every run as a point, arms below each other, a bar at the arm's mean.

    Args:
        arms: name of an arm -> its runs, one at least.
        metric: title of the axis.
        colours: of arms; by their names if not given.
        digits: decimals that the metric deserves.
    """
    colours = colours_of_arms(arms) if colours is None else colours
    chart = empty_chart(metric, "", height=90 + sum(26 * len(runs) + 24 for runs in arms.values()), showlegend=False)
    ticks: list[float] = []
    at = 0.0
    for number, (arm, runs) in enumerate(arms.items()):
        rows = [at - row for row in range(len(runs))]
        chart.add_trace(_points(runs, rows, colours[arm], SYMBOLS[number % len(SYMBOLS)], arm, digits))
        if len(runs) > 1:
            mean = sum(run.value for run in runs) / len(runs)
            chart.add_trace(
                go.Scatter(
                    x=[mean, mean], y=[rows[0] + 0.45, rows[-1] - 0.45], mode="lines", showlegend=False,
                    line={"color": colours[arm], "width": 2}, opacity=0.6,
                    hovertemplate=f"mean of {escaped(arm)}: {mean:.{digits}f}<extra></extra>",
                )
            )  # fmt: skip
        ticks.append((rows[0] + rows[-1]) / 2)
        at = rows[-1] - 2
    names = [f"{escaped(arm)}, {_counted(runs)}" for arm, runs in arms.items()]
    chart.update_yaxes(tickvals=ticks, ticktext=names, showgrid=False, zeroline=False, range=[at + 1.2, 0.8])
    return chart.update_xaxes(tickformat=f".{digits}f", zeroline=False)


def _points(
    runs: Sequence[RunPoint], rows: Sequence[float], colour: str, symbol: str, arm: str, digits: int
) -> go.Scatter:
    form = f"{{:.{digits}f}}".format
    return go.Scatter(
        x=[run.value for run in runs], y=rows, mode="markers+text", name=escaped(arm),
        marker={"color": colour, "symbol": symbol, "size": 11},
        error_x=error_bars(
            [run.value for run in runs], [run.interval for run in runs], thickness=1.2, width=3, color=colour
        ),
        text=[form(run.value) for run in runs], textposition="top center", textfont={"size": 11},
        customdata=[[escaped(run.name), escaped(run.origin), interval(run.interval, form)] for run in runs],
        hovertemplate=f"%{{customdata[0]}}: %{{x:.{digits}f}} %{{customdata[2]}}<br>%{{customdata[1]}}<extra></extra>",
    )  # fmt: skip


def _counted(runs: Sequence[RunPoint]) -> str:
    seeds = len({run.seed for run in runs})
    return f"{seeds} seed{'s' * (seeds != 1)}" if seeds == len(runs) else f"{len(runs)} runs"
