"""Promise 5: plan and pixels depend on dataset, settings and epoch; not on workers, threads, ranks or the process."""

import hashlib
import os
import subprocess
import sys
from typing import Any

import pytest
import torch

from ethnoshard import FaceDataset, StratifiedLoader

OPTIONS: dict[str, Any] = {
    "people_per_batch": 5, "images_per_person": 3, "target": "uniform", "when_exhausted": "stop",
    "random_crop": 40, "random_flip": True, "seed": 7,
}  # fmt: skip


def digests(loader: StratifiedLoader, epochs: int = 1) -> list[str]:
    """A digest of every batch, in order: pixels, identities, faces."""
    found = []
    for _ in range(epochs):
        for batch in loader:
            digest = hashlib.sha256(batch.images.contiguous().numpy().tobytes())
            digest.update(batch.identities.numpy().tobytes() + batch.faces.numpy().tobytes())
            found.append(digest.hexdigest())
    return found


@pytest.fixture(scope="module")
def expected(made: FaceDataset) -> list[str]:
    return digests(StratifiedLoader(made, num_workers=0, **OPTIONS), 2)


@pytest.mark.parametrize(("workers", "prefetch"), [(1, 1), (2, 3), (5, 2)])
def test_workers_and_prefetch_change_nothing(
    made: FaceDataset, expected: list[str], workers: int, prefetch: int
) -> None:
    assert digests(StratifiedLoader(made, num_workers=workers, prefetch=prefetch, **OPTIONS), 2) == expected


@pytest.mark.parametrize("ranks", [2, 3, 8])
def test_ranks_share_out_the_same_sequence(made: FaceDataset, expected: list[str], ranks: int) -> None:
    by_rank = [
        digests(StratifiedLoader(made, num_workers=1, rank=rank, world_size=ranks, **OPTIONS)) for rank in range(ranks)
    ]
    batches = len(StratifiedLoader(made, **OPTIONS))
    merged = [by_rank[number % ranks][number // ranks] for number in range(batches)]
    assert merged == expected[:batches]


def test_keeping_the_dataset_in_memory_changes_nothing(made: FaceDataset, expected: list[str]) -> None:
    loader = StratifiedLoader(made, cache="memory", **OPTIONS)
    assert digests(loader, 2) == expected
    # Each shard once, in two epochs.
    assert loader.reads.reads <= len(made.manifest.shards)


def test_a_fresh_process_with_another_hash_seed_gives_the_same(made: FaceDataset, expected: list[str]) -> None:
    code = (
        f"import sys; sys.path.insert(0, {os.path.dirname(__file__)!r})\n"  # noqa: PTH120 - text for another process
        f"from test_promise_05_determinism import *\n"
        f"print(*digests(StratifiedLoader(FaceDataset.open({str(made.path)!r}), **OPTIONS), 2))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "123", "OMP_NUM_THREADS": "2"}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment)
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == expected


def test_the_transform_gets_a_generator_of_its_own_for_each_batch(made: FaceDataset) -> None:
    def drawn(workers: int) -> list[list[int]]:
        def transform(images: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
            assert images.dtype == torch.uint8 and images.shape == (15, 3, 40, 40)
            return torch.randint(1_000_000, (3,), generator=generator)

        loader = StratifiedLoader(made, num_workers=workers, transform=transform, **OPTIONS)
        return [batch.images.tolist() for _ in range(2) for batch in loader]

    alone, threads = drawn(0), drawn(3)
    assert alone == threads
    assert len({tuple(numbers) for numbers in alone}) == len(alone)


@pytest.mark.parametrize("change", [{"seed": 8}, {"target": "base"}, {"people_per_batch": 6}, {"images_per_person": 4}])
def test_each_setting_changes_the_batches(made: FaceDataset, expected: list[str], change: dict[str, Any]) -> None:
    assert not set(digests(StratifiedLoader(made, **{**OPTIONS, **change}))) & set(expected)


def test_epochs_differ(expected: list[str]) -> None:
    assert len(set(expected)) == len(expected)
