"""Where photographs come from: identity folders, archives of them, and RecordIO, listed and read alike."""

from ethnoshard.sources._open import open_source
from ethnoshard.sources._reader import ImageRef, SourceReader
from ethnoshard.sources._source import Source, open_reader

__all__ = ["ImageRef", "Source", "SourceReader", "open_reader", "open_source"]
