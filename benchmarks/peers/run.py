"""One peer measured, as a line of JSON: ``python -m benchmarks.peers.run PEER DATASET CONVERTED``.

``images_per_second``        that the main process got after the first batch; the pauses between epochs count
``first_batch_s``            from construction to the first batch; imports are left out
``quota_deviation_*``        of each full batch: the largest difference, over groups, of its images from share x batch
``identities_per_batch``     mean number of different identities in a full batch
``seen, repeated, dropped``  with ``--epoch``, of the first epoch: different faces that came; deliveries of a face that
                             had come before; faces that never came
``peak_rss_mib``             the most that the main process and its children held together, looked at twice a second
                             for two seconds or more after the timed ones: PSS, in which memory that several share
                             counts once; torch itself is in it
"""

import argparse
import importlib
import importlib.metadata
import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from benchmarks.peers._faces import Batch, shares
from ethnoshard.shards import FaceDataset

PEERS = {
    "ethnoshard": "ethnoshard_natural",
    "webdataset": "webdataset_mix",
    "mosaicml": "mosaic_stratified",
    "litdata": "litdata_combined",
    "files": "files_mperclass",
    "oml": "oml_categories",
    "zephon": "zephon_mixture",
    "turboloader": "turboloader_tar",
    "spdl": "spdl_images",
    "dali": "dali_files",
}


_WATCHED = 2.0
"""Seconds for which the memory is watched."""


class Memory:
    """Watches how much memory this process and its children hold, while in a ``with`` block."""

    def __init__(self, every: float = 0.5) -> None:
        """Look ``every`` so many seconds; a look costs milliseconds of a core."""
        self.peak = 0
        self._every, self._end = every, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Memory":
        """Begin."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End."""
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        main = psutil.Process()
        while not self._end.wait(self._every):
            total = 0
            for process in [main, *main.children(recursive=True)]:
                # A worker may end at any time.
                try:
                    total += process.memory_full_info().pss
                except psutil.Error:
                    continue
            self.peak = max(self.peak, total)


def epochs(loader: Iterable[Batch]) -> Iterator[tuple[int, Batch]]:
    """Batches without end, each with the number of its epoch.

    Raises:
        RuntimeError: an epoch has no batch.
    """
    epoch = 0
    while True:
        empty = True
        for batch in loader:
            empty = False
            yield epoch, batch
        if empty:
            raise RuntimeError(f"epoch {epoch} has no batch")
        epoch += 1


def measure(
    make: Callable[[], Iterable[Batch]], dataset: FaceDataset, *, size: int, seconds: float, epoch: bool
) -> dict[str, Any]:
    """Run a loader for ``seconds``, then a while to see its memory, and to the end of its first epoch if ``epoch``."""
    numbers: list[tuple[np.ndarray, np.ndarray]] = []
    faces: list[np.ndarray] = []
    images, rate, begun, timed = 0, None, 0.0, 0.0
    # A look at the memory holds up page faults, so the watching begins when the rate is known.
    memory = Memory()
    constructed = time.perf_counter()
    loader = make()
    for number, (pixels, identities, groups, which) in epochs(loader):
        now = time.perf_counter()
        if not begun:
            begun, shape = now, list(pixels.shape[1:])
        elif rate is None:
            images += len(pixels)
            if now - begun >= seconds:
                rate, timed = images / (now - begun), now
                memory.__enter__()
        # Copied: the tensors hold a file descriptor each as long as they live.
        numbers.append((np.asarray(identities).copy(), np.asarray(groups).copy()))
        if number == 0:
            faces.append(np.asarray(which).copy())
        if rate is not None and now - timed > _WATCHED and (number > 0 or not epoch):
            break
    memory.__exit__()
    full = [batch for batch in numbers if len(batch[0]) == size]
    # What the loader was asked for: shares of the faces, or what it says itself.
    wanted = np.array(getattr(loader, "shares", shares(dataset))) * size
    deviations = [np.abs(np.bincount(groups, minlength=len(wanted)) - wanted).max() for _, groups in full]
    result = {
        "images_per_second": round(rate, 1),
        "first_batch_s": round(begun - constructed, 3),
        "batch": size,
        "image_shape": shape,
        "full_batches": len(full),
        "other_batches": len(numbers) - len(full),
        "epochs_begun": number + 1,
        "quota_deviation_worst": round(float(max(deviations)), 2),
        "quota_deviation_mean": round(float(np.mean(deviations)), 2),
        "identities_per_batch": round(float(np.mean([len(np.unique(identities)) for identities, _ in full])), 1),
        "faces": dataset.manifest.faces,
        "peak_rss_mib": round(memory.peak / 2**20),
        "memory": "PSS of main process and children",
    }
    if epoch:
        came = np.concatenate(faces)
        seen = len(np.unique(came))
        result |= {"seen": seen, "repeated": len(came) - seen, "dropped": dataset.manifest.faces - seen}
    return result


def main() -> None:
    """Measure one peer."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("converted", type=Path, help="what benchmarks.peers.convert wrote of the dataset")
    parser.add_argument("--people", type=int, default=32)
    parser.add_argument("--images", type=int, default=4)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--decoder", choices=["pillow", "simplejpeg", "own"], default="simplejpeg")
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--epoch", action="store_true", help="also count what the first epoch gave")
    arguments = parser.parse_args()
    dataset = FaceDataset.open(arguments.dataset)
    origin = arguments.converted / "fingerprint"
    if not origin.exists() or origin.read_text() != dataset.fingerprint:
        parser.error(f"{arguments.converted} was not converted from {arguments.dataset}: run benchmarks.peers.convert")
    peer = importlib.import_module(f"benchmarks.peers.{PEERS[arguments.peer]}")
    make = partial(
        peer.make,
        arguments.dataset,
        arguments.converted,
        people=arguments.people,
        images=arguments.images,
        workers=arguments.workers,
        decoder=arguments.decoder,
    )
    about = {
        "loader": arguments.peer,
        "version": importlib.metadata.version(peer.PACKAGE),
        "decoder": arguments.decoder,
        "workers": arguments.workers,
    }
    size = arguments.people * arguments.images
    print(json.dumps(about | measure(make, dataset, size=size, seconds=arguments.seconds, epoch=arguments.epoch)))


if __name__ == "__main__":
    main()
