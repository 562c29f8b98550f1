"""Where photographs come from: identity folders, archives of them, and RecordIO, listed and read alike."""

from ethnoshard.sources._drawn import DrawnSettings, draw_face, draw_faces
from ethnoshard.sources._labelled import LabelledFaces, open_labelled
from ethnoshard.sources._open import open_source
from ethnoshard.sources._reader import ImageRef, SourceReader
from ethnoshard.sources._source import Source, open_reader

__all__ = [
    "DrawnSettings",
    "ImageRef",
    "LabelledFaces",
    "Source",
    "SourceReader",
    "draw_face",
    "draw_faces",
    "open_labelled",
    "open_reader",
    "open_source",
]
