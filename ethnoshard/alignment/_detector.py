"""MTCNN (Zhang et al. 2016, "Joint Face Detection and Alignment using Multitask Cascaded Convolutional Networks").

The same cascade, weights, thresholds and order of steps as ``facenet_pytorch.MTCNN`` follows, written for
throughput: candidates of many images go through the second and third network together, resampling is done by
summed-area tables, activations are channels-last. ``benchmarks/alignment.py`` compares boxes and speed.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeAlias, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchvision.ops import nms

from ethnoshard.alignment._area import AreaTables
from ethnoshard.alignment._networks import (
    STRIDE,
    ProposalNetwork,
    output_network,
    refinement_network,
)
from ethnoshard.alignment._settings import CELL, DetectorSettings
from ethnoshard.errors import EthnoshardError

Image: TypeAlias = NDArray[np.uint8]
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
    """Finds the faces of many images at once."""

    def __init__(self, settings: DetectorSettings | None = None, *, device: str = "cpu") -> None:
        """Load the networks onto ``device`` ("cpu", "cuda", "cuda:1")."""
        self.settings = settings or DetectorSettings()
        self._device = usable_device(device)
        on_gpu = self._device.type != "cpu"
        # On a CPU pieces that fit a core's cache are fastest; a GPU wants as much as its memory takes.
        self._images, self._pixels = (256, 2**26) if on_gpu else (8, 2**21)
        self._propose = ProposalNetwork(self._device, rows_pixels=2**23 if on_gpu else 2**16)
        self._refine = refinement_network(self._device, crops=8192 if on_gpu else 128)
        self._output = output_network(self._device, crops=2048 if on_gpu else 32)

    def batches(self, images: Iterable[tuple[Item, Image]]) -> Iterator[list[tuple[Item, Image]]]:
        """Group decoded images, lazily and in order, into batches of a good size for ``detect``.

        A batch is bounded in images and in pixels, so that a few huge photographs don't fill the memory.
        """
        batch: list[tuple[Item, Image]] = []
        pixels = 0
        for item, image in images:
            batch.append((item, image))
            pixels += image.shape[0] * image.shape[1]
            if len(batch) == self._images or pixels >= self._pixels:
                yield batch
                batch, pixels = [], 0
        if batch:
            yield batch

    def detect(self, images: Sequence[Image]) -> list[Faces]:
        """Find the faces of each image.

        Args:
            images: each (H, W, 3) uint8 RGB, of any sizes. Images of one size share a pass of the first network.

        Returns:
            One ``Faces`` an image, in order. The faces of an image don't depend on its neighbours, up to the
            rounding of float32 sums.
        """
        order = sorted(range(len(images)), key=lambda index: images[index].shape)
        found: dict[int, Faces] = {}
        with torch.inference_mode():
            for batch in self.batches((index, images[index]) for index in order):
                faces = self._detect([image for _, image in batch])
                found.update(zip((index for index, _ in batch), faces, strict=True))
        return [found[index] for index in range(len(images))]

    def _detect(self, images: list[Image]) -> list[Faces]:
        tables = AreaTables(images, self._device)
        limits = torch.tensor([(width, height) for height, width in tables.sizes], device=self._device)
        boxes, which = self._candidates(tables)
        boxes, which = self._refined(tables, limits, boxes, which)
        boxes, scores, landmarks, which = self._judged(tables, limits, boxes, which)
        return _by_image(boxes, scores, landmarks, which, len(images))

    def _candidates(self, tables: AreaTables) -> tuple[Tensor, Tensor]:
        """First stage: every level of every image's pyramid through the proposal network."""
        found: list[tuple[Tensor, Tensor, Tensor, Tensor, Tensor]] = []
        for indices, (height, width) in _runs_of_same_size(tables.sizes):
            which = torch.arange(indices.start, indices.stop, device=self._device)
            whole = torch.tensor([[0, 0, width, height]], device=self._device).expand(len(which), 4)
            for level, scale in enumerate(self._scales(height, width)):
                scores, corrections = self._scored(
                    tables, which, whole, int(height * scale + 1), int(width * scale + 1)
                )
                places = (scores >= self.settings.thresholds[0]).nonzero()
                image, row, column = places.unbind(1)
                corner = torch.stack([column, row], dim=1).to(torch.float32) * STRIDE
                boxes = torch.cat([((corner + 1) / scale).floor(), ((corner + CELL) / scale).floor()], dim=1)
                group = which[image]
                found.append(
                    (
                        boxes,
                        scores[image, row, column],
                        corrections[image, row, column],
                        group,
                        torch.full_like(group, level),
                    )
                )
        if not found:
            return torch.zeros((0, 4), device=self._device), torch.zeros(0, dtype=torch.int64, device=self._device)
        boxes, scores, corrections, which, levels = (torch.cat(part) for part in zip(*found, strict=True))
        keep = _suppressed(boxes, scores, which * (int(levels.max()) + 1) + levels if len(levels) else which, 0.5)
        boxes, scores, corrections, which = boxes[keep], scores[keep], corrections[keep], which[keep]
        keep = _suppressed(boxes, scores, which, 0.7)
        boxes, corrections, which = boxes[keep], corrections[keep], which[keep]
        return _squared(boxes + corrections * _sides(boxes).repeat(1, 2)), which

    def _scored(
        self, tables: AreaTables, which: Tensor, whole: Tensor, height: int, width: int
    ) -> tuple[Tensor, Tensor]:
        """One level of the pyramid, a strip at a time: a large one never stands in memory as a whole."""
        strips = [
            self._propose(tables.shrink(which, whole, height, width, rows))
            for rows in self._propose.strips(len(which), height, width)
        ]
        scores, corrections = zip(*strips, strict=True)
        return torch.cat(scores, dim=1), torch.cat(corrections, dim=1)

    def _refined(self, tables: AreaTables, limits: Tensor, boxes: Tensor, which: Tensor) -> tuple[Tensor, Tensor]:
        """Second stage: 24 px crops through the refinement network."""
        boxes, which, windows = _inside(boxes, which, limits)
        if not len(boxes):
            return boxes, which
        corrections, probabilities = self._refine(tables.shrink(which, windows, 24, 24))
        scores = probabilities[:, 1]
        passed = scores > self.settings.thresholds[1]
        boxes, which, scores, corrections = boxes[passed], which[passed], scores[passed], corrections[passed]
        keep = _suppressed(boxes, scores, which, 0.7)
        return _squared(_corrected(boxes[keep], corrections[keep])), which[keep]

    def _judged(
        self, tables: AreaTables, limits: Tensor, boxes: Tensor, which: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Third stage: 48 px crops through the output network, which also gives the landmarks."""
        boxes, which, windows = _inside(boxes, which, limits)
        if not len(boxes):
            return boxes, boxes[:, 0], boxes.new_zeros((0, 5, 2)), which
        corrections, points, probabilities = self._output(tables.shrink(which, windows, 48, 48))
        scores = probabilities[:, 1]
        passed = scores > self.settings.thresholds[2]
        boxes, which, scores = boxes[passed], which[passed], scores[passed]
        points = points[passed].view(-1, 2, 5).transpose(1, 2)
        landmarks = points * (_sides(boxes) + 1).unsqueeze(1) + boxes[:, None, :2] - 1
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


def usable_device(name: str) -> torch.device:
    """A device by name.

    Raises:
        EthnoshardError: there is no such device here.
    """
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).partition("\n")[0]
        raise EthnoshardError(f'the device "{name}" can\'t be used here ({reason}); say cpu, cuda or cuda:1') from error
    return device


def _runs_of_same_size(sizes: list[tuple[int, int]]) -> list[tuple[range, tuple[int, int]]]:
    """Neighbouring images of one size, as ranges of indices."""
    starts = [index for index, size in enumerate(sizes) if index == 0 or size != sizes[index - 1]]
    return [(range(start, stop), sizes[start]) for start, stop in zip(starts, [*starts[1:], len(sizes)], strict=True)]


def _sides(boxes: Tensor) -> Tensor:
    """(N, 2) widths and heights."""
    return boxes[:, 2:] - boxes[:, :2]


def _corrected(boxes: Tensor, corrections: Tensor) -> Tensor:
    """Move each edge by its correction, given in sides of the box counted in whole pixels."""
    return boxes + corrections * (_sides(boxes) + 1).repeat(1, 2)


def _squared(boxes: Tensor) -> Tensor:
    """Widen the shorter side about the centre until it equals the longer."""
    sides = _sides(boxes)
    longest = sides.amax(1, keepdim=True)
    corner = boxes[:, :2] + (sides - longest) * 0.5
    return torch.cat([corner, corner + longest], dim=1)


def _inside(boxes: Tensor, which: Tensor, limits: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The part of each box that lies in its image, as 0-based exclusive windows; boxes with none are dropped.

    Boxes count pixels from 1, as MTCNN's MATLAB original does.
    """
    edges = boxes.trunc().to(torch.int64)
    corner = edges[:, :2].clamp(min=1) - 1
    windows = torch.cat([corner, torch.minimum(edges[:, 2:], limits[which])], dim=1)
    holds = (windows[:, 2:] > windows[:, :2]).all(1)
    return boxes[holds], which[holds], windows[holds]


def _suppressed(boxes: Tensor, scores: Tensor, groups: Tensor, threshold: float) -> Tensor:
    """Indices of the boxes that survive non-maximum suppression within their group, best first.

    Groups are kept apart by shifting their boxes, in float64 because float32 would round them.
    """
    if not len(boxes):
        return groups
    exact = boxes.double()
    shift = groups.double() * (exact.max() - exact.min() + 1)
    return nms(exact + shift.unsqueeze(1), scores.double(), threshold)  # type: ignore[no-any-return]


def _by_image(boxes: Tensor, scores: Tensor, landmarks: Tensor, which: Tensor, images: int) -> list[Faces]:
    """Split by image and suppress, in each, faces that mostly lie inside a more probable one."""
    all_boxes, all_scores = boxes.cpu().numpy(), scores.cpu().numpy()
    all_landmarks, all_which = landmarks.cpu().numpy(), which.cpu().numpy()
    # Of equal probabilities (1.0 is not rare) the later candidate goes first, as in facenet-pytorch.
    order = np.argsort(all_scores, kind="stable")[::-1]
    found = []
    for image in range(images):
        own = order[all_which[order] == image]
        keep = own[_distinct(all_boxes[own].astype(np.float64), 0.7)]
        found.append(Faces(all_boxes[keep], all_scores[keep], all_landmarks[keep]))
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
