"""The loader beside its peers: ``python -m benchmarks.loading DATASET CONVERTED [--rounds R] [--seconds S]``.

Round by round each runs in a process of its own on the same cores: decoding alone (the limit), ours, and each peer
twice, with Pillow, which its documentation shows, and with our decoder, which tells what the decoder gains from
what the loader gains. The limit is measured anew between any two of them; ratios are to the mean of the limits just
before and just after, since other guests of a shared machine come and go. Medians over rounds.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks._table import keep, print_table

PEERS = ("webdataset", "mosaicml", "litdata", "files")
NAMES = {
    "ethnoshard": "**ethnoshard**",
    "webdataset": "webdataset, RandomMix",
    "mosaicml": "mosaicml-streaming, stratified",
    "litdata": "litdata, combined",
    "files": "files, MPerClassSampler",
}


def measured(module: str, *arguments: object) -> dict[str, Any]:
    """The last line that a benchmark prints, which is JSON."""
    run = subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)], capture_output=True, text=True, check=False
    )
    if run.returncode:
        raise SystemExit(f"{module} {' '.join(map(str, arguments))} failed:\n{run.stderr}")
    content: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return content


def main() -> None:
    """Run the rounds, print the table, keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("converted", type=Path, help="what benchmarks.peers.convert wrote of it")
    parser.add_argument("--name", help="name of the results; by default the dataset folder's")
    parser.add_argument("--people", type=int, default=32)
    parser.add_argument("--images", type=int, default=4)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=6)
    arguments = parser.parse_args()
    contestants = [("ethnoshard", "simplejpeg"), *((peer, how) for peer in PEERS for how in ("pillow", "simplejpeg"))]
    options = ("--people", arguments.people, "--images", arguments.images, "--workers", arguments.workers)
    runs: dict[tuple[str, str], list[dict[str, Any]]] = {one: [] for one in contestants}
    limit = measured("benchmarks.decoding", arguments.dataset, "--cores", arguments.workers)["images_per_second"]
    for number in range(arguments.rounds):
        for peer, how in contestants:
            run = measured(
                "benchmarks.peers.run", peer, arguments.dataset, arguments.converted, *options,
                "--decoder", how, "--seconds", arguments.seconds, "--epoch",
            )  # fmt: skip
            before, limit = (
                limit,
                measured("benchmarks.decoding", arguments.dataset, "--cores", arguments.workers, "--seconds", 2)[
                    "images_per_second"
                ],
            )
            runs[peer, how].append({**run, "limit": (before + limit) / 2})
            print(
                f"round {number + 1}: {peer}, {how}: {run['images_per_second']:,.0f} a second, decoding alone "
                f"{before:,.0f} before and {limit:,.0f} after",
                flush=True,
            )
    rows = [_row(peer, how, runs[peer, how]) for peer, how in contestants]
    head = ("loader", "images/s", "of decoding alone", "off the quota, worst", "mean", "identities a batch")
    print_table(
        [*head, "seen", "repeated", "never seen", "memory, MiB", "first batch, s"],
        [[*row.values()] for row in rows],
    )
    limits = [run["limit"] for each in runs.values() for run in each]
    print(
        f"decoding alone: {statistics.median(limits):,.0f} images a second ({min(limits):,.0f} to {max(limits):,.0f})"
    )
    name = arguments.name or arguments.dataset.name
    shape = {"people": arguments.people, "images": arguments.images, "workers": arguments.workers}
    keep(
        f"loading-{name}-{arguments.people}x{arguments.images}",
        {**shape, "runs": [run for each in runs.values() for run in each], "table": rows},
    )


def _row(peer: str, how: str, runs: list[dict[str, Any]]) -> dict[str, str]:
    rate = statistics.median(run["images_per_second"] for run in runs)
    ratio = statistics.median(run["images_per_second"] / run["limit"] for run in runs)

    def median(field: str) -> float:
        return statistics.median(run[field] for run in runs)

    return {
        "loader": NAMES[peer] + ("" if peer == "ethnoshard" else f" ({how})"),
        "images_per_second": f"{rate:,.0f}",
        "of_limit": f"{ratio:.2f}",
        "worst": f"{max(run['quota_deviation_worst'] for run in runs):.1f}",
        "mean": f"{median('quota_deviation_mean'):.1f}",
        "identities": f"{median('identities_per_batch'):.1f}",
        "seen": f"{median('seen'):,.0f}",
        "repeated": f"{median('repeated'):,.0f}",
        "dropped": f"{median('dropped'):,.0f}",
        "memory": f"{median('peak_rss_mib'):,.0f}",
        "first_batch": f"{median('first_batch_s'):.2f}",
    }


if __name__ == "__main__":
    main()
