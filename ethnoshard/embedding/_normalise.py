"""Ways of scaling pixels that networks of others were trained with."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ethnoshard.embedding._model import Images
from ethnoshard.errors import EthnoshardError


class Scaling(NamedTuple):
    """(x - mean) / deviation, for each of red, green and blue, of pixels 0 to 255."""

    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]


NORMALISATIONS: dict[str, Scaling] = {
    "insightface": Scaling((127.5,) * 3, (127.5,) * 3),
    "facenet": Scaling((127.5,) * 3, (128.0,) * 3),
    "imagenet": Scaling((123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),
    "unit": Scaling((0.0,) * 3, (255.0,) * 3),
    "none": Scaling((0.0,) * 3, (1.0,) * 3),
}
"""By name: -1 to 1, the same by 128, ImageNet's mean and deviation, 0 to 1, and pixels as they are."""


BGR = "-bgr"
"""At the end of such a name: blue before green before red, as networks want that were trained on what OpenCV reads."""


class Pixels(NamedTuple):
    """What is done to pixels before a network.

    Attributes:
        scaling: of the values.
        bgr: whether blue comes first.
    """

    scaling: Scaling
    bgr: bool = False


def pixels_of(name: str) -> Pixels:
    """One of ``NORMALISATIONS`` by name, with "-bgr" at its end for blue first: "insightface-bgr" is AdaFace's.

    Raises:
        EthnoshardError: there is none of the name.
    """
    plain = name.removesuffix(BGR)
    if plain not in NORMALISATIONS:
        raise EthnoshardError(
            f"normalise is one of {', '.join(NORMALISATIONS)}, with {BGR} at its end for blue first; {name!r} is not"
        )
    return Pixels(NORMALISATIONS[plain], bgr=name != plain)


def network_input(images: Images, side: int, scaling: Scaling, *, bgr: bool = False) -> NDArray[np.float32]:
    """Images as networks of others take them.

    Args:
        images: (B, H, H, 3) uint8 RGB.
        side: S, to which they are scaled by averaging areas, as our own networks do.
        scaling: of the pixels.
        bgr: blue first.

    Returns:
        (B, 3, S, S) float32, each colour scaled as it was in RGB.
    """
    pixels = images.astype(np.float32)
    if images.shape[1] != side:
        rows = averaging(images.shape[1], side)
        pixels = np.einsum("ij,bjkc,lk->bilc", rows, pixels, rows, optimize=True)
    mean, deviation = (np.array(values, np.float32) for values in scaling)
    scaled = (pixels - mean) / deviation
    if bgr:
        scaled = scaled[..., ::-1]
    return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2), np.float32)


def averaging(before: int, after: int) -> NDArray[np.float32]:
    """(after, before) matrix that averages areas of a row of pixels, whole pixels at a time as torch's "area" does."""
    weights = np.zeros((after, before), np.float32)
    for place in range(after):
        begin, end = place * before // after, -((-(place + 1) * before) // after)
        weights[place, begin:end] = 1 / (end - begin)
    return weights
