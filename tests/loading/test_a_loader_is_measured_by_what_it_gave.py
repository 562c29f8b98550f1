"""The figures of a loader that ran alone are those of the batches that it gave."""

import pytest

from ethnoshard import FaceDataset, StratifiedLoader
from ethnoshard._progress import Progress
from ethnoshard.errors import EthnoshardError
from ethnoshard.loading import measure_stream


def loader_of(made: FaceDataset, **options: object) -> StratifiedLoader:
    return StratifiedLoader(made, people_per_batch=6, images_per_person=4, num_workers=0, **options)  # type: ignore[arg-type]


def test_an_epoch_is_measured_as_a_whole_and_the_loader_stands_before_the_next(made: FaceDataset) -> None:
    loader = loader_of(made)
    told: list[object] = []
    found = measure_stream(loader, progress=Progress(begun=lambda *numbers: told.append(numbers), advance=told.append))
    assert (found.batches, found.images) == (len(loader), 24 * len(loader))
    assert told == [(len(loader), 0)] + [1] * len(loader)
    assert loader.epoch == 1 and loader.begins_epoch
    assert 0 < found.worst_batch < 1 and 0 < found.worst_sum < 1
    assert (found.bad_faces, found.reads) == (0, loader.reads.reads) and found.reads > 0
    assert 0 < found.first_batch <= found.seconds and 0 < found.waiting <= 1


def test_any_rank_is_compared_with_its_own_share_and_its_output_may_be_tuples(made: FaceDataset) -> None:
    # In phases: a rank's batches must be compared with the phase that they are of.
    shares = {"target": {"A": 0.5, "D": 0.5}, "when_exhausted": "redistribute", "output": "tuple"}
    for rank in range(3):
        loader = loader_of(made, rank=rank, world_size=3, **shares)
        assert len(loader.plan.phases) > 1
        assert measure_stream(loader).worst_batch < 1


def test_it_stops_after_as_many_batches_as_asked_and_no_epoch_is_longer_than_it_is(made: FaceDataset) -> None:
    loader = loader_of(made)
    assert measure_stream(loader, 3).batches == 3
    assert (loader.epoch, loader.state_dict()["batches"]) == (0, 3)
    again = loader_of(made)
    assert measure_stream(again, 10_000).batches == len(again)


def test_no_batches_and_a_loader_in_mid_epoch_are_refused(made: FaceDataset) -> None:
    with pytest.raises(EthnoshardError, match="batches must be at least 1, got 0"):
        measure_stream(loader_of(made), 0)
    loader = loader_of(made)
    running = iter(loader)
    next(running)
    resumed = loader_of(made)
    resumed.load_state_dict(loader.state_dict())
    with pytest.raises(EthnoshardError, match="in the middle of an epoch"):
        measure_stream(resumed)
