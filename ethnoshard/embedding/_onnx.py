"""Networks in ONNX files: ours, which say in their metadata how faces are cut, and anybody's.

Of anybody's the graph tells what it takes: how many faces at once, of which side, colours first or last, of which
type, and which pixels, by what it does to them before its first layer.
"""

import contextlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ethnoshard._files import sha256_of
from ethnoshard._parallel import available_cores
from ethnoshard.embedding._model import BGR, Alignment, FaceModel, Images, Vectors, network_input, pixels_of
from ethnoshard.errors import EthnoshardError

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto, TensorProto
    from onnxruntime import InferenceSession

_SIDE = 112
"""Side of what a network sees that takes any: what ArcFace's like are trained with, pixels."""
_TYPES: dict[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(uint8)": np.uint8,
}


class Port(Protocol):
    """An input of a session, as onnxruntime lists it."""

    name: str
    shape: Sequence[int | str | None]
    type: str


@dataclass(frozen=True, kw_only=True)
class FaceInput:
    """The one input of a network of faces.

    Attributes:
        name: in the graph.
        batch: faces at once; 0 for any number.
        side: S, pixels.
        channels_last: (N, S, S, 3), as networks of TensorFlow and Keras have it, instead of (N, 3, S, S).
        dtype: of the numbers.
    """

    name: str
    batch: int
    side: int
    channels_last: bool
    dtype: type[np.generic]

    @property
    def whole(self) -> bool:
        """Whether it takes whole numbers, 0 to 255."""
        return self.dtype is np.uint8


def face_input(path: Path, inputs: Sequence[Port]) -> FaceInput:
    """Look at the inputs of a session.

    Args:
        path: for messages.
        inputs: as onnxruntime lists them, each with ``name``, ``shape`` and ``type``.

    Raises:
        EthnoshardError: there are several, or it isn't one of square pictures in colour.
    """
    given = inputs[0]
    shape = [0 if not isinstance(size, int) or size < 1 else size for size in given.shape]
    channels_last = len(shape) == 4 and shape[3] == 3 and shape[1] != 3
    colours, *sides = (shape[3], *shape[1:3]) if channels_last else shape[1:] or [0]
    known = set(sides) - {0}
    if len(inputs) > 1 or len(shape) != 4 or colours not in (0, 3) or len(known) > 1 or given.type not in _TYPES:
        raise EthnoshardError(
            f"{path} takes {', '.join(f'{put.name} {put.shape} {put.type}' for put in inputs)}; a network of faces has "
            f"one input of (N, 3, S, S) or (N, S, S, 3), square, of {', '.join(_TYPES)}"
        )
    return FaceInput(
        name=given.name,
        batch=shape[0],
        side=known.pop() if known else _SIDE,
        channels_last=channels_last,
        dtype=_TYPES[given.type],
    )


_MOVES = ("Cast", "Clip", "Concat", "Dropout", "Gather", "Identity", "Pad", "Reshape", "Resize", "Slice", "Split",
          "Squeeze", "Transpose", "Unsqueeze", "Upsample")  # fmt: skip
"""Nodes that move pixels or change their type, not their values; or keep those in range as they are."""

_LOOKS = ("Shape", "Size")
"""Nodes that take an image and give something else."""

_WHOLE_PIXELS = 1 / 16
"""A factor below it is meant for pixels of 0 to 255; networks scale by 1/128, 1/255, 1/57; of 0 to 1 by 2 or 4."""
_UNIT_MEANS = (0.3, 0.7)
"""Where the value that becomes 0 lies, if the graph takes pixels of 0 to 1: ImageNet's 0.485, or 0.5."""


class Inside(NamedTuple):
    """What a graph does to a pixel x before its first layer, x * factor + shift, and the nodes that do it."""

    factor: float = 1.0
    shift: float = 0.0
    nodes: tuple[str, ...] = ()

    def normalisation(self) -> str | None:
        """The one of ``NORMALISATIONS`` that pixels need before such a graph; None where it doesn't tell."""
        if not self.nodes or self.factor == 0:
            return None
        if abs(self.factor) < _WHOLE_PIXELS:
            return "none"
        low, high = _UNIT_MEANS
        return "unit" if self.factor > 1 and low < -self.shift / self.factor < high else None

    def __str__(self) -> str:
        """For people."""
        return f"{', '.join(self.nodes)}: x * {self.factor:.6g} {'-' if self.shift < 0 else '+'} {abs(self.shift):.6g}"


