"""Networks that tell groups apart, by name, and the weights that they may start from."""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ethnoshard._mobilefacenet import STEM, TOP, Bottleneck, bottlenecks
from ethnoshard._weights_file import copy_weights, read_tensors
from ethnoshard.errors import EthnoshardError

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


def start_from(network: nn.Module, path: Path, said: Callable[[str], None] = lambda text: None) -> int:
    """Copy the weights of a file that fit the network by name and shape; a classifier's last layer rarely does.

    What wrappers put before all names is taken off.

    Args:
        network: changed in place.
        path: ``.safetensors``, ``.pt``/``.pth`` (a state dict), or for the default network the MobileFaceNet ``.onnx``.
        said: told what was taken off the names, and how many tensors of the file are not used.

    Returns:
        How many of the network's tensors were copied.

    Raises:
        EthnoshardError: the file can't be read, holds nothing that fits, or numbers that are not finite.
    """
    if not path.is_file():
        raise EthnoshardError(f"{path} is not there; --init takes a .safetensors, .pt or .onnx file")
    given = _of_onnx(path, network) if path.suffix == ".onnx" else read_tensors(path)
    return len(copy_weights(network, given, str(path), network_name="the classifier", said=said))


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
