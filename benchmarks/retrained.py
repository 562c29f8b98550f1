"""One arm trained twice: ``python -m benchmarks.retrained FOLDER [--pairs 20] [--epochs 3] [--keep retrained]``.

Pairs of runs of the settings ``smoke`` on the same drawn faces, which differ in their seed alone, are evaluated on the
same other people and compared, as ``ethnoshard compare`` does it. Whatever is claimed of such a pair is false of the
arm, of which there is one. It may be true of the two networks, which chance has made different: how many claims have
the same sign on people drawn anew tells the two apart. Of claims that are true of the tested people alone, half have.

What was drawn and trained lies in FOLDER; called again in the same way it goes on from there.
"""

import argparse
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmarks._table import keep, print_table
from ethnoshard import FaceDataset
from ethnoshard.alignment import align
from ethnoshard.embedding import embed_source, load_model, open_faces
from ethnoshard.ethnicity import label_from_file
from ethnoshard.reports import (
    EvaluationOptions,
    ReportFolder,
    compare_reports,
    evaluate_embeddings,
    read_groups,
    read_report,
    write_report,
)
from ethnoshard.results import LEVEL_OF_CLAIMS, Change, Comparison
from ethnoshard.shards import pack
from ethnoshard.sources import PairList, read_any_pairs
from ethnoshard.synthetic import DrawnSettings, draw_faces
from ethnoshard.training import TripletTrainer, read_settings

TRAINED_ON = DrawnSettings(identities=48, images=12, seed=0)
TESTED_ON = {name: DrawnSettings(identities=120, images=6, seed=seed) for name, seed in (("tested", 1), ("anew", 2))}
OPTIONS = EvaluationOptions(min_people=8, fmr=0.05)
"""The least of the four groups has eight people; networks of this size confuse many."""
_PRIMARY = "auc"


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What a comparison says of one number.

    Attributes:
        family: which numbers are asked about together.
        what: which number.
        difference: other - base; None where one is undefined.
        claimed: whether the two are said to differ; None where nothing could be said.
    """

    family: str
    what: str
    difference: float | None
    claimed: bool | None


def main() -> None:
    """Draw, train, evaluate, compare, count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pairs", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--target", default="natural")
    parser.add_argument("--keep", default="retrained")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    folder: Path = arguments.folder
    begin = time.perf_counter()
    dataset = prepared(folder)
    claims: dict[str, list[list[Claim]]] = {name: [] for name in TESTED_ON}
    rows = []
    for number in range(arguments.pairs):
        runs = [
            trained(dataset, folder, seed, arguments.epochs, arguments.target) for seed in (2 * number, 2 * number + 1)
        ]
        found = [*claims_of(compared(runs, folder, "tested"))]
        claims["tested"].append(found)
        # Nobody asks again where nothing was claimed.
        claims["anew"].append([*claims_of(compared(runs, folder, "anew"))] if any(one.claimed for one in found) else [])
        made = [one.what for one in found if one.claimed]
        rows.append({"seeds": [2 * number, 2 * number + 1], "claims": made})
        print(f"seeds {2 * number} and {2 * number + 1}: {', '.join(made) or 'no claim'}", flush=True)
    table = counted(claims["tested"], claims["anew"])
    print()
    print_table(
        ["claims of pairs of one arm", "pairs with a claim", "claims", "the same anew"],
        [list(row.values()) for row in table],
    )
    print(f"\n{arguments.pairs} pairs of runs, {arguments.epochs} epochs each, {time.perf_counter() - begin:,.0f} s")
    if arguments.keep:
        facts = {"pairs": arguments.pairs, "epochs": arguments.epochs, "target": arguments.target}
        keep(arguments.keep, {**facts, "rows": table, "comparisons": rows})


def prepared(folder: Path) -> Path:
    """Faces drawn, aligned and, of those to train on, packed; each step once."""
    for name, settings in {"trained": TRAINED_ON, **TESTED_ON}.items():
        drawn, work = folder / name, folder / f"{name}.work"
        if not (drawn / "labels.csv").exists():
            draw_faces(drawn, settings)
        align(drawn / "faces", work)
    dataset = folder / "trained.dataset"
    label_from_file(folder / "trained.work", folder / "trained" / "labels.csv")
    pack(folder / "trained.work", dataset)
    return dataset


