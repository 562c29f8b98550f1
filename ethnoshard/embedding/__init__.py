"""From aligned faces to embeddings, and the check on LFW that a training makes of itself."""

from ethnoshard.embedding._aligned import AlignedFaces
from ethnoshard.embedding._embed import embed_faces
from ethnoshard.embedding._lfw_check import LfwCheck

__all__ = ["AlignedFaces", "LfwCheck", "embed_faces"]
