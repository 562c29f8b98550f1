"""Planning at scale: ``python -m benchmarks.planning [--identities N] [--people P] [--images K] [--target T]``.

Only the numbers of a dataset are made up, six groups from 84.5 % to 0.5 % with geometrically many faces a person.
Printed are the seconds until an epoch's plan is ready, for one batch anywhere in it and for the next one, for going
on from a state, and the process's peak memory.
"""

import argparse
import json
import resource
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks._table import keep
from ethnoshard.mixing import Identities, Plan, PlanSettings

SHARES = (0.845, 0.06, 0.04, 0.03, 0.02, 0.005)
FACE_BYTES, SHARD_BYTES = 13_000, 1 << 30


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


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds that it took, and what came of it."""
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def main() -> None:
    """Plan, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--identities", type=int, default=8_000_000)
    parser.add_argument("--faces", type=int, default=200_000_000)
    parser.add_argument("--people", type=int, default=45)
    parser.add_argument("--images", type=int, default=40)
    parser.add_argument("--target", default="natural")
    arguments = parser.parse_args()
    identities = identities_of(arguments.identities, arguments.faces)
    settings = PlanSettings(
        people_per_batch=arguments.people, images_per_person=arguments.images, target=arguments.target
    )
    planned, plan = timed(lambda: Plan(identities, settings))
    laid_out, epoch = timed(lambda: plan.epoch(0))
    anywhere = np.random.default_rng(1).integers(0, plan.batches, 50).tolist()
    far = [timed(lambda number=number: epoch.batch(number))[0] for number in anywhere]
    begin = plan.batches // 2
    near = [timed(lambda number=number: epoch.batch(number))[0] for number in range(begin, begin + 200)]
    resumed, _ = timed(lambda: plan.epoch(0).batch(plan.batches - 1))
    figures = {
        "identities": arguments.identities,
        "faces": int(identities.faces.sum(dtype=np.int64)),
        "people": arguments.people,
        "images": arguments.images,
        "target": arguments.target,
        "batches": plan.batches,
        "plan_s": round(planned + laid_out, 2),
        "batch_anywhere_ms": {"median": round(statistics.median(far) * 1e3, 2), "most": round(max(far) * 1e3, 2)},
        "next_batch_ms": {"median": round(statistics.median(near) * 1e3, 2), "most": round(max(near) * 1e3, 2)},
        "going_on_ms": round(resumed * 1e3, 2),
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }
    print(json.dumps(figures, indent=2))
    keep(f"planning-{arguments.people}x{arguments.images}-{arguments.target}", figures)


if __name__ == "__main__":
    main()
