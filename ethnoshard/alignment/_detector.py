"""MTCNN (Zhang et al. 2016, "Joint Face Detection and Alignment using Multitask Cascaded Convolutional Networks").

Its three networks have the weights of facenet-pytorch and are laid out for speed; images are scaled by area, with
summed-area tables (Crow 1984).
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, TypeAlias, TypeVar

import numpy as np
import torch
from facenet_pytorch.models.mtcnn import ONet, PNet, RNet
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.ops import nms

from ethnoshard.alignment._settings import CELL, DetectorSettings
from ethnoshard.errors import EthnoshardError


class AreaTables:
    """The summed-area tables of a few images, of any sizes, one after the other in one array."""

    def __init__(self, images: list[NDArray[np.uint8]], device: torch.device) -> None:
        """Sum up ``images``, each (H, W, 3) uint8."""
        self.sizes = [(image.shape[0], image.shape[1]) for image in images]
        self._strides = torch.tensor([width + 1 for _, width in self.sizes], device=device)
        lengths = [(height + 1) * (width + 1) for height, width in self.sizes]
        starts = np.concatenate([[0], np.cumsum(lengths)])
        # Four numbers a pixel, the fourth unused: 16 bytes are fetched as one element.
        sums = np.zeros((int(starts[-1]), 4), np.int32)
        for image, (height, width), start, length in zip(images, self.sizes, starts, lengths, strict=False):
            table = sums[start : start + length].reshape(height + 1, width + 1, 4)
            table[1:, 1:, :3] = image
            np.cumsum(table, axis=0, out=table)
            np.cumsum(table, axis=1, out=table)
        self._starts = torch.from_numpy(starts[:-1].astype(np.int64)).to(device)
        self._sums = torch.from_numpy(sums).to(device).view(torch.complex128).view(-1)

    def shrink(
        self, indices: Tensor, boxes: Tensor, height: int, width: int, rows: tuple[int, int] | None = None
    ) -> Tensor:
        """Resample windows of the images to one size, as adaptive average pooling does, and normalise.

        Args:
            indices: (N,) int64, which image.
            boxes: (N, 4) int64, left, top, right, bottom in pixels, right and bottom exclusive, not empty,
                inside the image.
            height: rows of the result.
            width: columns of the result.
            rows: first and last one, exclusive, to compute; all by default.

        Returns:
            (N, 4, rows, width) float32, channels-last, (mean - 127.5) / 128; the fourth channel means nothing.
        """
        left, top, right, bottom = boxes.unsqueeze(-1).unbind(1)
        wanted = torch.arange(*(rows or (0, height)), device=boxes.device)
        columns = torch.arange(width, device=boxes.device)
        # Output pixel i of n covers input pixels floor(i * size / n) to ceil((i + 1) * size / n).
        tall, wide = bottom - top, right - left
        first_row = top + wanted * tall // height
        last_row = top + ((wanted + 1) * tall + height - 1) // height
        first_column = left + columns * wide // width
        last_column = left + ((columns + 1) * wide + width - 1) // width

        strides = self._strides[indices].unsqueeze(-1)
        starts = self._starts[indices].unsqueeze(-1)
        above = (starts + first_row * strides).unsqueeze(2)
        below = (starts + last_row * strides).unsqueeze(2)
        first_column, last_column = first_column.unsqueeze(1), last_column.unsqueeze(1)
        total = self._at(below + last_column)
        total -= self._at(below + first_column)
        total -= self._at(above + last_column)
        total += self._at(above + first_column)
        area = (last_row - first_row).unsqueeze(2) * (last_column - first_column)
        mean = total.to(torch.float32)
        mean /= area.unsqueeze(-1)
        mean -= 127.5
        mean *= 0.0078125
        return mean.permute(0, 3, 1, 2)

    def _at(self, places: Tensor) -> Tensor:
        """The sums at flat places (...): (..., 4) int32."""
        fetched = self._sums.index_select(0, places.reshape(-1))
        return fetched.view(torch.int32).view(*places.shape, 4)


STRIDE = 2
"""Distance in pixels between the windows of neighbouring positions of the proposal network."""

_CHANNELS = 16
"""The proposal network's 10 first channels are padded to 16 with zeros, a whole number of vector registers."""


