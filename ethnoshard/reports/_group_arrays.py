"""Errors by group as arrays of a report: in every draw at its own threshold, and over thresholds."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation import DrawnRates, GroupCurves
from ethnoshard.results import Arrays, NamedArrays

_DRAWN, _CURVES = "drawn_", "curve_"
"""Before the names of arrays, in a file that holds others as well."""
_SOME_ARRAYS = "the arrays of errors by group"


def group_arrays(drawn: DrawnRates, curves: GroupCurves) -> Arrays:
    """What ``read_drawn`` and ``read_curves`` read back."""
    return {
        **{_DRAWN + name: values for name, values in drawn.arrays().items()},
        **{_CURVES + name: values for name, values in curves.arrays().items()},
    }


def read_drawn(arrays: NamedArrays | Mapping[str, NDArray[np.generic]]) -> DrawnRates:
    """Rates in all draws at the report's threshold, from the arrays of ``groups-<source>``.

    Raises:
        EthnoshardError: one is missing, or of another type or shape.
    """
    return DrawnRates.of_arrays(_named(arrays).beneath(_DRAWN))


def read_curves(arrays: NamedArrays | Mapping[str, NDArray[np.generic]]) -> GroupCurves:
    """Errors by group over thresholds, from the arrays of ``groups-<source>``.

    Raises:
        EthnoshardError: the report was written by a version that didn't keep them, or one is missing, or of another
            type or shape.
    """
    curves = _named(arrays).beneath(_CURVES)
    if not any(name in curves for name in GroupCurves.__dataclass_fields__):
        raise EthnoshardError(
            "the report holds errors by group at its own threshold only: it was written by an earlier version of "
            "ethnoshard; run ethnoshard evaluate again to have other thresholds"
        )
    return GroupCurves.of_arrays(curves)


def _named(arrays: NamedArrays | Mapping[str, NDArray[np.generic]]) -> NamedArrays:
    return arrays if isinstance(arrays, NamedArrays) else NamedArrays(arrays, _SOME_ARRAYS)
