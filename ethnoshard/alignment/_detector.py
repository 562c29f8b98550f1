"""MTCNN (Zhang et al. 2016, "Joint Face Detection and Alignment using Multitask Cascaded Convolutional Networks").

Here is what happens between its networks: the pyramid, the boxes, what is suppressed. The networks are a run-time's.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from ethnoshard._runtime import RuntimeName, choose_runtime
from ethnoshard.alignment._settings import CELL, DetectorSettings
from ethnoshard.alignment._stages import STRIDE, Floats, Image, Level, Pictures, Places, Proposals, Stages

Item = TypeVar("Item")


class Faces(NamedTuple):
    """The faces of one image, most probable first.

    Attributes:
        boxes: (N, 4) float32, left, top, right, bottom in pixels; may reach beyond the image.
        probabilities: (N,) float32.
        landmarks: (N, 5, 2) float32, x and y of left eye, right eye, nose, left and right corner of the mouth, as
            seen in the picture.
    """

    boxes: NDArray[np.float32]
    probabilities: NDArray[np.float32]
    landmarks: NDArray[np.float32]


class FaceDetector:
    """Finds the faces of many images at once.

    Attributes:
        settings: what counts as a face.
        runtime: what runs the networks.
    """

    def __init__(
        self,
        settings: DetectorSettings | None = None,
        *,
        device: str = "cpu",
        runtime: RuntimeName | None = None,
    ) -> None:
        """Load the networks.

        Args:
            settings: what counts as a face.
            device: where they run: "cpu", "cuda", "cuda:1".
            runtime: what runs them; by default OpenVINO on a CPU where it is installed, else torch.

        Raises:
            EthnoshardError: there is no such device or run-time here.
        """
        self.settings = settings or DetectorSettings()
        self.runtime = choose_runtime(runtime, device)
        self._stages = _stages(self.runtime.name, device)

    def batches(self, images: Iterable[tuple[Item, Image]]) -> Iterator[list[tuple[Item, Image]]]:
        """Group decoded images, lazily and in order, into batches of a good size for ``detect``.

        A batch is bounded in images and in pixels, so that a few huge photographs don't fill the memory.
        """
        batch: list[tuple[Item, Image]] = []
        pixels = 0
        for item, image in images:
            batch.append((item, image))
            pixels += image.shape[0] * image.shape[1]
            if len(batch) == self._stages.images or pixels >= self._stages.pixels:
                yield batch
                batch, pixels = [], 0
        if batch:
            yield batch

    def detect(self, images: Sequence[Image]) -> list[Faces]:
        """Find the faces of each image.

        Args:
            images: each (H, W, 3) uint8 RGB, of any sizes. Images of one size may share a pass of the first network.

        Returns:
            One ``Faces`` an image, in order. The faces of an image don't depend on its neighbours, up to the
            rounding of float32 sums.
        """
        order = sorted(range(len(images)), key=lambda index: images[index].shape)
        found: dict[int, Faces] = {}
        for batch in self.batches((index, images[index]) for index in order):
            faces = self._detect([image for _, image in batch])
            found.update(zip((index for index, _ in batch), faces, strict=True))
        return [found[index] for index in range(len(images))]

    def _detect(self, images: list[Image]) -> list[Faces]:
        pictures = self._stages.look_at(images)
        sizes = [(image.shape[0], image.shape[1]) for image in images]
        limits = np.array([(width, height) for height, width in sizes])
        boxes, which = self._candidates(pictures, sizes)
        boxes, which = self._refined(pictures, limits, boxes, which)
        boxes, scores, landmarks, which = self._judged(pictures, limits, boxes, which)
        return _by_image(boxes, scores, landmarks, which, len(images))

    def _candidates(self, pictures: Pictures, sizes: list[tuple[int, int]]) -> tuple[Floats, Places]:
        """First stage: every level of every image's pyramid through the proposal network."""
        levels, scales = [], []
        for images, (height, width) in _runs_of_same_size(sizes):
            for scale in self._scales(height, width):
                levels.append(Level(images, int(height * scale + 1), int(width * scale + 1)))
                scales.append(scale)
        if not levels:
            return np.zeros((0, 4), np.float32), np.zeros(0, np.int64)
        found = pictures.proposed(levels, self.settings.thresholds[0])
        windows = [_windows(proposals, scale) for proposals, scale in zip(found, scales, strict=True)]
        boxes, scores = np.concatenate(windows), np.concatenate([proposals.scores for proposals in found])
        corrections = np.concatenate([proposals.corrections for proposals in found])
        which = np.concatenate([proposals.images for proposals in found])
        level_of = np.repeat(np.arange(len(levels)), [len(each) for each in windows])
        keep = self._stages.survivors(boxes, scores, which * len(levels) + level_of, 0.5)
        boxes, scores, corrections, which = boxes[keep], scores[keep], corrections[keep], which[keep]
        keep = self._stages.survivors(boxes, scores, which, 0.7)
        boxes, corrections, which = boxes[keep], corrections[keep], which[keep]
        return _squared(boxes + corrections * np.tile(_sides(boxes), 2)), which

    def _refined(self, pictures: Pictures, limits: Places, boxes: Floats, which: Places) -> tuple[Floats, Places]:
        """Second stage: 24 px crops through the refinement network."""
        boxes, which, windows = _inside(boxes, which, limits)
        if not len(boxes):
            return boxes, which
        scores, corrections = pictures.refined(which, windows)
        passed = scores > self.settings.thresholds[1]
        boxes, which, scores, corrections = boxes[passed], which[passed], scores[passed], corrections[passed]
        keep = self._stages.survivors(boxes, scores, which, 0.7)
        return _squared(_corrected(boxes[keep], corrections[keep])), which[keep]

    def _judged(
        self, pictures: Pictures, limits: Places, boxes: Floats, which: Places
    ) -> tuple[Floats, Floats, Floats, Places]:
        """Third stage: 48 px crops through the output network, which also gives the landmarks."""
        boxes, which, windows = _inside(boxes, which, limits)
        if not len(boxes):
            return boxes, boxes[:, 0], np.zeros((0, 5, 2), np.float32), which
        scores, corrections, points = pictures.judged(which, windows)
        passed = scores > self.settings.thresholds[2]
        boxes, which, scores = boxes[passed], which[passed], scores[passed]
        shares = points[passed].reshape(-1, 2, 5).transpose(0, 2, 1)
        landmarks = shares * (_sides(boxes) + 1)[:, None] + boxes[:, None, :2] - 1
        return _corrected(boxes, corrections[passed]), scores, landmarks, which

    def _scales(self, height: int, width: int) -> list[float]:
        """The pyramid: the smallest wanted face becomes one cell, then ever smaller images while a cell fits."""
        scale = CELL / self.settings.min_face
        side = min(height, width) * scale
        scales = []
        while side >= CELL:
            scales.append(scale)
            scale *= self.settings.factor
            side *= self.settings.factor
        return scales


