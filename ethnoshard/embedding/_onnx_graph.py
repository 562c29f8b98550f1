"""What an ONNX graph tells of the faces that it takes.

How many at once, of which side, colours first or last, of which type; and which pixels, by what it does to them before
its first layer.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ethnoshard.errors import EthnoshardError

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto, TensorProto

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
