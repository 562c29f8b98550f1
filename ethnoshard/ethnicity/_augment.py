"""Varying faces at random while training, all of a batch at once."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from ethnoshard.ethnicity._classifier import CENTRE
from ethnoshard.ethnicity._network import normalised

_TURN = 15 / 180 * math.pi
_SHIFT = 0.1
_ZOOM = (CENTRE - 0.12, CENTRE + 0.18)


def augmented(faces: Tensor, side: int, generator: torch.Generator) -> Tensor:
    """Turn, shift, zoom, mirror, relight, recolour and partly cover each face.

    Args:
        faces: (B, 3, S, S) uint8.
        side: of the result, pixels.
        generator: decides everything.

    Returns:
        (B, 3, side, side) float32, normalised.
    """
    number = len(faces)

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(number, *shape, generator=generator)

    turn, zoom = uniform(-_TURN, _TURN), uniform(*_ZOOM)
    mirror = torch.where(uniform(0, 1) < 0.5, -1.0, 1.0)
    across = torch.stack([zoom * mirror * turn.cos(), -zoom * turn.sin(), uniform(-_SHIFT, _SHIFT)], 1)
    down = torch.stack([zoom * mirror * turn.sin(), zoom * turn.cos(), uniform(-_SHIFT, _SHIFT)], 1)
    grid = F.affine_grid(torch.stack([across, down], 1), [number, 3, side, side], align_corners=False)
    images = F.grid_sample(faces.to(torch.float32) / 255, grid, padding_mode="border", align_corners=False)

    images = images * uniform(0.7, 1.3, 1, 1, 1) * uniform(0.92, 1.08, 3, 1, 1)
    mean = images.mean((1, 2, 3), keepdim=True)
    images = mean + (images - mean) * uniform(0.7, 1.3, 1, 1, 1)
    grey = images.mean(1, keepdim=True)
    saturation = torch.where(uniform(0, 1, 1, 1, 1) < 0.1, 0.0, uniform(0.3, 1.2, 1, 1, 1))
    images = grey + (images - grey) * saturation
    return normalised(_covered(images, side, uniform(0, 1, 4)).clamp(0, 1))


def _covered(images: Tensor, side: int, chance: Tensor) -> Tensor:
    """Lay a grey square over about a third of the images; ``chance`` (B, 4) decides whether, how large, where."""
    extent = (side * (0.1 + 0.25 * chance[:, 1])).floor()
    start = (side - extent)[:, None] * chance[:, 2:]
    place = torch.arange(side)
    within = (place >= start[..., None].floor()) & (place < (start.floor() + extent[:, None])[..., None])
    hidden = within[:, 1, :, None] & within[:, 0, None, :] & (chance[:, 0] < 0.3)[:, None, None]
    return images.masked_fill(hidden[:, None], 0.5)
