"""Who meets whom in the batches of each arm, and what it costs to read them.

``python -m benchmarks.meetings``
    Numbers of 10,575 made people in CASIA's shares, their embeddings in clusters: what a batch holds of each group,
    whether the order on disk makes look-alikes meet, and what ``hard`` costs in reads, local and behind a URL.
``python -m benchmarks.meetings --dataset DATASET --look-alikes FOLDER [--people P] [--images K]``
    The first and the last of a dataset and a table of your own.
"""

import argparse
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._table import keep, print_table
from benchmarks.made_people import NEAREST, by_chance, by_likeness, made_people, on_disk
from benchmarks.meetings_reads import measure_hard, print_hard
from benchmarks.meetings_remote import measure_remote, print_remote
from ethnoshard import FaceDataset, LookAlikes
from ethnoshard.loading import plan_of
from ethnoshard.loading._planning import resemblance_of
from ethnoshard.mixing import GroupMeetings, Identities, Plan, PlanSettings, Resemblance, meetings

BATCHES = ((45, 40), (32, 4))
ARMS: dict[str, dict[str, Any]] = {
    "base": {"target": "base"},
    "placebo": {"target": "placebo"},
    "natural": {},
    "natural, together 2": {"together": 2},
    "natural, together 4": {"together": 4},
    "uniform": {"target": "uniform"},
    "weighted": {"target": "weighted"},
    "natural, hard .5": {"hard": 0.5},
    "natural, hard 1": {"hard": 1.0},
    "natural, together 2, hard .5": {"together": 2, "hard": 0.5},
    "natural, together 2, hard 1": {"together": 2, "hard": 1.0},
    "natural, together 4, hard 1": {"together": 4, "hard": 1.0},
    "natural, hard .5 within any": {"hard": 0.5, "within": "any"},
    "natural, together 2, hard .5 within any": {"together": 2, "hard": 0.5, "within": "any"},
}
PARTS = ["arms", "disk", "hard", "remote"]
AT_EASE = ("base", "natural", "natural, together 2", "uniform", "weighted")
"""Arms whose look-alikes should meet by chance only, whatever the order on disk."""


