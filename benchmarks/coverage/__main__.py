"""Coverage of intervals and false claims: ``python -m benchmarks.coverage [--only TEXT] [--worlds N] [--draws N]``.

In drawn worlds whose truth is known two models are evaluated by group, or on ten folds, and compared, as reports do it.
Counted are intervals that hold the truth (of 95 %: 92 to 98 % are good), claims where nothing differs (of 5 %: 2 to 7 %
are good) and claims where something does (power), each with the standard error of the count. With ``--embeddings FILE``
(repeatable; ``ethnoshard embed`` writes it) people of the file are cut into four groups by chance, which differ by
chance alone, and two models are made of one by noise.

Printed are a table of each setting, a summary, and a list of what lies outside its bounds; ``--keep NAME`` says which
file of ``results`` is written, none for an empty name.
"""

import argparse
import time
from collections import defaultdict
from pathlib import Path

from benchmarks._table import keep, print_table
from benchmarks.coverage._answers import Answer, Kind
from benchmarks.coverage._settings import SETTINGS
from benchmarks.coverage._shares import Share, Verdict, counted
from benchmarks.coverage._task import title_of, world_of
from ethnoshard._parallel import available_cores, in_processes

SIZES = (20, 40, 100)
"""People a group, of real embeddings."""
_WORLDS_OF_PARTS = 150

_SUMMARIES: tuple[tuple[Kind, dict[str, str]], ...] = (
    (
        "covers",
        {
            "FMR by group": "FMR",
            "FNMR by group": "FNMR",
            "accuracy by group": "accuracy",
            "FMR of all": "FMR of all",
            "FNMR of all": "FNMR of all",
            "change of FMR by group": "change of FMR",
            "change of FNMR by group": "change of FNMR",
        },
    ),
    (
        "claims",
        {
            "max_gap_fmr: groups differ": "gap of FMR",
            "max_gap_fnmr: groups differ": "gap of FNMR",
            "fdr: groups differ": "FDR",
            "garbe: groups differ": "GARBE",
            "ser: groups differ": "SER",
            "a group's rate changed, any": "a group's rate changed",
        },
    ),
    (
        "power",
        {
            "max_gap_fmr: groups differ": "gap of FMR",
            "max_gap_fnmr: groups differ": "gap of FNMR",
            "garbe: groups differ": "GARBE",
            "change of FNMR of all": "FNMR of all changed",
            "a group's rate changed, any": "a group's rate changed",
        },
    ),
    (
        "covers",
        {
            "VAL at 0.001": "VAL at .001",
            "VAL at 0.01": "VAL at .01",
            "accuracy": "accuracy",
            "accuracy, exact": "accuracy, exact",
        },
    ),
    (
        "claims",
        {
            "change of val_at_0.001": "VAL at .001 changed",
            "change of val_at_0.01": "VAL at .01 changed",
            "change of accuracy": "accuracy changed",
            "change of auc": "AUC changed",
        },
    ),
)
"""Of a kind: question -> head of the column."""
_NAMES: dict[Kind, str] = {"covers": "holds the truth, %", "claims": "false claims, %", "power": "true claims, %"}


def main() -> None:
    """Draw, evaluate, count, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", default=[], help="settings whose name holds this text; repeatable")
    parser.add_argument("--worlds", type=int, help="of each setting")
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--embeddings", type=Path, action="append", default=[])
    parser.add_argument("--processes", type=int, default=available_cores())
    parser.add_argument("--keep", default="coverage")
    arguments = parser.parse_args()
    worlds = {name: setting.worlds for name, setting in SETTINGS.items()}
    worlds |= {f"{path}:{size}": _WORLDS_OF_PARTS for path in arguments.embeddings for size in SIZES}
    chosen = [name for name in worlds if not arguments.only or any(text in name for text in arguments.only)]
    tasks = [
        (name, number, arguments.draws, arguments.seed)
        for name in chosen
        for number in range(arguments.worlds or worlds[name])
    ]
    begin = time.perf_counter()
    found: dict[str, dict[int, list[Answer]]] = defaultdict(dict)
    shares: dict[str, list[Share]] = {}
    for name, number, answers in in_processes(world_of, tasks, workers=arguments.processes):
        found[name][number] = answers
        if len(found[name]) == (arguments.worlds or worlds[name]):
            # In the order of their numbers, whichever process was faster.
            shares[title_of(name)] = counted(answers for _, answers in sorted(found.pop(name).items()))
            show(title_of(name), shares[title_of(name)])
    show_summary(shares)
    show_outside(shares)
    print(f"\n{len(tasks):,} worlds, {arguments.draws} draws each, {time.perf_counter() - begin:,.0f} s")
    if arguments.keep:
        keep(arguments.keep, {"draws": arguments.draws, "seed": arguments.seed, "rows": rows_of(shares)})


def rows_of(shares: dict[str, list[Share]]) -> list[dict[str, str]]:
    """A row a question, a column a setting."""
    rows: dict[tuple[str, str], dict[str, str]] = {}
    for name, some in shares.items():
        for one in some:
            row = rows.setdefault((one.kind, one.what), {"what": one.what, "kind": one.kind})
            row[name] = one.text()
    return list(rows.values())


def show(name: str, some: list[Share]) -> None:
    """A setting's table."""
    print(f"\n### {name}\n")
    print_table(
        ["what", "kind", "%", "+-", "below", "above", "bias", "width", "answers", "verdict"],
        [
            [
                one.what,
                one.kind,
                f"{100 * one.share:.1f}",
                f"{100 * one.monte_carlo:.1f}",
                f"{100 * one.below:.1f}" if one.kind == "covers" else "",
                f"{100 * one.above:.1f}" if one.kind == "covers" else "",
                "" if one.bias is None else f"{one.bias:.2f}",
                "" if one.width is None else f"{one.width:.2f}",
                one.answers,
                "" if one.kind == "power" else one.verdict.value,
            ]
            for one in some
        ],
    )


def show_summary(shares: dict[str, list[Share]]) -> None:
    """What matters most, a row a setting."""
    for kind, heads in _SUMMARIES:
        rows = []
        for name, some in shares.items():
            found = {one.what: one.text() for one in some if one.kind == kind}
            if any(what in found for what in heads):
                rows.append([name, *(found.get(what, "") for what in heads)])
        if rows:
            print()
            print_table([_NAMES[kind], *heads.values()], rows)


def show_outside(shares: dict[str, list[Share]]) -> None:
    """What lies outside its bounds, by more than chance explains."""
    judged = [(name, one) for name, some in shares.items() for one in some if one.kind != "power"]
    outside = [(name, one) for name, one in judged if one.verdict is Verdict.OUTSIDE]
    print(f"\n### Outside their bounds: {len(outside)} of {len(judged)}\n")
    print_table(
        ["setting", "what", "kind", "%", "+-"],
        [[name, one.what, one.kind, f"{100 * one.share:.1f}", f"{100 * one.monte_carlo:.1f}"] for name, one in outside],
    )


if __name__ == "__main__":
    main()
