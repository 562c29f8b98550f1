"""MTCNN's networks by OpenVINO, on a CPU. Needs no torch.

Graphs are compiled for the shapes that they meet, which takes milliseconds a shape. So crops come in pieces of one
number, and levels of the pyramid are filled up to sides of which there are few. What lies outside changes nothing.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from safetensors.numpy import load_file

from ethnoshard._runtime import Compiled
from ethnoshard.alignment._area_tables import AreaTables
from ethnoshard.alignment._settings import CELL
from ethnoshard.alignment._stages import STRIDE, Floats, Image, Level, Places, Proposals
from ethnoshard.alignment._suppression import survivors

if TYPE_CHECKING:
    from openvino import Model, Node

WEIGHTS = Path(__file__).parent / "mtcnn.safetensors"
"""Those of facenet-pytorch 2.5.3, which needs torch to read its own."""

_LEVEL_PIXELS = 2**13
"""Of a piece of a level at most, about: what the first layer makes of it fits a core's cache."""
_LEAST_ROWS = 64
"""Of a piece of a wide level."""
_ALIKE = 4
"""Images of one size from which on their levels aren't filled up, which saves a third."""
_REFINED, _JUDGED = 24, 8
"""Crops that go through at once; of the larger ones 16 take four times as long as 8, because they leave the cache."""


class _Layers:
    """Layers of one network as nodes of a graph; images are (B, C, H, W)."""

    def __init__(self, network: str) -> None:
        from ethnoshard._openvino import opset13

        self.op: Any = opset13
        begin = f"{network}."
        self.weights = {
            name.removeprefix(begin): value for name, value in load_file(WEIGHTS).items() if name.startswith(begin)
        }

    def input(self, *shape: int) -> "Node":
        """An input of float32; -1 for any side."""
        from ethnoshard._openvino import openvino

        return self.op.parameter(openvino.PartialShape(list(shape)), openvino.Type.f32)

    def first(self, images: "Node") -> "Node":
        """Of (B, H, W, 4), whose fourth channel is ignored: colours first, then the first convolution and PReLU."""
        colours_first = self.op.transpose(images, self._constant(np.array([0, 3, 1, 2])))
        weight = np.pad(self.weights["conv1.weight"], ((0, 0), (0, 1), (0, 0), (0, 0)))
        return self._bent(self.convolution(colours_first, weight, self.weights["conv1.bias"]), "1")

    def block(self, given: "Node", number: str) -> "Node":
        """Convolution and PReLU."""
        weight, bias = self.weights[f"conv{number}.weight"], self.weights[f"conv{number}.bias"]
        return self._bent(self.convolution(given, weight, bias), number)

    def convolution(self, given: "Node", weight: Floats, bias: Floats) -> "Node":
        """Of stride 1, without padding."""
        product = self.op.convolution(given, self._constant(weight), [1, 1], [0, 0], [0, 0], [1, 1])
        return self.op.add(product, self._constant(bias.reshape(1, -1, 1, 1)))

    def pool(self, given: "Node", side: int) -> "Node":
        """The greatest of side x side, every second place; at the ends of as many as there are."""
        return self.op.max_pool(given, [2, 2], [1, 1], [0, 0], [0, 0], [side, side], "ceil").output(0)

    def flat(self, given: "Node") -> "Node":
        """(B, C, H, W) to (B, W * H * C), columns first, as the weights were trained."""
        return self.op.reshape(
            self.op.transpose(given, self._constant(np.array([0, 3, 2, 1]))), self._constant(np.array([0, -1])), True
        )

    def dense(self, given: "Node", name: str) -> "Node":
        """(B, inward) to (B, outward)."""
        product = self.op.matmul(given, self._constant(self.weights[f"{name}.weight"]), False, True)
        return self.op.add(product, self._constant(self.weights[f"{name}.bias"].reshape(1, -1)))

    def bent_dense(self, given: "Node", number: str) -> "Node":
        """A dense layer and PReLU."""
        return self._bent(self.dense(given, f"dense{number}"), number)

    def face(self, given: "Node", name: str) -> "Node":
        """(B, 2) probabilities of no face and of a face."""
        return self.op.softmax(self.dense(given, name), 1)

    def _bent(self, given: "Node", number: str) -> "Node":
        return self.op.prelu(given, self._constant(self.weights[f"prelu{number}.weight"]))

    def _constant(self, values: object) -> "Node":
        return self.op.constant(np.ascontiguousarray(values))


def _model(outputs: Sequence["Node"], inputs: Sequence["Node"]) -> "Model":
    from ethnoshard._openvino import openvino

    return openvino.Model(list(outputs), list(inputs), "mtcnn")


