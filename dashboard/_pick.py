"""What to look at: picked in the page, kept in the URL, so that a view can be sent to a colleague."""

from collections.abc import Sequence

import streamlit as st

from ._text import plain


def one(label: str, names: Sequence[str], *, key: str, start: str | None = None) -> str:
    """Pick one of ``names``, of which there is at least one.

    Args:
        label: plain text.
        names: shown as they are.
        key: also the parameter's name in the URL.
        start: picked if the URL says nothing; the first by default.
    """
    _say_unknown(label, names, key)
    index = names.index(start) if start in names else 0
    return st.selectbox(plain(label), names, index=index, key=key, bind="query-params")


def some(label: str, names: Sequence[str], *, key: str, start: Sequence[str]) -> list[str]:
    """Pick any of ``names``; ``start`` if the URL says nothing."""
    _say_unknown(label, names, key)
    return list(st.multiselect(plain(label), names, default=list(start), key=key, bind="query-params"))


def _say_unknown(label: str, names: Sequence[str], key: str) -> None:
    """A link from elsewhere may name what isn't here; Streamlit takes the default without a word."""
    if key in st.session_state:
        return
    missing = [name for name in st.query_params.get_all(key) if name and name not in names]
    if missing:
        st.warning(
            f"the link names {plain(', '.join(missing))}, which is not here; {plain(label)} is the first that is",
            icon=":material/link_off:",
        )
