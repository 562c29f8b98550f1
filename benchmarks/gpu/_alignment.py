"""``align`` beside facenet-pytorch on the same device: as fast, and the same boxes."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from facenet_pytorch import MTCNN
from numpy.typing import NDArray
from PIL import Image

from benchmarks.gpu._checks import Emit, Setting, at_least, nothing, tried
from benchmarks.gpu._faces import copied_pictures
from ethnoshard.alignment import AlignSettings, FaceDetector, Progress, align_source
from ethnoshard.sources import open_source

_SAME = 0.98
"""Intersection over union from which on two boxes are one."""


def alignment(setting: Setting, emit: Emit) -> None:
    """Boxes first, then images a second: the original's two ways, the detector alone, the verb with its workers."""
    number, compared = (4, 4) if setting.small else (384, 64)
    paths = sorted(setting.pictures.glob("*/*.jpg"))[:number]
    images = [Image.open(path).convert("RGB") for path in paths]
    arrays = [np.asarray(image) for image in images]
    reference, ours = MTCNN(keep_all=True, device=setting.device), FaceDetector(device=setting.device)
    _boxes(setting, emit, images, arrays, reference, ours, compared)
    # 64 at a time is its fastest way, for images of one size.
    for what, work in (
        ("facenet-pytorch, image by image", lambda: _each(reference, images)),
        ("facenet-pytorch, 64 at a time", lambda: _many(reference, images)),
        ("our detector alone", lambda: ours.detect(arrays)),
    ):
        emit(tried(what, "images/s", lambda work=work: _rate(len(images), work)))
    each = 8 if setting.small else 1024
    for workers in (1,) if setting.small else (1, 4, 12):
        copies = copied_pictures(setting, setting.scratch / f"pictures-{workers}", workers * each)
        what = f"ethnoshard align, workers: {workers}"
        emit(tried(what, "images/s", lambda copies=copies, workers=workers: _align(setting, copies, workers)))


def _boxes(
    setting: Setting,
    emit: Emit,
    images: list[Image.Image],
    arrays: list[NDArray[np.uint8]],
    reference: MTCNN,
    ours: FaceDetector,
    compared: int,
) -> None:
    found = [faces.boxes for faces in ours.detect(arrays)]
    theirs = [_boxes_of(reference.detect(image)[0]) for image in images]
    _agreement(emit, f"faces of facenet-pytorch on {setting.device} with our box", theirs, found)
    if setting.device == "cpu":
        emit(nothing("our boxes on the GPU as on the CPU", "it runs on the CPU"))
        return
    on_cpu = [faces.boxes for faces in FaceDetector().detect(arrays[:compared])]
    _agreement(emit, "our boxes on the GPU as on the CPU", on_cpu, found[:compared])


def _boxes_of(found: object) -> NDArray[np.float32]:
    return np.zeros((0, 4), np.float32) if found is None else np.asarray(found, np.float32)


def _agreement(emit: Emit, what: str, wanted: list[NDArray[np.float32]], found: list[NDArray[np.float32]]) -> None:
    best = [_overlap(box, boxes) for some, boxes in zip(wanted, found, strict=True) for box in some]
    if not best:
        emit(nothing(what, "no face was found in the pictures"))
        return
    emit(at_least(what, float(np.mean(np.array(best) >= _SAME)), f"of {len(best)}", 0.99))


def _overlap(box: NDArray[np.float32], boxes: NDArray[np.float32]) -> float:
    """The greatest intersection over union of a box, (4,), with one of (N, 4)."""
    corner, end = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])
    common = np.clip(end - corner, 0, None).prod(1)
    union = (boxes[:, 2:] - boxes[:, :2]).prod(1) + (box[2:] - box[:2]).prod() - common
    return float((common / union).max(initial=0))


def _each(reference: MTCNN, images: list[Image.Image]) -> None:
    for image in images:
        reference.detect(image)


def _many(reference: MTCNN, images: list[Image.Image]) -> None:
    for first in range(0, len(images), 64):
        reference.detect(images[first : first + 64])


def _rate(number: int, work: Callable[[], object]) -> float:
    """Images a second; all ways end with boxes in memory, so the device has been waited for. They are warm already."""
    started = time.perf_counter()
    work()
    return number / (time.perf_counter() - started)


def _align(setting: Setting, source: Path, workers: int) -> float:
    """Images a second of the whole, from the first batch that is done: loading torch and CUDA is left out."""
    began, counted = time.perf_counter(), list[tuple[float, int]]()
    align_source(
        open_source(source),
        setting.scratch / f"work-{workers}",
        AlignSettings(part_images=2 if setting.small else 64),
        workers=workers,
        device=setting.device,
        progress=Progress(advance=lambda number: counted.append((time.perf_counter(), number))),
    )
    ended = time.perf_counter()
    if len(counted) == 1:
        # So few that one look at the workers' counter saw them all: with the start.
        return counted[0][1] / (ended - began)
    return sum(number for _, number in counted[1:]) / (ended - counted[0][0])