def proposal_graph(*, filled_up: bool) -> "Model":
    """PNet (Zhang et al. 2016, figure 2), fully convolutional.

    Input is a (1, H, W, 4) image; with ``filled_up`` also (1, 1, H - 2, W - 2) numbers that are added to what the first
    layer finds at a place: 0, or very little where the image has ended, so that the maximum takes no such place. Output
    is (1, 5, h, w): how much more like a face than not, by the logarithm of odds, and four corrections.
    """
    layers = _Layers("pnet")
    inputs = [layers.input(1, -1, -1, 4)]
    x = layers.first(inputs[0])
    if filled_up:
        inputs.append(layers.input(1, 1, -1, -1))
        x = layers.op.add(x, inputs[1])
    x = layers.pool(x, 2)
    x = layers.block(layers.block(x, "2"), "3")
    # The softmax of two is the logistic function of their difference, and all heads are one product.
    weight, bias = layers.weights["conv4_1.weight"], layers.weights["conv4_1.bias"]
    heads = np.concatenate([weight[1:] - weight[:1], layers.weights["conv4_2.weight"]])
    biases = np.concatenate([bias[1:] - bias[:1], layers.weights["conv4_2.bias"]])
    return _model([layers.convolution(x, heads, biases)], inputs)


def refinement_graph(crops: int) -> "Model":
    """RNet: (crops, 24, 24, 4) to (crops, 2) probabilities and (crops, 4) corrections."""
    layers = _Layers("rnet")
    images = layers.input(crops, 24, 24, 4)
    x = layers.pool(layers.first(images), 3)
    x = layers.block(layers.pool(layers.block(x, "2"), 3), "3")
    x = layers.bent_dense(layers.flat(x), "4")
    return _model([layers.face(x, "dense5_1"), layers.dense(x, "dense5_2")], [images])


def output_graph(crops: int) -> "Model":
    """ONet: (crops, 48, 48, 4) to (crops, 2) probabilities, (crops, 4) corrections, (crops, 10) landmarks."""
    layers = _Layers("onet")
    images = layers.input(crops, 48, 48, 4)
    x = layers.pool(layers.first(images), 3)
    x = layers.pool(layers.block(x, "2"), 3)
    x = layers.block(layers.pool(layers.block(x, "3"), 2), "4")
    x = layers.bent_dense(layers.flat(x), "5")
    outputs = [layers.face(x, "dense6_1"), layers.dense(x, "dense6_2"), layers.dense(x, "dense6_3")]
    return _model(outputs, [images])


class OpenvinoStages:
    """The three networks, compiled for this processor."""

    images, pixels = 32, 2**21

    def __init__(self) -> None:
        """Compile them."""
        self._propose = ProposalNetwork()
        self._refine = CropNetwork(refinement_graph(_REFINED), _REFINED, 24)
        self._output = CropNetwork(output_graph(_JUDGED), _JUDGED, 48)

    def look_at(self, images: Sequence[Image]) -> "_OpenvinoPictures":
        """See ``Stages``."""
        return _OpenvinoPictures(images, self._propose, self._refine, self._output)

    def survivors(self, boxes: Floats, scores: Floats, groups: Places, threshold: float) -> Places:
        """See ``Stages``."""
        return survivors(boxes, scores, groups, threshold)


class _OpenvinoPictures:
    """See ``Pictures``."""

    def __init__(
        self, images: Sequence[Image], propose: "ProposalNetwork", refine: "CropNetwork", output: "CropNetwork"
    ) -> None:
        self._tables = AreaTables(images)
        self._propose, self._refine, self._output = propose, refine, output

    def proposed(self, levels: Sequence[Level], threshold: float) -> list[Proposals]:
        return self._propose(self._tables, levels, threshold)

    def refined(self, which: Places, windows: Places) -> tuple[Floats, Floats]:
        probabilities, corrections = self._refine(self._tables, which, windows)
        return probabilities[:, 1], corrections

    def judged(self, which: Places, windows: Places) -> tuple[Floats, Floats, Floats]:
        probabilities, corrections, points = self._output(self._tables, which, windows)
        return probabilities[:, 1], corrections, points


class _Piece(NamedTuple):
    """Some rows of a level of one image.

    Attributes:
        filled_up: whether its input is larger than itself.
        shape: that of the input.
        level: which level.
        image: which image.
        rows: of the level.
    """

    filled_up: bool
    shape: tuple[int, int]
    level: int
    image: int
    rows: range


