"""A trained classifier: its network and the weights that it started from, its folder on disk, what it says of faces."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

from ethnoshard._files import sha256_of
from ethnoshard._mobilefacenet import STEM, TOP, Bottleneck, bottlenecks
from ethnoshard._resampling import resampled
from ethnoshard._runtime import Compiled, RuntimeName, choose_runtime
from ethnoshard._weights_file import copy_weights, read_tensors
from ethnoshard.errors import EthnoshardError
from ethnoshard.ethnicity._card import CARD, Card, read_card

DEFAULT = "mobilefacenet"

_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""ImageNet's, which torchvision's weights and the MobileFaceNet that we start from were trained with."""


class _Bottleneck(nn.Module):
    """Expand, look at each channel by itself, project; added to its input where the shapes allow."""

    def __init__(self, shape: Bottleneck) -> None:
        super().__init__()
        self.expand = nn.Conv2d(shape.inward, shape.wide, 1)
        self.depthwise = nn.Conv2d(shape.wide, shape.wide, 3, shape.stride, 1, groups=shape.wide)
        self.project = nn.Conv2d(shape.wide, shape.outward, 1)
        self._adds = shape.adds

    def forward(self, x: Tensor) -> Tensor:
        """(B, inward, H, W) to (B, outward, H / stride, W / stride)."""
        y = self.project(F.relu6(self.depthwise(F.relu6(self.expand(x)))))
        return x + y if self._adds else y  # type: ignore[no-any-return]


class MobileFaceNet(nn.Module):
    """MobileFaceNet (Chen et al. 2018, table 1) up to its last 1x1 convolution, then a mean and a linear layer.

    Batch normalisation is folded into the convolutions, as in weights exported for inference: it trains on without.
    """

    def __init__(self, classes: int) -> None:
        """A network with random weights for ``classes`` groups."""
        super().__init__()
        shapes = list(bottlenecks())
        self.stem = nn.Conv2d(3, STEM, 3, 2, 1)
        self.depthwise = nn.Conv2d(STEM, STEM, 3, 1, 1, groups=STEM)
        self.pointwise = nn.Conv2d(STEM, STEM, 1)
        self.blocks = nn.Sequential(*map(_Bottleneck, shapes))
        self.top = nn.Conv2d(shapes[-1].outward, TOP, 1)
        self.head = nn.Linear(TOP, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight)
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, S, S) float32 in 0 to 1 normalised by ``normalised`` to (B, classes) logits."""
        x = F.relu(self.pointwise(F.relu(self.depthwise(F.relu6(self.stem(images))))))
        x = F.relu6(self.top(self.blocks(x))).mean((2, 3))
        return self.head(F.dropout(x, 0.3, self.training))  # type: ignore[no-any-return]


def build_network(name: str, classes: int) -> nn.Module:
    """A network by name with random weights: "mobilefacenet", or any classifier of torchvision's ("vgg16", ...).

    Raises:
        EthnoshardError: there is no such network.
    """
    if name == DEFAULT:
        return MobileFaceNet(classes)
    from torchvision import models

    if name not in models.list_models(module=models):
        raise EthnoshardError(f"no network is called {name!r}: say {DEFAULT}, or a classifier of torchvision's (vgg16)")
    return models.get_model(name, weights=None, num_classes=classes)  # type: ignore[no-any-return]


def input_side(name: str) -> int:
    """Side in pixels of the images that a network takes."""
    return 80 if name == DEFAULT else 224


def normalised(images: Tensor) -> Tensor:
    """(B, 3, S, S) of 0 to 1 to zero mean and unit deviation of ImageNet's colours, channels-last."""
    mean = torch.tensor(_MEAN, device=images.device).view(1, 3, 1, 1)
    std = torch.tensor(_STD, device=images.device).view(1, 3, 1, 1)
    return ((images - mean) / std).contiguous(memory_format=torch.channels_last)


