"""A backbone by name, with all that it needs to make embeddings of faces; what its weights are known by."""

import hashlib
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ethnoshard._checks import check_number
from ethnoshard._mobilefacenet import STEM, TOP, Bottleneck, bottlenecks
from ethnoshard.errors import EthnoshardError

SHRINKS = 16
"""By how much a side gets smaller up to the last convolution."""


def _convolution(inward: int, outward: int, kernel: int = 1, stride: int = 1, groups: int = 1) -> list[nn.Module]:
    padding = kernel // 2
    return [
        nn.Conv2d(inward, outward, kernel, stride, padding, groups=groups, bias=False),
        nn.BatchNorm2d(outward),
    ]


class _Bottleneck(nn.Module):
    """Expand, look at each channel by itself, project; added to its input where the shapes allow."""

    def __init__(self, shape: Bottleneck) -> None:
        super().__init__()
        self.body = nn.Sequential(
            *_convolution(shape.inward, shape.wide),
            nn.ReLU(inplace=True),
            *_convolution(shape.wide, shape.wide, 3, shape.stride, shape.wide),
            nn.ReLU(inplace=True),
            *_convolution(shape.wide, shape.outward),
        )
        self._adds = shape.adds

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.body(x)
        return x + y if self._adds else y


class MobileFaceNet(nn.Module):
    """MobileFaceNet (Chen et al. 2018, table 1): a million weights, made for faces of 112 pixels; others go too.

    ReLU takes the place of PReLU, whose gradient alone makes a step on a CPU twice as long.
    """

    def __init__(self, embedding: int, side: int) -> None:
        """Random weights, for (B, 3, side, side) to (B, embedding); ``side`` is a multiple of 16."""
        super().__init__()
        shapes = list(bottlenecks())
        layers: list[nn.Module] = [*_convolution(3, STEM, 3, 2), nn.ReLU(inplace=True)]
        layers += [*_convolution(STEM, STEM, 3, 1, STEM), nn.ReLU(inplace=True)]
        layers += map(_Bottleneck, shapes)
        layers += [*_convolution(shapes[-1].outward, TOP), nn.ReLU(inplace=True)]
        # A weight for every place of each channel, instead of their mean.
        layers += [nn.Conv2d(TOP, TOP, side // SHRINKS, groups=TOP, bias=False), nn.BatchNorm2d(TOP)]
        layers += [nn.Flatten(), nn.Linear(TOP, embedding, bias=False), nn.BatchNorm1d(embedding)]
        self.layers = nn.Sequential(*layers)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out")

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, side, side) float32 to (B, embedding)."""
        embeddings: Tensor = self.layers(images)
        return embeddings


class _Backbone(NamedTuple):
    """How a network is built, and which sides of images it takes: the smallest, and multiples of."""

    build: Callable[[int, int], nn.Module]
    smallest: int
    multiple: int
    usual: int


def _inception(embedding: int, _: int) -> nn.Module:
    from facenet_pytorch import InceptionResnetV1

    network = InceptionResnetV1(pretrained=None)
    if embedding != network.last_linear.out_features:
        network.last_linear = nn.Linear(network.last_linear.in_features, embedding, bias=False)
        network.last_bn = nn.BatchNorm1d(embedding, eps=0.001, momentum=0.1, affine=True)
    # Made for a classification that a triplet loss has no use for; as a weight without a gradient it would stop DDP.
    network.logits = nn.Identity()
    return network  # type: ignore[no-any-return]


_BACKBONES = {
    "inception_resnet_v1": _Backbone(_inception, 75, 1, 160),
    "mobilefacenet": _Backbone(MobileFaceNet, 2 * SHRINKS, SHRINKS, 112),
}
BACKBONES: tuple[str, ...] = tuple(_BACKBONES)


class FaceEmbedder(nn.Module):
    """Faces in, embeddings of unit length out: scaling, normalisation and the backbone.

    Attributes:
        backbone: name of the network.
        embedding: length of an embedding, E.
        side: of the faces as the network sees them, pixels.
    """

    def __init__(self, backbone: str, *, embedding: int = 128, side: int | None = None) -> None:
        """Random weights.

        Args:
            backbone: "inception_resnet_v1" (facenet-pytorch's) or "mobilefacenet".
            embedding: E; the seed's 128.
            side: by default the one that the network was made for.

        Raises:
            EthnoshardError: there is no such network, or it doesn't take such faces.
        """
        super().__init__()
        if backbone not in _BACKBONES:
            raise EthnoshardError(f"no backbone is called {backbone!r}; there are {', '.join(BACKBONES)}")
        known = _BACKBONES[backbone]
        side = side or known.usual
        if side < known.smallest or side % known.multiple:
            multiples = f", in multiples of {known.multiple}" if known.multiple > 1 else ""
            raise EthnoshardError(
                f"{backbone} takes faces of at least {known.smallest} pixels{multiples}; not of {side}"
            )
        check_number("embedding", embedding, at_least=2)
        self.backbone, self.embedding, self.side = backbone, embedding, side
        # The order of numbers that batches come in, and the faster one.
        self.network = known.build(embedding, side).to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) RGB of 0 to 255, uint8 or float32, to (B, E) float32 of length 1.

        Faces of another side than the network's are scaled by averaging areas; then (x - 127.5) / 128, as
        facenet-pytorch's weights want it.
        """
        images = images.float()
        if images.shape[-1] != self.side:
            images = F.interpolate(images, (self.side, self.side), mode="area")
        embeddings = self.network((images - 127.5) / 128)
        return F.normalize(embeddings.float())

    @property
    def facts(self) -> dict[str, str]:
        """What another program must know to use exported weights."""
        return {
            "backbone": self.backbone,
            "embedding": str(self.embedding),
            "side": str(self.side),
            "input": "RGB, 0 to 255; (x - 127.5) / 128 is applied inside",
            "output": "embeddings of unit length; compare by squared Euclidean distance",
        }

    def first_broken(self) -> str | None:
        """Name of a weight that is not finite, if there is one."""
        return next((name for name, value in self.state_dict().items() if not torch.isfinite(value).all()), None)


def weights_digest(embedder: FaceEmbedder) -> str:
    r"""Hex SHA-256 over every tensor of the network: of a run, of what was exported from it, on any device.

    For each tensor of the state, parameters and buffers alike, in the order of their names: the text
    ``<name> <dtype> <shape>\n``, such as ``network.conv.weight torch.float32 (64, 3, 3, 3)``, in UTF-8, then the
    values, little-endian, in row-major order.
    """
    digest = hashlib.sha256()
    for name, tensor in sorted(_tensors(embedder).items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.numpy().tobytes())
    return digest.hexdigest()


def former_weights_digest(embedder: FaceEmbedder) -> str:
    """What the first run folders have as ``weights_at_start``: names and values, in the network's order.

    Only to go on with such a run.
    """
    digest = hashlib.sha256()
    for name, tensor in _tensors(embedder).items():
        digest.update(name.encode() + tensor.numpy().tobytes())
    return digest.hexdigest()


def _tensors(embedder: FaceEmbedder) -> dict[str, Tensor]:
    return {name: value.detach().cpu().contiguous() for name, value in embedder.state_dict().items()}
