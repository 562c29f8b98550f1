"""Alignment beside ``facenet_pytorch.MTCNN``: ``python -m benchmarks.alignment TAR [--images N] [--rounds R]``.

The same images for all, in turn, in one run, start-up left out on both sides:

* *image by image*: ``MTCNN.detect`` on decoded images, one process, torch's threads on all cores;
* *image by image, a process a core*: the same with one thread in each of as many processes as there are cores;
* *ethnoshard align*: reading, decoding, detecting, cropping, encoding and writing, by the real workers. From its first
  part on, so that loading torch is left out here as well.
"""

import argparse
import io
import multiprocessing
import os
import tempfile
import time
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from facenet_pytorch import MTCNN
from PIL import Image

from benchmarks._table import in_turn, keep, print_table, summary
from benchmarks.inference import first_of
from ethnoshard._parallel import available_cores
from ethnoshard.alignment import AlignSettings, FaceDetector, Progress, align_source
from ethnoshard.sources import Source, open_source

_reference: MTCNN | None = None


def decoded(source: Source) -> list[Image.Image]:
    """All images of a source as RGB."""
    with source.open() as reader:
        return [Image.open(io.BytesIO(reader.read(ref))).convert("RGB") for ref in source.refs]


def image_by_image(images: Sequence[Image.Image]) -> float:
    """Images a second of the reference in this process."""
    reference = MTCNN(keep_all=True)
    reference.detect(images[0], landmarks=True)
    started = time.perf_counter()
    for image in images:
        reference.detect(image, landmarks=True)
    return len(images) / (time.perf_counter() - started)


def load_reference() -> None:
    """Set a process of the parallel reference up."""
    global _reference
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    _reference = MTCNN(keep_all=True)
    _reference.detect(Image.new("RGB", (250, 250)))


def detect_one(image: Image.Image) -> None:
    """One image in a process of the parallel reference."""
    assert _reference is not None
    _reference.detect(image, landmarks=True)


def a_process_a_core(images: Sequence[Image.Image], workers: int) -> float:
    """Images a second of the reference in several processes."""
    context = multiprocessing.get_context("spawn")
    with context.Pool(workers, load_reference) as pool:
        pool.map(detect_one, images[: 2 * workers], chunksize=1)
        started = time.perf_counter()
        pool.map(detect_one, images, chunksize=8)
        return len(images) / (time.perf_counter() - started)


def ours(source: Source, workers: int) -> float:
    """Images a second of the whole alignment, from the first finished batch on."""
    counted: list[tuple[float, int]] = []
    with tempfile.TemporaryDirectory() as folder:
        align_source(
            source,
            Path(folder) / "work",
            AlignSettings(part_images=64),
            workers=workers,
            progress=Progress(advance=lambda number: counted.append((time.perf_counter(), number))),
        )
        ended = time.perf_counter()
    return sum(number for _, number in counted[1:]) / (ended - counted[0][0])


def agreement(images: Sequence[Image.Image]) -> dict[str, float]:
    """Share of the reference's faces that have one of ours with an intersection over union of 0.98 or more."""
    reference = MTCNN(keep_all=True)
    found = FaceDetector().detect([np.asarray(image) for image in images])
    best = []
    for image, faces in zip(images, found, strict=True):
        boxes, _ = reference.detect(image)
        for box in [] if boxes is None else np.asarray(boxes, np.float32):
            corner, end = np.maximum(box[:2], faces.boxes[:, :2]), np.minimum(box[2:], faces.boxes[:, 2:])
            common = np.clip(end - corner, 0, None).prod(1)
            union = (faces.boxes[:, 2:] - faces.boxes[:, :2]).prod(1) + (box[2:] - box[:2]).prod() - common
            best.append(float((common / union).max(initial=0)))
    return {"faces": len(best), "iou_0.98": float(np.mean(np.array(best) >= 0.98)), "least_iou": min(best)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="a tar of photographs")
    parser.add_argument("--images", type=int, default=768)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=available_cores())
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    os.environ.setdefault("PYTHONWARNINGS", "ignore")

    with tempfile.TemporaryDirectory() as folder:
        given = Path(folder) / "photographs.tar"
        first_of(arguments.source, arguments.images, given)
        compared(arguments, open_source(given))


def compared(arguments: argparse.Namespace, source: Source) -> None:
    """Measure all of them on a source, and print."""
    images = decoded(source)
    single = images[: max(1, len(images) // 3)]
    rates = in_turn(
        {
            "facenet-pytorch, image by image": lambda: image_by_image(single),
            "facenet-pytorch, image by image, a process a core": lambda: a_process_a_core(images, arguments.workers),
            "ethnoshard align": lambda: ours(source, arguments.workers),
        },
        arguments.rounds,
    )
    figures = summary(rates)
    own = figures["ethnoshard align"]["median"]
    same = agreement(images)
    print(f"\n{arguments.source.name}: {len(images)} images, {arguments.workers} cores, {arguments.rounds} rounds\n")
    print_table(
        ["images a second", "least", "median", "most", "ours / this"],
        [
            [name, *(f"{value:.0f}" for value in values.values()), f"{own / values['median']:.2f}"]
            for name, values in figures.items()
        ],
    )
    print(f"\n{same['iou_0.98']:.2%} of {same['faces']} faces with IoU >= 0.98, the least {same['least_iou']:.4f}")
    keep(
        f"alignment-{arguments.source.stem}",
        {"images": len(images), "workers": arguments.workers, "rates": figures, "agreement": same},
    )


if __name__ == "__main__":
    main()
