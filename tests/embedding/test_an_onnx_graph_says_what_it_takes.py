"""ONNX files of others: what can be seen of a graph isn't guessed, and what can't be used is refused."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from ethnoshard.embedding import NORMALISATIONS, load_model
from ethnoshard.errors import EthnoshardError

SIDE = 16
IMAGES = np.random.default_rng(0).integers(0, 256, (5, SIDE, SIDE, 3), np.uint8)
IMAGENET = NORMALISATIONS["imagenet"]


def write(
    path: Path,
    before: Sequence[Any] = (),
    after: Sequence[Any] = (),
    *,
    shape: Sequence[int | str] = ("n", 3, SIDE, SIDE),
    kind: int = TensorProto.FLOAT,
    outputs: Sequence[str] = ("vectors",),
    **constants: Any,
) -> Path:
    """``faces``, the nodes ``before`` up to ``ready``, a convolution that changes nothing, ``after`` on ``flat``."""
    dtype = np.float16 if kind == TensorProto.FLOAT16 else np.float32
    nodes = [
        *(before or [helper.make_node("Identity", ["faces"], ["ready"])]),
        helper.make_node("Conv", ["ready", "kernel"], ["maps"]),
        helper.make_node("Flatten", ["maps"], ["flat"]),
        *(after or [helper.make_node("Identity", ["flat"], ["vectors"])]),
    ]
    tensors = {"kernel": np.eye(3, dtype=dtype).reshape(3, 3, 1, 1)} | {
        name: np.asarray(value, dtype if np.asarray(value).dtype.kind == "f" else np.int64)
        for name, value in constants.items()
    }
    of_output = TensorProto.FLOAT16 if kind == TensorProto.FLOAT16 else TensorProto.FLOAT
    graph = helper.make_graph(
        nodes, "made",
        [helper.make_tensor_value_info("faces", kind, list(shape))],
        [helper.make_tensor_value_info(name, of_output, None) for name in outputs],
        [numpy_helper.from_array(value, name) for name, value in tensors.items()],
    )  # fmt: skip
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path


def colours_first(pixels: NDArray[Any]) -> NDArray[Any]:
    return pixels.transpose(0, 3, 1, 2).reshape(len(pixels), -1)


def column(values: Sequence[float]) -> NDArray[np.float64]:
    return np.array(values).reshape(3, 1, 1)


def two(first: str, second: str) -> list[Any]:
    return [helper.make_node(first, ["faces", "a"], ["half"]), helper.make_node(second, ["half", "b"], ["ready"])]


MXNET = two("Sub", "Mul")
BATCH = [helper.make_node("BatchNormalization", ["faces", "a", "b", "c", "d"], ["ready"], epsilon=0.0)]
MOVED = [
    helper.make_node("Constant", [], ["a"], value_float=127.5),
    helper.make_node("Constant", [], ["flatter"], value=numpy_helper.from_array(np.float32([128.0]))),
    helper.make_node("Unsqueeze", ["flatter", "axis"], ["b"]),
    *two("Sub", "Div"),
]
LATER = [helper.make_node("Sub", ["flat", "a"], ["less"]), helper.make_node("Mul", ["less", "b"], ["vectors"])]


@pytest.mark.parametrize(
    ("before", "constants", "normalise", "scaling"),
    [
        pytest.param(MXNET, {"a": 127.5, "b": 0.0078125}, "none", (127.5, 128), id="mxnet"),
        pytest.param(
            MXNET, {"a": column(IMAGENET.mean), "b": column([1 / value for value in IMAGENET.deviation])}, "none",
            IMAGENET, id="a colour at a time",
        ),
        pytest.param([helper.make_node("Div", ["faces", "a"], ["ready"])], {"a": 255.0}, "none", (0, 255), id="div"),
        pytest.param(
            BATCH, {"a": np.ones(3), "b": np.zeros(3), "c": np.full(3, 120.0), "d": np.full(3, 3600.0)}, "none",
            (120, 60), id="batch normalisation",
        ),
        pytest.param(MOVED, {"axis": np.array([0])}, "none", (127.5, 128), id="constants of nodes"),
        pytest.param(
            two("Sub", "Div"), {"a": column([0.485, 0.456, 0.406]), "b": column([0.229, 0.224, 0.225])}, "unit",
            IMAGENET, id="of 0 to 1",
        ),
        pytest.param(two("Mul", "Add"), {"a": 0.5, "b": 0.5}, "insightface", (0, 255), id="of -1 to 1"),
        pytest.param(
            [helper.make_node("Clip", ["faces", "low", "high"], ["kept"]),
             helper.make_node("Sub", ["kept", "a"], ["half"]), helper.make_node("Mul", ["half", "b"], ["ready"])],
            {"low": 0.0, "high": 255.0, "a": 127.5, "b": 0.0078125}, "none", (127.5, 128), id="clipped first",
        ),
        pytest.param([], {}, "insightface", (127.5, 127.5), id="nothing"),
    ],
)  # fmt: skip
def test_pixels_are_scaled_once(
    tmp_path: Path, before: Sequence[Any], constants: dict[str, Any], normalise: str, scaling: Any
) -> None:
    model = load_model(write(tmp_path / "model.onnx", before, **constants), log=pytest.fail)
    assert model.normalise == normalise
    mean, deviation = (np.asarray(value) for value in scaling)
    np.testing.assert_allclose(model.network(IMAGES), colours_first((IMAGES - mean) / deviation), atol=1e-4)
    assert ("scaled_inside" in model.about) == bool(constants)


def test_what_comes_behind_the_first_layer_is_the_networks_own(tmp_path: Path) -> None:
    model = load_model(write(tmp_path / "model.onnx", after=LATER, a=127.5, b=0.0078125))
    assert model.normalise == "insightface" and not model.about


def test_what_is_asked_for_is_done_and_a_contradiction_is_said(tmp_path: Path) -> None:
    path = write(tmp_path / "model.onnx", MXNET, a=127.5, b=0.0078125)
    told: list[str] = []
    model = load_model(path, normalise="insightface", log=told.append)
    assert model.normalise == "insightface" and len(told) == 1
    assert "scales pixels itself (Sub, Mul: x * 0.0078125 - 0.996094), which points to --normalise none" in told[0]
    twice = ((IMAGES / 127.5 - 1) - 127.5) / 128
    np.testing.assert_allclose(model.network(IMAGES), colours_first(twice), atol=1e-4)
    load_model(path, normalise="none-bgr", log=pytest.fail)


@pytest.mark.parametrize("name", NORMALISATIONS)
def test_blue_comes_first_with_bgr_and_each_colour_keeps_its_scaling(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "model.onnx")
    plain, turned = (load_model(path, normalise=f"{name}{end}") for end in ("", "-bgr"))
    expected = plain.network(IMAGES).reshape(5, 3, SIDE, SIDE)[:, ::-1].reshape(5, -1)
    np.testing.assert_array_equal(turned.network(IMAGES), expected)
    # What a cache's key and a report are made of.
    assert turned.facts()["normalise"] == f"{name}-bgr"
    with pytest.raises(EthnoshardError, match=r"normalise is one of insightface, .* with -bgr at its end"):
        load_model(path, normalise=f"{name}-rgb")


@pytest.mark.parametrize("shape", [("n", 3, "h", "w"), ("n", 3, SIDE, "w"), (None, None, None, None), (2, 3, "s", "s")])
def test_what_a_shape_leaves_open_is_filled(tmp_path: Path, shape: tuple[Any, ...]) -> None:
    model = load_model(write(tmp_path / "model.onnx", shape=shape), normalise="none")
    assert model.side == (SIDE if SIDE in shape else 112)
    images = np.repeat(np.repeat(IMAGES, model.side // SIDE, 1), model.side // SIDE, 2)
    np.testing.assert_array_equal(model.network(images), colours_first(images))


@pytest.mark.parametrize("shape", [("n", SIDE, SIDE, 3), (1, SIDE, SIDE, 3), (None, None, None, 3)])
def test_colours_may_come_last(tmp_path: Path, shape: tuple[Any, ...]) -> None:
    before = [
        helper.make_node("Transpose", ["faces"], ["first"], perm=[0, 3, 1, 2]),
        helper.make_node("Sub", ["first", "a"], ["less"]),
        helper.make_node("Mul", ["less", "b"], ["ready"]),
    ]
    model = load_model(write(tmp_path / "model.onnx", before, shape=shape, a=127.5, b=0.0078125))
    assert (model.side, model.normalise) == (112 if None in shape else SIDE, "none")
    images = np.repeat(np.repeat(IMAGES, model.side // SIDE, 1), model.side // SIDE, 2)
    np.testing.assert_allclose(model.network(images), colours_first((images - 127.5) / 128), atol=1e-5)


def test_halves_are_given_where_they_are_wanted(tmp_path: Path) -> None:
    model = load_model(write(tmp_path / "model.onnx", kind=TensorProto.FLOAT16))
    assert model.normalise == "insightface"
    np.testing.assert_allclose(model.network(IMAGES), colours_first(IMAGES / 127.5 - 1), atol=2e-3)
    assert model.network(IMAGES).dtype == np.float32


def test_whole_pixels_are_given_where_they_are_wanted(tmp_path: Path) -> None:
    before = [helper.make_node("Cast", ["faces"], ["ready"], to=TensorProto.FLOAT)]
    path = write(tmp_path / "model.onnx", before, kind=TensorProto.UINT8)
    model = load_model(path)
    assert model.normalise == "none"
    np.testing.assert_array_equal(model.network(IMAGES), colours_first(IMAGES))
    with pytest.raises(EthnoshardError, match=r"whole numbers \(uint8\).*leave out --normalise imagenet, or give none"):
        load_model(path, normalise="imagenet")


NORM = helper.make_node("ReduceL2", ["flat"], ["norm"], axes=[1], keepdims=1)


def test_of_several_outputs_the_vectors_are_taken(tmp_path: Path) -> None:
    """AdaFace's networks give embeddings and their lengths; others give classes too."""
    same = helper.make_node("Identity", ["flat"], ["vectors"])
    first = load_model(write(tmp_path / "a.onnx", after=[NORM, same], outputs=("norm", "vectors")), normalise="none")
    np.testing.assert_array_equal(first.network(IMAGES), colours_first(IMAGES))
    doubled = helper.make_node("Add", ["flat", "flat"], ["classes"])
    named = helper.make_node("Identity", ["flat"], ["Embedding_0"])
    path = write(tmp_path / "b.onnx", after=[doubled, named], outputs=("classes", "Embedding_0"))
    np.testing.assert_array_equal(load_model(path, normalise="none").network(IMAGES), colours_first(IMAGES))
    path = write(tmp_path / "c.onnx", after=[doubled, same], outputs=("classes", "vectors"))
    with pytest.raises(EthnoshardError, match=r"gives classes \(1, 768\), vectors \(1, 768\) for 1 faces; one output"):
        load_model(path)


