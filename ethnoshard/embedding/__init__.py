"""From faces to embeddings: any model, any place, and the check on LFW that a training makes of itself.

``AlignedFaces``, ``embed_faces`` and ``LfwCheck`` serve a training; ``embed_some`` and ``some_of`` the table of
look-alikes; ``load_model``, ``open_faces`` and ``embed_source`` everybody else. Torch is loaded when a name that needs
it is first used.
"""

from typing import TYPE_CHECKING

from ethnoshard._downloads import DOWNLOADABLE
from ethnoshard._late import late_names
from ethnoshard._progress import Progress
from ethnoshard.embedding._aligned import AlignedFaces, face_keys
from ethnoshard.embedding._embed_some import SomeEmbeddings, embed_some, some_of
from ethnoshard.embedding._embed_source import embed_missing, embed_share, embed_source
from ethnoshard.embedding._embeddings import Cache, Embeddings
from ethnoshard.embedding._face_sources import Faces, faces_of_dataset, faces_of_image_pairs, faces_of_work, open_faces
from ethnoshard.embedding._five_point import five_point_face, similarity_transform
from ethnoshard.embedding._load import load_model
from ethnoshard.embedding._model import ALIGNMENTS, NORMALISATIONS, REFERENCE, Alignment, FaceModel, template

if TYPE_CHECKING:
    from ethnoshard.embedding._embed import embed_faces
    from ethnoshard.embedding._lfw_check import LfwCheck
    from ethnoshard.embedding._table_of_training import TableOfTraining
else:
    __getattr__, __dir__ = late_names(
        __name__,
        {
            "LfwCheck": "_lfw_check",
            "TableOfTraining": "_table_of_training",
            "embed_faces": "_embed",
        },
    )

__all__ = [
    "ALIGNMENTS",
    "DOWNLOADABLE",
    "NORMALISATIONS",
    "REFERENCE",
    "AlignedFaces",
    "Alignment",
    "Cache",
    "Embeddings",
    "FaceModel",
    "Faces",
    "LfwCheck",
    "Progress",
    "SomeEmbeddings",
    "TableOfTraining",
    "embed_faces",
    "embed_missing",
    "embed_share",
    "embed_some",
    "embed_source",
    "face_keys",
    "faces_of_dataset",
    "faces_of_image_pairs",
    "faces_of_work",
    "five_point_face",
    "load_model",
    "open_faces",
    "similarity_transform",
    "some_of",
    "template",
]
