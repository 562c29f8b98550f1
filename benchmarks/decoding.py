"""What decoding alone reaches: ``python -m benchmarks.decoding DATASET [--cores N] [--seconds S]``; one line of JSON.

Every face's JPEG is in memory; each core decodes its part of them into the same few images again and again, by the
decoder that the loader has, once with a thread and once with a process a core. The better of the two is the limit.
"""

import argparse
import json
import multiprocessing
import threading
import time
from multiprocessing.sharedctypes import Synchronized
from multiprocessing.synchronize import Barrier
from pathlib import Path

import numpy as np
import simplejpeg

from ethnoshard.shards import FaceDataset

_IMAGES = 128


def jpegs_of(dataset: FaceDataset) -> list[bytes]:
    """Every face's JPEG."""
    faces = dataset.faces()
    shards = dataset.identities["shard"].to_numpy()[faces["identity"].to_numpy()]
    content = [dataset.shard_path(shard).read_bytes() for shard in range(len(dataset.manifest.shards))]
    places = zip(shards.tolist(), faces["offset"].to_list(), faces["length"].to_list(), strict=True)
    return [content[shard][offset : offset + length] for shard, offset, length in places]


def decode(jpegs: list[bytes], side: int, seconds: float) -> float:
    """Decode for some seconds; images a second."""
    images = np.empty((_IMAGES, side, side, 3), np.uint8)
    began, done = time.perf_counter(), 0
    while (took := time.perf_counter() - began) < seconds:
        for index in range(_IMAGES):
            simplejpeg.decode_jpeg(jpegs[(done + index) % len(jpegs)], buffer=images[index])
        done += _IMAGES
    return done / took


def in_threads(jpegs: list[bytes], side: int, cores: int, seconds: float) -> float:
    """Images a second of a thread a core."""
    rates: list[float] = []
    threads = [
        threading.Thread(target=lambda part=part: rates.append(decode(jpegs[part::cores], side, seconds)))
        for part in range(cores)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(rates)


def in_processes(folder: Path, cores: int, seconds: float) -> float:
    """Images a second of a process a core."""
    context = multiprocessing.get_context("spawn")
    total, together = context.Value("d", 0.0), context.Barrier(cores)
    processes = [
        context.Process(target=_process, args=(folder, part, cores, seconds, together, total)) for part in range(cores)
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    return float(total.value)


def _process(
    folder: Path, part: int, cores: int, seconds: float, together: Barrier, total: "Synchronized[float]"
) -> None:
    dataset = FaceDataset.open(folder)
    jpegs = jpegs_of(dataset)[part::cores]
    together.wait()
    rate = decode(jpegs, dataset.image_size, seconds)
    with total.get_lock():
        total.value += rate


def main() -> None:
    """Measure both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=4)
    arguments = parser.parse_args()
    dataset = FaceDataset.open(arguments.dataset)
    threads = in_threads(jpegs_of(dataset), dataset.image_size, arguments.cores, arguments.seconds)
    processes = in_processes(arguments.dataset, arguments.cores, arguments.seconds)
    print(json.dumps({"threads": threads, "processes": processes, "images_per_second": max(threads, processes)}))


if __name__ == "__main__":
    main()
