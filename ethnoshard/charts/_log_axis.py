"""Ticks of a logarithmic axis of shares: as many as can be read, whether it spans a part of a decade or seven."""

import math
from typing import Any

_FEW, _SOME = 0.8, 2.6
"""Decades up to which every digit, or 1, 2 and 5, have a tick."""


def log_axis(low: float, high: float) -> dict[str, Any]:
    """For ``update_xaxes`` or ``update_yaxes``.

    Args:
        low: least share on the axis, above 0.
        high: greatest.
    """
    decades = math.log10(high / low)
    digits = range(1, 10) if decades < _FEW else (1, 2, 5) if decades < _SOME else (1,)
    # One step of rounding must not lose the tick at an end.
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    values = [float(f"{digit}e{power}") for power in exponents for digit in digits]
    shown = [value for value in values if low / 1.001 <= value <= high * 1.001]
    margin = 0.03 * decades + 0.01
    return {
        "type": "log",
        "range": [math.log10(low) - margin, math.log10(high) + margin],
        "tickvals": shown,
        "ticktext": [_text(value) for value in shown],
    }


def _text(value: float) -> str:
    """``0.002``; of the very small ``10`` to a power."""
    if value >= 1e-4:
        return f"{value:.6f}".rstrip("0").rstrip(".")
    digit, power = f"{value:e}".split("e")
    first = float(digit)
    return f"10<sup>{int(power)}</sup>" if first == 1 else f"{first:g}·10<sup>{int(power)}</sup>"
