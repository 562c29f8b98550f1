"""MTCNN's networks by OpenVINO, on a CPU. Needs no torch.

Each network meets a single shape, for which it is compiled: a call on shapes that vary takes 0.1 to 0.2 ms more, as
long as a small level of the pyramid. So crops come in pieces of one number, and levels on canvases, see ``_strip``.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors.numpy import load_file

from ethnoshard._runtime import Compiled
from ethnoshard.alignment._area_tables import AreaTables
from ethnoshard.alignment._settings import CELL
from ethnoshard.alignment._stages import STRIDE, Floats, Image, Level, Places, Proposals
from ethnoshard.alignment._strip import OVERLAP, Tile, by_canvas, laid_out, places
from ethnoshard.alignment._suppression import survivors

if TYPE_CHECKING:
    from openvino import Model, Node

WEIGHTS = Path(__file__).parent / "mtcnn.safetensors"
"""Those of facenet-pytorch 2.5.3, which needs torch to read its own."""

_CANVAS = 160, 264
"""Rows and columns that the proposal network sees at once: what its first layer makes of them fits a core's cache."""
_REFINED, _JUDGED = 24, 8
"""Crops that go through at once: more gain nothing, and fewer are left over of a batch of photographs."""


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
        """Of (B, H, W, 4), whose fourth channel is ignored: colours first, then the first convolution and PReLU.

        The network was trained on (x - 127.5) / 128 and gets x / 128: its bias takes the rest.
        """
        colours_first = self.op.transpose(images, self._constant(np.array([0, 3, 1, 2])))
        weight = self.weights["conv1.weight"]
        shift = weight.sum((1, 2, 3), dtype=np.float64) * (-127.5 / 128)
        bias = (self.weights["conv1.bias"] + shift).astype(np.float32)
        return self._bent(self.convolution(colours_first, np.pad(weight, ((0, 0), (0, 1), (0, 0), (0, 0))), bias), "1")

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


def proposal_graph(height: int, width: int) -> "Model":
    """PNet (Zhang et al. 2016, figure 2), fully convolutional.

    Inputs are a (1, H, W, 4) image and (1, 1, H - 2, W - 2) numbers that are added to what the first layer finds at a
    place: 0, or very little where a level has ended, so that the maximum takes no such place. Output is (1, 5, h, w):
    how much more like a face than not, by the logarithm of odds, and four corrections.
    """
    layers = _Layers("pnet")
    inputs = [layers.input(1, height, width, 4), layers.input(1, 1, height - 2, width - 2)]
    x = layers.pool(layers.op.add(layers.first(inputs[0]), inputs[1]), 2)
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


class ProposalNetwork:
    """PNet over levels of the pyramid, a canvas of them at a time."""

    def __init__(self, height: int = _CANVAS[0], width: int = _CANVAS[1]) -> None:
        """Compile it for canvases of so many rows and columns, both even."""
        self._network = Compiled(proposal_graph(height, width))
        self._canvas = np.zeros((1, height, width, 4), np.float32)
        self._ended = np.zeros((1, 1, height - 2, width - 2), np.float32)
        self._owners = np.zeros((places(height), places(width)), np.int32)

    def __call__(self, tables: AreaTables, levels: Sequence[Level], threshold: float) -> list[Proposals]:
        """Score every window of every level; of each level those of at least ``threshold``."""
        _, height, width, _ = self._canvas.shape
        tiles = laid_out(levels, width)
        corners = np.array([(tile.top, tile.left - tile.columns.start) for tile in tiles]).reshape(-1, 2) // STRIDE
        found = []
        for canvas, numbers in enumerate(by_canvas(tiles, height)):
            top = canvas * (height - OVERLAP)
            for number in numbers:
                tile = tiles[number]
                self._lay(tables, tile, levels[tile.level], top, number)
            owners, rows, columns, scores, corrections = self._scored(threshold)
            before = corners[owners]
            found.append((owners, rows + top // STRIDE - before[:, 0], columns - before[:, 1], scores, corrections))
        owners, rows, columns, scores, corrections = (np.concatenate(each) for each in zip(*found, strict=True))
        level_of, image_of = np.array([(tile.level, tile.image) for tile in tiles]).T
        order = np.lexsort((columns, rows, image_of[owners], level_of[owners]))
        owners = owners[order]
        ends = np.searchsorted(level_of[owners], np.arange(len(levels) + 1))
        fields = image_of[owners], *(each[order] for each in (rows, columns, scores, corrections))
        return [
            Proposals(*(field[ends[number] : ends[number + 1]] for field in fields)) for number in range(len(levels))
        ]

    def _lay(self, tables: AreaTables, tile: Tile, level: Level, top: int, number: int) -> None:
        """Draw what a canvas that begins at a row of the strip shows of a tile."""
        tall, wide = tile.places
        first = max(0, (top - tile.top) // STRIDE)
        last = min(tall, (top - tile.top) // STRIDE + len(self._owners))
        begin = tile.top - top + STRIDE * first
        rows = range(STRIDE * first, min(tile.height, STRIDE * (last - 1) + CELL))
        right = tile.left + len(tile.columns)
        onto = self._canvas[0, begin : begin + len(rows), tile.left : right]
        tables.scaled(tile.image, (level.height, level.width), rows, tile.columns, onto)
        # Rows and columns of the first layer's map, two less than the canvas has, that are beyond the level.
        if tile.height % STRIDE and last == tall:
            self._ended[..., begin + len(rows) - 2, tile.left : right - 1] = _ENDED
        if len(tile.columns) % STRIDE:
            self._ended[..., begin : begin + len(rows) - 1, right - 2] = _ENDED
        own = (
            slice(begin // STRIDE, begin // STRIDE + last - first),
            slice(tile.left // STRIDE, tile.left // STRIDE + wide),
        )
        self._owners[own] = number + 1

    def _scored(self, threshold: float) -> tuple[Places, Places, Places, Floats, Floats]:
        """Which tile, row and column of the canvas, score and corrections; the canvas is nobody's afterwards."""
        (found,) = self._network(self._canvas, self._ended)
        rows, columns = np.nonzero((found[0, 0] >= _odds(threshold)) & (self._owners > 0))
        scores: Floats = (1 / (1 + np.exp(-found[0, 0, rows, columns]))).astype(np.float32, copy=False)
        enough = scores >= threshold
        rows, columns, scores = rows[enough], columns[enough], scores[enough]
        owners = self._owners[rows, columns].astype(np.int64) - 1
        self._owners[:] = self._ended[:] = 0
        return owners, rows, columns, scores, found[0, 1:, rows, columns]


_ENDED = -1e9
"""Below whatever the first layer finds."""


def _odds(threshold: float) -> float:
    """A little less than the logarithm of odds of a probability, and of what rounds to one of 1."""
    if not 0 < threshold < 1:
        return -np.inf if threshold <= 0 else 15.0
    return min(15.0, float(np.log(threshold) - np.log1p(-threshold)) - 0.01)


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
        cells = tables.windows(which, windows, self._crops.shape[1])
        pieces = []
        for first in range(0, len(which), len(self._crops)):
            some = slice(first, first + len(self._crops))
            number = len(which[some])
            # What is left in the other places is judged too, and forgotten.
            cells.cut(some, self._crops[:number])
            pieces.append([output[:number].copy() for output in self._network(self._crops)])
        before = np.argsort(order)
        return [np.concatenate(part)[before] for part in zip(*pieces, strict=True)]
