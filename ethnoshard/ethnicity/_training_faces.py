"""Faces to train and test a classifier on: aligned as datasets are, so that it meets what it was trained on."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ethnoshard._files import read_table
from ethnoshard._progress import SILENT, Progress
from ethnoshard.alignment import AlignSettings, align_once, decode_face
from ethnoshard.sources import LabelledFaces, Source
from ethnoshard.work import PartFaces, WorkFolder

_BLOCK = 256
"""Images that are aligned as one piece of work."""


@dataclass(frozen=True, kw_only=True)
class TrainingFaces:
    """Aligned faces in memory, in the order of the collection.

    Attributes:
        images: (N, 3, S, S) uint8.
        usable: (N,) bool; False where the image could not be read, and ``images`` is black.
        detected: number of images in which a face was found; of the others the largest centre square is used.
        contents: hex SHA-256 of what the photographs hold.
    """

    images: Tensor
    usable: NDArray[np.bool_]
    detected: int
    contents: str


def prepare_faces(
    faces: LabelledFaces,
    side: int,
    *,
    cache: Path | None = None,
    workers: int | None = None,
    progress: Progress = SILENT,
    said: Callable[[str], None] | None = None,
) -> TrainingFaces:
    """Align a collection (once: the faces are kept in the cache) and load its faces.

    Every image counts: one without a face is represented by its centre, so that a test set does not lose the
    images that are hard to find a face in.

    Args:
        faces: the collection.
        side: of the faces in memory, pixels.
        cache: folder of the cache; by default the user's.
        workers: processes; one a core by default.
        progress: told how many images there are, and how many are done.
        said: told what is waited for, and what takes long.

    Raises:
        EthnoshardError: as ``align`` does.
    """
    # Alignment works by identity; a collection of strangers is cut into blocks instead.
    refs = [ref._replace(identity=f"{number // _BLOCK:06d}") for number, ref in enumerate(faces.refs)]
    source = Source(path=faces.path, kind=faces.kind, refs=refs, skipped={}, image_size=None)
    settings = AlignSettings(no_face="centre", part_images=_BLOCK)
    work = WorkFolder(align_once(source, settings, cache, workers=workers, progress=progress, said=said))
    return _load(work, len(refs), side)


def _load(work: WorkFolder, number: int, side: int) -> TrainingFaces:
    images = torch.zeros((number, 3, side, side), dtype=torch.uint8)
    usable = np.zeros(number, np.bool_)
    detected = row = 0
    record = work.finished()
    for part in range(record["parts"]):
        table = read_table(work.part_path(part).with_suffix(".parquet"))
        with PartFaces(work.part_path(part)) as faces:
            for offset, length, found in table.select("offset", "length", "faces_found").iter_rows():
                if offset is not None:
                    face = Image.fromarray(decode_face(faces.read(offset, length)))
                    pixels = np.array(face.resize((side, side), Image.Resampling.BILINEAR))
                    images[row] = torch.from_numpy(pixels).permute(2, 0, 1)
                    usable[row] = True
                    detected += found > 0
                row += 1
    contents = str(record["source"]["contents"])
    return TrainingFaces(images=images, usable=usable, detected=detected, contents=contents)
