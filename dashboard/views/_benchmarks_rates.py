"""Files that hold rates of contestants: alignment, packing, labelling."""

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go

from ethnoshard.charts import ARM_COLOURS, GREY, GROUP_COLOURS, empty_chart, escaped

_OURS = "ethnoshard"


def rates(content: Mapping[str, Any], unit: str) -> go.Figure:
    """A bar a contestant: the median, with least and most as whiskers.

    Args:
        content: of the file.
        unit: of the rates.
    """
    found = {str(name): _rate(rate) for name, rate in content["rates"].items()}
    shown = empty_chart(unit, "", height=110 + 54 * len(found), showlegend=False, bargap=0.35)
    # Long names are broken at their commas, or they would leave no room for bars.
    names = [escaped(name).replace(", ", ",<br>") for name in found]
    shown.add_bar(
        y=names,
        x=[median for _, median, _ in found.values()],
        orientation="h",
        marker={
            "color": [GROUP_COLOURS[0] if name.startswith(_OURS) else ARM_COLOURS[0] for name in found],
            "opacity": [1 if name.startswith(_OURS) else 0.6 for name in found],
        },
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [most - median for _, median, most in found.values()],
            "arrayminus": [median - least for least, median, _ in found.values()],
            "thickness": 1.5,
            "color": GREY,
            "width": 4,
        },
        customdata=[[least, most] for least, _, most in found.values()],
        hovertemplate="%{y}: %{x:,.0f} (%{customdata[0]:,.0f} to %{customdata[1]:,.0f})<extra></extra>",
    )
    for name, (_, median, most) in zip(names, found.values(), strict=True):
        shown.add_annotation(x=most, y=name, text=f"{median:,.0f}", showarrow=False, xanchor="left", xshift=6)
    most = max(most for *_, most in found.values())
    return shown.update_layout(
        xaxis={"range": [0, 1.15 * most]}, yaxis={"categoryorder": "array", "categoryarray": names[::-1]}
    )


def alignment_title(content: Mapping[str, Any]) -> str:
    """Ours beside the best way to run the original."""
    ours, others = _split(content)
    if not ours or not others:
        return f"Alignment of {content['images']:,} images"
    return (
        f"ethnoshard align takes {max(ours) / max(others):.1f} times as many images a second as the best "
        "setting of facenet-pytorch"
    )


def alignment_note(content: Mapping[str, Any]) -> str:
    """Whether both find the same faces."""
    agreement = content.get("agreement")
    said = f"The first {content['images']:,} images; whiskers: least to most of the rounds."
    if agreement:
        said += (
            f" Of {agreement['faces']:,} faces of facenet-pytorch {100 * agreement['iou_0.98']:.2f} % have one of ours "
            "with an intersection over union of 0.98 or more."
        )
    return said


def packing_title(content: Mapping[str, Any]) -> str:
    """Faces and bytes a second."""
    median = float(content["rates"]["ethnoshard pack"]["median"])
    mib = median * float(content["bytes"]) / float(content["faces"]) / (1 << 20)
    return f"ethnoshard pack writes {median:,.0f} faces a second, {mib:,.0f} MiB/s"


def labelling_title(content: Mapping[str, Any]) -> str:
    """Faces a second."""
    return f"ethnoshard label looks at {float(content['rates']['ethnoshard label']['median']):,.0f} faces a second"


def _split(content: Mapping[str, Any]) -> tuple[list[float], list[float]]:
    medians = {str(name): float(rate["median"]) for name, rate in content["rates"].items()}
    ours = [median for name, median in medians.items() if name.startswith(_OURS)]
    return ours, [median for name, median in medians.items() if not name.startswith(_OURS)]


def _rate(rate: Mapping[str, Any]) -> tuple[float, float, float]:
    return float(rate["least"]), float(rate["median"]), float(rate["most"])