def scaling_inside(path: Path, image: str) -> Inside:
    """What a graph does to the pixels itself, as networks exported from mxnet do: nodes Sub and Mul come first.

    Nodes are followed from the input to the first that is neither arithmetic with constants, nor batch normalisation,
    nor a moving of values; of constants for each colour the mean is taken.

    Args:
        path: the file.
        image: name of the graph's input.

    Raises:
        EthnoshardError: the package onnx is missing.
    """
    try:
        import onnx
    except ImportError as error:
        raise EthnoshardError("reading ONNX needs the package onnx: pip install 'ethnoshard[onnx]'") from error
    graph = onnx.load(path, load_external_data=False).graph
    constants = _Constants(graph)
    known = {image: Inside()}
    for node in graph.node:
        given = [known[name] for name in node.input if name in known]
        if not given:
            constants.follow(node)
        if not given or node.op_type in _LOOKS:
            continue
        found = _after(node, known, constants) if len(set(given)) == 1 else None
        if found is None:
            return given[0]
        known.update(dict.fromkeys(node.output, found))
    return list(known.values())[-1]


def _after(node: "NodeProto", known: dict[str, Inside], constants: "_Constants") -> Inside | None:
    """The scaling behind a node; None where the network begins."""
    before = next(known[name] for name in node.input if name in known)
    if node.op_type in _MOVES:
        return before
    name = node.name or node.op_type
    if node.op_type == "BatchNormalization":
        values = constants.of(node.input[1:5])
        if values is None:
            return None
        gain, shift, mean, variance = values
        epsilon = next((entry.f for entry in node.attribute if entry.name == "epsilon"), 1e-5)
        factor = gain / np.sqrt(variance + epsilon)
        return _chained(before, factor, shift - mean * factor, name)
    if node.op_type not in ("Sub", "Add", "Mul", "Div") or len(node.input) != 2:
        return None
    first = node.input[0] in known
    values = constants.of([node.input[1 if first else 0]])
    if values is None or (node.op_type == "Div" and not first):
        return None
    (value,) = values
    one, zero = np.ones(1), np.zeros(1)
    factor, shift = {
        "Sub": (one, -value) if first else (-one, value),
        "Add": (one, value),
        "Mul": (value, zero),
        "Div": (one / np.where(value == 0, np.inf, value), zero),
    }[node.op_type]
    return _chained(before, factor, shift, name)


def _chained(before: Inside, factor: NDArray[np.float64], shift: NDArray[np.float64], name: str) -> Inside:
    mean = float(np.mean(factor))
    return Inside(before.factor * mean, before.shift * mean + float(np.mean(shift)), (*before.nodes, name))


class _Constants:
    """Values that a graph holds: initialisers, outputs of Constant nodes, and these moved."""

    def __init__(self, graph: "GraphProto") -> None:
        self._tensors: dict[str, TensorProto | object] = {tensor.name: tensor for tensor in graph.initializer}

    def follow(self, node: "NodeProto") -> None:
        """Remember what a node gives, if that is a constant."""
        from onnx import helper

        if node.op_type == "Constant":
            self._tensors[node.output[0]] = helper.get_attribute_value(node.attribute[0])
        elif node.op_type in _MOVES and node.input and node.input[0] in self._tensors:
            self._tensors[node.output[0]] = self._tensors[node.input[0]]

    def of(self, names: Iterable[str]) -> list[NDArray[np.float64]] | None:
        """Each as (K,) float64; None if one isn't a constant, or lies in another file."""
        from onnx import TensorProto, numpy_helper

        found = []
        for name in names:
            tensor = self._tensors.get(name)
            if tensor is None or (isinstance(tensor, TensorProto) and tensor.data_location == TensorProto.EXTERNAL):
                return None
            array = numpy_helper.to_array(tensor) if isinstance(tensor, TensorProto) else np.array(tensor)
            if array.dtype.kind not in "fiu" or not array.size:
                return None
            found.append(array.astype(np.float64).ravel())
        return found


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
