"""Damaged files for every reader: ``python -m benchmarks.fuzz [--only TEXT] [--mutations N] [--first SEED]``.

Each reader of files from outside is given a small whole file with one to three random changes (bits flipped, the end
cut off, bytes inserted, removed or copied elsewhere, numbers replaced by extreme ones), again and again, in a process
of its own. Allowed are one clear message and counted rows. Anything else is a failure: another exception, a warning, a
line on standard error, more than 10 s of a processor, 1 GiB more memory, a file opened for writing, a process started,
a name looked up for a pickle. Failures are listed with their seed; ``--case NAME SEED`` shows one with its traceback,
and ``--keep NAME`` says which file of ``results`` is written, none for an empty name.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks._table import keep, print_table
from benchmarks.fuzz._cases import Case
from benchmarks.fuzz._mutations import mutated
from benchmarks.fuzz._targets import TARGETS
from benchmarks.fuzz._watch import cases_of
from ethnoshard._parallel import available_cores

_SHOWN = 5
"""Failures of a reader that are listed; all are counted."""


def main() -> int:
    """Damage, read, count, print; status 1 where something failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", default=[], help="readers whose name holds this text; repeatable")
    parser.add_argument("--mutations", type=int, default=2000, help="of each reader's file")
    parser.add_argument("--first", type=int, default=0, help="seed of the first")
    parser.add_argument("--processes", type=int, default=available_cores())
    parser.add_argument("--case", nargs=2, metavar=("NAME", "SEED"), help="show one case with its traceback")
    parser.add_argument("--keep", default="fuzz")
    arguments = parser.parse_args()
    if arguments.case:
        show_case(arguments.case[0], int(arguments.case[1]))
        return 0
    names = [name for name in TARGETS if not arguments.only or any(text in name for text in arguments.only)]
    seeds = range(arguments.first, arguments.first + arguments.mutations)
    begin = time.perf_counter()
    # Threads, since the work is done by a process for each.
    found: dict[str, list[Case]] = {}
    with ThreadPoolExecutor(arguments.processes) as pool:
        for name, cases in zip(names, pool.map(lambda name: list(cases_of(name, seeds)), names), strict=True):
            found[name] = cases
            print(f"{name}: {sum(case.outcome == 'failure' for case in cases):,} failures", flush=True)
            show_failures(cases)
    rows = [row_of(name, cases) for name, cases in found.items()]
    print()
    print_table(
        list(rows[0]), [[f"{cell:,}" if isinstance(cell, int) else cell for cell in row.values()] for row in rows]
    )
    failures = sum(case.outcome == "failure" for cases in found.values() for case in cases)
    print(f"\n{len(names) * len(seeds):,} damaged files, {failures:,} failures, {time.perf_counter() - begin:,.0f} s")
    if arguments.keep:
        keep(arguments.keep, {"mutations": len(seeds), "first": arguments.first, "rows": rows})
    return int(failures > 0)


def row_of(name: str, cases: Sequence[Case]) -> dict[str, str | int | float]:
    """Counts of one reader."""
    counts = Counter(case.outcome for case in cases)
    return {
        "reader": name,
        "files": len(cases),
        "one clear message": counts["message"],
        "counted rows": counts["rows"],
        "failures": counts["failure"],
        "longest, s": round(max(case.seconds for case in cases), 2),
    }


def show_failures(cases: Sequence[Case]) -> None:
    """Some of each kind, with the seeds that make them again."""
    failures = [case for case in cases if case.outcome == "failure"]
    kinds: dict[str, list[Case]] = {}
    for case in failures:
        kinds.setdefault(case.text.rpartition("(")[2] or case.text, []).append(case)
    for same in list(kinds.values())[:_SHOWN]:
        print(f"  seed {same[0].seed} and {len(same) - 1:,} others alike: {same[0].text}", flush=True)


def show_case(name: str, seed: int) -> None:
    """Read one damaged file here, whatever comes of it."""
    target = TARGETS[name]
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        place = Path(folder)
        target.make(place)
        path = place / target.file
        path.write_bytes(mutated(path.read_bytes(), seed))
        print(f"{target.read(place):,} rows")


if __name__ == "__main__":
    sys.exit(main())