@pytest.mark.parametrize(
    ("after", "outputs"),
    [
        pytest.param([helper.make_node("Identity", ["maps"], ["vectors"])], ("vectors",), id="maps"),
        pytest.param([NORM], ("norm",), id="one number"),
        pytest.param(
            [helper.make_node("Transpose", ["flat"], ["turned"], perm=[1, 0]),
             helper.make_node("Concat", ["turned", "turned"], ["vectors"], axis=1)], ("vectors",), id="turned",
        ),
    ],
)  # fmt: skip
def test_what_is_no_vector_a_face_is_refused(tmp_path: Path, after: list[Any], outputs: tuple[str, ...]) -> None:
    with pytest.raises(EthnoshardError, match=r"one output of \(N, E\) is wanted"):
        load_model(write(tmp_path / "model.onnx", after=after, outputs=outputs))


def test_a_single_face_needs_no_first_axis_and_sides_of_one_go(tmp_path: Path) -> None:
    flat = helper.make_node("Squeeze", ["flat", "axis"], ["vectors"])
    path = write(tmp_path / "a.onnx", after=[flat], shape=(1, 3, SIDE, SIDE), axis=np.array([0]))
    np.testing.assert_array_equal(load_model(path, normalise="none").network(IMAGES), colours_first(IMAGES))
    long = helper.make_node("Unsqueeze", ["flat", "axis"], ["vectors"])
    path = write(tmp_path / "b.onnx", after=[long], axis=np.array([2, 3]))
    np.testing.assert_array_equal(load_model(path, normalise="none").network(IMAGES), colours_first(IMAGES))


def test_a_network_of_no_faces_is_refused_with_what_it_takes(tmp_path: Path) -> None:
    for shape, kind in (((1, 3, 112, 96), TensorProto.FLOAT), ((1, 3, SIDE, SIDE), TensorProto.INT8)):
        cast = [helper.make_node("Cast", ["faces"], ["ready"], to=TensorProto.FLOAT)]
        path = write(tmp_path / "model.onnx", cast, shape=shape, kind=kind)
        with pytest.raises(
            EthnoshardError, match=r"takes faces \[1, 3, .*one input of \(N, 3, S, S\) or \(N, S, S, 3\)"
        ):
            load_model(path)
