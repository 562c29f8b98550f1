"""At the end of every epoch it is measured how alike different people are; if all are, the user is told."""

from collections.abc import Callable

import polars as pl
import pytest
import torch

from ethnoshard import FaceDataset
from ethnoshard.embedding import load_model
from ethnoshard.runs import RunFolder, TrainedOn, list_runs, read_metrics
from ethnoshard.training import TrainingWatch, TripletTrainer
from ethnoshard.training._similarity import BatchSimilarity

COLUMNS = ["similarity_different", "similarity_same", "similarity_auc"]


def _one_place(self: TripletTrainer) -> None:
    """The last layer's scale is so small beside its shift that all faces have one embedding."""
    with torch.no_grad():
        for module in self.embedder.modules():
            if isinstance(module, torch.nn.BatchNorm1d):
                module.weight.fill_(1e-4)
                assert module.bias is not None
                module.bias.fill_(1.0)


def test_a_collapsed_network_is_said_recorded_and_listed(train: Callable[..., TripletTrainer]) -> None:
    said: list[str] = []
    lfw = {"lfw_accuracy": 0.5, "lfw_val": None, "lfw_val_reason": "because", "lfw_far": 1.0, "lfw_auc": 0.5}
    trainer = train(
        watch=TrainingWatch(log=said.append), learning_rate=1e-9, mining="batch-hard",
        evaluate=lambda embedder: {**lfw, "lfw_collapsed": "collapsed: on pairs"},
    )  # fmt: skip
    _one_place(trainer)
    record = trainer.train()
    assert [text.partition(":")[0] for text in said] == ["epoch 1", "epoch 2"]
    assert "on training, collapsed: embeddings of different people are nearly all alike" in said[1]
    assert "on LFW, collapsed: on pairs" in said[1] and "try mining=semihard" in said[1]
    assert record["progress"]["lfw"] == {"accuracy": 0.5, "val": None, "val_reason": "because", "far": 1.0, "auc": 0.5}
    (run,) = list_runs(trainer.run.path)
    assert run.collapsed is not None and run.collapsed.startswith("on training, collapsed")
    assert (run.val_reason, (run.lfw or {})["val"]) == ("because", None)
    metrics = read_metrics(trainer.run.metrics_path)
    ends = metrics.filter(pl.col("step") % trainer.steps_an_epoch == 0)
    assert ends[COLUMNS[0]].min() > 0.9  # type: ignore[operator]
    assert metrics[COLUMNS].null_count().row(0) == (len(metrics) - 2,) * 3


def test_measuring_it_changes_nothing(train: Callable[..., TripletTrainer], monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = train("measured")
    trainer.train()
    monkeypatch.setattr("ethnoshard.training._trainer.similarity_of", lambda *arguments: BatchSimilarity({}, None))
    other = train("not")
    assert other.train()["progress"]["collapsed"] is None
    for one, two in zip(trainer.embedder.state_dict().values(), other.embedder.state_dict().values(), strict=True):
        assert torch.equal(one, two)


def test_the_run_keeps_whom_it_was_trained_on_and_its_model_tells_it(
    train: Callable[..., TripletTrainer], small: FaceDataset
) -> None:
    trainer = train(epochs=1)
    trainer.train()
    names = small.identities["identity"].to_list()
    run = RunFolder(trainer.run.path)
    kept = TrainedOn.read(run.people_path, small.fingerprint)
    assert kept is not None and kept.shared([*names, "stranger"]) == names
    for place in (run.path, run.weights_path):
        model = load_model(place)
        assert model.trained_on is not None and model.trained_on.shared(names) == names
        assert "trained_on" not in model.facts()
    # A run of before keeps nobody: its dataset tells, while it is there.
    run.people_path.unlink()
    model = load_model(run.path)
    assert model.trained_on is not None and model.trained_on.shared(names) == names
    record = run.record()
    run.write({**record, "dataset": {**record["dataset"], "path": str(run.path / "gone")}})
    assert load_model(run.path).trained_on is None
