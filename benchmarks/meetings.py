"""Who meets whom in the batches of each arm, and what it costs to read them.

``python -m benchmarks.meetings``
    Numbers of 10,575 made people in CASIA's shares, their embeddings in clusters: what a batch holds of each group,
    whether the order on disk makes look-alikes meet, and what ``hard`` costs in reads, local and behind a URL.
``python -m benchmarks.meetings --dataset DATASET --look-alikes FOLDER [--people P] [--images K]``
    The first and the last of a dataset and a table of your own.
"""

import argparse
import contextlib
import functools
import http.server
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import numpy.typing as npt

from benchmarks._table import keep, print_table
from benchmarks.made import pattern_jpeg, write_dataset
from ethnoshard import FaceDataset, LookAlikes
from ethnoshard.loading import _spans, plan_of
from ethnoshard.loading._planning import resemblance_of
from ethnoshard.lookalikes import neighbours
from ethnoshard.mixing import GroupMeetings, Identities, Plan, PlanSettings, Resemblance, meetings
from ethnoshard.shards import ReadCounts, ShardReader, open_shards

Numbers = npt.NDArray[np.int64]
SHARES, FACES, FACE_BYTES, SHARD_BYTES = (0.845, 0.113, 0.026, 0.016), 46.8, 12_000, 64 << 20
BATCHES = ((45, 40), (32, 4))
NEAREST, DIFFERENT = 16, 1000
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
}
PARTS = ["arms", "disk", "hard", "remote"]
AT_EASE = ("base", "natural", "natural, together 2", "uniform", "weighted")
"""Arms whose look-alikes should meet by chance only, whatever the order on disk."""


