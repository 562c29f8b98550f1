"""run.json and a report say the same of the same weights; a run with the former digest goes on."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from ethnoshard.embedding import load_model
from ethnoshard.errors import EthnoshardError
from ethnoshard.training import FaceEmbedder, TripletTrainer, save_weights, weights_digest


def test_what_a_run_starts_from_is_what_a_report_of_those_weights_says(
    train: Callable[..., TripletTrainer], tmp_path: Path
) -> None:
    trainer = train(epochs=1)
    save_weights(trainer.embedder, tmp_path / "start.safetensors", {"crop": "40"})
    assert trainer.train()["weights_at_start"] == load_model(tmp_path / "start.safetensors").digest


def test_names_types_shapes_and_values_decide(tmp_path: Path) -> None:
    embedder = FaceEmbedder("mobilefacenet", embedding=16, side=32)
    expected = hashlib.sha256()
    state = embedder.state_dict()
    for name in sorted(state):
        expected.update(f"{name} {state[name].dtype} {tuple(state[name].shape)}\n".encode())
        expected.update(state[name].contiguous().numpy().tobytes())
    assert weights_digest(embedder) == expected.hexdigest()
    with torch.no_grad():
        next(embedder.parameters()).mul_(2)
    assert weights_digest(embedder) != expected.hexdigest()


def former(trainer: TripletTrainer) -> str:
    digest = hashlib.sha256()
    for name, value in trainer.embedder.state_dict().items():
        digest.update(name.encode() + value.contiguous().numpy().tobytes())
    return digest.hexdigest()


def test_a_run_with_the_former_digest_goes_on_and_one_with_another_does_not(
    train: Callable[..., TripletTrainer],
) -> None:
    first = train(epochs=1)
    before, now = former(first), first.train()["weights_at_start"]
    assert before != now

    def written(digest: str) -> None:
        record = json.loads(first.run.record_path.read_text())
        first.run.record_path.write_text(json.dumps({**record, "weights_at_start": digest}))

    written(before)
    assert train(epochs=1).train(resume=True)["weights_at_start"] == now
    written("0" * 64)
    with pytest.raises(EthnoshardError, match="weights_at_start is "):
        train(epochs=1).train(resume=True)
