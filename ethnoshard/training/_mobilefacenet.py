"""MobileFaceNet with batch normalisation, for training from random weights."""

from torch import Tensor, nn

from ethnoshard._mobilefacenet import STEM, TOP, Bottleneck, bottlenecks

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

    def __init__(self, shape: Bottleneck) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *_convolution(shape.inward, shape.wide),
            nn.ReLU(inplace=True),
            *_convolution(shape.wide, shape.wide, 3, shape.stride, shape.wide),
            nn.ReLU(inplace=True),
            *_convolution(shape.wide, shape.outward),
        )
        self._adds = shape.adds

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
        shapes = list(bottlenecks())
        layers: list[nn.Module] = [*_convolution(3, STEM, 3, 2), nn.ReLU(inplace=True)]
        layers += [*_convolution(STEM, STEM, 3, 1, STEM), nn.ReLU(inplace=True)]
        layers += map(_Bottleneck, shapes)
        layers += [*_convolution(shapes[-1].outward, TOP), nn.ReLU(inplace=True)]
        # A weight for every place of each channel, instead of their mean.
        layers += [nn.Conv2d(TOP, TOP, side // SHRINKS, groups=TOP, bias=False), nn.BatchNorm2d(TOP)]
        layers += [nn.Flatten(), nn.Linear(TOP, embedding, bias=False), nn.BatchNorm1d(embedding)]
        self.layers = nn.Sequential(*layers)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out")

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, side, side) float32 to (B, embedding)."""
        embeddings: Tensor = self.layers(images)
        return embeddings
