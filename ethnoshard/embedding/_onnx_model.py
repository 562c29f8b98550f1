"""Networks in ONNX files: ours, which say in their metadata how faces are cut, and anybody's."""

import contextlib
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from ethnoshard._files import sha256_of
from ethnoshard._parallel import available_cores
from ethnoshard.embedding._model import Alignment, FaceModel, Images, Vectors
from ethnoshard.embedding._normalise import NORMALISATIONS, check_normalisation, network_input
from ethnoshard.errors import EthnoshardError

_AT_ONCE = 16
"""Images a thread takes where the network leaves it open."""
_SIDE = 112
"""Of a network that takes any side: what ArcFace's like are trained with."""


class OnnxNetwork:
    """Runs an ONNX graph, a thread a core, each on images of its own."""

    def __init__(self, path: Path, normalise: str | None) -> None:
        """Load it, and run it once.

        Args:
            path: the file.
            normalise: one of ``NORMALISATIONS``; None for the usual one.

        Raises:
            EthnoshardError: onnxruntime is missing, or the file is no network that takes faces and gives vectors.
        """
        self._path, self._session = path, _session(path)
        (given, *more), (output, *_) = self._session.get_inputs(), self._session.get_outputs()
        shape = [0 if not isinstance(size, int) or size < 1 else size for size in given.shape]
        if more or len(shape) != 4 or shape[1] not in (0, 3) or shape[2] != shape[3]:
            raise EthnoshardError(
                f"{path} takes {', '.join(str(put.shape) for put in (given, *more))}; a network of faces has one input "
                "of (N, 3, S, S): colours before rows, square"
            )
        self.side = shape[2] or _SIDE
        self.facts: dict[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)
        self.ours = {"backbone", "side", "crop"} <= self.facts.keys()
        self.normalise = "none" if self.ours else normalise or "insightface"
        check_normalisation(self.normalise)
        self._scaling = NORMALISATIONS[self.normalise]
        self._input, self._output = given.name, output.name
        self._type = np.float16 if given.type == "tensor(float16)" else np.float32
        self._batch = shape[0]
        self._pool = ThreadPoolExecutor(available_cores())
        self.embedding = self(np.zeros((1, self.side, self.side, 3), np.uint8)).shape[1]

    def __call__(self, images: Images) -> Vectors:
        """(B, H, H, 3) uint8 RGB to (B, E) float32."""
        size = self._batch or _AT_ONCE
        pieces = [images[begin : begin + size] for begin in range(0, len(images), size)]
        return np.concatenate(list(self._pool.map(self._run, pieces)))

    def _run(self, images: Images) -> Vectors:
        given = network_input(images, self.side, self._scaling).astype(self._type)
        missing = max(self._batch, len(given)) - len(given)
        if missing:
            given = np.concatenate([given, np.zeros((missing, *given.shape[1:]), given.dtype)])
        with _explained(self._path):
            (found,) = self._session.run([self._output], {self._input: given})
        vectors = np.asarray(found, np.float32)
        if len(vectors) != len(given) or vectors.size == 0:
            raise EthnoshardError(f"{self._path} gives {vectors.shape} for {len(given)} faces; a vector each is wanted")
        return vectors.reshape(len(given), -1)[: len(images)]


def onnx_model(
    path: Path, *, alignment: Alignment | None = None, normalise: str | None = None, crop: int | None = None
) -> FaceModel:
    """Load an ONNX file.

    Files that ``ethnoshard export`` wrote know how their faces are cut and scaled. Of others nothing is known: by
    default they get the five-point alignment and pixels of -1 to 1, as insightface's networks do.

    Args:
        path: the file.
        alignment: "crop" or "five-point", of a file that isn't ours.
        normalise: one of ``NORMALISATIONS``, likewise.
        crop: of "crop", side of the square cut from the middle of a face; 0 for the whole face.

    Raises:
        EthnoshardError: it is no ONNX file or no network of faces, onnxruntime is missing, or ours is told otherwise.
    """
    network = OnnxNetwork(path, normalise)
    if network.ours and (normalise is not None or alignment == "five-point"):
        raise EthnoshardError(f"{path} was exported by ethnoshard and says itself how faces are aligned and scaled")
    alignment = "crop" if network.ours else alignment or "five-point"
    if crop is None:
        crop = int(network.facts["crop"]) if network.ours else 0
    return FaceModel(
        name=path.stem,
        kind="onnx",
        embedding=network.embedding,
        side=network.side,
        alignment=alignment,
        crop=crop if alignment == "crop" else 0,
        normalise="inside the network" if network.ours else network.normalise,
        digest=sha256_of(path),
        network=network,
        about={name: value for name, value in network.facts.items() if name != "crop"} if network.ours else {},
    )


def _session(path: Path) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise EthnoshardError("reading ONNX needs onnxruntime: pip install 'ethnoshard[onnx]'") from error
    options = onnxruntime.SessionOptions()
    # The threads are ours: a small network gains more from two images at a time than from two threads in each.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    with _explained(path):
        return onnxruntime.InferenceSession(os.fspath(path), options, providers=["CPUExecutionProvider"])


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    """onnxruntime's exceptions have no common base but Exception."""
    try:
        yield
    except Exception as error:
        if not type(error).__module__.startswith("onnxruntime"):
            raise
        reason = str(error).strip().partition("\n")[0]
        raise EthnoshardError(f"{path} is no ONNX network that can be run ({reason})") from error
