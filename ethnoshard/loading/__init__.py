"""Streams planned batches from shards: read, decode, assemble, prefetch, resume, measure.

What needs torch, two seconds of import, is loaded when its name is first used: a plan does without.
"""

from typing import TYPE_CHECKING

from ethnoshard._late import late_names
from ethnoshard.loading._planning import ResemblanceTable, plan_of, target_of

if TYPE_CHECKING:
    from ethnoshard.loading._batch import Batch
    from ethnoshard.loading._loader import StratifiedLoader
    from ethnoshard.loading._measure import LoaderCoverage, StreamMeasurement, measure_stream
    from ethnoshard.loading._state import LoaderState, LoaderStateJson
else:
    __getattr__, __dir__ = late_names(
        __name__,
        {
            "Batch": "_batch",
            "LoaderCoverage": "_measure",
            "LoaderState": "_state",
            "LoaderStateJson": "_state",
            "StratifiedLoader": "_loader",
            "StreamMeasurement": "_measure",
            "measure_stream": "_measure",
        },
    )

__all__ = [
    "Batch",
    "LoaderCoverage",
    "LoaderState",
    "LoaderStateJson",
    "ResemblanceTable",
    "StratifiedLoader",
    "StreamMeasurement",
    "measure_stream",
    "plan_of",
    "target_of",
]
