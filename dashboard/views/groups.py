"""The page "Groups"."""

import streamlit as st

from .._shelf import Shelf


def show(shelf: Shelf) -> None:
    """To be furnished."""
    st.write("nothing yet")
