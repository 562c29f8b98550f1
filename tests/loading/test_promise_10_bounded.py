"""Promise 10: memory does not grow with the number of faces, only by a few dozen bytes an identity."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ethnoshard import FaceDataset, StratifiedLoader
from ethnoshard.loading import _spans, plan_of
from ethnoshard.loading._jpegs import places_of
from ethnoshard.loading._spans import SpanReader
from ethnoshard.mixing import Identities, Plan, PlanSettings
from ethnoshard.shards import open_shards
from tests.kit.datasets import pattern_jpeg, write_dataset
from tests.kit.plans import table

MEASURED = """
import json, resource, sys
from ethnoshard import FaceDataset, StratifiedLoader

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

loader = StratifiedLoader(FaceDataset.open(sys.argv[1]), people_per_batch=16, images_per_person=4, window_mib=1)
for number, batch in enumerate(loader):
    if number == 30:
        early = peak()
        most = 0
    if number > 30:
        most = max(most, loader.held_bytes)
print(json.dumps([early, peak(), most / 2**20]))
"""


def test_an_epoch_of_twenty_times_the_window_holds_no_more_than_one_of_twice(tmp_path: Path) -> None:
    few, many = (
        write_dataset(tmp_path / str(n), [[30] * n, [30] * n], shard_bytes=500_000, picture=_same) for n in (40, 400)
    )
    measured = []
    for dataset in (few, many):
        run = subprocess.run(
            [sys.executable, "-c", MEASURED, str(dataset)], capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stderr
        measured.append(json.loads(run.stdout))
    size = sum(path.stat().st_size for path in (many / "shards").iterdir()) / 2**20
    assert size > 40
    for early, peak, held in measured:
        assert held < 3
        # After the first batches nothing grows any more: far less than the dataset.
        assert peak - early < 8
    assert abs(measured[1][1] - measured[0][1]) < 25


def test_a_group_whose_block_is_the_whole_epoch_does_not_make_the_reader_look_so_far_ahead(tmp_path: Path) -> None:
    dataset = FaceDataset.open(
        write_dataset(tmp_path / "rare", [[30] * 300, [30] * 4], shard_bytes=500_000, picture=_same)
    )
    plan = plan_of(dataset, people_per_batch=16, images_per_person=4, window_mib=1)
    reader = SpanReader(plan.epoch(0), range(plan.batches), open_shards(dataset, in_memory=False, limit_mib=100))
    ahead, held = [], []
    for _ in reader:
        ahead.append(len(reader._ahead))
        held.append(reader.held_bytes)
    # Without a limit the one reaches the 152 batches of the epoch, and the other six windows.
    assert max(ahead) <= 2 * plan.block_batches + 16 < plan.batches / 3
    assert max(held) < 2 << 20


def _same(identity: int, face: int) -> bytes:
    return pattern_jpeg(1, 1)


def test_the_plan_takes_a_few_dozen_bytes_an_identity_and_nothing_a_face() -> None:
    def held(plan: Plan) -> int:
        epoch = plan.epoch(0)
        epoch.batch(0)
        arrays: dict[int, int] = {}
        _collect(epoch, arrays, set())
        return sum(arrays.values())

    settings = PlanSettings(people_per_batch=8, images_per_person=4)
    small, large = (held(Plan(table([[faces] * 5_000, [faces] * 500]), settings)) for faces in (8, 80))
    # Quotas of each batch aside, ten times the faces take nothing more.
    assert large - small < 10 * 5_500 * 80 / 32 * 2
    assert small < 5_500 * 200


def _collect(value: object, arrays: dict[int, int], seen: set[int]) -> None:
    """Sizes of all arrays that an object holds."""
    if id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, np.ndarray):
        base = value if value.base is None else value.base
        arrays[id(base)] = getattr(base, "nbytes", value.nbytes)
    elif isinstance(value, dict):
        for inner in value.values():
            _collect(inner, arrays, seen)
    elif isinstance(value, list | tuple):
        for inner in value:
            _collect(inner, arrays, seen)
    elif hasattr(value, "__dict__"):
        _collect(vars(value), arrays, seen)


@pytest.mark.parametrize("workers", [0, 2])
def test_an_epoch_reads_each_byte_about_once_and_each_span_in_one_piece(tmp_path: Path, workers: int) -> None:
    sizes = [[int(n) for n in np.random.default_rng(group).integers(2, 60, 150)] for group in range(3)]
    dataset = FaceDataset.open(write_dataset(tmp_path / "d", sizes, shard_bytes=400_000))
    loader = StratifiedLoader(dataset, people_per_batch=12, images_per_person=4, window_mib=2, num_workers=workers)
    epochs = 3
    for _ in range(epochs):
        for _ in loader:
            pass
    size = sum(shard.bytes for shard in dataset.manifest.shards)
    # How much of the next epoch's first batches is read by now is a matter of chance; less than two windows.
    begun = 2 * 2 << 20 if workers else 0
    assert size > 5 * begun
    assert loader.reads.size <= 1.05 * epochs * size + begun
    assert loader.reads.reads < epochs * len(dataset.identities)


def test_nothing_is_unpacked(made: FaceDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(made.path.rglob("*"))
    list(StratifiedLoader(made, people_per_batch=6, images_per_person=4))
    assert sorted(made.path.rglob("*")) == before and not list(tmp_path.rglob("*"))


def test_spans_that_do_not_lie_in_the_order_of_the_numbers_are_read_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = FaceDataset.open(write_dataset(tmp_path / "d", [[6] * 60, [9] * 20], shard_bytes=100_000))
    of = plan_of(dataset, people_per_batch=8, images_per_person=4).identities
    order = np.random.default_rng(0).permutation(len(of.faces))
    monkeypatch.setattr(
        _spans, "places_of", lambda piece, begin, identity, faces: places_of(piece, begin, int(order[identity]), faces)
    )
    columns = {name: getattr(of, name)[order] for name in ("group", "faces", "shard", "offset", "length")}
    plan = Plan(Identities(groups=of.groups, **columns), PlanSettings(people_per_batch=8, images_per_person=4))
    shards = open_shards(dataset, in_memory=False, limit_mib=100)
    for _, _, jpegs in SpanReader(plan.epoch(0), range(plan.batches), shards):
        assert all(jpegs[row] is not None for row in range(len(jpegs.places)))