class ProposalNetwork:
    """PNet (Zhang et al. 2016, figure 2): a fully convolutional face/no-face map with box corrections."""

    def __init__(self, device: torch.device, *, rows_pixels: int) -> None:
        """Load the weights.

        Args:
            device: where to compute.
            rows_pixels: about how many input pixels ``strips`` puts into one.
        """
        net = PNet().eval()
        self._rows_pixels = rows_pixels
        padding = _CHANNELS - net.conv1.out_channels
        self._conv1 = _laid_out(F.pad(net.conv1.weight, (0, 0, 0, 0, 0, 1, 0, padding)), device)
        self._bias1 = F.pad(net.conv1.bias, (0, padding)).detach().to(device)
        self._slope1 = F.pad(net.prelu1.weight, (0, padding)).detach().to(device)
        self._conv2 = _laid_out(F.pad(net.conv2.weight, (0, 0, 0, 0, 0, padding)), device)
        self._net = net.to(device=device)
        self._conv3 = _laid_out(net.conv3.weight, device)
        # Both heads are 1x1 convolutions of the same features: one product computes them.
        heads = torch.cat([net.conv4_1.weight, net.conv4_2.weight]).flatten(1)
        self._heads = heads.t().contiguous().detach()
        self._heads_bias = torch.cat([net.conv4_1.bias, net.conv4_2.bias]).detach()

    def strips(self, number: int, height: int, width: int) -> Iterator[tuple[int, int]]:
        """Cut images into strips of rows that overlap by the field of view, so that the result does not depend on it.

        Args:
            number: of images.
            height: of each, pixels, at least 12.
            width: of each, pixels, at least 12.

        Returns:
            First and last row, exclusive, of each strip; put together, the results are those of the whole images.
        """
        rows = (height - 1) // 2 - 4
        block = max(1, self._rows_pixels // (STRIDE * width * number))
        for first in range(0, rows, block):
            last = min(first + block, rows)
            # The last strip takes the odd row that ceil-mode pooling may have left.
            yield STRIDE * first, height if last == rows else STRIDE * (last - 1) + CELL

    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Score every window of the images.

        Args:
            images: (B, 4, H, W) float32, channels-last, normalised; the fourth channel is ignored.

        Returns:
            (B, h, w) face probabilities and (B, h, w, 4) box corrections, with h = ceil((H - 2) / 2) - 4.
        """
        x = F.conv2d(images, self._conv1, self._bias1)
        x = F.max_pool2d(F.prelu(x, self._slope1), 2, 2, ceil_mode=True)
        x = F.prelu(F.conv2d(x, self._conv2, self._net.conv2.bias), self._net.prelu2.weight)
        x = F.prelu(F.conv2d(x, self._conv3, self._net.conv3.bias), self._net.prelu3.weight)
        out = x.permute(0, 2, 3, 1) @ self._heads + self._heads_bias
        return out[..., :2].softmax(-1)[..., 1], out[..., 2:]


class CropNetwork:
    """RNet or ONet (Zhang et al. 2016, figure 2): judges crops of one fixed size, a few at a time."""

    def __init__(self, net: nn.Module, device: torch.device, *, crops: int) -> None:
        """Take over a network of facenet-pytorch; ``crops`` go through at once."""
        self._net = net.eval().to(device).to(memory_format=torch.channels_last)
        self._crops = crops

    def __call__(self, crops: Tensor) -> tuple[Tensor, ...]:
        """Judge (N, 4, S, S) crops; the fourth channel is ignored. Returns the network's outputs, N rows each."""
        colours = crops[:, :3].contiguous(memory_format=torch.channels_last)
        pieces = [self._net(piece) for piece in torch.split(colours, self._crops)]
        return tuple(torch.cat(part) for part in zip(*pieces, strict=True))


def refinement_network(device: torch.device, *, crops: int) -> CropNetwork:
    """RNet: (N, 4, 24, 24) crops to (N, 4) box corrections and (N, 2) probabilities of no face and face."""
    return CropNetwork(RNet(), device, crops=crops)


def output_network(device: torch.device, *, crops: int) -> CropNetwork:
    """ONet: (N, 4, 48, 48) crops to (N, 4) corrections, (N, 10) landmarks, (N, 2) probabilities."""
    return CropNetwork(ONet(), device, crops=crops)


def _laid_out(weight: Tensor, device: torch.device) -> Tensor:
    return weight.detach().to(device=device).contiguous(memory_format=torch.channels_last)


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
