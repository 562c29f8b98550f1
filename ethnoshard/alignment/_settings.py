"""What decides the aligned faces, in one value."""

from dataclasses import dataclass, field
from typing import Literal

from ethnoshard._checks import check_number
from ethnoshard.errors import EthnoshardError

CELL = 12
"""Side in pixels of the window that one position of MTCNN's first network sees."""


@dataclass(frozen=True, kw_only=True)
class DetectorSettings:
    """What MTCNN takes for a face. The defaults are those of Kalinga (2020), appendix A.

    Attributes:
        thresholds: least probability that a candidate needs after each of the three networks, 0 to 1.
        factor: ratio of neighbouring levels of the image pyramid, above 0 and below 1.
        min_face: side in pixels of the smallest face looked for, at least 12.
    """

    thresholds: tuple[float, float, float] = (0.6, 0.7, 0.7)
    factor: float = 0.709
    min_face: int = 20

    def __post_init__(self) -> None:
        """Check the ranges."""
        if not all(0 <= value <= 1 for value in self.thresholds):
            raise EthnoshardError(f"thresholds are three numbers between 0 and 1, not {self.thresholds}")
        check_number("factor", self.factor, above=0, below=1)
        # What the first network sees.
        check_number("min-face", self.min_face, at_least=CELL, unit="px")


@dataclass(frozen=True, kw_only=True)
class AlignSettings:
    """How photographs become faces. The defaults are those of Kalinga (2020), appendix A.

    Attributes:
        size: side of the square result, pixels. None, only with ``aligned``: the side of the source's faces.
        margin: added to the face's box, in pixels of the *source*, half of it on each side, cut at the edges.
        detector: what counts as a face.
        faces: "one" keeps the best face of an image, "all" keeps every one.
        no_face: where no face is found, "skip" the image or take its largest "centre" square.
        aligned: the source holds aligned faces; take them as they are, JPEG bytes untouched where the size fits.
        quality: JPEG quality of what is encoded, 1 to 100.
        max_pixels: an image with more is unreadable; protects the memory from decompression bombs.
        max_file_bytes: an image file with more is unreadable.
        part_images: images a part holds, about; parts end where an identity ends.
    """

    size: int | None = 182
    margin: int = 44
    detector: DetectorSettings = field(default_factory=DetectorSettings)
    faces: Literal["one", "all"] = "one"
    no_face: Literal["skip", "centre"] = "skip"
    aligned: bool = False
    quality: int = 95
    max_pixels: int = 20_000_000
    max_file_bytes: int = 2**28
    part_images: int = 512

    def __post_init__(self) -> None:
        """Check the ranges."""
        if self.size is None and not self.aligned:
            raise EthnoshardError("size can only be left open for a source that is aligned already")
        if self.size is not None:
            check_number("size", self.size, at_least=16, at_most=4096, unit="px")
        check_number("margin", self.margin, at_least=0, unit="px")
        if self.faces not in ("one", "all"):
            raise EthnoshardError(f'faces is "one" or "all", not "{self.faces}"')
        if self.no_face not in ("skip", "centre"):
            raise EthnoshardError(f'no-face is "skip" or "centre", not "{self.no_face}"')
        check_number("quality", self.quality, at_least=1, at_most=100)
        for name in ("max_pixels", "max_file_bytes", "part_images"):
            check_number(name.replace("_", "-"), getattr(self, name), at_least=1)
