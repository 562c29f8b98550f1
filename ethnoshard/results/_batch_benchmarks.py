"""What planning and reading batches takes, and who meets whom in them."""

from dataclasses import dataclass

from ethnoshard.errors import EthnoshardError
from ethnoshard.results._machine import Benchmark, Spread


@dataclass(frozen=True, kw_only=True)
class PlanningBenchmark(Benchmark):
    """A plan of batches: ``python -m benchmarks.planning``.

    Attributes:
        people: P of the batches.
        images: K of the batches.
        target: of the batches.
        identities: of the dataset.
        faces: of the dataset.
        batches: of an epoch.
        plan_s: seconds until the plan is ready.
        batch_anywhere_ms: a batch at any place of the epoch.
        next_batch_ms: the batch after the one before.
        going_on_ms: from a saved state to the next batch.
        peak_mib: memory, MiB.
    """

    people: int
    images: int
    target: str
    identities: int
    faces: int
    batches: int
    plan_s: float
    batch_anywhere_ms: Spread
    next_batch_ms: Spread
    going_on_ms: float
    peak_mib: int


@dataclass(frozen=True, kw_only=True)
class MemoryRow:
    """An epoch of a dataset.

    Attributes:
        faces: of the dataset.
        images: delivered.
        size_mib: of the shards.
        peak_mib: of the whole process.
        loader_mib: of it the loader's.
        read_mib: read from the shards.
        reads: pieces read.
        seeks: reads that do not begin where the one before ended.
        images_per_second: delivered.
    """

    faces: int
    images: int
    size_mib: float
    peak_mib: float
    loader_mib: float
    read_mib: float
    reads: int
    seeks: int
    images_per_second: float


@dataclass(frozen=True, kw_only=True)
class MemoryBenchmark(Benchmark):
    """Memory and reads by the size of the dataset: ``python -m benchmarks.memory``.

    Attributes:
        rows: a dataset each.
    """

    rows: tuple[MemoryRow, ...]

    def __post_init__(self) -> None:
        """Refuse a file without a row."""
        if not self.rows:
            raise EthnoshardError("the file holds no row")


@dataclass(frozen=True, kw_only=True)
class GroupCompany:
    """Who of a group meets whom in batches.

    Attributes:
        people: of the group in a batch, mean.
        pairs: ordered pairs of two of them, mean.
        pairs_at_random: the same of people drawn at random.
        dispersion: variance of their number over that at random.
        nearest: share of draws whose nearest other person of the group is in the batch.
        nearest_by_chance: the same if those who meet were anybody of the group.
    """

    people: float
    pairs: float
    pairs_at_random: float
    dispersion: float | None = None
    nearest: float | None = None
    nearest_by_chance: float | None = None


@dataclass(frozen=True, kw_only=True)
class ArmCompany:
    """Who meets whom in the batches of an arm.

    Attributes:
        groups: name -> what batches hold of it.
    """

    groups: dict[str, GroupCompany]


@dataclass(frozen=True, kw_only=True)
class ArmsBenchmark(Benchmark):
    """Who meets whom, by arm: ``python -m benchmarks.meetings``.

    Attributes:
        sizes: size of the batches, such as ``32x4`` -> arm -> what its batches hold.
    """

    sizes: dict[str, dict[str, ArmCompany]]
