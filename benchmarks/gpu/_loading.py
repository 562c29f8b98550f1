"""The loader to the GPU's memory, and the GPU's own decoder beside it."""

import time
from collections.abc import Callable, Iterator

import numpy as np
import simplejpeg
import torch

from benchmarks.gpu._checks import Emit, Setting, at_most, figure, nothing, tried
from benchmarks.gpu._faces import carried_jpegs
from ethnoshard import FaceDataset, StratifiedLoader
from ethnoshard._parallel import available_cores
from ethnoshard.loading import Batch

WORKERS = (2, 4, 8, 16)


def loading(setting: Setting, emit: Emit) -> None:
    """Images a second that lie in the device's memory, cropped and mirrored, by decoding processes."""
    if setting.device == "cpu":
        emit(nothing("page-locked memory", "it runs on the CPU, so batches stay where they are"))
    for workers in WORKERS[:1] if setting.small else WORKERS:
        what = f"loader, pinned, workers: {workers}"
        emit(tried(what, "images/s", lambda workers=workers: _loaded(setting, workers, pinned=True)))
    if setting.device != "cpu":
        most = WORKERS[-1]
        emit(tried(f"loader, not pinned, workers: {most}", "images/s", lambda: _loaded(setting, most, pinned=False)))
        emit(tried("copying a pinned batch alone", "images/s", lambda: _copied(setting, pinned=True)))
        emit(tried("copying a batch that is not", "images/s", lambda: _copied(setting, pinned=False)))


def _shape(setting: Setting) -> tuple[int, int]:
    """People and images of a batch: casia's, or small ones."""
    return (4, 4) if setting.small else (45, 40)


def _loaded(setting: Setting, workers: int, *, pinned: bool) -> float:
    people, images = _shape(setting)
    loader = StratifiedLoader(
        FaceDataset.open(setting.large),
        people_per_batch=people,
        images_per_person=images,
        num_workers=workers,
        random_crop=160,
        random_flip=True,
        pin_memory=pinned and setting.device != "cpu",
    )
    batches = _for_ever(loader)
    for _ in range(3):
        next(batches).images.to(setting.device, non_blocking=True)
    _wait(setting)
    started, count = time.perf_counter(), 0
    # Two batches at a time on the device, as in a training: the one before is let go when the next one comes.
    for batch in batches:
        held = batch.images.to(setting.device, non_blocking=True)
        count += len(held)
        if time.perf_counter() - started > (0.5 if setting.small else 5):
            break
    _wait(setting)
    seconds = time.perf_counter() - started
    loader.close()
    return count / seconds


def _for_ever(loader: StratifiedLoader) -> Iterator[Batch]:
    while True:
        yield from loader


def _copied(setting: Setting, *, pinned: bool) -> float:
    people, images = _shape(setting)
    batch = torch.zeros((people * images, 3, 160, 160), dtype=torch.uint8)
    batch = batch.pin_memory() if pinned else batch
    return len(batch) * _per_second(setting, lambda: batch.to(setting.device, non_blocking=True))


def decoding(setting: Setting, emit: Emit) -> None:
    """JPEGs that lie in memory, decoded alone: by libjpeg-turbo on one core, by torchvision on the GPU."""
    jpegs = carried_jpegs(FaceDataset.open(setting.faces))[: 32 if setting.small else 512]
    rate = len(jpegs) * _per_second(setting, lambda: [simplejpeg.decode_jpeg(jpeg) for jpeg in jpegs])
    emit(figure("simplejpeg, one core", rate, "images/s"))
    emit(figure(f"the same times {available_cores()} cores", rate * available_cores(), "images/s"))
    what = "torchvision's decoder on the GPU"
    if setting.device == "cpu":
        emit(nothing(what, "it runs on the CPU"))
        return
    from torchvision.io import decode_jpeg

    tensors = [torch.frombuffer(bytearray(jpeg), dtype=torch.uint8) for jpeg in jpegs]
    try:
        decoded = decode_jpeg(tensors, device=setting.device)
    except RuntimeError as error:
        emit(nothing(what, f"torchvision: {str(error).splitlines()[0]}"))
        return
    for batch in (128, 512):
        rate = _per_second(setting, lambda batch=batch: decode_jpeg(tensors[:batch], device=setting.device))
        emit(figure(f"{what}, {batch} at a time", rate * len(tensors[:batch]), "images/s"))
    ours = np.stack([simplejpeg.decode_jpeg(jpeg) for jpeg in jpegs[:64]]).astype(np.int16)
    theirs = torch.stack(decoded[:64]).permute(0, 2, 3, 1).cpu().numpy().astype(np.int16)
    emit(at_most("its pixels off libjpeg-turbo's, mean", float(np.abs(ours - theirs).mean()), "levels of 255", 1))


def _per_second(setting: Setting, work: Callable[[], object]) -> float:
    """How often a second, over a second."""
    work()
    _wait(setting)
    started, times = time.perf_counter(), 0
    while time.perf_counter() - started < (0.05 if setting.small else 2):
        work()
        times += 1
    _wait(setting)
    return times / (time.perf_counter() - started)


def _wait(setting: Setting) -> None:
    if setting.device != "cpu":
        torch.cuda.synchronize()
