"""MTCNN's three networks, with facenet-pytorch's weights, laid out for speed.

The arithmetic is that of ``facenet_pytorch``'s PNet, RNet and ONet. What differs is the layout: activations are
channels-last, where max-pooling vectorises (it took a third of the time of the original on a CPU), and the
networks are cut into pieces whose activations stay in a core's cache.
"""

from collections.abc import Iterator

import torch
from facenet_pytorch.models.mtcnn import ONet, PNet, RNet
from torch import Tensor, nn
from torch.nn import functional as F

from ethnoshard.alignment._settings import CELL

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
