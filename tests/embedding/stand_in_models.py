"""Models that cost nothing, whose embeddings are known."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from ethnoshard.embedding import FaceModel

Network = Callable[[NDArray[np.uint8]], NDArray[np.float32]]


def means(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Of each half of the image, left and right, each colour's mean: six numbers that a mirror exchanges."""
    half = images.shape[2] // 2
    return np.concatenate(
        [images[:, :, :half].mean(axis=(1, 2)), images[:, :, half:].mean(axis=(1, 2))], axis=1
    ).astype(np.float32)


def model_of(network: Network, **changes: Any) -> FaceModel:
    given: dict[str, Any] = {
        "name": "stand-in", "kind": "onnx", "embedding": 6, "side": 64, "alignment": "crop", "crop": 0,
        "normalise": "none", "digest": "0" * 64, "network": network, **changes,
    }  # fmt: skip
    return FaceModel(**given)


def write_flat_onnx(path: Path, shape: tuple[int | str, ...], *, gain: float = 1.0) -> Path:
    """A network that multiplies pixels by ``gain`` and gives them as they are, a row an image."""
    size = int(np.prod(shape[1:]))  # type: ignore[arg-type]
    nodes = [
        onnx.helper.make_node("Mul", ["faces", "gain"], ["scaled"]),
        onnx.helper.make_node("Reshape", ["scaled", "form"], ["vectors"]),
    ]
    form = onnx.numpy_helper.from_array(np.array([-1, size]), "form")
    graph = onnx.helper.make_graph(
        nodes,
        "flat",
        [onnx.helper.make_tensor_value_info("faces", onnx.TensorProto.FLOAT, list(shape))],
        [onnx.helper.make_tensor_value_info("vectors", onnx.TensorProto.FLOAT, None)],
        [form, onnx.numpy_helper.from_array(np.float32(gain), "gain")],
    )
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=9), path)
    return path