def start_from(network: nn.Module, path: Path, log: Callable[[str], None] = lambda text: None) -> int:
    """Copy the weights of a file that fit the network by name and shape; a classifier's last layer rarely does.

    What wrappers put before all names is taken off.

    Args:
        network: changed in place.
        path: ``.safetensors``, ``.pt``/``.pth`` (a state dict), or for the default network the MobileFaceNet ``.onnx``.
        log: told what was taken off the names, and how many tensors of the file are not used.

    Returns:
        How many of the network's tensors were copied.

    Raises:
        EthnoshardError: the file can't be read, holds nothing that fits, or numbers that are not finite.
    """
    if not path.is_file():
        raise EthnoshardError(f"{path} is not there; --init takes a .safetensors, .pt or .onnx file")
    given = _of_onnx(path, network) if path.suffix == ".onnx" else read_tensors(path)
    return len(copy_weights(network, given, str(path), network_name="the classifier", log=log))


def _of_onnx(path: Path, network: nn.Module) -> dict[str, Tensor]:
    """The convolutions of a MobileFaceNet in ONNX, in the order of the graph, under our names."""
    try:
        import onnx
        from onnx import numpy_helper
    except ImportError as error:
        raise EthnoshardError(f"reading {path} needs the package onnx: pip install 'ethnoshard[onnx]'") from error
    try:
        graph = onnx.load(path).graph
    except Exception as error:
        raise EthnoshardError(f"{path} is no ONNX file: {error}") from error
    tensors = {tensor.name: torch.from_numpy(numpy_helper.to_array(tensor).copy()) for tensor in graph.initializer}
    nodes = [node for node in graph.node if node.op_type == "Conv"]
    names = [name for name, module in network.named_modules() if isinstance(module, nn.Conv2d)]
    state = {}
    for name, node in zip(names, nodes, strict=False):
        for part, key in zip(("weight", "bias"), list(node.input)[1:], strict=False):
            if key in tensors:
                state[f"{name}.{part}"] = tensors[key]
    return state


WEIGHTS = "weights.safetensors"

SHIPPED = Path(__file__).parent / "shipped"
"""Folder of the classifier that comes with the package."""

CENTRE = 0.9
"""Share of an aligned face's side that the network sees; training varies about it."""

_BATCH = 32
_AT_ONCE = 4
"""Faces that OpenVINO takes at a time: what the layers make of them fits a core's cache."""


def _compiled(network: nn.Module, side: int) -> Compiled | None:
    # Imported here: where OpenVINO isn't installed nobody asks for it.
    from ethnoshard._translation import compiled

    return compiled(network, side)


