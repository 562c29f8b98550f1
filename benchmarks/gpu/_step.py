"""A step of the configuration ``casia``, from the shards to the optimizer: how fast, in how much memory."""

import gc
import resource
import statistics

import torch

from benchmarks.gpu._checks import Emit, Setting, figure, tried
from benchmarks.gpu._loading import WORKERS
from benchmarks.gpu._trainings import casia, watched

_WARM = 3
"""Steps that don't count."""
_CHUNK = 450


def step(setting: Setting, emit: Emit) -> None:
    """Images a second and memory, by precision, whole and in chunks."""
    chunk = 8 if setting.small else _CHUNK
    for precision in ("float32", "bfloat16"):
        for size in (0, chunk):
            name = f"casia, {precision}" + (f", chunks of {size}" if size else "")
            emit(tried(name, "images/s", lambda precision=precision, size=size: _one(setting, precision, size)))
            emit(figure(f"{name}: memory", _memory(setting), "GiB"))


def _one(setting: Setting, precision: str, chunk: int) -> float:
    """Images a second."""
    settings = casia(setting, precision=precision, chunk=chunk, **({} if setting.small else {"num_workers": 14}))
    steps = _WARM + (2 if setting.small else 12)
    if setting.device != "cpu":
        # What a training that ran out of memory left may be held in cycles.
        gc.collect()
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    done = watched(setting.scratch / f"step-{precision}-{chunk}", setting.large, settings, setting.device, steps=steps)
    images = settings.people_per_batch * settings.images_per_person
    return images / statistics.median(done.seconds(_WARM))


def _memory(setting: Setting) -> float:
    """GiB: the GPU's at most since the training began; on a CPU the process's at most."""
    if setting.device != "cpu":
        return torch.cuda.max_memory_allocated() / 2**30
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def waiting(setting: Setting, emit: Emit) -> None:
    """Share of a step's time in which it waits for a batch, by decoding processes."""
    for workers in WORKERS[:1] if setting.small else WORKERS:
        settings = casia(setting, precision="auto", num_workers=workers)
        steps = _WARM + (3 if setting.small else 15)
        folder = setting.scratch / f"waiting-{workers}"
        done = watched(folder, setting.large, settings, setting.device, steps=steps)
        images = settings.people_per_batch * settings.images_per_person
        emit(figure(f"waiting for data, workers: {workers}", done.waiting(_WARM), "of a step"))
        emit(figure(f"the step, workers: {workers}", images / statistics.median(done.seconds(_WARM)), "images/s"))
