"""What to look at: picked in the page, kept in the URL, so that a view can be sent to a colleague."""

from collections.abc import Sequence
from typing import NoReturn

import streamlit as st

from ._show import plain

_AGAIN = "again"
MOST_AT_FIRST = 12
"""Runs that are picked if the URL says nothing; more hide each other in a chart."""


def one(label: str, names: Sequence[str], *, key: str, start: str | None = None) -> str:
    """Pick one of ``names``, of which there is at least one.

    Args:
        label: plain text.
        names: shown as they are.
        key: also the parameter's name in the URL.
        start: picked if the URL says nothing; the first by default.
    """
    _warn_of_unknown(label, names, key)
    default = start if start in names else names[0]
    moved = _moved(key)
    if _from_another_page(key) in names:
        st.session_state[key] = st.session_state[key]
    picked = st.selectbox(plain(label), names, index=names.index(default), key=key, bind="query-params")
    if moved and picked != default:
        _show_again(key)
    return picked


def some(label: str, names: Sequence[str], *, key: str, start: Sequence[str]) -> list[str]:
    """Pick any of ``names``; ``start`` if the URL says nothing."""
    _warn_of_unknown(label, names, key)
    moved = _moved(key)
    carried = _from_another_page(key)
    if isinstance(carried, list):
        st.session_state[key] = [name for name in carried if name in names]
    picked = list(st.multiselect(plain(label), names, default=list(start), key=key, bind="query-params"))
    if moved and picked != list(start):
        _show_again(key)
    return picked


def _moved(key: str) -> bool:
    """Whether ``key`` was shown on another page just before."""
    here, mark = str(st.context.url).partition("?")[0], f"page of {key}"
    before = st.session_state.get(mark, here)
    st.session_state[mark] = here
    if before == _AGAIN and key in st.query_params:
        # Streamlit believes that the URL has the value still, but the browser left it behind with the page before:
        # any change of a parameter sends all of them.
        st.query_params[_AGAIN] = "1"
        del st.query_params[_AGAIN]
    return before not in (here, _AGAIN)


def _show_again(key: str) -> NoReturn:
    """Run the page once more: only then can the URL have what another page's had."""
    st.session_state[f"page of {key}"] = _AGAIN
    st.rerun()


def _from_another_page(key: str) -> object:
    """What was picked under ``key`` on the page before, else None.

    Streamlit hands a bound value on from page to page, but only once the new page was shown without it.
    """
    return None if key in st.query_params else st.session_state.get(key)


def _warn_of_unknown(label: str, names: Sequence[str], key: str) -> None:
    """A link from elsewhere may name what isn't here; Streamlit takes the default without a word."""
    if key in st.session_state:
        return
    missing = [name for name in st.query_params.get_all(key) if name and name not in names]
    if missing:
        st.warning(
            plain(f"{', '.join(missing)} (from the link) was not found; {label} has its default instead"),
            icon=":material/link_off:",
        )
