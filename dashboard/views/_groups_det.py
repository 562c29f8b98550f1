"""DET by group, with the one threshold for all marked on each curve."""

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from ethnoshard.evaluation import GroupCurves

from .._colours import DASHES, SYMBOLS, TOO_FEW
from .._show import figure
from .._text import in_chart, share
from ._groups_found import Shown
from ._log_axis import ticks


def det(shown: Shown, colours: Mapping[str, str]) -> go.Figure:
    """FNMR over FMR of each group, both logarithmic; a rate of 0 lies on the edge.

    Args:
        shown: of a report that keeps curves.
        colours: of groups.
    """
    curves = shown.found.curves
    assert curves is not None, "checked by the page"
    fmr, fnmr = curves.fmr[:, 0], curves.fnmr[:, 0]
    left, bottom = _edge(fmr), _edge(fnmr)
    drawn = figure("false match rate (share of different pairs)", "false non-match rate (share of same pairs)")
    for place, group in enumerate(curves.groups):
        few = shown.rates["by_group"][group]["too_few"]
        colour = TOO_FEW if few else colours.get(group, TOO_FEW)
        x, y = np.maximum(fmr[:, place], left), np.maximum(fnmr[:, place], bottom)
        kept = _on_the_way(curves, place, shown.place)
        drawn.add_scatter(
            x=x[kept],
            y=y[kept],
            mode="lines+markers",
            line={"color": colour, "dash": DASHES[place % len(DASHES)], "width": 2},
            marker={
                "symbol": SYMBOLS[place % len(SYMBOLS)], "color": colour, "opacity": 1, "line": {"width": 0},
                # One sign on each curve, and the same in the legend.
                "size": [14 if at == shown.place else 0 for at in kept.tolist()],
            },
            customdata=[
                [shown.found.text(at), share(one), share(two)]
                for at, one, two in zip(kept.tolist(), fmr[kept, place], fnmr[kept, place], strict=True)
            ],
            hovertemplate="at %{customdata[0]}: FMR %{customdata[1]}, FNMR %{customdata[2]}"
            f"<extra>{in_chart(group)}</extra>",
            name=in_chart(group) + (" (too few)" if few else ""),
        )  # fmt: skip
    high = [float(np.nanmax(rates, initial=edge)) for rates, edge in ((fmr, left), (fnmr, bottom))]
    return drawn.update_xaxes(**ticks(left, high[0])).update_yaxes(**ticks(bottom, high[1]))


def _edge(rates: NDArray[np.float64]) -> float:
    """Half the least rate that there is: where a rate of 0 is drawn."""
    some = rates[np.isfinite(rates) & (rates > 0)]
    return float(some.min()) / 2 if len(some) else 1e-6


def _on_the_way(curves: GroupCurves, place: int, chosen: int) -> NDArray[np.int64]:
    """Thresholds up to the first of each end at which a rate is 0, as beyond the curve runs along the edge; but all
    up to the chosen one.
    """
    fmr, fnmr = curves.fmr[:, 0, place], curves.fnmr[:, 0, place]
    first = int(np.flatnonzero(fnmr <= 0)[-1]) if (fnmr <= 0).any() else 0
    last = int(np.flatnonzero(fmr <= 0)[0]) if (fmr <= 0).any() else len(fmr) - 1
    return np.arange(min(first, last, chosen), max(first, last, chosen) + 1)
