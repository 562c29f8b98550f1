"""Where a file from elsewhere can't be shown, the page says so and goes on."""

import contextlib
from collections.abc import Iterator

import streamlit as st

from ethnoshard.errors import EthnoshardError

from ._text import plain


@contextlib.contextmanager
def or_said(what: str) -> Iterator[None]:
    """Show why ``what`` can't be shown, instead of ending the page.

    Args:
        what: the run, report or file, as the user knows it.
    """
    try:
        yield
    except EthnoshardError as error:
        st.warning(f"{plain(what)}: {plain(error)}", icon=":material/warning:")
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        # A file that reads as JSON or npz but holds something else than was agreed.
        st.warning(
            f"{plain(what)} can't be shown: it is half\\-written, damaged or of another version "
            f"\\({plain(type(error).__name__)}: {plain(error)}\\)",
            icon=":material/warning:",
        )
