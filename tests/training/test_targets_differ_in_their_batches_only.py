from collections.abc import Callable

import pytest

from ethnoshard.runs import read_metrics
from ethnoshard.training import TripletTrainer


def test_same_weights_to_start_from_and_as_many_images(train: Callable[..., TripletTrainer]) -> None:
    records = {}
    for target in ("base", "natural", "uniform", "placebo", "same-group", "A=0.5,B=0.5"):
        trainer = train(target.replace("=", ""), target=target, epochs=1)
        records[target] = trainer.train()
        metrics = read_metrics(trainer.run.metrics_path)
        assert metrics["images"][-1] == records["base"]["steps"] * 12
    assert len({record["weights_at_start"] for record in records.values()}) == 1
    assert len({record["steps"] for record in records.values()}) == 1
    assert train("other", seed=1).train()["weights_at_start"] != records["base"]["weights_at_start"]


def test_negatives_of_the_own_group_are_what_the_target_makes_them(train: Callable[..., TripletTrainer]) -> None:
    def by_chance(target: str) -> float:
        trainer = train("group-" + target, target=target, epochs=1)
        trainer.train()
        return read_metrics(trainer.run.metrics_path)["in_group_by_chance"].mean()

    # In batches of one group all negatives are of the anchor's own.
    assert by_chance("same-group") == 1
    assert by_chance("natural") == pytest.approx(0.5, abs=0.3)
