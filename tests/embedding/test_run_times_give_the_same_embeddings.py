"""Our own networks by OpenVINO and by torch: the same numbers, to 1e-5 of unit length, and each says what it was."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from ethnoshard._translation import compiled
from ethnoshard.embedding import load_model
from ethnoshard.ethnicity import EthnicityClassifier
from ethnoshard.training import FaceEmbedder
from ethnoshard.training._weights import save_weights

pytest.importorskip("openvino")


def trained_like(backbone: str, side: int) -> FaceEmbedder:
    """A network whose normalisations are no longer those it began with."""
    torch.manual_seed(0)
    embedder = FaceEmbedder(backbone, embedding=64, side=side).eval()
    for module in embedder.modules():
        if isinstance(module, nn.BatchNorm2d | nn.BatchNorm1d):
            assert module.running_mean is not None and module.running_var is not None
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)
    return embedder


@pytest.mark.parametrize(("backbone", "side"), [("mobilefacenet", 64), ("inception_resnet_v1", 80)])
def test_of_every_backbone(backbone: str, side: int, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    embedder = trained_like(backbone, side)
    save_weights(embedder, path, {**embedder.facts, "crop": "0"})
    given = np.random.default_rng(0).integers(0, 256, (7, side + 20, side + 20, 3), np.uint8)  # scaled on the way
    one, other = (load_model(path, runtime=name) for name in ("openvino", "torch"))
    vectors = one.network(given)
    assert np.abs(vectors - other.network(given)).max() < 1e-5
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    # An embedding doesn't depend on what else is asked for.
    assert np.abs(one.network(given[2:3]) - vectors[2:3]).max() < 1e-6
    assert one.facts()["runtime"].startswith("openvino ") and other.facts()["runtime"].startswith("torch ")


def test_of_the_shipped_classifier() -> None:
    given = list(np.random.default_rng(0).integers(0, 256, (9, 100, 100, 3), np.uint8))
    one, other = (EthnicityClassifier.load(runtime=name) for name in ("openvino", "torch"))
    assert np.abs(one.probabilities(given) - other.probabilities(given)).max() < 1e-5
    assert one.runtime.startswith("openvino ") and other.runtime.startswith("torch ")


def test_a_network_with_an_unknown_layer_stays_torchs() -> None:
    odd = nn.Sequential(nn.Conv2d(3, 4, 3), nn.GELU(), nn.Flatten(), nn.Linear(4 * 14 * 14, 8))
    assert compiled(odd, 16) is None
    known = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 14 * 14, 8))
    assert compiled(known, 16) is not None
