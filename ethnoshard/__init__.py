"""Ethnicity-tagged face shards and quota-balanced batches for triplet training."""

from ethnoshard.errors import EthnoshardError
from ethnoshard.shards import FaceDataset

__version__ = "0.1.0"

__all__ = ["EthnoshardError", "FaceDataset", "__version__"]