def trained(dataset: Path, folder: Path, seed: int, epochs: int, target: str) -> Path:
    """A run folder, made or finished."""
    run = folder / "runs" / f"{target}-{epochs}-{seed}"
    chosen: dict[str, object] = {"seed": seed, "epochs": epochs, "target": target, "threads": 1}
    settings = read_settings("smoke").changed(chosen, "benchmarks.retrained")
    if not (run / "finished").exists():
        TripletTrainer(FaceDataset.open(dataset), settings, run).train(resume=(run / "run.json").exists())
        (run / "finished").touch()
    return run


def evaluated(run: Path, folder: Path, name: str) -> ReportFolder:
    """The report on the people drawn for it, made or read."""
    report = run / "reports" / name
    if not report.exists():
        pairs = read_any_pairs(folder / name / "pairs.csv", form="bfw")
        assert isinstance(pairs, PairList), "it names images"
        embeddings = embed_source(load_model(run), open_faces(folder / f"{name}.work"))
        groups = read_groups(folder / name / "labels.csv")
        write_report(evaluate_embeddings(embeddings, pairs, groups=groups, options=OPTIONS), report)
    return read_report(report)


def compared(runs: Sequence[Path], folder: Path, name: str) -> Comparison:
    """What ``ethnoshard compare`` finds of both."""
    base, other = (evaluated(run, folder, name) for run in runs)
    found = compare_reports(base, other).result
    assert isinstance(found, Comparison), "that is what it makes"
    return found


def claims_of(found: Comparison) -> Iterator[Claim]:
    """Every number that a comparison says something of."""
    for name, change in found.verification.items():
        family = (
            "AUC, the one that stands for a model" if name == _PRIMARY else "others of verification, each by itself"
        )
        yield _claim(family, name, change)
    for source in found.demographics:
        for group, rates in source.by_group.items():
            for name, change in rates.items():
                yield _claim(f"{name} by group, adjusted", f"{name} of {group}", change)
        for name, change in source.metrics.items():
            yield _claim("fairness metrics, each by itself", name, change)
        for at in source.open_set:
            for group, searches in at.by_group.items():
                for name, change in (("FNIR", searches.fnir), ("FPIR", searches.fpir)):
                    if change is not None:
                        yield _claim(f"{name} by group, adjusted", f"{name} of {group} at {at.fpir_asked:g}", change)


def _claim(family: str, what: str, change: Change) -> Claim:
    """By the p-value, adjusted where it is; by the interval where there is none."""
    p_value = change.p_value if change.p_adjusted is None else change.p_adjusted
    ends = change.people_interval
    claimed: bool | None = None
    if p_value is not None:
        claimed = p_value < LEVEL_OF_CLAIMS
    elif ends is not None and ends.low is not None and ends.high is not None:
        claimed = not ends.low <= 0 <= ends.high
    return Claim(family=family, what=what, difference=change.difference, claimed=claimed)


def counted(tested: list[list[Claim]], anew: list[list[Claim]]) -> list[dict[str, str]]:
    """A row a family: pairs with a claim, claims, and how many of these have the same sign on other people."""
    asked, made, same, pairs = Counter[str](), Counter[str](), Counter[str](), defaultdict[str, set[int]](set)
    for number, (here, there) in enumerate(zip(tested, anew, strict=True)):
        again = {one.what: one.difference for one in there}
        for one in here:
            asked[one.family] += one.claimed is not None
            if one.claimed:
                made[one.family] += 1
                pairs[one.family].add(number)
                same[one.family] += (one.difference or 0) * (again.get(one.what) or 0) > 0
    return [
        {
            "claims": family,
            "pairs": f"{len(pairs[family])} of {len(tested)}",
            "made": f"{made[family]} of {number}",
            "same": f"{same[family]} of {made[family]}" if made[family] else "-",
        }
        for family, number in asked.items()
    ]


if __name__ == "__main__":
    main()
