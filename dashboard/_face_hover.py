"""The face of the point under the pointer, beside a chart."""

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

_SCRIPT = Path(__file__).parent / "face_hover.js"


def face_hover(chart: str, faces: Sequence[str], texts: Sequence[str]) -> None:
    """Show a face and a line where the pointer is over a point of a chart on the same page.

    Each point's ``customdata`` is its place in ``faces`` and ``texts``; the chart's own labels are best turned off by
    ``hoverinfo="none"``.

    Args:
        chart: key of the ``st.plotly_chart``.
        faces: ``_faces.thumbnail`` of each point; "" for none.
        texts: plain text of each point, shown as it is.
    """
    _component()(
        key=f"{chart}-faces",
        data={"chart": chart, "faces": list(faces), "texts": list(texts)},
        height=1,
    )


@functools.cache
def _component() -> Callable[..., Any]:
    """Registered once a process, and not on import, which comes before there is a server to register it with."""
    return st.components.v2.component("ethnoshard_face_hover", js=_SCRIPT.read_text("utf-8"), isolate_styles=False)
