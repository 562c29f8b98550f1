"""What changed from one model to another: differences with their intervals, and the line of no difference."""

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from ethnoshard.charts._numbers import Ends, signed
from ethnoshard.charts._palette import ARM_COLOURS, GREY
from ethnoshard.charts._style import empty_chart, error_bars, escaped

_ROW = 44


@dataclass(frozen=True, kw_only=True)
class Difference:
    """Of one metric, the other model's less the base's.

    Attributes:
        name: of the row.
        value: other - base.
        interval: low and high, of the difference on the same people.
        claimed: whether the models differ, where that is decided with others together; None where the interval decides.
        draws: difference in each draw, where there are too few of them for an interval.
        colour: of the row.
        too_few: whether too few people or pairs stand behind it: it is grey.
        words: lines under the pointer.
    """

    name: str
    value: float
    interval: Ends = None
    claimed: bool | None = None
    draws: Sequence[float] = ()
    colour: str = ARM_COLOURS[6]
    too_few: bool = False
    words: Sequence[str] = ()

    @property
    def excludes_0(self) -> bool:
        """Whether the models are told apart."""
        if self.claimed is not None:
            return self.claimed
        low, high = self.interval or (None, None)
        return low is not None and high is not None and not low <= 0 <= high


def differences(rows: Sequence[Difference], what: str) -> go.Figure:
    """A point and its interval a row, filled where the models are told apart; where there are draws, a dot for each.

    Args:
        rows: from above to below.
        what: title of the axis: of what they are differences, and what is better.
    """
    numbers = list(range(len(rows)))
    chart = empty_chart(
        what,
        "",
        height=110 + _ROW * len(rows),
        showlegend=False,
        xaxis={"zeroline": False},
        yaxis={
            "tickvals": numbers, "ticktext": [escaped(row.name) for row in rows], "range": [len(rows) - 0.4, -0.6],
            "showgrid": False, "zeroline": False, "automargin": True,
        },
    )  # fmt: skip
    chart.add_vline(x=0, line={"dash": "dash", "width": 1.5, "color": GREY})
    looks = [GREY if row.too_few else row.colour for row in rows]
    traces = []
    # Bars of one trace have one colour.
    for colour in dict.fromkeys(looks):
        own = [(number, row) for number, row, look in zip(numbers, rows, looks, strict=True) if look == colour]
        traces += _points(own, colour)
    return chart.add_traces(traces)


def _points(own: Sequence[tuple[int, Difference]], colour: str) -> list[go.Scatter]:
    points = go.Scatter(
        x=[row.value for _, row in own],
        y=[number for number, _ in own],
        mode="markers",
        marker={
            "symbol": ["circle" if row.excludes_0 else "circle-open" for _, row in own],
            "size": 11, "color": colour, "line": {"width": 2, "color": colour},
        },
        error_x=error_bars(
            [row.value for _, row in own], [row.interval for _, row in own], width=4, color=colour
        ),
        customdata=["<br>".join([signed(row.value), *map(escaped, row.words)]) for _, row in own],
        hovertemplate="%{customdata}<extra></extra>",
    )  # fmt: skip
    drawn = [(value, number) for number, row in own for value in row.draws]
    if not drawn:
        return [points]
    dots = go.Scatter(
        x=[value for value, _ in drawn],
        y=[number for _, number in drawn],
        mode="markers",
        marker={"size": 6, "color": colour, "opacity": 0.6},
        hovertemplate="a draw: %{x:+.4f}<extra></extra>",
    )
    return [dots, points]
