"""Our own networks run by OpenVINO, a thread a core, each on images of its own."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
from torch import nn

from ethnoshard._parallel import available_cores
from ethnoshard._runtime import Compiled
from ethnoshard._translation import compiled
from ethnoshard.embedding._model import NORMALISATIONS, Images, Vectors, network_input
from ethnoshard.training import FaceEmbedder

_AT_ONCE = 4
"""Images that a thread takes: what the layers of MobileFaceNet make of them fits a core's cache."""


class OpenvinoNetwork:
    """Runs a compiled embedder on the CPU."""

    def __init__(self, network: Compiled, side: int) -> None:
        """See ``of``."""
        self._network, self._side = network, side
        self._pool = ThreadPoolExecutor(available_cores())

    @classmethod
    def of(cls, embedder: FaceEmbedder) -> "OpenvinoNetwork | None":
        """Compile an embedder; None where it has a layer that can't be translated."""
        backbone: nn.Module = embedder.network
        found = compiled(backbone, embedder.side, streams=available_cores())
        return None if found is None else cls(found, embedder.side)

    def __call__(self, images: Images) -> Vectors:
        """(B, H, H, 3) uint8 RGB to (B, E) float32."""
        pieces = [images[begin : begin + _AT_ONCE] for begin in range(0, len(images), _AT_ONCE)]
        return np.concatenate(list(self._pool.map(self._run, pieces)))

    def _run(self, images: Images) -> Vectors:
        (found,) = self._network(network_input(images, self._side, NORMALISATIONS["facenet"]))
        vectors: Vectors = found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12)
        return vectors
