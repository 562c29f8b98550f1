"""What is known of a model that embeds faces, whatever made it: where landmarks lie, how pixels are scaled."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ethnoshard._resampling import resampled
from ethnoshard.errors import EthnoshardError
from ethnoshard.runs import TrainedOn

Points = NDArray[np.float64]

REFERENCE: Points = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]]
)
"""Left eye, right eye, tip of the nose, left and right corner of the mouth, as seen in the image; (5, 2) x and y in an
image of 112 x 112 pixels, the centre of the first pixel at 0 (Deng et al. 2019, ArcFace; the points of SphereFace)."""

_SIDE = 112
_WIDE = 128
"""Side of the wider crop; its multiples show what lies beside the face too."""
_WIDE_SHIFT = np.array([8.0, 0.0])
"""Pixels that the points lie further to the right in 128 than in 112: half of the 16 by which it is wider."""


def template(side: int) -> Points:
    """The reference in images of another side, as insightface (2.1, ``estimate_norm``) and uniface (4.2.1) have it.

    ====================================  =========================================================
    side                                  points, x and y in pixels
    ====================================  =========================================================
    a multiple of 112                     those of 112 times side / 112
    a multiple of 128, not of 112         those of 112 times side / 128, x + 8 times side / 128
    any other (the two refuse it)         those of 112 times side / 112
    ====================================  =========================================================

    So at 128 the face is as large as at 112, in the middle, and more is seen beside and below it.

    Args:
        side: S, pixels.

    Returns:
        (5, 2) x and y, the centre of the first pixel at 0.
    """
    wide = _is_wide(side)
    points: Points = (REFERENCE + _WIDE_SHIFT) * (side / _WIDE) if wide else REFERENCE * (side / _SIDE)
    return points


def template_name(side: int) -> str:
    """Which of the two it is, for reports: "ArcFace 112 px x 2" or "ArcFace 128 px x 1"."""
    base = _WIDE if _is_wide(side) else _SIDE
    return f"ArcFace {base} px x {side / base:g}"


def _is_wide(side: int) -> bool:
    return side % _SIDE != 0 and side % _WIDE == 0


Images = NDArray[np.uint8]
Vectors = NDArray[np.float32]
Alignment = Literal["crop", "five-point"]

ALIGNMENTS: dict[str, str] = {
    "crop": "square from the middle of the aligned face (MTCNN box with margin)",
    "five-point": "similarity transform of the source image, from MTCNN's five landmarks to ArcFace's, bilinear",
}
"""Every alignment, and what it does."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FaceModel:
    """A network with all that decides its embeddings. How faces are aligned is a property of the model.

    Attributes:
        name: for people.
        kind: "run", "safetensors", "onnx" or "facenet-pytorch".
        embedding: E, numbers of an embedding.
        side: of the images that the network sees, pixels.
        alignment: "crop" or "five-point".
        crop: of "crop" the side of the square cut from the middle of a face, pixels; 0 for the whole face.
        normalise: what is done to pixels before the network.
        digest: hex SHA-256 of the weights: ``weights_digest`` of ours, of an ONNX file its bytes.
        network: (B, H, H, 3) uint8 RGB to (B, E) float32, of any length; scales from H to ``side`` itself.
        runtime: what runs it and its version, "openvino 2026.4.1"; sums differ in their last bits.
        device: kind of the device that it runs on; so do they.
        about: what else its file or run says of it, such as arm, seed and epoch.
        trained_on: whose faces it was trained on; None where that isn't known.
    """

    name: str
    kind: str
    embedding: int
    side: int
    alignment: Alignment
    crop: int
    normalise: str
    digest: str
    network: Callable[[Images], Vectors]
    runtime: str = ""
    device: str = "cpu"
    about: dict[str, str] = field(default_factory=dict)
    trained_on: TrainedOn | None = None

    def facts(self) -> dict[str, Any]:
        """All but the network itself and whom it was trained on, as JSON holds it; of "five-point" the ``template``."""
        facts = {name: value for name, value in vars(self).items() if name not in ("network", "trained_on")}
        return {**facts, "template": template_name(self.side)} if self.alignment == "five-point" else facts


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
    planes = resampled(images, side, "area")
    pixels = np.ascontiguousarray(planes[:, ::-1]) if bgr else planes
    mean, deviation = (np.array(values[::-1] if bgr else values, np.float32).reshape(3, 1, 1) for values in scaling)
    pixels -= mean
    pixels /= deviation
    return pixels
