"""Files of results of one kind, as a part of the page shows them."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ethnoshard.results import (
    Benchmark,
)

B = TypeVar("B", bound=Benchmark)


Files = Sequence[tuple[str, B]]
"""Name of a file and what it holds."""


def two_columns(number: int) -> Sequence[DeltaGenerator]:
    """Two beside each other, at least ``number``."""
    return [column for _ in range(0, number, 2) for column in st.columns(2, gap="large")]


Part = Callable[[Sequence[tuple[str, Benchmark]]], None]


def part_of(kind: type[B], part: Callable[[Files[B]], None]) -> Part:
    """The part of the page for files of one kind."""

    def show_part(files: Sequence[tuple[str, Benchmark]]) -> None:
        part([(name, content) for name, content in files if isinstance(content, kind)])

    return show_part
