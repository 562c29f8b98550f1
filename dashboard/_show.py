"""How everything looks: a title that states what is shown, a line on how to read it, downloads, warnings."""

import contextlib
import importlib.util
import re
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Literal

import plotly.graph_objects as go
import polars as pl
import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from ethnoshard.charts import page, titled
from ethnoshard.errors import EthnoshardError

Columns = Mapping[str, ColumnConfig | str | None]
"""How columns of a table look."""
_LABELS = "#5C6070"
"""Of axes, legends and points on white, at 6.2:1. Streamlit's own grey is at 3.7:1; text needs 4.5:1 (WCAG 2.1)."""
CONFIG = {"displaylogo": False, "toImageButtonOptions": {"format": "png", "scale": 2}}


_SIGNS = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~:$^=&])")


def plain(text: object) -> str:
    """Words from files as Markdown: the text itself, whatever signs are in it."""
    return _SIGNS.sub(r"\\\1", " ".join(str(text).split()))


class reporting_errors(contextlib.AbstractContextManager[None]):  # noqa: N801 - reads as what it does
    """Warn why something can't be shown, instead of ending the page; a bug of ours is none of these errors.

    Args:
        what: the run, report or file, as the user knows it. Plain text.
    """

    def __init__(self, what: str) -> None:
        self._what = what

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        """Take an ``EthnoshardError``, and nothing else."""
        if isinstance(error, EthnoshardError):
            warn(f"{self._what}: {error}")
            return True
        return False


def warn(text: str) -> None:
    """A warning. Plain text."""
    st.warning(plain(text), icon=":material/warning:")


def chart(drawing: go.Figure, *, name: str, title: str, how: str) -> None:
    """Show a chart.

    Args:
        drawing: the chart, without a title.
        name: key of the element and name of its files; one on a page.
        title: states what the chart shows. Plain text.
        how: how to read it. Plain text.
    """
    head(title, how)
    if st.context.theme.type == "light":
        drawing.update_xaxes(tickfont_color=_LABELS, title_font_color=_LABELS)
        drawing.update_yaxes(tickfont_color=_LABELS, title_font_color=_LABELS)
        drawing.update_layout(font_color=_LABELS, legend_font_color=_LABELS)
    st.plotly_chart(drawing, key=name, config=CONFIG, alt=title)
    with st.popover("Download", icon=":material/download:", type="tertiary"):
        st.download_button(
            "HTML",
            lambda: page(drawing, title, how),
            f"{name}.html",
            "text/html",
            key=f"{name}-html",
            on_click="ignore",
        )
        if importlib.util.find_spec("kaleido"):
            st.download_button(
                "PNG", lambda: _png(drawing, title), f"{name}.png", "image/png", key=f"{name}-png", on_click="ignore"
            )
        else:
            st.caption("PNG: the camera above the chart")


def table(
    rows: pl.DataFrame,
    *,
    name: str,
    title: str,
    how: str = "",
    columns: Columns | None = None,
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
        download: the numbers unrounded, where ``rows`` holds them as text.
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


def unreadable(items: Sequence[tuple[str, str]]) -> None:
    """Warn of each thing that can't be read: its name and why. Plain text, both."""
    for name, reason in items:
        warn(f"{name} can't be read: {reason}")


def empty(what: str, *commands: str) -> None:
    """Say that there is nothing yet, and which commands make it.

    Args:
        what: is missing. Plain text.
        commands: shell commands, a line each.
    """
    st.info(plain(what), icon=":material/info:")
    if commands:
        st.code("\n".join(commands), language="sh")


def tiles(metrics: Sequence[tuple[str, str, str]]) -> None:
    """The metrics that matter most, side by side: label, value, and what it means. Plain text."""
    for column, (label, value, meaning) in zip(st.columns(len(metrics)), metrics, strict=True):
        column.metric(plain(label), plain(value), help=plain(meaning) if meaning else None, border=True)


def tiles_with_ranges(metrics: Sequence[tuple[str, str, str, str]]) -> None:
    """Metrics side by side: label, value, a line below it such as an interval, and what it means. Plain text.

    Nothing is cut off.
    """
    for column, (label, value, below, meaning) in zip(st.columns(len(metrics)), metrics, strict=True):
        with column.container(border=True, height="stretch", gap="xxsmall"):
            st.metric(plain(label), plain(value), help=plain(meaning) if meaning else None)
            st.caption(plain(below))


def _png(drawing: go.Figure, title: str) -> bytes:
    alone = titled(drawing, title).update_layout(template="plotly_white")
    picture: bytes = alone.to_image(format="png", width=1200, height=700, scale=2)
    return picture
