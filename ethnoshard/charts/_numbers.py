"""One way to write a number: shares, differences, mean ± deviation, intervals, and a dash for nothing."""

import math
import re
from collections.abc import Callable, Sequence

NONE = "–"
"""Where there is no number."""
Ends = Sequence[float | None] | None
"""Of an interval, low and high; an end that isn't defined is None, and so is an interval that isn't there."""
_MINUS_ZERO = re.compile(r"-(0(?:\.0+)?)(?![\d.])")
_SMALL = 0.01
_LEAST_DIGITS, _MOST_DIGITS = 5, 8
"""Decimals of a share below ``_SMALL``: as many as show it, up to where a power of ten is easier to read."""


def share(value: float | None, digits: int = 4) -> str:
    """A share of 1; small ones with the digits that they have, 0 as 0, as nothing else may look like none at all.

    Args:
        value: the share; None or NaN is a dash.
        digits: decimals, of shares of 0.01 and above.

    >>> [share(value) for value in (0.987, 0.0052, 0.00002, 0.0000003, 0, None)]
    ['0.9870', '0.00520', '0.00002', '0.0000003', '0', '–']
    """
    if value is None or math.isnan(value):
        return NONE
    if value == 0:
        return "0"
    if abs(value) >= _SMALL:
        return f"{value:.{digits}f}"
    needed = max(_LEAST_DIGITS, -math.floor(math.log10(abs(value))))
    return f"{value:.{needed}f}" if needed <= _MOST_DIGITS else f"{value:.0e}"


def number(value: float | None, digits: int = 4) -> str:
    """A number with so many decimals; a dash for None and NaN."""
    return NONE if value is None or math.isnan(value) else f"{value:.{digits}f}"


def p_value(value: float | None) -> str:
    """A p-value with two digits that count, ``0.034``; ``< 0.001`` below that; a dash for None.

    >>> [p_value(value) for value in (0.5, 0.0341, 0.0004, 1, None)]
    ['0.50', '0.034', '< 0.001', '1.00', '–']
    """
    if value is None or math.isnan(value):
        return NONE
    return "< 0.001" if value < 0.001 else f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


def signed(value: float | None) -> str:
    """A difference of shares with its sign, small ones with a decimal more; a dash for None and NaN."""
    if value is None or math.isnan(value):
        return NONE
    return f"{value:+.5f}" if 0 < abs(value) < _SMALL else f"{value:+.4f}"


def plus_minus(mean: float | None, deviation: float | None, digits: int = 4) -> str:
    """Mean and standard deviation: ``0.7230 ± 0.0190``; the mean alone where there is no deviation."""
    if mean is None or deviation is None:
        return number(mean, digits)
    return f"{mean:.{digits}f} ± {deviation:.{digits}f}"


def interval(ends: Ends, form: Callable[[float], str] = share) -> str:
    """``[0.9818, 0.9917]``; an end that isn't defined is ``..``; empty where neither is.

    Args:
        ends: low and high.
        form: how an end is written.
    """
    if not ends or all(end is None for end in ends):
        return ""
    low, high = (".." if end is None else form(end) for end in ends)
    return f"[{low}, {high}]"


def with_interval(value: float | None, ends: Ends, form: Callable[[float | None], str] = share) -> str:
    """A number and its interval: ``0.9870 [0.9818, 0.9917]``."""
    return form(value) if value is None else f"{form(value)} {interval(ends, form)}".rstrip()


def spread(values: Sequence[float | None], *, whole: bool = False) -> str:
    """Mean (least to most) of the values that are defined, ``0.80 (0.70 to 0.90)``; a dash for none.

    Args:
        values: None where it isn't defined.
        whole: without decimals.
    """
    known = [float(value) for value in values if value is not None]
    if not known:
        return NONE
    digits = 0 if whole else 2
    mean, least, most = (f"{value:,.{digits}f}" for value in (sum(known) / len(known), min(known), max(known)))
    text = mean if least == most else f"{mean} ({least} to {most})"
    return _MINUS_ZERO.sub(r"\1", text)


def count(value: float | None) -> str:
    """A whole number: ``12,345``."""
    return NONE if value is None else f"{value:,.0f}"


def few_digits(value: float | None) -> str:
    """A count or mean with three digits that count: ``1,414``, ``25.3``, ``1.34``; a dash for None."""
    if value is None:
        return NONE
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def percent(value: float) -> str:
    """A share of 1 as per cent with two digits: ``58 %``, ``5.9 %``, ``0.04 %``."""
    of_hundred = 100 * value
    if of_hundred >= 10 or of_hundred == 0:
        return f"{of_hundred:.0f} %"
    return f"{of_hundred:.1f} %" if of_hundred >= 1 else f"{of_hundred:.2g} %"
