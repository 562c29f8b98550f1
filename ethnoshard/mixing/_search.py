"""Search for the point up to which something holds."""

from collections.abc import Callable

_LONGEST = 2**40


def largest(holds: Callable[[int], bool]) -> int:
    """The largest whole number for which ``holds``; it does for 1, up to some point, and then no more.

    >>> largest(lambda n: n * n <= 50)
    7
    """
    low, high = 1, 2
    while high < _LONGEST and holds(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low