class ProposalNetwork:
    """PNet over levels of the pyramid, a piece of rows of one image at a time."""

    def __init__(self, level_pixels: int = _LEVEL_PIXELS) -> None:
        """Compile it; ``level_pixels`` is about how many a piece has at most."""
        self._exact, self._filled_up = (Compiled(proposal_graph(filled_up=each)) for each in (False, True))
        self._level_pixels = level_pixels

    def __call__(self, tables: AreaTables, levels: Sequence[Level], threshold: float) -> list[Proposals]:
        """Score every window of every level; of each level those of at least ``threshold``."""
        pieces = [
            _piece(level, number, image, rows)
            for number, level in enumerate(levels)
            for image in level.images
            for rows in self._pieces(level.height, level.width)
        ]
        # A change of shape takes as long as a small piece: those of one shape come one after the other.
        order = sorted(range(len(pieces)), key=lambda place: pieces[place][:2])
        found = {place: self._scored(tables, pieces[place], levels[pieces[place].level], threshold) for place in order}
        of_level: list[list[tuple[Places, Places, Places, Floats, Floats]]] = [[] for _ in levels]
        for place, piece in enumerate(pieces):
            of_level[piece.level].append(found[place])
        return [Proposals(*map(np.concatenate, zip(*own, strict=True))) for own in of_level]

    def _pieces(self, height: int, width: int) -> Iterator[range]:
        """Rows of a level; pieces overlap by the field of view, so that the result does not depend on them."""
        rows = _places(height)
        block = max(_LEAST_ROWS, self._level_pixels // width) // STRIDE
        for first in range(0, rows, block):
            last = min(first + block, rows)
            # The last piece takes the odd row that pooling may have left.
            yield range(STRIDE * first, height if last == rows else STRIDE * (last - 1) + CELL)

    def _scored(
        self, tables: AreaTables, piece: _Piece, level: Level, threshold: float
    ) -> tuple[Places, Places, Places, Floats, Floats]:
        """Fields of ``Proposals``."""
        (tall, wide), height, width = piece.shape, len(piece.rows), level.width
        pixels = np.zeros((1, tall, wide, 4), np.float32)
        tables.scaled(piece.image, level.height, width, piece.rows, pixels[0, :height, :width])
        if piece.filled_up:
            ended = np.zeros((1, 1, tall - 2, wide - 2), np.float32)
            ended[..., height - 2 :, :] = ended[..., width - 2 :] = _ENDED
            (found,) = self._filled_up(pixels, ended)
        else:
            (found,) = self._exact(pixels)
        odds = found[0, 0, : _places(height), : _places(width)]
        scores: Floats = (1 / (1 + np.exp(-odds))).astype(np.float32, copy=False)
        row, column = (places.astype(np.int64, copy=False) for places in np.nonzero(scores >= threshold))
        image = np.full(len(row), piece.image)
        return image, row + piece.rows.start // STRIDE, column, scores[row, column], found[0, 1:, row, column]


_ENDED = -1e9
"""Below whatever the first layer finds."""


def _places(side: int) -> int:
    """Windows of 12 along a side of so many pixels, 2 apart; the last may lack a pixel, because pooling takes less."""
    return (side - 1) // STRIDE - 4


def _piece(level: Level, number: int, image: int, rows: range) -> _Piece:
    if len(level.images) >= _ALIKE:
        return _Piece(False, (len(rows), level.width), number, image, rows)
    return _Piece(True, (_filled_up(len(rows)), _filled_up(level.width)), number, image, rows)


def _filled_up(side: int) -> int:
    """The side of the shape that is compiled: a multiple of 8, of larger sides of 32 or 128."""
    step = 8 if side <= 128 else 32 if side <= 512 else 128
    return -(-side // step) * step


class CropNetwork:
    """RNet or ONet: judges crops of one side, so many at a time."""

    def __init__(self, graph: "Model", crops: int, side: int) -> None:
        """Compile ``graph``, which takes (crops, side, side, 4)."""
        self._network = Compiled(graph)
        self._crops = np.zeros((crops, side, side, 4), np.float32)

    def __call__(self, tables: AreaTables, which: Places, windows: Places) -> list[Floats]:
        """Judge windows of images; returns the network's outputs, N rows each."""
        # Those of one image together, while its table is in the cache.
        order = np.argsort(which, kind="stable")
        which, windows = which[order], windows[order]
        pieces = []
        for first in range(0, len(which), len(self._crops)):
            some = slice(first, first + len(self._crops))
            number = len(which[some])
            # What is left in the other places is judged too, and forgotten.
            tables.cut(which[some], windows[some], self._crops[:number])
            pieces.append([output[:number].copy() for output in self._network(self._crops)])
        before = np.argsort(order)
        return [np.concatenate(part)[before] for part in zip(*pieces, strict=True)]
