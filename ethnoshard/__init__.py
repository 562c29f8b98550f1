"""Ethnicity-tagged face shards and quota-balanced batches for triplet training."""

from typing import TYPE_CHECKING, Any

from ethnoshard.errors import EthnoshardError
from ethnoshard.lookalikes import LookAlikes
from ethnoshard.shards import FaceDataset

if TYPE_CHECKING:
    from ethnoshard.loading import Batch, StratifiedLoader

__version__ = "0.1.0"

__all__ = ["Batch", "EthnoshardError", "FaceDataset", "LookAlikes", "StratifiedLoader", "__version__"]


def __getattr__(name: str) -> Any:
    """The loader needs torch, two seconds of import that the sharding tool does without."""
    if name in ("Batch", "StratifiedLoader"):
        from ethnoshard import loading

        return getattr(loading, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
