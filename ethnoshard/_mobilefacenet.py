"""The layout of MobileFaceNet (Chen et al. 2018, table 1), which a recogniser and a classifier build on."""

from collections.abc import Iterator
from typing import NamedTuple

STEM = 64
"""Channels of the first convolution and of the depthwise one after it."""
TOP = 512
"""Channels of the last convolution of 1 x 1."""

_STAGES = ((2, 64, 5, 2), (4, 128, 1, 2), (2, 128, 6, 1), (4, 128, 1, 2), (2, 128, 2, 1))
"""Expansion, channels, bottlenecks and first stride."""


class Bottleneck(NamedTuple):
    """One that expands, looks at each channel by itself, and projects.

    Attributes:
        inward: channels that come in.
        wide: channels in between.
        outward: channels that go out.
        stride: of the convolution in between.
    """

    inward: int
    wide: int
    outward: int
    stride: int

    @property
    def adds(self) -> bool:
        """Whether what comes in is added to what goes out, since the shapes allow."""
        return self.stride == 1 and self.inward == self.outward


def bottlenecks() -> Iterator[Bottleneck]:
    """All of them, the first one after the stem first."""
    inward = STEM
    for expansion, outward, number, stride in _STAGES:
        for index in range(number):
            yield Bottleneck(inward, inward * expansion, outward, stride if index == 0 else 1)
            inward = outward
