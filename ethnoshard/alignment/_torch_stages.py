"""MTCNN's networks by torch, on a GPU or where OpenVINO is missing.

They have the weights of facenet-pytorch and are laid out for speed; images are scaled by area, with summed-area tables
(Crow 1984).
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from facenet_pytorch.models.mtcnn import ONet, PNet, RNet
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.ops import nms

from ethnoshard.alignment._settings import CELL
from ethnoshard.alignment._stages import STRIDE, Floats, Image, Level, Places, Proposals
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


class TorchStages:
    """The three networks on a device."""

    def __init__(self, device: str = "cpu") -> None:
        """Load the networks onto ``device`` ("cpu", "cuda", "cuda:1")."""
        self._device = usable_device(device)
        on_gpu = self._device.type != "cpu"
        # On a CPU pieces that fit a core's cache are fastest; a GPU wants as much as its memory takes.
        self.images, self.pixels = (256, 2**26) if on_gpu else (8, 2**21)
        self._propose = ProposalNetwork(self._device, rows_pixels=2**23 if on_gpu else 2**16)
        self._refine = refinement_network(self._device, crops=8192 if on_gpu else 128)
        self._output = output_network(self._device, crops=2048 if on_gpu else 32)

    def look_at(self, images: Sequence[Image]) -> "_TorchPictures":
        """See ``Stages``."""
        return _TorchPictures(list(images), self._propose, self._refine, self._output, self._device)

    @torch.inference_mode()
    def survivors(self, boxes: Floats, scores: Floats, groups: Places, threshold: float) -> Places:
        """See ``Stages``."""
        if not len(boxes):
            return groups
        # Groups are kept apart by shifting their boxes, in float64 because float32 would round them.
        exact = torch.from_numpy(boxes).to(self._device).double()
        shift = torch.from_numpy(groups).to(self._device).double() * (exact.max() - exact.min() + 1)
        own_scores = torch.from_numpy(scores).to(self._device).double()
        kept: Places = nms(exact + shift.unsqueeze(1), own_scores, threshold).cpu().numpy()
        return kept


class _TorchPictures:
    """See ``Pictures``."""

    def __init__(
        self,
        images: list[Image],
        propose: ProposalNetwork,
        refine: CropNetwork,
        output: CropNetwork,
        device: torch.device,
    ) -> None:
        self._tables = AreaTables(images, device)
        self._propose, self._refine, self._output, self._device = propose, refine, output, device

    @torch.inference_mode()
    def proposed(self, levels: Sequence[Level], threshold: float) -> list[Proposals]:
        return [self._of_level(*level, threshold) for level in levels]

    def _of_level(self, images: range, height: int, width: int, threshold: float) -> Proposals:
        which = torch.arange(images.start, images.stop, device=self._device)
        tall, wide = self._tables.sizes[images.start]
        whole = torch.tensor([[0, 0, wide, tall]], device=self._device).expand(len(which), 4)
        # A strip at a time: a large level never stands in memory as a whole.
        strips = [
            self._propose(self._tables.shrink(which, whole, height, width, rows))
            for rows in self._propose.strips(len(which), height, width)
        ]
        scores, corrections = (torch.cat(parts, dim=1) for parts in zip(*strips, strict=True))
        image, row, column = (scores >= threshold).nonzero().unbind(1)
        found = (which[image], row, column, scores[image, row, column], corrections[image, row, column])
        return Proposals(*(part.cpu().numpy() for part in found))

    @torch.inference_mode()
    def refined(self, which: Places, windows: Places) -> tuple[Floats, Floats]:
        corrections, probabilities = self._refine(self._cut(which, windows, 24))
        return probabilities[:, 1].cpu().numpy(), corrections.cpu().numpy()

    @torch.inference_mode()
    def judged(self, which: Places, windows: Places) -> tuple[Floats, Floats, Floats]:
        corrections, points, probabilities = self._output(self._cut(which, windows, 48))
        return probabilities[:, 1].cpu().numpy(), corrections.cpu().numpy(), points.cpu().numpy()

    def _cut(self, which: Places, windows: Places, side: int) -> Tensor:
        indices, boxes = (torch.from_numpy(given).to(self._device) for given in (which, windows))
        return self._tables.shrink(indices, boxes, side, side)


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
