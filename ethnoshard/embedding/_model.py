"""What is known of a model that embeds faces, whatever made it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ethnoshard.embedding._template import template_name
from ethnoshard.runs import TrainedOn

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
        device: kind of the device that the network runs on; sums differ in their last bits.
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
    device: str = "cpu"
    about: dict[str, str] = field(default_factory=dict)
    trained_on: TrainedOn | None = None

    def facts(self) -> dict[str, Any]:
        """All but the network itself and whom it was trained on, as JSON holds it; of "five-point" the ``template``."""
        facts = {name: value for name, value in vars(self).items() if name not in ("network", "trained_on")}
        return {**facts, "template": template_name(self.side)} if self.alignment == "five-point" else facts
