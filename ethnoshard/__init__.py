"""Ethnicity-tagged face shards and quota-balanced batches for triplet training."""

from ethnoshard.errors import EthnoshardError

__version__ = "0.1.0"

__all__ = ["EthnoshardError", "__version__"]
