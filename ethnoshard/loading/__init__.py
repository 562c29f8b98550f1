"""Streams planned batches from shards: read, decode, assemble, prefetch, resume."""

from ethnoshard.loading._batch import Batch
from ethnoshard.loading._loader import StratifiedLoader
from ethnoshard.loading._planning import plan_of
from ethnoshard.loading._report import LoaderCoverage

__all__ = ["Batch", "LoaderCoverage", "StratifiedLoader", "plan_of"]
