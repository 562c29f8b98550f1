import ctypes
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from ethnoshard.training import TrainingWatch, TripletTrainer
from ethnoshard.training._machine import keep_freed_memory

BLOCK = 40 * 2**20
"""Bytes, more than glibc ever takes from its heap by itself."""

needs_glibc = pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="C's allocator is not glibc's")


def resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def given_back() -> float:
    """Share of a block that the system has again at once when it is freed.

    Page faults don't tell: huge pages have few. Where the allocator was told nothing, a block goes back if it was no
    free piece of the heap, which depends on what the process did before.
    """
    block = torch.ones(BLOCK // 4)
    full = resident()
    del block
    return (full - resident()) / BLOCK


@needs_glibc
def test_a_large_block_is_kept_when_it_is_freed_and_goes_back_at_the_end() -> None:
    with keep_freed_memory():
        assert max(given_back() for _ in range(10)) < 0.2
        kept = resident()
    assert (kept - resident()) / BLOCK > 0.8


@needs_glibc
def test_a_training_on_a_cpu_keeps_it(train: Callable[..., TripletTrainer]) -> None:
    shares: list[float] = []
    held: list[int] = []

    def stepped(_: object) -> None:
        shares.append(given_back())
        held.append(resident())

    train(epochs=1, watch=TrainingWatch(stepped=stepped)).train()
    assert len(shares) > 1
    assert max(shares) < 0.2
    assert (held[-1] - resident()) / BLOCK > 0.8