def made_people(number: int, seed: int = 0) -> tuple[Numbers, Numbers, npt.NDArray[np.float32]]:
    """Groups, numbers of faces and embeddings; clusters of some 25 people, more alike within a group."""
    rng = np.random.default_rng(seed)
    faces = np.maximum(2, rng.lognormal(np.log(FACES) - 0.5, 1, number)).astype(np.int64)
    group = np.sort(rng.choice(len(SHARES), number, p=SHARES))
    middles = rng.normal(size=(max(1, number // 25), 64))
    vectors = 0.7 * rng.normal(size=(len(SHARES), 64))[group] + middles[rng.integers(0, len(middles), number)]
    vectors += 0.6 * rng.normal(size=vectors.shape)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return group, faces, vectors.astype(np.float32)


def on_disk(
    group: Numbers, faces: Numbers, vectors: npt.NDArray[np.float32], order: Numbers
) -> tuple[Identities, Resemblance]:
    """The people in this order, in shards of one group each, and who resembles whom."""
    group, faces = group[order], faces[order]
    length = faces * FACE_BYTES
    shard, offset = np.empty(len(faces), np.int32), np.empty(len(faces), np.int64)
    number, place = -1, 0
    for identity, size in enumerate(length.tolist()):
        if not identity or group[identity] != group[identity - 1] or place >= SHARD_BYTES:
            number, place = number + 1, 0
        shard[identity], offset[identity] = number, place
        place += size
    identities = Identities(
        group=group.astype(np.int8),
        faces=faces.astype(np.int32),
        shard=shard,
        offset=offset,
        length=length,
        groups=tuple("ABCD"),
    )
    return identities, Resemblance(neighbours(vectors[order], group, NEAREST).nearest, digest="made")


def by_chance(group: Numbers) -> Numbers:
    """Group by group, in each at random."""
    return np.lexsort((np.random.default_rng(5).random(len(group)), group))


def by_likeness(group: Numbers, vectors: npt.NDArray[np.float32]) -> Numbers:
    """Group by group, after each person whoever is the most like him of those left."""
    order = []
    for number in np.unique(group).tolist():
        own = np.flatnonzero(group == number)
        of, left, at = vectors[own], np.ones(len(own), np.bool_), 0
        for _ in range(len(own)):
            order.append(own[at])
            left[at] = False
            at = int(np.where(left, of @ of[at], -2).argmax())
    return np.array(order)


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
        "ten_nearest",
    )  # fmt: skip
    columns = {name: [getattr(row, name) for row in rows] for name in names}
    return {name: None if None in of else sum(of) / len(of) for name, of in columns.items()}


def print_arms(arms: dict[str, dict[str, Any]]) -> None:
    """A row for each arm, in each cell a figure for each group."""
    head = [
        "arm", "people a batch", "variance / random", "lag 1", "own pairs", "at random", "batches without, %",
        "nearest in it, %", "all", "by chance",
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
            ]
        rows.append([name, *cells])
    print_table(head[: len(rows[0])], rows)


def _each(values: Iterable[float | None], digits: int) -> str:
    shown = [f"{value:,.{0 if value and value >= 100 else digits}f}" if value is not None else "-" for value in values]
    return " / ".join(shown)


class MadeShards:
    """Shards of which only the lengths are known; counts what is read of them."""

    def __init__(self, identities: Identities) -> None:
        """Shards of these people."""
        self.counts = ReadCounts()
        self._last = (-1, 0)
        self._of = identities
        self._at = {
            place: one
            for one, place in enumerate(zip(identities.shard.tolist(), identities.offset.tolist(), strict=True))
        }

    def read(self, shard: int, offset: int, length: int) -> Any:
        """Where it would be read."""
        self.counts.reads += 1
        self.counts.seeks += self._last != (shard, offset)
        self.counts.size += length
        self._last = (shard, offset + length)
        return shard, offset, length

    def will_need(self, shards: Iterable[int]) -> None:
        """They are here."""

    def close(self) -> None:
        """Nothing is open."""

    def faces_in(self, piece: Any) -> dict[int, dict[int, Any]]:
        """The faces of such a piece, which have a length and nothing else."""
        shard, offset, length = piece
        found, one = {}, self._at[shard, offset]
        while one < len(self._of.faces) and self._of.shard[one] == shard and self._of.offset[one] < offset + length:
            found[one] = dict.fromkeys(range(int(self._of.faces[one])), range(FACE_BYTES))
            one += 1
        return found


def measure_reads(plan: Plan, shards: ShardReader | None = None) -> dict[str, Any]:
    """Read an epoch, of real shards or of made ones."""
    made = MadeShards(plan.identities)
    reader = _spans.SpanReader(plan.epoch(0), range(plan.batches), shards or made)
    held = 0
    with mock.patch.object(_spans, "faces_in", made.faces_in if shards is None else _spans.faces_in):
        for _ in reader:
            held = max(held, reader.held_bytes)
    counts = (shards or made).counts
    return {
        "reads": counts.reads,
        "jumps": counts.seeks,
        "read_of_dataset": counts.size / int(plan.identities.length.sum()),
        "held_mib": held / 2**20,
    }


def measure_hard(
    identities: Identities, near: Resemblance, batches: Iterable[tuple[int, int]], dataset: FaceDataset | None = None
) -> list[dict[str, Any]]:
    """What reading costs for some shares of look-alikes, and for which of them the nearest is there."""
    rows = []
    for people, images in batches:
        for hard in (0.0, 0.25, 0.5, 1.0):
            settings = PlanSettings(people_per_batch=people, images_per_person=images, hard=hard)
            plan = Plan(identities, settings, near)
            shards = open_shards(dataset) if dataset is not None else None
            row = measure_reads(plan, shards)
            if shards is not None:
                shards.close()
            rows.append({"people": people, "images": images, "hard": hard, "batches": plan.batches, **row})
    return rows


def print_hard(rows: list[dict[str, Any]]) -> None:
    """Its table."""
    print_table(
        ["batches of", "hard", "reads", "jumps", "bytes read / dataset", "held at most, MiB"],
        [
            [
                f"{row['people']} x {row['images']}", f"{row['hard']:g}", f"{row['reads']:,}", f"{row['jumps']:,}",
                f"{row['read_of_dataset']:.3f}", f"{row['held_mib']:.0f}",
            ]
            for row in rows
        ],
    )  # fmt: skip


class _Counted:
    """What a server was asked for."""

    def __init__(self) -> None:
        self.requests = 0
        self.size = 0
        self._lock = threading.Lock()

    def add(self, size: int) -> None:
        """Somebody was given so many bytes."""
        with self._lock:
            self.requests += 1
            self.size += size


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, _Counted]]:
    """A folder behind a URL, and what is fetched of its shards."""
    counted = _Counted()

    class Handler(http.server.SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.endswith(".tar"):
                counted.add((folder / self.path.lstrip("/")).stat().st_size)
            # Whoever closes the shards leaves what is under way.
            with contextlib.suppress(ConnectionError):
                super().do_GET()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", counted
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def measure_remote(folder: Path, people: int = 600) -> list[dict[str, Any]]:
    """Stream a small dataset from a server: whole shards are fetched, once, whoever meets whom.

    A cache that holds half of it is for few shards of a group at a time.
    """
    group, faces, vectors = made_people(people)
    sizes = [np.minimum(faces[group == number], 60).tolist() for number in range(len(SHARES))]
    local = FaceDataset.open(
        write_dataset(
            folder / "dataset",
            sizes,
            shard_bytes=1 << 20,
            picture=lambda identity, face: pattern_jpeg(identity % DIFFERENT, face % 8),
        )
    )
    near = Resemblance(neighbours(vectors, group, NEAREST).nearest, digest="made")
    size = sum(int(shard["bytes"]) for shard in local.manifest["shards"])
    rows = []
    for window, cache_mib in ((None, 8192), (2, size // 2 >> 20)):
        for hard in (0.0, 0.5, 1.0):
            with served(local.path) as (url, counted), tempfile.TemporaryDirectory() as cache:
                remote = FaceDataset.open(url, cache=cache)
                plan = plan_of(
                    remote, people_per_batch=16, images_per_person=4, hard=hard, look_alikes=near, window_mib=4,
                    open_shards=window,
                )  # fmt: skip
                shards = open_shards(remote, limit_mib=cache_mib)
                for _ in _spans.SpanReader(plan.epoch(0), range(plan.batches), shards):
                    pass
                shards.close()
            rows.append(
                {
                    "shards": len(local.manifest["shards"]),
                    "mib": round(size / 2**20, 1),
                    "shards_in_window": window,
                    "cache_mib": cache_mib,
                    "hard": hard,
                    "requests": counted.requests,
                    "fetched_of_dataset": counted.size / size,
                }
            )
    return rows


def print_remote(rows: list[dict[str, Any]]) -> None:
    """Its table."""
    print_table(
        ["shards of a group at a time", "kept on disk, MiB", "hard", "requests", "bytes fetched / dataset"],
        [
            [
                row["shards_in_window"] or "all", f"{row['cache_mib']:,}", f"{row['hard']:g}", row["requests"],
                f"{row['fetched_of_dataset']:.2f}",
            ]
            for row in rows
        ],
    )  # fmt: skip


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
        drawn = epoch.drawn().astype(np.float64)
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
