"""Networks in ONNX files: ours, which say in their metadata how faces are cut, and anybody's, whose graph is asked."""

import contextlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ethnoshard._files import sha256_of
from ethnoshard._parallel import available_cores
from ethnoshard.embedding._model import BGR, Alignment, FaceModel, Images, Vectors, network_input, pixels_of
from ethnoshard.embedding._onnx_graph import face_input, scaling_inside
from ethnoshard.errors import EthnoshardError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

_AT_ONCE = 16
"""Images a thread takes where the network leaves it open."""


class OnnxNetwork:
    """Runs an ONNX graph, a thread a core, each on images of its own."""

    def __init__(self, path: Path, normalise: str | None, log: Callable[[str], None]) -> None:
        """Load it, look at its graph, and run it once.

        Args:
            path: the file.
            normalise: see ``pixels_of``; None for what the graph tells, else the usual one.
            log: told where ``normalise`` contradicts the graph.

        Raises:
            EthnoshardError: onnxruntime or onnx is missing, or the file is not a network that takes faces and gives a
                vector each.
        """
        self._path, self._session = path, _session(path)
        self._given = face_input(path, self._session.get_inputs())
        self.side = self._given.side
        self.facts: dict[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)
        self.ours = {"backbone", "side", "crop"} <= self.facts.keys()
        self.inside = "" if self.ours else self._look_inside(normalise, log)
        if self.ours:
            self.normalise = "none"
        self._pixels = pixels_of(self.normalise)
        self._pool = ThreadPoolExecutor(available_cores())
        self._output = self._only_vectors()
        self.embedding = self(np.zeros((1, self.side, self.side, 3), np.uint8)).shape[1]

    def __call__(self, images: Images) -> Vectors:
        """(B, H, H, 3) uint8 RGB to (B, E) float32."""
        size = self._given.batch or _AT_ONCE
        pieces = [images[begin : begin + size] for begin in range(0, len(images), size)]
        return np.concatenate(list(self._pool.map(self._run, pieces)))

    def _look_inside(self, asked: str | None, log: Callable[[str], None]) -> str:
        """Choose ``normalise``; returns what the graph does to pixels itself."""
        inside = scaling_inside(self._path, self._given.name)
        told = "none" if self._given.whole else inside.normalisation()
        self.normalise = asked or told or "insightface"
        plain = self.normalise.removesuffix(BGR)
        pixels_of(self.normalise)
        if self._given.whole and plain != "none":
            raise EthnoshardError(
                f"{self._path} takes pixels as whole numbers (uint8), which are not scaled before; leave out "
                f"--normalise {asked}, or give none or none{BGR}"
            )
        if told is not None and plain != told:
            log(
                f"{self._path} scales pixels itself ({inside}), which points to --normalise {told}; as asked for, they "
                f"are scaled by {self.normalise} before"
            )
        return str(inside) if inside.nodes else ""

    def _only_vectors(self) -> str:
        """Name of the output that holds a vector for each face, found by running it.

        Raises:
            EthnoshardError: none does, or several do.
        """
        outputs = self._session.get_outputs()
        number = self._given.batch or 1
        zeros = self._as_input(np.zeros((number, self.side, self.side, 3), np.uint8))
        with _explained(self._path):
            values = self._session.run(None, {self._given.name: zeros})
        found: list[str] = [put.name for put, value in zip(outputs, values, strict=True) if _is_vectors(value, number)]
        if len(found) > 1:
            found = [name for name in found if "embed" in name.lower()] or found
        if len(found) != 1:
            shapes = ", ".join(f"{put.name} {np.shape(value)}" for put, value in zip(outputs, values, strict=True))
            raise EthnoshardError(
                f"{self._path} gives {shapes} for {number} faces; one output of (N, E) is wanted, a vector each. "
                "onnx.utils.extract_model cuts a network off at an output"
            )
        return found[0]

    def _as_input(self, images: Images) -> NDArray[np.generic]:
        """(B, H, H, 3) uint8 RGB as the graph takes them."""
        given = network_input(images, self.side, self._pixels.scaling, bgr=self._pixels.bgr)
        if self._given.channels_last:
            given = np.ascontiguousarray(given.transpose(0, 2, 3, 1))
        return (np.rint(given) if self._given.whole else given).astype(self._given.dtype)

    def _run(self, images: Images) -> Vectors:
        given = self._as_input(images)
        missing = max(self._given.batch, len(given)) - len(given)
        if missing:
            given = np.concatenate([given, np.zeros((missing, *given.shape[1:]), given.dtype)])
        with _explained(self._path):
            (found,) = self._session.run([self._output], {self._given.name: given})
        if not _is_vectors(found, len(given)):
            raise EthnoshardError(
                f"{self._path} gives {np.shape(found)} for {len(given)} faces; a vector each is wanted"
            )
        return np.asarray(found, np.float32).reshape(len(given), -1)[: len(images)]


def _is_vectors(value: object, number: int) -> bool:
    """Whether an output is a vector of at least 2 floats for each of ``number`` faces; sides of 1 don't count."""
    if not isinstance(value, np.ndarray) or value.dtype.kind != "f":
        return False
    shape = value.shape
    if number == 1 and sum(side > 1 for side in shape) == 1:
        return True
    return len(shape) >= 2 and shape[0] == number and sum(side > 1 for side in shape[1:]) == 1


def onnx_model(
    path: Path,
    *,
    alignment: Alignment | None = None,
    normalise: str | None = None,
    crop: int | None = None,
    log: Callable[[str], None] = lambda text: None,
) -> FaceModel:
    """Load an ONNX file.

    Files that ``ethnoshard export`` wrote know how their faces are cut and scaled. Others get the five-point alignment,
    and pixels as their graph tells: as they are where it takes whole numbers, or begins by bringing 0 to 255 to about
    -1 to 1 (``scaling_inside``); of 0 to 1 where it begins as torchvision's networks do; else of -1 to 1, as
    insightface's networks do.

    Args:
        path: the file.
        alignment: "crop" or "five-point", of a file that isn't ours.
        normalise: how the pixels of such a file are scaled: one of ``NORMALISATIONS``, with "-bgr" at its end for blue
            first.
        crop: of "crop", side of the square cut from the middle of a face; 0 for the whole face.
        log: told where ``normalise`` contradicts the graph; it is obeyed.

    Raises:
        EthnoshardError: it is no ONNX file or no network of faces, onnxruntime is missing, or ours is told otherwise.
    """
    network = OnnxNetwork(path, normalise, log)
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
        runtime=f"onnxruntime {version('onnxruntime')}",
        about=_about(network),
    )


def _about(network: OnnxNetwork) -> dict[str, str]:
    if network.ours:
        return {name: value for name, value in network.facts.items() if name != "crop"}
    return {"scaled_inside": network.inside} if network.inside else {}


def _session(path: Path) -> "InferenceSession":
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
