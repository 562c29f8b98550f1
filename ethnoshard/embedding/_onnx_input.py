"""What an ONNX network takes: how many faces at once, of which side, colours first or last, of which type."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ethnoshard.errors import EthnoshardError

_SIDE = 112
"""Of a network that takes any side: what ArcFace's like are trained with."""
_TYPES: dict[str, type[np.generic]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(uint8)": np.uint8,
}


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


def face_input(path: Path, inputs: Sequence[Any]) -> FaceInput:
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
