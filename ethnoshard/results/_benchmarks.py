"""What benchmarks measured: a type for each kind of file that they write."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from ethnoshard._json import from_json
from ethnoshard.errors import EthnoshardError

OURS, OUR_DECODER, OWN_DECODER = "ethnoshard", "simplejpeg", "own"
_PEERS = {
    "webdataset": "webdataset, RandomMix",
    "mosaicml": "mosaicml-streaming, stratified",
    "litdata": "litdata, combined",
    "files": "files, MPerClassSampler",
    "oml": "Open Metric Learning, CategoryBalanceSampler",
    "zephon": "zephon, StaticMixtureWorkSource",
    "turboloader": "turboloader, DataLoader",
    "spdl": "spdl, load_image_batch",
    "dali": "DALI on the CPU, readers.file",
}
_IOU = "iou_0.98"

Cell = str | bool | int | float | None
"""A value of a table."""


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Where it was measured.

    Attributes:
        processor: its name.
        cores: of it.
        python: version.
    """

    processor: str | None = None
    cores: int | None = None
    python: str | None = None


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """What every file of results holds.

    Attributes:
        machine: None where it is not on record.
        workers: processes that worked; None where there were none beside the main one.
    """

    machine: Machine | None = None
    workers: int | None = None


@dataclass(frozen=True, kw_only=True)
class LoaderRun:
    """One round of a loader.

    Attributes:
        loader: its name.
        decoder: of JPEGs, its name.
        version: of the loader.
        images_per_second: delivered.
        limit: images a second that decoding alone made just before and after.
        quota_deviation_worst: images that a batch was off its quota at most.
        quota_deviation_mean: images off on average.
        identities_per_batch: mean.
        seen: faces of the dataset that an epoch delivered.
        repeated: deliveries of faces that had been delivered before.
        dropped: faces that an epoch did not deliver.
        peak_rss_mib: memory of all processes, MiB.
        first_batch_s: seconds to the first batch.
    """

    loader: str
    decoder: str
    version: str = ""
    images_per_second: float
    limit: float
    quota_deviation_worst: float
    quota_deviation_mean: float
    identities_per_batch: float
    seen: float
    repeated: float
    dropped: float
    peak_rss_mib: float
    first_batch_s: float


@dataclass(frozen=True, kw_only=True)
class Contestant:
    """A loader with a decoder: medians over the rounds, where nothing else is said.

    Attributes:
        loader: its name.
        decoder: its name.
        version: of the loader.
        rounds: how often it ran.
        rate: images a second.
        least: images a second of the slowest round.
        most: of the fastest round.
        of_limit: share of what decoding alone made just before and after.
        worst: images that a batch was off its quota at most, over all rounds.
        off: images off on average.
        people: identities a batch.
        seen: faces of the dataset that an epoch delivered.
        repeated: deliveries of faces that had been delivered before.
        never: faces that an epoch did not deliver.
        memory: MiB.
        first: seconds to the first batch.
    """

    loader: str
    decoder: str
    version: str
    rounds: int
    rate: float
    least: float
    most: float
    of_limit: float
    worst: float
    off: float
    people: float
    seen: int
    repeated: int
    never: int
    memory: float
    first: float

    @property
    def ours(self) -> bool:
        """Whether it is the project's own."""
        return self.loader == OURS

    @property
    def name(self) -> str:
        """As charts and tables call it."""
        if self.ours:
            return self.loader
        return f"{self.peer} ({'its own decoder' if self.decoder == OWN_DECODER else self.decoder})"

    @property
    def peer(self) -> str:
        """The loader alone."""
        return _PEERS.get(self.loader, self.loader)

    @classmethod
    def of_rounds(cls, runs: Sequence[LoaderRun]) -> "Contestant":
        """Sum up the rounds of one loader with one decoder."""
        rates = [run.images_per_second for run in runs]
        return cls(
            loader=runs[0].loader,
            decoder=runs[0].decoder,
            version=runs[0].version,
            rounds=len(runs),
            rate=statistics.median(rates),
            least=min(rates),
            most=max(rates),
            of_limit=statistics.median(run.images_per_second / run.limit for run in runs),
            worst=max(run.quota_deviation_worst for run in runs),
            off=statistics.median(run.quota_deviation_mean for run in runs),
            people=statistics.median(run.identities_per_batch for run in runs),
            seen=round(statistics.median(run.seen for run in runs)),
            repeated=round(statistics.median(run.repeated for run in runs)),
            never=round(statistics.median(run.dropped for run in runs)),
            memory=statistics.median(run.peak_rss_mib for run in runs),
            first=statistics.median(run.first_batch_s for run in runs),
        )


