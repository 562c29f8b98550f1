"""Where a detecting worker's time goes: ``python -m benchmarks.detecting TAR [--images N]``.

One process and one thread take the first N photographs of a tar, as a worker of ``align`` does with OpenVINO: decode,
detect, cut the face out and encode it. Printed are milliseconds of a photograph in each piece, after a first pass that
isn't counted.
"""

import argparse
import os
import tarfile
import time
from collections import Counter
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from numpy.typing import NDArray

from benchmarks._table import keep, print_table
from ethnoshard.alignment import FaceDetector, _area_tables, _detector, _openvino_stages, decode_image
from ethnoshard.alignment._align_part import best_face, crop, crop_box, encode
from ethnoshard.alignment._detector import Faces

_BATCH = 32
_MARGIN, _SIZE, _QUALITY = 44, 182, 95


class Watch:
    """Seconds spent in pieces, by name."""

    def __init__(self) -> None:
        """None so far."""
        self.spent: Counter[str] = Counter()

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, whose time counts."""

        def run(*given: Any, **named: Any) -> Any:
            began = time.perf_counter()
            try:
                return function(*given, **named)
            finally:
                self.spent[name] += time.perf_counter() - began

        return run


def cut_out(image: NDArray[np.uint8], faces: Faces) -> bytes | None:
    """The JPEG of the face that counts; None where there is none."""
    height, width = image.shape[:2]
    if not len(faces.boxes):
        return None
    box = crop_box(faces.boxes[best_face(faces, height, width)], _MARGIN, height, width)
    return None if box is None else encode(crop(image, box, _SIZE), _QUALITY)


def aligned(photographs: list[bytes], detector: FaceDetector, watch: Watch) -> None:
    """What a worker does with photographs, but for reading and writing."""
    images = [watch.timed("decoding", decode_image)(data, max_pixels=10**8) for data in photographs]
    detect = watch.timed("detecting", detector.detect)
    found = [faces for first in range(0, len(images), _BATCH) for faces in detect(images[first : first + _BATCH])]
    for image, faces in zip(images, found, strict=True):
        watch.timed("cutting out and encoding", cut_out)(image, faces)


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photographs", type=Path)
    parser.add_argument("--images", type=int, default=256)
    arguments = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    with tarfile.open(arguments.photographs) as tar:
        members = islice((member for member in tar if member.isfile()), arguments.images)
        photographs = [file.read() for member in members if (file := tar.extractfile(member)) is not None]
    watch, tables, windows = Watch(), _area_tables.AreaTables, _area_tables.Windows
    pieces: dict[str, tuple[object, str]] = {
        "sums of areas": (tables, "__init__"),
        "scaled levels": (tables, "scaled"),
        "edges of windows": (windows, "__init__"),
        "scaled windows": (windows, "cut"),
        "suppression": (_openvino_stages, "survivors"),
        "suppression in the end": (_detector, "_distinct"),
    }
    detector = FaceDetector(runtime="openvino")
    stages: Any = detector._stages
    for name, (owner, attribute) in pieces.items():
        mock.patch.object(owner, attribute, watch.timed(name, getattr(owner, attribute))).start()
    for name, holder in (("PNet", stages._propose), ("RNet", stages._refine), ("ONet", stages._output)):
        holder._network = watch.timed(name, holder._network)
    aligned(photographs, detector, watch)
    watch.spent.clear()
    aligned(photographs, detector, watch)
    mock.patch.stopall()
    inside = [*pieces, "PNet", "RNet", "ONet"]
    watch.spent["the rest of detecting"] = watch.spent.pop("detecting") - sum(watch.spent[name] for name in inside)
    rows = [
        {"piece": name, "ms a photograph": round(seconds / len(photographs) * 1e3, 3)}
        for name, seconds in watch.spent.most_common()
    ]
    print_table(["piece", "ms a photograph"], [list(row.values()) for row in rows])
    keep(f"detecting-{arguments.photographs.stem}", {"images": len(photographs), "rows": rows})


if __name__ == "__main__":
    main()
