"""Which pixels an ONNX graph takes, by what it does to them before its first layer."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ethnoshard.errors import EthnoshardError

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


def _after(node: Any, known: dict[str, Inside], constants: "_Constants") -> Inside | None:
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


def _chained(before: Inside, factor: Any, shift: Any, name: str) -> Inside:
    mean = float(np.mean(factor))
    return Inside(before.factor * mean, before.shift * mean + float(np.mean(shift)), (*before.nodes, name))


class _Constants:
    """Values that a graph holds: initialisers, outputs of Constant nodes, and these moved."""

    def __init__(self, graph: Any) -> None:
        self._tensors: dict[str, Any] = {tensor.name: tensor for tensor in graph.initializer}

    def follow(self, node: Any) -> None:
        """Remember what a node gives, if that is a constant."""
        from onnx import helper

        if node.op_type == "Constant":
            self._tensors[node.output[0]] = helper.get_attribute_value(node.attribute[0])
        elif node.op_type in _MOVES and node.input and node.input[0] in self._tensors:
            self._tensors[node.output[0]] = self._tensors[node.input[0]]

    def of(self, names: Iterable[str]) -> list[Any] | None:
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
