"""Loaders measured beside each other on one dataset."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from ethnoshard.errors import EthnoshardError
from ethnoshard.results._machine import Benchmark

OURS, OUR_DECODER, OWN_DECODER = "ethnoshard", "simplejpeg", "own"
_PEERS = {
    "webdataset": "webdataset, RandomMix",
    "mosaicml": "mosaicml-streaming, stratified",
    "litdata": "litdata, combined",
    "files": "files, MPerClassSampler",
    "oml": "Open Metric Learning, CategoryBalanceSampler",
    "zephon": "zephon, StaticMixtureWorkSource",
    "turboloader": "turboloader, DataLoader",
    "spdl": "spdl, Pipeline",
    "dali": "DALI on the CPU, readers.file",
}


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