@dataclass(frozen=True, kw_only=True)
class LoaderBenchmark(Benchmark):
    """Loaders on one dataset, round by round: ``python -m benchmarks.loading``.

    Attributes:
        people: P of the batches.
        images: K of the batches.
        runs: each loader with each decoder, several times.
        not_run: name of a loader that could not be run -> why.
    """

    people: int
    images: int
    runs: tuple[LoaderRun, ...]
    not_run: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a file without a run."""
        if not self.runs:
            raise EthnoshardError("the file holds no run of a loader")

    @property
    def limits(self) -> tuple[float, float, float]:
        """Decoding alone, images a second: least, median, most over all rounds."""
        rates = [run.limit for run in self.runs]
        return min(rates), statistics.median(rates), max(rates)

    @property
    def absent(self) -> list[str]:
        """Of each loader that could not be run, its name and why."""
        return [f"{_PEERS.get(loader, loader)}: {why}" for loader, why in self.not_run.items()]

    def contestants(self) -> list[Contestant]:
        """Ours first, then the peers, the fastest first; each with its own decoder before ours."""
        rounds: dict[tuple[str, str], list[LoaderRun]] = {}
        for run in self.runs:
            rounds.setdefault((run.loader, run.decoder), []).append(run)
        everybody = [Contestant.of_rounds(each) for each in rounds.values()]
        best: dict[str, float] = {}
        for one in everybody:
            best[one.loader] = max(one.rate, best.get(one.loader, 0.0))
        return sorted(
            everybody,
            key=lambda one: (not one.ours, -best[one.loader], one.loader, one.decoder == OUR_DECODER, one.decoder),
        )


@dataclass(frozen=True, kw_only=True)
class Spread:
    """A measurement over several rounds.

    Attributes:
        median: of them.
        least: None where it was not kept.
        most: None where it was not kept.
    """

    median: float
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True, kw_only=True)
class RateBenchmark(Benchmark):
    """Rates of several ways to do one thing: alignment, packing, labelling.

    Attributes:
        rates: way -> images or faces a second.
        images: of alignment, how many.
        faces: of packing, how many.
        bytes: of these faces.
        agreement: of alignment with the original: "faces" compared, and shares of them by how well they agree.
    """

    rates: dict[str, Spread]
    images: int | None = None
    faces: int | None = None
    bytes: int | None = None
    agreement: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a file without a rate."""
        if not self.rates:
            raise EthnoshardError("the file holds no rate")

    @property
    def ours(self) -> list[float]:
        """Medians of our ways."""
        return [rate.median for way, rate in self.rates.items() if way.startswith(OURS)]

    @property
    def others(self) -> list[float]:
        """Medians of the other ways."""
        return [rate.median for way, rate in self.rates.items() if not way.startswith(OURS)]

    @property
    def spreads(self) -> dict[str, tuple[float, float, float]]:
        """Way -> least, median and most of its rates."""
        return {
            way: (
                rate.median if rate.least is None else rate.least,
                rate.median,
                rate.median if rate.most is None else rate.most,
            )
            for way, rate in self.rates.items()
        }

    @property
    def overlapping(self) -> float | None:
        """Share of the original's faces with one of ours at an intersection over union of at least 0.98."""
        return self.agreement.get(_IOU)


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
class StepBenchmark(Benchmark):
    """A training step beside a plain loop's, in turns: ``python -m benchmarks.training``.

    Attributes:
        ours: seconds of a step of ours, by turn.
        plain: seconds of a plain loop's.
        ratios: ours over the plain loop's.
        plain_memory_kept: seconds of a plain loop that keeps freed memory; empty in files from before it was measured.
        ratios_memory_kept: ours over that loop's.
        waiting: share of a step of ours in which no batch was there.
    """

    ours: tuple[float, ...]
    waiting: tuple[float, ...]
    plain: tuple[float, ...] = ()
    ratios: tuple[float, ...] = ()
    plain_memory_kept: tuple[float, ...] = ()
    ratios_memory_kept: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a file without a turn, or with columns of several lengths."""
        if not self.ours:
            raise EthnoshardError("the file holds no turn")
        others = (self.waiting, self.plain, self.ratios, self.plain_memory_kept, self.ratios_memory_kept)
        if any(len(values) not in (0, len(self.ours)) for values in others) or not self.waiting:
            raise EthnoshardError(f"the file holds {len(self.ours)} steps of ours, but not as many of everything")


@dataclass(frozen=True, kw_only=True)
class GroupErrorsBenchmark(Benchmark):
    """Errors by group of all pairs: ``python -m benchmarks.demographics``.

    Attributes:
        people: who are compared.
        images: of them.
        pairs: of images.
        draws: of people, for intervals.
        threshold_s: seconds to find the common threshold.
        figures_s: seconds for rates and metrics with intervals.
        compare_s: seconds to compare two models.
        peak_mib: memory, MiB.
    """

    people: int
    images: int
    pairs: int
    draws: int
    threshold_s: float
    figures_s: float
    compare_s: float
    peak_mib: int


@dataclass(frozen=True, kw_only=True)
class Paint:
    """Seconds until a page of the dashboard is there.

    Attributes:
        text: its text.
        whole: its charts and tables too.
        again: the same in a browser that has the scripts already.
    """

    text: float
    whole: float
    again: float


@dataclass(frozen=True, kw_only=True)
class PageBenchmark(Benchmark):
    """The dashboard's pages in a browser: ``python -m benchmarks.dashboard``.

    Attributes:
        runs: that are shown.
        pairs: of each report.
        paints: page -> each time that it was opened.
        moves: page -> seconds of each move of its slider.
    """

    runs: int
    pairs: int
    paints: dict[str, tuple[Paint, ...]]
    moves: dict[str, tuple[float, ...]]

    def __post_init__(self) -> None:
        """Refuse a page that was never opened."""
        for page, paints in self.paints.items():
            if not paints:
                raise EthnoshardError(f"{page} was never opened")


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


@dataclass(frozen=True, kw_only=True)
class TableBenchmark(Benchmark):
    """Rows as they are shown, of ``python -m benchmarks.meetings``, ``look_alikes``, ``coverage``, ``audit``,
    ``fuzz``, ``listing`` and ``gpu``.

    Attributes:
        rows: column -> value, or values by name.
    """

    rows: tuple[dict[str, Cell | dict[str, Cell]], ...]

    def flat(self) -> list[dict[str, Cell]]:
        """The rows, what is inside another value under both names."""
        rows = []
        for row in self.rows:
            flat: dict[str, Cell] = {}
            for name, value in row.items():
                inside = value.items() if isinstance(value, Mapping) else [("", value)]
                flat |= {f"{name}, {further}".rstrip(", ").replace("_", " "): each for further, each in inside}
            rows.append(flat)
        return rows


_KINDS: Mapping[str, type[Benchmark]] = MappingProxyType(
    {
        "loading-": LoaderBenchmark,
        "planning-": PlanningBenchmark,
        "meetings-arms": ArmsBenchmark,
        "meetings-disk": TableBenchmark,
        "meetings-hard": TableBenchmark,
        "meetings-remote": TableBenchmark,
        "look-alikes": TableBenchmark,
        "memory": MemoryBenchmark,
        "alignment-": RateBenchmark,
        "packing": RateBenchmark,
        "labelling": RateBenchmark,
        "training-": StepBenchmark,
        "demographics": GroupErrorsBenchmark,
        "coverage": TableBenchmark,
        "audit-": TableBenchmark,
        "fuzz": TableBenchmark,
        "listing-": TableBenchmark,
        "gpu-check": TableBenchmark,
        "dashboard": PageBenchmark,
    }
)
"""Beginning of a file's name -> what it holds."""


def benchmark_from_json(name: str, content: Mapping[str, object], where: object) -> Benchmark | None:
    """A file of results; None of a kind that this version doesn't know.

    Args:
        name: of the file, without its ending; its beginning tells the kind.
        content: as read.
        where: the file, for messages.

    Raises:
        EthnoshardError: something is missing, of another type or out of its bounds; the message has its place.
    """
    kind = next((kind for begins, kind in _KINDS.items() if name.startswith(begins)), None)
    if kind is ArmsBenchmark:
        # Sizes of batches stand beside the other facts.
        sizes = {size: arms for size, arms in content.items() if "x" in size and isinstance(arms, Mapping)}
        content = {**content, "sizes": sizes}
    return None if kind is None else from_json(kind, content, where)
