"""What a network's weights are known by, in run.json and in reports."""

import hashlib

from torch import Tensor

from ethnoshard.training._embedder import FaceEmbedder


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
