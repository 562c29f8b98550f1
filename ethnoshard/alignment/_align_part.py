"""One part: its images read, decoded, searched for faces, cropped, encoded and written. Runs in a worker process.

From the faces found in an image to one square picture it is appendix A of Kalinga (2020), step by step.
"""

import hashlib
import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ethnoshard._files import whole_file
from ethnoshard._parallel import count
from ethnoshard._runtime import RuntimeName
from ethnoshard.alignment._image import as_it_is, decode_image
from ethnoshard.alignment._settings import AlignSettings
from ethnoshard.errors import UnreadableImageError
from ethnoshard.sources import ImageRef, Place, SourceReader, look_of_images
from ethnoshard.work import FaceRow, prominence, write_part

if TYPE_CHECKING:
    from ethnoshard.alignment._detector import FaceDetector, Faces


def best_face(faces: "Faces", height: int, width: int) -> int:
    """Index of the face with the most ``prominence``: large, and near the middle."""
    return int(np.argmax(prominence(faces.boxes, height, width)))


def crop_box(box: NDArray[np.float32], margin: int, height: int, width: int) -> tuple[int, int, int, int] | None:
    """The box with half the margin on each side, clamped to the image and cut to whole pixels.

    Args:
        box: (4,) left, top, right, bottom.
        margin: in pixels of the source.
        height: of the image.
        width: of the image.

    Returns:
        left, top, right, bottom, the latter two exclusive; None if nothing of it lies inside the image.
    """
    half = margin / 2
    left, top = (int(max(value - half, 0)) for value in box[:2])
    right, bottom = int(min(box[2] + half, width)), int(min(box[3] + half, height))
    return (left, top, right, bottom) if right > left and bottom > top else None


def centre_box(height: int, width: int) -> tuple[int, int, int, int]:
    """The largest square about the image's centre."""
    side = min(height, width)
    left, top = (width - side) // 2, (height - side) // 2
    return left, top, left + side, top + side


def crop(image: NDArray[np.uint8], box: tuple[int, int, int, int], size: int) -> Image.Image:
    """Cut ``box`` out of an (H, W, 3) image and scale it bilinearly to size x size, as SciPy's imresize did."""
    left, top, right, bottom = box
    return Image.fromarray(image[top:bottom, left:right]).resize((size, size), Image.Resampling.BILINEAR)


def encode(face: Image.Image, quality: int) -> bytes:
    """JPEG bytes of a face."""
    buffer = io.BytesIO()
    face.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


@dataclass(frozen=True, kw_only=True)
class PartTask:
    """A part to be made: where it goes, the images that it takes, and where it is noted how their files looked."""

    path: Path
    refs: Sequence[ImageRef]
    seen: Path | None = None


