"""Whoever watches a training is told how many steps there are, and of each that is done, after a resume too."""

import pytest

from ethnoshard.training import Progress, TrainingWatch


def watching(stop_at=None):
    told = {"begun": [], "done": 0, "rows": 0}

    def advance(number):
        told["done"] += number

    def stepped(row):
        told["rows"] += 1
        assert told["rows"] == told["done"]
        if row["step"] == stop_at:
            raise KeyboardInterrupt

    progress = Progress(begun=lambda *counts: told["begun"].append(counts), advance=advance)
    return told, TrainingWatch(progress=progress, stepped=stepped)


def test_every_step_is_told_once_and_what_was_done_before_is_not_told_again(train):
    told, watch = watching(stop_at=3)
    trainer = train("run", epochs=2, checkpoint_steps=2, watch=watch)
    with pytest.raises(KeyboardInterrupt):
        trainer.train()
    assert told["begun"] == [(trainer.steps, 0)] and told["done"] == 3
    told, watch = watching()
    train("run", epochs=2, checkpoint_steps=2, watch=watch).train(resume=True)
    ((steps, before),) = told["begun"]
    assert steps == trainer.steps and before == 2 and told["done"] == steps - before
