"""What the training process spends on a face: ``python -m benchmarks.feeding BEFORE DATASET [--workers W] [--crop C]``

BEFORE is a checkout of another version of this repository. Each version gives batches of 32 x 4 in a process of its
own, in turn; decoding alone is measured before and after each, since other guests of a shared machine come and go.
Both must give the same pixels. Printed are medians, and the medians of each round's ratios:

``images_per_second``   that the main process got after the first epoch
``training_us``         processor time of the training process a face, microseconds: plan, read, hand out
``decoding_us``         the same of its decoding processes
``of_limit``            images a second, of what decoding alone makes on as many cores
``first_batch``         seconds from the loader's construction on
"""

import argparse
import json
import statistics
from pathlib import Path
from typing import Any

from benchmarks._table import keep, print_table
from benchmarks._versions import add_before, measured_in, versions_beside, versions_in_turn
from benchmarks.loading import measured

VALUES = ("images_per_second", "training_us", "decoding_us", "of_limit", "first_batch")

_MEASURED = """
import hashlib, json, os, sys, time
from itertools import islice
from pathlib import Path
from ethnoshard import FaceDataset, StratifiedLoader

def of_children():
    ticks = 0
    for task in Path("/proc/self/task").iterdir():
        for child in (task / "children").read_text().split():
            ticks += sum(map(int, Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")

def forever(loader):
    while True:
        yield from loader

options = json.loads(sys.argv[2])
seconds = options.pop("seconds")
dataset = FaceDataset.open(sys.argv[1])
began = time.perf_counter()
loader = StratifiedLoader(dataset, people_per_batch=32, images_per_person=4, **options)
batches = forever(loader)
digest = hashlib.sha256()
first = next(batches)
taken = time.perf_counter() - began
for batch in (first, *islice(batches, 4)):
    digest.update(batch.images.contiguous().numpy().tobytes())
for _ in islice(batches, len(loader)):
    pass
faces, began, training, decoding = 0, time.perf_counter(), time.process_time(), of_children()
while time.perf_counter() - began < seconds:
    faces += len(next(batches).identities)
seconds, training, decoding = time.perf_counter() - began, time.process_time() - training, of_children() - decoding
print(json.dumps({
    "digest": digest.hexdigest(),
    "images_per_second": faces / seconds,
    "training_us": training / faces * 1e6,
    "decoding_us": decoding / faces * 1e6,
    "first_batch": taken,
}))
"""


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_before(parser)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--name", help="name of the results; by default the dataset folder's")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--crop", type=int, help="random_crop; flips come with it")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=6)
    arguments = parser.parse_args()
    dataset = arguments.dataset.resolve()
    options = {"num_workers": arguments.workers, "seconds": arguments.seconds}
    if arguments.crop:
        options |= {"random_crop": arguments.crop, "random_flip": True}
    limits = ("benchmarks.decoding", dataset, "--cores", arguments.workers, "--seconds", 2)
    limit = measured(*limits)["images_per_second"]

    def fed(version: Path) -> dict[str, Any]:
        nonlocal limit
        run = measured_in(version, "-c", _MEASURED, dataset, json.dumps(options))
        before, limit = limit, measured(*limits)["images_per_second"]
        run["of_limit"] = run["images_per_second"] / ((before + limit) / 2)
        return run

    rounds = versions_in_turn(versions_beside(arguments.before), arguments.rounds, fed)
    digests = {run["digest"] for runs in rounds.values() for run in runs}
    assert len(digests) == 1, f"the versions give different pixels: {digests}"
    medians = {
        name: {value: round(statistics.median(run[value] for run in runs), 3) for value in VALUES}
        for name, runs in rounds.items()
    }
    ratios = {
        value: round(statistics.median(now[value] / was[value] for was, now in zip(*rounds.values(), strict=True)), 3)
        for value in VALUES
    }
    print_table(
        ["", *VALUES],
        [[name, *of.values()] for name, of in medians.items()] + [["now / before, by round", *ratios.values()]],
    )
    rows = [{"version": name, **of} for name, of in {**medians, "now / before, by round": ratios}.items()]
    crop = f"-crop-{arguments.crop}" if arguments.crop else ""
    keep(
        f"feeding-{arguments.name or dataset.name}{crop}",
        {**options, "rounds": arguments.rounds, "rows": rows, "runs": rounds},
    )


if __name__ == "__main__":
    main()
