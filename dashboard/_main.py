"""Navigation: nine pages, each a function that shows what is on the shelf."""

from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import Page

from ._given import Given
from ._shelf import Shelf
from ._show import reporting_errors
from .views import audit, batches, benchmarks, clusters, dataset, groups, runs, training, verification

_ICON = Path(__file__).parent / "icon.svg"
"""A file: Streamlit would fetch a named symbol from the network."""

PAGES: dict[str, tuple[str, Callable[[Shelf], None]]] = {
    "runs": (":material/list:", runs.show),
    "dataset": (":material/database:", dataset.show),
    "audit": (":material/person_search:", audit.show),
    "batches": (":material/balance:", batches.show),
    "training": (":material/trending_down:", training.show),
    "verification": (":material/fact_check:", verification.show),
    "groups": (":material/groups:", groups.show),
    "clusters": (":material/scatter_plot:", clusters.show),
    "benchmarks": (":material/speed:", benchmarks.show),
}
"""Name, as in the URL -> its icon and what shows it."""


def show(arguments: Sequence[str]) -> None:
    """Show the page that the URL asks for.

    Args:
        arguments: of the command line, see ``Given.of_arguments``.
    """
    given = Given.of_arguments(arguments)
    st.set_page_config(page_title="ethnoshard", page_icon=str(_ICON), layout="wide")
    pages = [_page(name, given) for name in PAGES]
    # Streamlit gives the default page no path of its own, and a link to it has to work as those to others do.
    front = st.Page(lambda: st.switch_page(pages[0]), title="ethnoshard", default=True, visibility="hidden")
    st.navigation([front, *pages]).run()


def show_page(name: str, given: Given) -> None:
    """One page, with its title."""
    st.title(name.capitalize(), anchor=False)
    hidden = st.sidebar.toggle(
        "Hide people's names",
        value=True,
        # Not in the URL: a link must not show names to somebody who did not ask for them.
        key="names_hidden",
        persist_state="session",
        help="Names of people from file names and labels; their faces stay.",
    )
    with reporting_errors(name):
        PAGES[name][1](Shelf(given, names_hidden=hidden))


def _page(name: str, given: Given) -> Page:
    def run() -> None:
        show_page(name, given)

    return st.Page(run, title=name.capitalize(), icon=PAGES[name][0], url_path=name)
