"""The loader beside its peers: ``python -m benchmarks.loading DATASET CONVERTED [--rounds R] [--seconds S]``.

Round by round each runs in a process of its own on the same cores: decoding alone (the limit), ours, and each peer
twice, with Pillow, which its documentation shows, and with our decoder, which tells what the decoder gains from
what the loader gains; those that have a decoder of their own with that. A peer that can't be run is a row that says
why. The limit is measured anew between any two of them; ratios are to the mean of the limits just before and just
after, since other guests of a shared machine come and go. Medians over rounds.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks._table import keep, print_table
from ethnoshard._json import from_json
from ethnoshard.results import Contestant, LoaderBenchmark, LoaderRun

BOTH, OWN = ("pillow", "simplejpeg"), ("own",)
PEERS = {
    # Those that mix groups, or know people, and decode with what they are given.
    "webdataset": BOTH,
    "mosaicml": BOTH,
    "litdata": BOTH,
    "files": BOTH,
    "oml": BOTH,
    "zephon": BOTH,
    # Those that are fast: each has a decoder of its own, and neither groups nor people. spdl runs any decoder, too.
    "turboloader": OWN,
    "spdl": (*OWN, "simplejpeg"),
    "dali": OWN,
}
"""Peer -> the decoders with which it runs."""


class NotRun(Exception):  # noqa: N818 - that a peer can't be run is a result
    """A benchmark can't be run; the message says why."""


def measured(module: str, *arguments: object) -> dict[str, Any]:
    """The last line that a benchmark prints, which is JSON.

    Raises:
        NotRun: it ended otherwise, or took ten minutes.
    """
    command = [sys.executable, "-m", module, *map(str, arguments)]
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    except subprocess.TimeoutExpired as error:
        raise NotRun("it took more than ten minutes") from error
    if run.returncode:
        lines = [line.strip() for line in run.stderr.splitlines() if line.strip()]
        raise NotRun(lines[-1] if lines else f"it ended with status {run.returncode}")
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
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=list(PEERS), help="by default all")
    parser.add_argument("--decoders", nargs="*", choices=[*BOTH, *OWN], default=[*BOTH, *OWN], help="of the peers")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=6)
    arguments = parser.parse_args()
    contestants = [
        ("ethnoshard", "simplejpeg"),
        *(
            (peer, how)
            for peer, decoders in PEERS.items()
            if peer in arguments.peers
            for how in decoders
            if how in arguments.decoders
        ),
    ]
    not_run: dict[str, str] = {}
    options = ("--people", arguments.people, "--images", arguments.images, "--workers", arguments.workers)
    runs: dict[tuple[str, str], list[dict[str, Any]]] = {one: [] for one in contestants}
    limit = measured("benchmarks.decoding", arguments.dataset, "--cores", arguments.workers)["images_per_second"]
    for number in range(arguments.rounds):
        for peer, how in contestants:
            try:
                run = measured(
                    "benchmarks.peers.run", peer, arguments.dataset, arguments.converted, *options,
                    "--decoder", how, "--seconds", arguments.seconds, "--epoch",
                )  # fmt: skip
            except NotRun as why:
                # A peer that ran before may fail once where memory is short: its other rounds count.
                print(f"round {number + 1}: {peer}, {how}: not run: {why}", flush=True)
                not_run[peer] = str(why)
                continue
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
    ran = [contestant for contestant in contestants if runs[contestant]]
    if ("ethnoshard", "simplejpeg") not in ran:
        raise SystemExit(f"ours did not run: {not_run['ethnoshard']}")
    everybody = LoaderBenchmark(
        people=arguments.people,
        images=arguments.images,
        runs=tuple(from_json(LoaderRun, run, "a run") for one in ran for run in runs[one]),
        not_run={peer: why for peer, why in not_run.items() if not any(peer == one for one, _ in ran)},
    )
    rows = [_row(one) for one in everybody.contestants()]
    head = ("loader", "images/s", "of decoding alone", "off the quota, worst", "mean", "identities a batch")
    print_table(
        [*head, "seen", "repeated", "never seen", "memory, MiB", "first batch, s"],
        [[*row.values()] for row in rows] + [[text, *["-"] * 10] for text in everybody.absent],
    )
    least, median, most = everybody.limits
    print(f"decoding alone: {median:,.0f} images a second ({least:,.0f} to {most:,.0f})")
    name = arguments.name or arguments.dataset.name
    shape = {"people": arguments.people, "images": arguments.images, "workers": arguments.workers}
    keep(
        f"loading-{name}-{arguments.people}x{arguments.images}",
        {**shape, "runs": [run for one in ran for run in runs[one]], "not_run": everybody.not_run, "table": rows},
    )


def _row(one: Contestant) -> dict[str, str]:
    return {
        "loader": f"**{one.name}**" if one.ours else one.name,
        "images_per_second": f"{one.rate:,.0f}",
        "of_limit": f"{one.of_limit:.2f}",
        "worst": f"{one.worst:.1f}",
        "mean": f"{one.off:.1f}",
        "identities": f"{one.people:.1f}",
        "seen": f"{one.seen:,}",
        "repeated": f"{one.repeated:,}",
        "dropped": f"{one.never:,}",
        "memory": f"{one.memory:,.0f}",
        "first_batch": f"{one.first:.2f}",
    }


if __name__ == "__main__":
    main()
