"""Planning at scale: ``python -m benchmarks.planning [--people P] [--images K] [--target T] [--together M] [--hard H]``

Only the numbers of a dataset are made up, six groups from 84.5 % to 0.5 % with geometrically many faces a person; with
``--hard`` a table of look-alikes too, 16 people of the group by chance for each, which is memory-mapped from a
temporary folder. Printed are the seconds until an epoch's plan is ready, for one batch anywhere in it and for the next
one, for going on from a state, and the process's peak memory, pages of the table among it.
"""

import argparse
import json
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._table import keep
from ethnoshard.mixing import Identities, Plan, PlanSettings, Resemblance

SHARES = (0.845, 0.06, 0.04, 0.03, 0.02, 0.005)
FACE_BYTES, SHARD_BYTES = 13_000, 1 << 30
NEAREST, _AT_ONCE = 16, 1 << 18


def identities_of(number: int, faces: int) -> Identities:
    """So many identities with so many faces in all, about."""
    rng = np.random.default_rng(0)
    count = np.maximum(2, rng.geometric(number / faces, number)).astype(np.int32)
    group = np.sort(rng.choice(len(SHARES), number, p=SHARES)).astype(np.int8)
    length = count.astype(np.int64) * FACE_BYTES
    begin = np.cumsum(length) - length
    shard = (begin // SHARD_BYTES).astype(np.int32)
    first = begin[np.searchsorted(shard, np.arange(int(shard[-1]) + 1))]
    return Identities(
        group=group, faces=count, shard=shard, offset=begin - first[shard], length=length, groups=tuple("ABCDEF")
    )


def strangers(folder: Path, identities: Identities) -> Resemblance:
    """A table in a file that has people of the group by chance for look-alikes: they lie as far apart as can be."""
    rng = np.random.default_rng(2)
    number = len(identities.group)
    begins = np.searchsorted(identities.group, np.arange(len(SHARES) + 1))
    table = np.lib.format.open_memmap(folder / "nearest.npy", "w+", np.int32, (number, NEAREST))
    for begin in range(0, number, _AT_ONCE):
        some = np.arange(begin, min(number, begin + _AT_ONCE))
        first = begins[identities.group[some]]
        others = begins[identities.group[some] + 1] - first - 1
        steps = 1 + (rng.random((len(some), NEAREST)) * others[:, None]).astype(np.int64)
        table[some] = first[:, None] + (some[:, None] - first[:, None] + steps) % (others[:, None] + 1)
    table.flush()
    del table
    return Resemblance(np.load(folder / "nearest.npy", mmap_mode="r"), digest="strangers")


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds that it took, and what came of it."""
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def measure(arguments: argparse.Namespace, folder: Path) -> None:
    """Plan, print what it took, and keep it."""
    identities = identities_of(arguments.identities, arguments.faces)
    settings = PlanSettings(
        people_per_batch=arguments.people,
        images_per_person=arguments.images,
        target=arguments.target,
        together=arguments.together,
        hard=arguments.hard,
    )
    near = strangers(folder, identities) if arguments.hard else None
    before = peak_mib()
    used = time.process_time()
    planned, plan = timed(lambda: Plan(identities, settings, near))
    laid_out, epoch = timed(lambda: plan.epoch(0))
    used = time.process_time() - used
    anywhere = np.random.default_rng(1).integers(0, plan.batches, 50).tolist()
    far = [timed(lambda number=number: epoch.batch(number))[0] for number in anywhere]
    begin = plan.batches // 2
    near_by = [timed(lambda number=number: epoch.batch(number))[0] for number in range(begin, begin + 200)]
    resumed, _ = timed(lambda: plan.epoch(0).batch(plan.batches - 1))
    figures = {
        "identities": arguments.identities,
        "faces": int(identities.faces.sum(dtype=np.int64)),
        "people": arguments.people,
        "images": arguments.images,
        "target": arguments.target,
        "together": arguments.together,
        "hard": arguments.hard,
        "batches": plan.batches,
        "plan_s": round(planned + laid_out, 2),
        "plan_processor_s": round(used, 2),
        "batch_anywhere_ms": {"median": round(statistics.median(far) * 1e3, 2), "most": round(max(far) * 1e3, 2)},
        "next_batch_ms": {"median": round(statistics.median(near_by) * 1e3, 2), "most": round(max(near_by) * 1e3, 2)},
        "going_on_ms": round(resumed * 1e3, 2),
        "peak_mib": peak_mib(),
        "peak_before_mib": before,
    }
    print(json.dumps(figures, indent=2))
    name = f"planning-{arguments.people}x{arguments.images}-{arguments.target}"
    name += f"-together-{arguments.together}" if arguments.together > 1 else ""
    keep(name + (f"-hard-{arguments.hard:g}" if arguments.hard else ""), figures)


def peak_mib() -> int:
    """The process's peak memory so far."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


def main() -> None:
    """Plan, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--identities", type=int, default=8_000_000)
    parser.add_argument("--faces", type=int, default=200_000_000)
    parser.add_argument("--people", type=int, default=45)
    parser.add_argument("--images", type=int, default=40)
    parser.add_argument("--target", default="natural")
    parser.add_argument("--together", type=int, default=1)
    parser.add_argument("--hard", type=float, default=0.0)
    with tempfile.TemporaryDirectory() as folder:
        measure(parser.parse_args(), Path(folder))


if __name__ == "__main__":
    main()
