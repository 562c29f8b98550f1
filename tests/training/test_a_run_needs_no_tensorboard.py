"""A run without TensorBoard is whole but for its files, and says once that they are left out."""

import sys

from ethnoshard.training import TrainingWatch


def test_the_run_is_finished_and_one_line_says_what_is_missing(train, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    said = []
    trainer = train(epochs=1, watch=TrainingWatch(log=said.append))
    assert trainer.train()["status"] == "finished"
    (line,) = [text for text in said if "tensorboard" in text]
    assert "pip install 'ethnoshard[tensorboard]'" in line
    assert trainer.run.metrics_path.is_file() and trainer.run.weights_path.is_file()
    assert not trainer.run.tensorboard.exists()
