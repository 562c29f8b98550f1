import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from safetensors import safe_open

from ethnoshard.errors import EthnoshardError
from ethnoshard.training import FaceEmbedder, TripletTrainer, export, load_embedder, start_from


@pytest.fixture
def trained(train: Callable[..., TripletTrainer]) -> TripletTrainer:
    trainer = train(epochs=1)
    trainer.train()
    return trainer


def faces() -> torch.Tensor:
    return torch.randint(0, 256, (5, 3, 32, 32), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)


def test_onnx(trained: TripletTrainer, tmp_path: Path) -> None:
    export(trained.run.path, tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"faces": faces().float().numpy()})
    with torch.no_grad():
        expected = trained.embedder.eval()(faces()).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    facts = session.get_modelmeta().custom_metadata_map
    assert (facts["side"], facts["embedding"], facts["crop"], facts["face"]) == ("32", "16", "40", "48")


def test_safetensors(
    trained: TripletTrainer, tmp_path: Path, cli: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    done = cli("export", trained.run.path, tmp_path / "model.safetensors")
    assert done.returncode == 0, done.stderr
    embedder = load_embedder(tmp_path / "model.safetensors")
    with torch.no_grad():
        assert torch.equal(embedder(faces()), trained.embedder.eval()(faces()))
    with safe_open(tmp_path / "model.safetensors", framework="np") as file:
        facts = json.loads(file.metadata()["ethnoshard"])
    assert facts["fingerprint"] == trained.loader.dataset.fingerprint


def test_a_run_under_way_gives_its_newest_checkpoint(trained: TripletTrainer, tmp_path: Path) -> None:
    trained.run.weights_path.unlink()
    export(trained.run.path, tmp_path / "model.safetensors")
    with torch.no_grad():
        assert torch.equal(load_embedder(tmp_path / "model.safetensors")(faces()), trained.embedder.eval()(faces()))


def test_another_ending_is_refused(trained: TripletTrainer, tmp_path: Path) -> None:
    with pytest.raises(EthnoshardError, match=r"should end in \.onnx or \.safetensors"):
        export(trained.run.path, tmp_path / "model.h5")


def test_training_may_start_from_it_with_another_length_of_embedding(trained: TripletTrainer, tmp_path: Path) -> None:
    export(trained.run.path, tmp_path / "model.safetensors")
    longer = FaceEmbedder("mobilefacenet", embedding=24, side=32)
    left = start_from(longer, str(tmp_path / "model.safetensors"))
    assert left
    assert all(name.startswith("network.layers.") for name in left)
    first = next(iter(trained.embedder.parameters()))
    assert torch.equal(next(iter(longer.parameters())), first)


@pytest.mark.parametrize("embedding", [128, 512])
def test_facenets_network_has_the_length_asked_for_and_every_weight_a_gradient(embedding: int) -> None:
    torch.manual_seed(0)
    embedder = FaceEmbedder("inception_resnet_v1", embedding=embedding, side=80)
    found = embedder(torch.randint(0, 256, (2, 3, 80, 80), dtype=torch.uint8))
    assert found.shape == (2, embedding)
    torch.testing.assert_close(found.norm(dim=1), torch.ones(2))
    (found[0] - found[1]).square().sum().backward()
    assert all(weight.grad is not None for weight in embedder.parameters())
