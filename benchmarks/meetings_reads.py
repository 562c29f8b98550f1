"""What look-alikes cost to read: requests, jumps, bytes and memory, of real shards or of made ones."""

from collections.abc import Iterable
from typing import Any
from unittest import mock

from benchmarks._table import print_table
from benchmarks.made_people import FACE_BYTES
from ethnoshard import FaceDataset
from ethnoshard.loading import _jpegs, _spans
from ethnoshard.mixing import Identities, Plan, PlanSettings, Resemblance
from ethnoshard.shards import ReadCounts, ShardReader, open_shards


class MadeShards:
    """Shards of which only the lengths are known; counts what is read of them."""

    def __init__(self) -> None:
        """Nothing was read."""
        self.counts = ReadCounts()
        self._last = (-1, 0)

    def read(self, shard: int, offset: int, length: int, into: memoryview | None = None) -> Any:
        """Where it would be read."""
        self.counts.reads += 1
        self.counts.seeks += self._last != (shard, offset)
        self.counts.size += length
        self._last = (shard, offset + length)
        return into

    def will_need(self, shards: Iterable[int]) -> None:
        """They are here."""

    def close(self) -> None:
        """Nothing is open."""


def _made_places(_: object, begin: int, identity: int, faces: int) -> list[tuple[int, int]]:
    """Faces which have a length and nothing else."""
    return [(begin, FACE_BYTES)] * faces


def measure_reads(plan: Plan, shards: ShardReader | None = None) -> dict[str, Any]:
    """Read an epoch, of real shards or of made ones."""
    made = MadeShards()
    reader = _spans.SpanReader(plan.epoch(0), range(plan.batches), shards or made)
    held = 0
    with mock.patch.object(_spans, "places_of", _made_places if shards is None else _jpegs.places_of):
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
