"""A trained classifier: its folder on disk, and what it says of faces."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor
from torch.nn import functional as F

from ethnoshard._files import read_json, sha256_of
from ethnoshard._formats import check_format
from ethnoshard.errors import EthnoshardError
from ethnoshard.ethnicity._network import build_network, normalised

FORMAT = 1
CARD, WEIGHTS = "card.json", "weights.safetensors"

SHIPPED = Path(__file__).parent / "shipped"
"""Folder of the classifier that comes with the package."""

CENTRE = 0.9
"""Share of an aligned face's side that the network sees; training varies about it."""

_BATCH = 32


class EthnicityClassifier:
    """Predicts a perceived ethnicity from aligned faces, with calibrated probabilities.

    What it says is what its training set's annotators would probably have said. It is meant for whole datasets.
    """

    def __init__(self, path: Path, card: dict[str, Any], network: torch.nn.Module, device: torch.device) -> None:
        """See ``load``."""
        self.path = path
        self.card = card
        self.name = "shipped" if path == SHIPPED else path.name
        self.classes: tuple[str, ...] = tuple(card["classes"])
        self.image_size = int(card["image_size"])
        self.temperature = float(card["temperature"])
        self.sha256 = str(card["weights_sha256"])
        self._device = device
        self._network = network.to(device).to(memory_format=torch.channels_last).eval()

    @classmethod
    def load(cls, path: str | Path | None = None, *, device: str = "cpu") -> "EthnicityClassifier":
        """Open a model folder; None opens the one that comes with the package.

        Raises:
            EthnoshardError: the folder is no model, its weights are damaged, or those of another model.
        """
        folder = SHIPPED if path is None else Path(path)
        card = read_card(folder)
        weights = folder / WEIGHTS
        if not weights.is_file():
            raise EthnoshardError(f"{weights} is missing; train the model again, or fetch the whole folder")
        if sha256_of(weights) != card["weights_sha256"]:
            raise EthnoshardError(
                f"{weights} is damaged, or of another model than {folder / CARD} describes (its sha256 differs)"
            )
        network = build_network(card["network"], len(card["classes"]))
        try:
            network.load_state_dict(load_file(weights))
        except (SafetensorError, RuntimeError) as error:
            raise EthnoshardError(f"{weights} does not hold the weights of a {card['network']}: {error}") from error
        return cls(folder, card, network, torch.device(device))

    def probabilities(self, faces: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Calibrated probabilities of each class.

        Args:
            faces: aligned, each (H, W, 3) uint8 RGB, of any side.

        Returns:
            (N, C) float32, rows sum to 1.
        """
        rows = []
        with torch.inference_mode():
            for first in range(0, len(faces), _BATCH):
                logits = self.logits(stacked(faces[first : first + _BATCH]))
                rows.append((logits / self.temperature).softmax(1).cpu().numpy())
        return np.concatenate(rows) if rows else np.zeros((0, len(self.classes)), np.float32)

    def logits(self, faces: Tensor) -> Tensor:
        """(B, 3, S, S) uint8 faces to (B, C) logits, not calibrated."""
        return self._network(seen(faces.to(self._device), self.image_size))  # type: ignore[no-any-return]


def stacked(faces: Sequence[NDArray[np.uint8]]) -> Tensor:
    """Faces (H, W, 3) of one or several sizes as one (B, 3, S, S) uint8 tensor; odd ones take the first one's size."""
    side = faces[0].shape[:2]
    tensors = []
    for face in faces:
        tensor = torch.from_numpy(np.ascontiguousarray(face)).permute(2, 0, 1)
        if face.shape[:2] != side:
            tensor = F.interpolate(tensor[None], side, mode="bilinear", antialias=True)[0]
        tensors.append(tensor)
    return torch.stack(tensors)


def seen(faces: Tensor, side: int) -> Tensor:
    """What the network sees of (B, 3, S, S) uint8 faces: the centre, scaled to ``side``, normalised."""
    size = faces.shape[-1]
    edge = round(size * (1 - CENTRE) / 2)
    centre = faces[..., edge : size - edge, edge : size - edge].to(torch.float32)
    return normalised(F.interpolate(centre, (side, side), mode="bilinear", antialias=True) / 255)


def read_card(folder: Path) -> dict[str, Any]:
    """The card of a model folder.

    Raises:
        EthnoshardError: there is none, or it is of an unknown format.
    """
    path = folder / CARD
    if not path.is_file():
        raise EthnoshardError(
            f"{folder} is no model folder: it has no {CARD}. Make one with `ethnoshard classifier train`"
        )
    card = read_json(path)
    check_format(path, card.get("format"), FORMAT, again="train the classifier again")
    lacking = {"network", "classes", "image_size", "temperature", "weights_sha256"} - card.keys()
    if lacking:
        raise EthnoshardError(f"{path} lacks {', '.join(sorted(lacking))}; it was not written by ethnoshard")
    return card
