import ctypes
import resource
from collections.abc import Callable

import pytest
import torch

from ethnoshard.training import TrainingWatch, TripletTrainer
from ethnoshard.training._machine import keep_freed_memory

PAGES = 10_000
"""Of 4 KiB: 39 MiB, more than glibc ever takes from its heap by itself."""
FRESH = PAGES * 4 // 5
"""Faults of a block that is fresh memory: a part of it may have lain in the heap already."""

needs_glibc = pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="C's allocator is not glibc's")


def faults_of(times: int) -> int:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(times):
        torch.ones(PAGES * 1024)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


@needs_glibc
def test_a_large_block_is_fresh_memory_once_and_goes_back_at_the_end() -> None:
    with keep_freed_memory():
        faults_of(1)
        assert faults_of(10) < 3 * PAGES
    assert faults_of(1) >= FRESH


@needs_glibc
def test_a_training_on_a_cpu_keeps_it(train: Callable[..., TripletTrainer]) -> None:
    faults = []
    train(epochs=1, watch=TrainingWatch(stepped=lambda row: faults.append(faults_of(1)))).train()
    assert sum(faults[1:]) < 3 * PAGES
    assert faults_of(1) >= FRESH
