"""An iteration gives a whole epoch, also after a ``break``, unless the position came from a state."""

import json
from typing import Any

import pytest

from ethnoshard import EthnoshardError, FaceDataset, StratifiedLoader

OPTIONS: dict[str, Any] = {"people_per_batch": 5, "images_per_person": 4, "seed": 2, "num_workers": 0}


def loader_of(made: FaceDataset, **more: Any) -> StratifiedLoader:
    return StratifiedLoader(made, **{**OPTIONS, **more})


def some(loader: StratifiedLoader, most: int = 1_000) -> list[list[int]]:
    """Faces of the first batches of an iteration, which is left then."""
    seen: list[list[int]] = []
    for batch in loader:
        seen.append(batch.faces.tolist())
        if len(seen) == most:
            break
    return seen


def epochs_of(made: FaceDataset, number: int, **more: Any) -> list[list[list[int]]]:
    """The batches of the first epochs, walked through one after the other."""
    loader = loader_of(made, **more)
    return [some(loader) for _ in range(number)]


@pytest.mark.parametrize("workers", [0, 2])
def test_loops_that_stop_early_get_as_many_batches_each_time_of_the_next_epoch(made: FaceDataset, workers: int) -> None:
    epochs = epochs_of(made, 5)
    loader = loader_of(made, num_workers=workers)
    stops = [8, 8, 1, 21, 8]
    assert len(epochs[0]) > 8
    assert [some(loader, stop) for stop in stops] == [epoch[:stop] for epoch, stop in zip(epochs, stops, strict=True)]


def test_it_holds_on_every_rank(made: FaceDataset) -> None:
    for rank in range(2):
        epochs = epochs_of(made, 3, rank=rank, world_size=2)
        loader = loader_of(made, rank=rank, world_size=2)
        assert [some(loader, 4) for _ in range(3)] == [epoch[:4] for epoch in epochs]


def test_a_loop_counted_out_beside_the_loader_goes_on_with_the_next_epoch(made: FaceDataset) -> None:
    epochs = epochs_of(made, 2)
    loader = loader_of(made)
    assert [batch.faces.tolist() for _, batch in zip(range(len(loader)), loader, strict=False)] == epochs[0]
    assert some(loader) == epochs[1]


def test_an_iteration_that_gave_nothing_does_not_count(made: FaceDataset) -> None:
    loader = loader_of(made)
    iter(loader)
    iter(loader).close()  # type: ignore[attr-defined]
    assert some(loader, 3) == epochs_of(made, 1)[0][:3]
    iter(loader)
    assert loader.state_dict()["batches"] == 3


@pytest.mark.parametrize("cut", [1, 8, 20])
def test_a_state_of_a_loop_left_early_continues_inside_its_epoch_elsewhere(made: FaceDataset, cut: int) -> None:
    epochs = epochs_of(made, 3)
    loader = loader_of(made)
    some(loader, cut)
    assert loader.epoch == 0
    state = json.loads(json.dumps(loader.state_dict()))
    assert (state["epoch"], state["batches"]) == (0, cut)
    other = loader_of(made)
    other.load_state_dict(state)
    # A look at the position, and iterations that give nothing, move nothing.
    iter(other)
    assert other.state_dict() == state
    assert [some(other), some(other, 2), some(other)] == [epochs[0][cut:], epochs[1][:2], epochs[2]]


def test_the_rest_of_an_epoch_left_early_is_not_given_again(made: FaceDataset) -> None:
    epochs = epochs_of(made, 2)
    loader = loader_of(made)
    loader.load_state_dict({**loader.state_dict(), "batches": 6})
    assert some(loader, 2) == epochs[0][6:8]
    assert some(loader) == epochs[1]


def test_set_epoch_begins_that_epoch_whatever_was_before(made: FaceDataset) -> None:
    epochs = epochs_of(made, 3)
    loader = loader_of(made, num_workers=1)
    some(loader, 4)
    for epoch in (2, 0, 0, 1):
        loader.set_epoch(epoch)
        assert some(loader) == epochs[epoch]


def test_coverage_is_that_of_the_epoch_left_early_until_the_next_begins(made: FaceDataset) -> None:
    loader = loader_of(made, target="uniform")
    some(loader, 4)
    assert loader.coverage().planned == loader.plan.epoch(0).coverage()
    some(loader, 4)
    assert loader.coverage().planned == loader.plan.epoch(1).coverage()


def test_an_iteration_that_fails_does_not_move_the_position(made: FaceDataset) -> None:
    def transform(images: Any, generator: Any) -> Any:
        raise EthnoshardError("not now")

    loader = loader_of(made, transform=transform)
    for _ in range(2):
        with pytest.raises(EthnoshardError, match="not now"):
            some(loader)
    assert (loader.state_dict()["epoch"], loader.state_dict()["batches"]) == (0, 0)
