"""MobileFaceNet with batch normalisation, for training from random weights."""

from torch import Tensor, nn

_STEM = 64
_STAGES = ((2, 64, 5, 2), (4, 128, 1, 2), (2, 128, 6, 1), (4, 128, 1, 2), (2, 128, 2, 1))
"""Expansion, channels, bottlenecks and first stride (Chen et al. 2018, table 1)."""
_TOP = 512
SHRINKS = 16
"""By how much a side gets smaller up to the last convolution."""


def _convolution(inward: int, outward: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    padding = kernel // 2
    return [
        nn.Conv2d(inward, outward, kernel, stride, padding, groups=groups, bias=False),
        nn.BatchNorm2d(outward),
    ]


class _Bottleneck(nn.Module):
    """Expand, look at each channel by itself, project; added to its input where the shapes allow."""

    def __init__(self, inward: int, outward: int, expansion: int, stride: int) -> None:
        super().__init__()
        wide = inward * expansion
        self.body = nn.Sequential(
            *_convolution(inward, wide),
            nn.ReLU(inplace=True),
            *_convolution(wide, wide, 3, stride, wide),
            nn.ReLU(inplace=True),
            *_convolution(wide, outward),
        )
        self._adds = stride == 1 and inward == outward

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.body(x)
        return x + y if self._adds else y


class MobileFaceNet(nn.Module):
    """MobileFaceNet (Chen et al. 2018, table 1): a million weights, made for faces of 112 pixels; others go too.

    ReLU takes the place of PReLU, whose gradient alone makes a step on a CPU twice as long.
    """

    def __init__(self, embedding: int, side: int) -> None:
        """Random weights, for (B, 3, side, side) to (B, embedding); ``side`` is a multiple of 16."""
        super().__init__()
        layers: list[nn.Module] = [*_convolution(3, _STEM, 3, 2), nn.ReLU(inplace=True)]
        layers += [*_convolution(_STEM, _STEM, 3, 1, _STEM), nn.ReLU(inplace=True)]
        inward = _STEM
        for expansion, outward, number, stride in _STAGES:
            for index in range(number):
                layers.append(_Bottleneck(inward, outward, expansion, stride if index == 0 else 1))
                inward = outward
        layers += [*_convolution(inward, _TOP), nn.ReLU(inplace=True)]
        # A weight for every place of each channel, instead of their mean.
        layers += [nn.Conv2d(_TOP, _TOP, side // SHRINKS, groups=_TOP, bias=False), nn.BatchNorm2d(_TOP)]
        layers += [nn.Flatten(), nn.Linear(_TOP, embedding, bias=False), nn.BatchNorm1d(embedding)]
        self.layers = nn.Sequential(*layers)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out")

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, side, side) float32 to (B, embedding)."""
        embeddings: Tensor = self.layers(images)
        return embeddings