class EthnicityClassifier:
    """Predicts a perceived ethnicity from aligned faces, with calibrated probabilities.

    What it says is what its training set's annotators would probably have said. It is meant for whole datasets.
    """

    def __init__(
        self,
        path: Path,
        card: Card,
        network: torch.nn.Module,
        device: torch.device,
        runtime: RuntimeName | None = None,
    ) -> None:
        """See ``load``."""
        self.path = path
        self.card = card
        self.name = "shipped" if path == SHIPPED else path.name
        self.classes = card.classes
        self.image_size = card.image_size
        self.temperature = card.temperature
        self.sha256 = card.weights_sha256
        self._device = device
        chosen = choose_runtime(runtime, device.type)
        self._compiled = _compiled(network, card.image_size) if chosen.name == "openvino" else None
        self.runtime = str(chosen if self._compiled else choose_runtime("torch"))
        self._network = network.to(device).to(memory_format=torch.channels_last).eval()

    @classmethod
    def load(
        cls, path: str | Path | None = None, *, device: str = "cpu", runtime: RuntimeName | None = None
    ) -> "EthnicityClassifier":
        """Open a model folder; None opens the one that comes with the package.

        Args:
            path: the folder.
            device: where the network runs, "cpu" or "cuda".
            runtime: what runs it: by default OpenVINO on a CPU where it is installed, else torch, which also runs a
                network with a layer that isn't translated.

        Raises:
            EthnoshardError: the folder is not a model, its weights are damaged, or those of another model.
        """
        folder = SHIPPED if path is None else Path(path)
        card = read_card(folder)
        weights = folder / WEIGHTS
        if not weights.is_file():
            raise EthnoshardError(f"{weights} is missing; train the model again, or fetch the whole folder")
        if sha256_of(weights) != card.weights_sha256:
            raise EthnoshardError(
                f"{weights} is damaged, or of another model than {folder / CARD} describes (its sha256 differs)"
            )
        network = build_network(card.network, len(card.classes))
        try:
            network.load_state_dict(load_file(weights))
        except (SafetensorError, RuntimeError) as error:
            raise EthnoshardError(f"{weights} does not hold the weights of a {card.network}: {error}") from error
        return cls(folder, card, network, torch.device(device), runtime)

    def probabilities(self, faces: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Calibrated probabilities of each class.

        Args:
            faces: aligned, each (H, W, 3) uint8 RGB, of any side.

        Returns:
            (N, C) float32, rows sum to 1.
        """
        rows = []
        with torch.inference_mode():
            for first in range(0, len(faces), _BATCH):
                logits = self._logits(faces[first : first + _BATCH])
                rows.append((logits / self.temperature).softmax(1).cpu().numpy())
        return np.concatenate(rows) if rows else np.zeros((0, len(self.classes)), np.float32)

    def _logits(self, faces: Sequence[NDArray[np.uint8]]) -> Tensor:
        """By whichever run-time there is."""
        if self._compiled is None:
            return self.logits(stacked(faces))
        return torch.from_numpy(np.concatenate([self._compiled(seen)[0].copy() for seen in self._seen(faces)]))

    def _seen(self, faces: Sequence[NDArray[np.uint8]]) -> Iterator[NDArray[np.float32]]:
        """What the network sees of faces, (B, 3, S, S), a few at a time."""
        alike = len({side for face in faces for side in face.shape[:2]}) == 1
        # Faces of several sizes are rare: of a work folder whose images were aligned by others.
        whole = None if alike else preprocess(stacked(faces), self.image_size).contiguous().numpy()
        for first in range(0, len(faces), _AT_ONCE):
            some = slice(first, first + _AT_ONCE)
            yield preprocessed(faces[some], self.image_size) if whole is None else whole[some]

    def logits(self, faces: Tensor) -> Tensor:
        """(B, 3, S, S) uint8 faces to (B, C) logits, not calibrated, by torch."""
        return self._network(preprocess(faces.to(self._device), self.image_size))  # type: ignore[no-any-return]


def stacked(faces: Sequence[NDArray[np.uint8]]) -> Tensor:
    """Faces (H, W, 3) of one or several sizes as one (B, 3, S, S) uint8 tensor; odd ones take the first one's size."""
    side = faces[0].shape[:2]
    tensors = []
    for face in faces:
        tensor = torch.from_numpy(np.ascontiguousarray(face)).permute(2, 0, 1)
        if face.shape[:2] != side:
            tensor = F.interpolate(tensor[None], side, mode="bilinear", antialias=True)[0]
        tensors.append(tensor)
    return torch.stack(tensors)


def preprocess(faces: Tensor, side: int) -> Tensor:
    """What the network sees of (B, 3, S, S) uint8 faces: the centre, scaled to ``side``, normalised."""
    size = faces.shape[-1]
    edge = round(size * (1 - CENTRE) / 2)
    centre = faces[..., edge : size - edge, edge : size - edge].to(torch.float32)
    return normalised(F.interpolate(centre, (side, side), mode="bilinear", antialias=True) / 255)


def preprocessed(faces: Sequence[NDArray[np.uint8]], side: int) -> NDArray[np.float32]:
    """The same of square faces (H, H, 3) of one size without torch, whose scaling takes thrice as long."""
    size = len(faces[0])
    edge = round(size * (1 - CENTRE) / 2)
    pixels = resampled(np.stack([face[edge : size - edge, edge : size - edge] for face in faces]), side, "triangle")
    mean, deviation = (np.array(values, np.float32).reshape(3, 1, 1) for values in (_MEAN, _STD))
    pixels *= 1 / (255 * deviation)
    pixels -= mean / deviation
    return pixels
