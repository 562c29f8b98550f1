"""Listing a source: ``python -m benchmarks.listing BEFORE [--images N ...] [--orders O ...]``

BEFORE is a checkout of another version of this repository. Each version lists made sets of N images and digests the
listing, in a process of its own, in turn; printed are microseconds and bytes an image, the bytes being the process's
peak memory less what it had before. The sets are written to a temporary folder. RecordIO has 64 bytes an image, which
nobody looks at, in order of people as insightface writes them, and shuffled as im2rec does; the images of a folder, tar
or zip have a name alone, see ``benchmarks/_photographs.py``. Both versions must give one digest.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._photographs import CONTAINERS, OF_ONE
from benchmarks._table import keep, print_table, summary
from benchmarks._versions import add_before, measured_in, versions_beside, versions_in_turn

ORDERS = ("in order", "without index", "shuffled")
"""Of RecordIO."""
PAYLOAD = 64
IMAGES_A_PERSON = 30
_AT_ONCE = 1 << 17

_MEASURED = """
import json, sys, time
from ethnoshard.sources import open_source

def peak():  # getrusage would begin with that of the process which started this one
    return int(open("/proc/self/status").read().partition("VmHWM:")[2].split()[0]) * 1024

before, began, used = peak(), time.perf_counter(), time.process_time()
source = open_source(sys.argv[1])
digest = source.digest()
seconds, processor = time.perf_counter() - began, time.process_time() - used
images = len(source.refs)
print(json.dumps({
    "digest": digest,
    "images": images,
    "us": seconds / images * 1e6,
    "processor_us": processor / images * 1e6,
    "bytes": (peak() - before) / images,
}))
"""


def make_set(folder: Path, images: int, *, shuffled: bool) -> None:
    """Write ``train.rec`` and ``train.idx``."""
    record = np.dtype(
        [("magic", "<u4"), ("length", "<u4"), ("flag", "<u4"), ("label", "<f4"), ("ids", "<u8", 2), ("image", "V64")]
    )
    keys = np.random.default_rng(0).permutation(images) if shuffled else np.arange(images)
    folder.mkdir()
    with (folder / "train.rec").open("wb") as rec, (folder / "train.idx").open("w") as index:
        for start in range(0, images, _AT_ONCE):
            some = keys[start : start + _AT_ONCE]
            block = np.zeros(len(some), record)
            block["magic"], block["length"] = 0xCED7230A, record.itemsize - 8
            block["label"], block["ids"][:, 0] = some // IMAGES_A_PERSON, some
            rec.write(block.tobytes())
            offsets = range(start * record.itemsize, images * record.itemsize, record.itemsize)
            index.writelines(f"{key}\t{offset}\n" for key, offset in zip(some.tolist(), offsets, strict=False))


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_before(parser)
    parser.add_argument("--images", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--orders", nargs="+", choices=[*ORDERS, *CONTAINERS], default=ORDERS)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    versions = versions_beside(arguments.before)
    rows = []
    for images in arguments.images:
        kept: dict[str, list[dict[str, Any]]] = {}
        for order in arguments.orders:
            with tempfile.TemporaryDirectory() as folder:
                place = Path(folder) / "set"
                if order in CONTAINERS:
                    CONTAINERS[order](place, images)
                else:
                    make_set(place, images, shuffled=order == "shuffled")
                if order == "without index":
                    (place / "train.idx").unlink()
                found = versions_in_turn(
                    versions,
                    arguments.rounds,
                    lambda version, place=place: measured_in(version, "-c", _MEASURED, place),
                    of=f"{images:,} {order}",
                )
            digests = {each["digest"] for rounds in found.values() for each in rounds}
            assert len(digests) == 1, f"the versions list different images: {digests}"
            measured = {
                what: summary({name: [round(each[what], 3) for each in rounds] for name, rounds in found.items()})
                for what in ("us", "processor_us", "bytes")
            }
            file = f"listing-{order}-{images}" if order in CONTAINERS else f"listing-{images}"
            kept.setdefault(file, []).extend(
                {"images": images, "order": order, "version": name}
                | {what: figures[name] for what, figures in measured.items()}
                for name in versions
            )
            for name in versions:
                us, processor, taken = (measured[what][name] for what in ("us", "processor_us", "bytes"))
                median_us = [f"{figure['median']:.2f}" for figure in (us, processor)]
                rows.append([f"{images:,} {order}, {name}", *median_us, f"{us['most']:.2f}", f"{taken['median']:.1f}"])
        for file, measured_rows in kept.items():
            made = {"images_a_person": IMAGES_A_PERSON, "payload_bytes": PAYLOAD}
            if file != f"listing-{images}":
                made = {"images_a_person": OF_ONE, "payload_bytes": 0}
            keep(file, {"images": images, **made, "rounds": arguments.rounds, "rows": measured_rows})
    print_table(["images", "us an image", "of the processor", "most", "bytes an image"], rows)


if __name__ == "__main__":
    main()
