"""Waiting for events, as long as a busy machine needs: what a test claims never depends on the clock."""

import time
from collections.abc import Callable

PATIENCE = 900.0
"""Seconds after which something that should have happened counts as never happening. Only a hang takes as long."""

_BETWEEN = 0.005
"""Seconds between two looks."""


def until(condition: Callable[[], object], what: str = "it did not happen") -> None:
    """Look until ``condition()`` is true.

    Raises:
        AssertionError: ``what``, after ``PATIENCE``.
    """
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(_BETWEEN)
