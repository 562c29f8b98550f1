"""Ethnicity-tagged face shards and quota-balanced batches for triplet training."""

from typing import TYPE_CHECKING

from ethnoshard._late import late_names
from ethnoshard.errors import EthnoshardError

if TYPE_CHECKING:
    from ethnoshard.loading import Batch, StratifiedLoader
    from ethnoshard.lookalikes import LookAlikes
    from ethnoshard.shards import FaceDataset
else:
    __getattr__, __dir__ = late_names(
        __name__,
        {
            "Batch": "loading",
            "FaceDataset": "shards",
            "LookAlikes": "lookalikes",
            "StratifiedLoader": "loading",
        },
    )

__version__ = "0.1.0"

__all__ = ["Batch", "EthnoshardError", "FaceDataset", "LookAlikes", "StratifiedLoader", "__version__"]
