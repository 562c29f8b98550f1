"""How everything looks: a title that states what is shown, a line on how to read it, downloads."""

import importlib.util
from collections.abc import Sequence
from typing import Any, Literal

import plotly.graph_objects as go
import polars as pl
import streamlit as st

from ethnoshard.charts import page, titled

from ._text import plain

CONFIG = {"displaylogo": False, "toImageButtonOptions": {"format": "png", "scale": 2}}


def chart(drawn: go.Figure, *, name: str, title: str, how: str) -> None:
    """Show a figure.

    Args:
        drawn: the figure, without a title.
        name: key of the element and name of its files; one on a page.
        title: states what the figure shows. Plain text.
        how: how to read it. Plain text.
    """
    head(title, how)
    st.plotly_chart(drawn, key=name, config=CONFIG, alt=title)
    with st.popover("Download", icon=":material/download:", type="tertiary"):
        st.download_button(
            "HTML", lambda: page(drawn, title, how), f"{name}.html", "text/html", key=f"{name}-html", on_click="ignore"
        )
        if importlib.util.find_spec("kaleido"):
            st.download_button(
                "PNG", lambda: _png(drawn, title), f"{name}.png", "image/png", key=f"{name}-png", on_click="ignore"
            )
        else:
            st.caption("PNG: the camera above the chart")


def table(
    rows: pl.DataFrame,
    *,
    name: str,
    title: str,
    how: str = "",
    columns: dict[str, Any] | None = None,
    download: pl.DataFrame | None = None,
    row_height: int | None = None,
    height: Literal["auto", "content"] = "auto",
) -> None:
    """Show a table; cells are text, never Markdown or HTML.

    Args:
        rows: what to show.
        name: key of the element and name of its file; one on a page.
        title: states what the table shows. Plain text.
        how: how to read it. Plain text.
        columns: for ``st.dataframe``'s ``column_config``.
        download: the figures unrounded, where ``rows`` holds them as text.
        row_height: in pixels, where a column holds pictures.
        height: "content" shows every row without scrolling.
    """
    head(title, how)
    st.dataframe(
        rows, key=name, hide_index=True, column_config=columns, alt=title, row_height=row_height, height=height
    )
    csv(rows if download is None else download, name)


def csv(rows: pl.DataFrame, name: str) -> None:
    """A button that gives a table as CSV."""
    st.download_button(
        "CSV", lambda: rows.write_csv().encode(), f"{name}.csv", "text/csv", key=f"{name}-csv", on_click="ignore",
        icon=":material/download:", type="tertiary",
    )  # fmt: skip


def head(title: str, how: str = "") -> None:
    """Title of a part of a page and the line below it. Plain text, both."""
    st.markdown(f"##### {plain(title)}")
    if how:
        st.caption(plain(how))


def empty(what: str, *commands: str) -> None:
    """Say that there is nothing yet, and which commands make it."""
    st.info(plain(what), icon=":material/info:")
    if commands:
        st.code("\n".join(commands), language="sh")


def tiles(figures: Sequence[tuple[str, str, str]]) -> None:
    """Figures that matter most, side by side: label, value, and what it means."""
    for column, (label, value, meaning) in zip(st.columns(len(figures)), figures, strict=True):
        column.metric(plain(label), plain(value), help=plain(meaning) if meaning else None, border=True)


def tiles_with_ranges(figures: Sequence[tuple[str, str, str, str]]) -> None:
    """Likewise: label, value, a line below it such as an interval, and what it means. Nothing is cut off."""
    for column, (label, value, below, meaning) in zip(st.columns(len(figures)), figures, strict=True):
        with column.container(border=True, height="stretch", gap="xxsmall"):
            st.metric(plain(label), plain(value), help=plain(meaning) if meaning else None)
            st.caption(plain(below))


def _png(drawn: go.Figure, title: str) -> bytes:
    shown = titled(drawn, title).update_layout(template="plotly_white")
    picture: bytes = shown.to_image(format="png", width=1200, height=700, scale=2)
    return picture