def measure_arm(plan: Plan, near: Resemblance | None, batches: int) -> dict[str, Any]:
    """What the batches of as many epochs as it takes to have so many hold, by group, and of everybody."""
    epochs = range(-(-batches // plan.batches))
    found, counts = [], []
    for number in epochs:
        found.append(meetings(plan.epoch(number), near))
        counts.append(plan.epoch(number).people_of_groups().astype(np.float64))
    rows: dict[str, Any] = {}
    for place, name in enumerate(plan.identities.groups):
        own = [of.groups[place] for of in found]
        off = [of[:, place] - of[:, place].mean() for of in counts]
        varies = sum(float((of**2).sum()) for of in off)
        following = sum(float((of[1:] * of[:-1]).sum()) for of in off)
        rows[name] = {**_mean(own), "autocorrelation": following / varies if varies > 1e-9 else None}
    everybody = _mean([of.everybody for of in found])
    return {"batches": plan.batches, "epochs": len(epochs), "groups": rows, "everybody": everybody}


def _mean(rows: list[GroupMeetings]) -> dict[str, float | None]:
    """Means over epochs."""
    names = (
        "people", "dispersion", "pairs", "pairs_at_random", "none", "none_at_random", "nearest", "nearest_by_chance",
        "ten_nearest", "nearest_of_all", "nearest_of_all_by_chance",
    )  # fmt: skip
    columns = {name: [getattr(row, name) for row in rows] for name in names}
    return {name: None if None in of else sum(of) / len(of) for name, of in columns.items()}


def print_arms(arms: dict[str, dict[str, Any]]) -> None:
    """A row for each arm, in each cell a figure for each group."""
    head = [
        "arm", "people a batch", "variance / random", "lag 1", "own pairs", "at random", "batches without, %",
        "nearest in it, %", "all", "by chance", "nearest of any group, %",
    ]  # fmt: skip
    rows = []
    for name, arm in arms.items():
        of = list(arm["groups"].values())
        everybody = arm["everybody"]
        cells = [
            _each([g["people"] for g in of], 1),
            _each([g["dispersion"] for g in of], 2),
            _each([g["autocorrelation"] for g in of], 2),
            _each([g["pairs"] for g in of], 2),
            _each([g["pairs_at_random"] for g in of], 2),
            _each([100 * g["none"] for g in of], 1),
        ]
        if everybody["nearest"] is not None:
            cells += [
                _each([100 * g["nearest"] for g in of], 1),
                f"{everybody['nearest']:.1%}",
                f"{everybody['nearest_by_chance']:.2%}",
                _each([100 * (g["nearest_of_all"] or 0) for g in of], 1),
            ]
        rows.append([name, *cells])
    print_table(head[: len(rows[0])], rows)


def _each(values: Iterable[float | None], digits: int) -> str:
    shown = [f"{value:,.{0 if value and value >= 100 else digits}f}" if value is not None else "-" for value in values]
    return " / ".join(shown)


def arms_of(
    identities: Identities, near: Resemblance, people: int, images: int, batches: int
) -> dict[str, dict[str, Any]]:
    """Measure arms; one that the dataset can't give is left out, and said."""
    arms = {}
    settings = PlanSettings(people_per_batch=people, images_per_person=images)
    for name in ARMS:
        try:
            plan = Plan(identities, replace(settings, **ARMS[name]), near)
        except ValueError as error:
            print(f"{name}: {error}")
            continue
        arms[name] = measure_arm(plan, near, batches)
        print(f"{people} x {images}, {name}: measured", flush=True)
    return arms


def measure_disk(plan: Plan, near: Resemblance, batches: int) -> dict[str, float]:
    """How often look-alikes meet over how often two of a group do who are drawn as often as they are.

    That is for each pair in proportion to the product of their cells; so much, that all pairs of the group in the
    epoch's batches are as many as they are.
    """
    group = plan.identities.group
    groups = len(plan.identities.groups)
    there = np.zeros(len(group), np.bool_)
    met, expected = np.zeros(NEAREST), np.zeros(NEAREST)
    for number in range(-(-batches // plan.batches)):
        epoch = plan.epoch(number)
        counts = epoch.people_of_groups().astype(np.float64)
        drawn = epoch.draws().astype(np.float64)
        pairs = (counts * (counts - 1)).sum(axis=0)
        sums, squares = (np.bincount(group, drawn**power, minlength=groups) for power in (1, 2))
        of_pair = drawn[:, None] * drawn[near.nearest] * (pairs / (sums**2 - squares))[group][:, None]
        expected += np.where(near.nearest >= 0, of_pair, 0).sum(axis=0)
        for batch in range(plan.batches):
            who = epoch.people(batch)
            there[who] = True
            met += (there[near.nearest[who]] & (near.nearest[who] >= 0)).sum(axis=0)
            there[who] = False
    return {"nearest": met[0] / expected[0], "ten_nearest": met[:10].sum() / expected[:10].sum()}


def measure_made(number: int, batches: int, parts: list[str]) -> None:
    """Parts of what can be measured of made people; each is printed and kept."""
    group, faces, vectors = made_people(number)
    identities, near = on_disk(group, faces, vectors, by_chance(group))
    kept: dict[str, Any]
    if "arms" in parts:
        kept = {"identities": number, "shards": int(identities.shard[-1]) + 1}
        for people, images in BATCHES:
            arms = kept[f"{people}x{images}"] = arms_of(identities, near, people, images, batches)
            print(f"\n{people} x {images}: {number:,} people in {kept['shards']} shards\n")
            print_arms(arms)
        keep("meetings-arms", kept)
    if "disk" in parts:
        keep(
            "meetings-disk",
            _disks(identities, near, on_disk(group, faces, vectors, by_likeness(group, vectors)), batches),
        )
    if "hard" in parts:
        rows = measure_hard(identities, near, BATCHES)
        print()
        print_hard(rows)
        keep("meetings-hard", {"rows": rows})
    if "remote" in parts:
        with tempfile.TemporaryDirectory() as folder:
            rows = measure_remote(Path(folder))
        print()
        print_remote(rows)
        keep("meetings-remote", {"rows": rows})


def _disks(
    identities: Identities, near: Resemblance, alike: tuple[Identities, Resemblance], batches: int
) -> dict[str, Any]:
    """Whether the order on disk has look-alikes meet where nobody looks for them."""
    orders = {"by chance": (identities, near), "by likeness": alike}
    beside = {
        name: float((np.abs(table.nearest[:, 0] - np.arange(len(table.nearest))) == 1).mean())
        for name, (_, table) in orders.items()
    }
    rows = []
    for people, images in BATCHES:
        for name in AT_EASE:
            settings = PlanSettings(people_per_batch=people, images_per_person=images, **ARMS[name])
            found = {order: measure_disk(Plan(of, settings), table, batches) for order, (of, table) in orders.items()}
            rows.append({"people": people, "images": images, "arm": name, **found})
            print(f"{people} x {images}, {name}: measured", flush=True)
    print(
        f"\nhard=0. {beside['by chance']:.1%} of the people lie beside their nearest on a disk in an order of chance, "
        f"{beside['by likeness']:.1%} on one in an order by likeness\n"
    )
    head = ["arm", "nearest / by chance", "ten nearest / by chance", "likeness: nearest", "likeness: ten nearest"]
    print_table(
        head,
        [
            [
                f"{row['people']} x {row['images']}, {row['arm']}",
                *(f"{row[order][which]:.2f}" for order in orders for which in ("nearest", "ten_nearest")),
            ]
            for row in rows
        ],
    )
    return {"beside": beside, "rows": rows}


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--identities", type=int, default=10_575)
    parser.add_argument("--batches", type=int, default=4_000, help="of each arm at least, in whole epochs")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--dataset")
    parser.add_argument("--look-alikes")
    parser.add_argument("--people", type=int, default=32)
    parser.add_argument("--images", type=int, default=4)
    arguments = parser.parse_args()
    if arguments.dataset is None:
        measure_made(arguments.identities, arguments.batches, arguments.parts)
        return
    if arguments.look_alikes is None:
        parser.error("--dataset needs --look-alikes")
    dataset = FaceDataset.open(arguments.dataset)
    near = resemblance_of(LookAlikes.open(arguments.look_alikes), dataset)
    shape = arguments.people, arguments.images
    identities = plan_of(dataset, people_per_batch=1, images_per_person=1).identities
    arms = arms_of(identities, near, *shape, arguments.batches)
    hard = measure_hard(identities, near, [shape], dataset)
    print(f"\n{' x '.join(map(str, shape))}: {', '.join(dataset.groups)}\n")
    print_arms(arms)
    print()
    print_hard(hard)
    name = Path(arguments.dataset).name
    keep(f"meetings-{name}-{shape[0]}x{shape[1]}", {"groups": dataset.groups, "arms": arms, "hard": hard})


if __name__ == "__main__":
    main()
