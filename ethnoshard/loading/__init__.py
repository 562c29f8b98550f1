"""Streams planned batches from shards: read, decode, assemble, prefetch, resume, measure.

What needs torch, two seconds of import, is loaded when its name is first used: a plan does without.
"""

import importlib
from typing import TYPE_CHECKING, Any

from ethnoshard.loading._planning import ResemblanceTable, plan_of

if TYPE_CHECKING:
    from ethnoshard.loading._batch import Batch
    from ethnoshard.loading._loader import StratifiedLoader
    from ethnoshard.loading._measure import StreamMeasurement, measure_stream
    from ethnoshard.loading._report import LoaderCoverage

__all__ = [
    "Batch",
    "LoaderCoverage",
    "ResemblanceTable",
    "StratifiedLoader",
    "StreamMeasurement",
    "measure_stream",
    "plan_of",
]

_LATER = {
    "Batch": "_batch",
    "LoaderCoverage": "_report",
    "StratifiedLoader": "_loader",
    "StreamMeasurement": "_measure",
    "measure_stream": "_measure",
}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        return getattr(importlib.import_module(f"ethnoshard.loading.{_LATER[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