class PartAligner:
    """What a worker keeps from part to part: the open source and the networks."""

    def __init__(self, place: Place, settings: AlignSettings, device: str, runtime: RuntimeName) -> None:
        """Open the source and load the networks."""
        self._place = place
        self._reader: SourceReader = place.open()
        self._settings = settings
        self._detector = None if settings.aligned else _detector(settings, device, runtime)

    def make(self, task: PartTask) -> Path:
        """Make one part."""
        # Before anything is read: a change after that shows.
        look = None if task.seen is None else look_of_images(self._place, task.refs)
        rows = self._taken(task.refs) if self._detector is None else self._detected(task.refs, self._detector)
        own = write_part(task.path, rows)
        if own and task.seen is not None and look is not None:
            with whole_file(task.seen, shared=True) as file:
                file.write(look.encode())
        return task.path

    def _taken(self, refs: Sequence[ImageRef]) -> Iterator[FaceRow]:
        """Rows of faces that are aligned already."""
        for ref in refs:
            row = FaceRow(identity=ref.identity, image=ref.name, status="unreadable")
            try:
                data = self._reader.read(ref)
                row = replace(row, sha256=hashlib.sha256(data).digest())
                keep, pixels = as_it_is(data, max_pixels=self._settings.max_pixels)
            except UnreadableImageError as error:
                yield replace(row, reason=str(error))
            else:
                yield self._taken_row(row, data, keep, pixels)
            count()

    def _taken_row(self, row: FaceRow, data: bytes, keep: bool, pixels: NDArray[np.uint8]) -> FaceRow:
        height, width = pixels.shape[:2]
        size = self._settings.size
        row = replace(row, status="aligned", width=width, height=height)
        if keep and height == width == size:
            return replace(row, jpeg=data)
        assert size is not None, "settled before any part is made"
        if (height, width) == (size, size):
            return replace(row, jpeg=encode(Image.fromarray(pixels), self._settings.quality), reason="encoded anew")
        face = crop(pixels, (0, 0, width, height), size)
        reason = f"scaled from {width} x {height} px"
        return replace(row, jpeg=encode(face, self._settings.quality), reason=reason)

    def _detected(self, refs: Sequence[ImageRef], detector: "FaceDetector") -> Iterator[FaceRow]:
        """Rows of photographs, in the order of ``refs``."""
        bad: list[FaceRow] = []
        for batch in detector.batches(self._decoded(refs, bad)):
            found = detector.detect([image for _, image in batch])
            rows = [
                row
                for (row, image), faces in zip(batch, found, strict=True)
                for row in self._face_rows(row, image, faces)
            ]
            yield from _in_order(refs, [*bad, *rows])
            count(len(batch) + len(bad))
            bad.clear()
        yield from bad
        count(len(bad))

    def _decoded(self, refs: Sequence[ImageRef], bad: list[FaceRow]) -> Iterator[tuple[FaceRow, NDArray[np.uint8]]]:
        """The images that can be searched, with what is known of each; rows of the others go to ``bad``."""
        least = self._settings.detector.min_face
        for ref in refs:
            row = FaceRow(identity=ref.identity, image=ref.name, status="unreadable")
            try:
                data = self._reader.read(ref)
                row = replace(row, sha256=hashlib.sha256(data).digest())
                image = decode_image(data, max_pixels=self._settings.max_pixels)
            except UnreadableImageError as error:
                bad.append(replace(row, reason=str(error)))
                continue
            height, width = image.shape[:2]
            if min(height, width) < least:
                reason = f"{width} x {height} px is smaller than the smallest face looked for, {least} px"
                bad.append(replace(row, status="too_small", reason=reason, width=width, height=height))
                continue
            yield replace(row, status="no_face", width=width, height=height), image

    def _face_rows(self, row: FaceRow, image: NDArray[np.uint8], faces: "Faces") -> Iterator[FaceRow]:
        settings = self._settings
        assert settings.size is not None, "only an aligned source may leave it open"
        height, width = image.shape[:2]
        row = replace(row, faces_found=len(faces.boxes))
        if not len(faces.boxes):
            yield self._faceless(row, image, "no face found")
            return
        chosen = range(len(faces.boxes)) if settings.faces == "all" else [best_face(faces, height, width)]
        boxes = [(index, crop_box(faces.boxes[index], settings.margin, height, width)) for index in chosen]
        cropped = [(index, box) for index, box in boxes if box is not None]
        if not cropped:
            yield self._faceless(row, image, "the face found lies outside the image")
        for number, (index, box) in enumerate(cropped):
            yield replace(
                row,
                status="aligned",
                face=number,
                jpeg=encode(crop(image, box, settings.size), settings.quality),
                box=faces.boxes[index].tolist(),
                landmarks=faces.landmarks[index].ravel().tolist(),
                probability=float(faces.probabilities[index]),
            )

    def _faceless(self, row: FaceRow, image: NDArray[np.uint8], reason: str) -> FaceRow:
        if self._settings.no_face == "skip":
            return replace(row, reason=reason)
        assert self._settings.size is not None
        face = crop(image, centre_box(*image.shape[:2]), self._settings.size)
        jpeg = encode(face, self._settings.quality)
        return replace(row, status="aligned", jpeg=jpeg, reason=f"{reason}: largest centre square taken")


def _detector(settings: AlignSettings, device: str, runtime: RuntimeName) -> "FaceDetector":
    """Load the networks, for a source whose faces have to be found."""
    if runtime == "torch":
        _one_thread()
    from ethnoshard.alignment._detector import FaceDetector

    return FaceDetector(settings.detector, device=device, runtime=runtime)


def _one_thread() -> None:
    # oneDNN keeps compiled code for each shape that it has met, and images and crops come in many: 1,024 of them by
    # default, a few hundred MiB. Read when torch first computes.
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64")
    import torch

    # One thread: several workers share the cores, and sums don't depend on how many cores there are.
    torch.set_num_threads(1)


def _in_order(refs: Sequence[ImageRef], rows: list[FaceRow]) -> list[FaceRow]:
    """Put a batch's rows back into the source's order (faces of one image stay as they are)."""
    names = {row.image for row in rows}
    rank = {ref.name: index for index, ref in enumerate(ref for ref in refs if ref.name in names)}
    return sorted(rows, key=lambda row: rank[row.image])


_aligner: PartAligner | None = None


def start_worker(place: Place, settings: AlignSettings, device: str, runtime: RuntimeName) -> None:
    """Set a worker process up."""
    global _aligner
    _aligner = PartAligner(place, settings, device, runtime)


def make_part(task: PartTask) -> Path:
    """Make a part in a worker process that has been set up."""
    assert _aligner is not None, "start_worker comes first"
    return _aligner.make(task)
