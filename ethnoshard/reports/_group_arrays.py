"""Errors by group as arrays of a report: in every draw at its own threshold, and over thresholds."""

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation import DrawnRates, GroupCurves
from ethnoshard.reports._folder import Arrays

_DRAWN, _CURVES = "drawn_", "curve_"
"""Before the names of arrays, in a file that holds others as well."""


def group_arrays(drawn: DrawnRates, curves: GroupCurves) -> Arrays:
    """What ``read_drawn`` and ``read_curves`` read back."""
    return {
        **{_DRAWN + name: values for name, values in drawn.arrays().items()},
        **{_CURVES + name: values for name, values in curves.arrays().items()},
    }


def read_drawn(arrays: Arrays) -> DrawnRates:
    """Rates in all draws at the report's threshold, from the arrays of ``groups-<source>``.

    Raises:
        KeyError: they aren't there.
    """
    return DrawnRates.of_arrays({name: arrays[_DRAWN + name] for name in DrawnRates.__dataclass_fields__})


def read_curves(arrays: Arrays) -> GroupCurves:
    """Errors by group over thresholds, from the arrays of ``groups-<source>``.

    Raises:
        EthnoshardError: the report was written by a version that didn't keep them, or is damaged.
    """
    names = list(GroupCurves.__dataclass_fields__)
    missing = [name for name in names if _CURVES + name not in arrays]
    if len(missing) == len(names):
        raise EthnoshardError(
            "the report holds errors by group at its own threshold only: it was written by an earlier version of "
            "ethnoshard; run ethnoshard evaluate again to have other thresholds"
        )
    damaged = "errors by group over thresholds are damaged: {}; run ethnoshard evaluate again"
    if missing:
        raise EthnoshardError(damaged.format(f"{', '.join(missing)} missing"))
    try:
        return GroupCurves.of_arrays({name: arrays[_CURVES + name] for name in names})
    except (ValueError, IndexError) as error:
        raise EthnoshardError(damaged.format(error)) from error
