"""Photographs to aligned faces: find them (MTCNN), choose one, crop it.

``FaceDetector`` is loaded when the name is first used, and with it what runs its networks: OpenVINO or torch.
"""

from typing import TYPE_CHECKING

from ethnoshard._late import late_names
from ethnoshard._progress import Progress
from ethnoshard.alignment._align import AlignReport, align, align_source
from ethnoshard.alignment._align_once import align_once
from ethnoshard.alignment._image import decode_face, decode_image
from ethnoshard.alignment._photographs import check_photographs
from ethnoshard.alignment._settings import AlignSettings, DetectorSettings
from ethnoshard.alignment._source_parts import missing_parts

if TYPE_CHECKING:
    from ethnoshard.alignment._detector import FaceDetector, Faces
else:
    __getattr__, __dir__ = late_names(
        __name__,
        {
            "FaceDetector": "_detector",
            "Faces": "_detector",
        },
    )

__all__ = [
    "AlignReport",
    "AlignSettings",
    "DetectorSettings",
    "FaceDetector",
    "Faces",
    "Progress",
    "align",
    "align_once",
    "align_source",
    "check_photographs",
    "decode_face",
    "decode_image",
    "missing_parts",
]