def _stages(runtime: RuntimeName, device: str) -> Stages:
    # Imported here: who has one of the two needn't load the other.
    if runtime == "openvino":
        from ethnoshard.alignment._openvino_stages import OpenvinoStages

        return OpenvinoStages()
    from ethnoshard.alignment._torch_stages import TorchStages

    return TorchStages(device)


def _runs_of_same_size(sizes: list[tuple[int, int]]) -> list[tuple[range, tuple[int, int]]]:
    """Neighbouring images of one size, as ranges of indices."""
    starts = [index for index, size in enumerate(sizes) if index == 0 or size != sizes[index - 1]]
    return [(range(start, stop), sizes[start]) for start, stop in zip(starts, [*starts[1:], len(sizes)], strict=True)]


def _windows(found: Proposals, scale: float) -> Floats:
    """(N, 4) the windows of proposals in the image, before it was scaled."""
    corner = np.stack([found.columns, found.rows], axis=1).astype(np.float32) * STRIDE
    return np.concatenate([np.floor((corner + 1) / scale), np.floor((corner + CELL) / scale)], axis=1)


def _sides(boxes: Floats) -> Floats:
    """(N, 2) widths and heights."""
    return boxes[:, 2:] - boxes[:, :2]


def _corrected(boxes: Floats, corrections: Floats) -> Floats:
    """Move each edge by its correction, given in sides of the box counted in whole pixels."""
    return boxes + corrections * np.tile(_sides(boxes) + 1, 2)


def _squared(boxes: Floats) -> Floats:
    """Widen the shorter side about the centre until it equals the longer."""
    sides = _sides(boxes)
    longest = sides.max(1, keepdims=True, initial=-np.inf)
    corner = boxes[:, :2] + (sides - longest) * np.float32(0.5)
    return np.concatenate([corner, corner + longest], axis=1)


def _inside(boxes: Floats, which: Places, limits: Places) -> tuple[Floats, Places, Places]:
    """The part of each box that lies in its image, as 0-based exclusive windows; boxes with none are dropped.

    Boxes count pixels from 1, as MTCNN's MATLAB original does.
    """
    edges = np.trunc(boxes).astype(np.int64)
    corner = edges[:, :2].clip(min=1) - 1
    windows = np.concatenate([corner, np.minimum(edges[:, 2:], limits[which])], axis=1)
    holds = (windows[:, 2:] > windows[:, :2]).all(1)
    return boxes[holds], which[holds], windows[holds]


def _by_image(boxes: Floats, scores: Floats, landmarks: Floats, which: Places, images: int) -> list[Faces]:
    """Split by image and suppress, in each, faces that mostly lie inside a more probable one."""
    # Of equal probabilities (1.0 is not rare) the later candidate goes first, as in facenet-pytorch.
    order = np.argsort(scores, kind="stable")[::-1]
    found = []
    for image in range(images):
        own = order[which[order] == image]
        keep = own[_distinct(boxes[own].astype(np.float64), 0.7)]
        found.append(Faces(boxes[keep], scores[keep], landmarks[keep]))
    return found


def _distinct(boxes: NDArray[np.float64], threshold: float) -> list[int]:
    """Greedy suppression by intersection over the *smaller* area; ``boxes`` (N, 4) come best first."""
    sides = boxes[:, 2:] - boxes[:, :2] + 1
    area = sides.prod(1)
    kept: list[int] = []
    for index, box in enumerate(boxes):
        corner = np.maximum(boxes[kept, :2], box[:2])
        overlap = np.clip(np.minimum(boxes[kept, 2:], box[2:]) - corner + 1, 0, None).prod(1)
        if not (overlap > threshold * np.minimum(area[kept], area[index])).any():
            kept.append(index)
    return kept
