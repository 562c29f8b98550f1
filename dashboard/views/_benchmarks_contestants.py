"""One file of ``python -m benchmarks.loading``: each loader with each decoder, over its rounds."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from ethnoshard.errors import EthnoshardError

OURS = "ethnoshard"
OUR_DECODER = "simplejpeg"
_NAMES = {
    "webdataset": "webdataset, RandomMix",
    "mosaicml": "mosaicml-streaming, stratified",
    "litdata": "litdata, combined",
    "files": "files, MPerClassSampler",
}
"""As benchmarks/README.md calls the peers, each in the setting that its documentation shows for mixing groups."""


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
        return self.loader if self.ours else f"{self.peer} ({self.decoder})"

    @property
    def peer(self) -> str:
        """The loader alone."""
        return _NAMES.get(self.loader, self.loader)


def contestants(content: Mapping[str, Any]) -> list[Contestant]:
    """Ours first, then the peers, the fastest first; each with its own decoder and with ours.

    Raises:
        EthnoshardError: the file holds no run.
    """
    runs: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for run in content["runs"]:
        runs.setdefault((str(run["loader"]), str(run["decoder"])), []).append(run)
    if not runs:
        raise EthnoshardError("the file holds no run of a loader")
    found = [_contestant(loader, decoder, own) for (loader, decoder), own in runs.items()]
    best = {one.loader: max(other.rate for other in found if other.loader == one.loader) for one in found}
    return sorted(
        found, key=lambda one: (not one.ours, -best[one.loader], one.loader, one.decoder == OUR_DECODER, one.decoder)
    )


def limits(content: Mapping[str, Any]) -> tuple[float, float, float]:
    """Decoding alone, images a second: least, median, most over all rounds."""
    found = [float(run["limit"]) for run in content["runs"]]
    return min(found), statistics.median(found), max(found)


def table(found: Sequence[Contestant]) -> pl.DataFrame:
    """A row a contestant with everything that was measured."""
    return pl.DataFrame(
        {
            "loader": [f"{one.loader} {one.version}".strip() for one in found],
            "decoder": [one.decoder for one in found],
            "images/s": [one.rate for one in found],
            "of decoding alone": [one.of_limit for one in found],
            "people a batch": [one.people for one in found],
            "seen": [one.seen for one in found],
            "repeated": [one.repeated for one in found],
            "never seen": [one.never for one in found],
            "memory, MiB": [one.memory for one in found],
            "first batch, s": [one.first for one in found],
            "worst off": [one.worst for one in found],
            "mean off": [one.off for one in found],
        }
    )


def _contestant(loader: str, decoder: str, runs: Sequence[Mapping[str, Any]]) -> Contestant:
    def median(field: str) -> float:
        return statistics.median(float(run[field]) for run in runs)

    found = [float(run["images_per_second"]) for run in runs]
    return Contestant(
        loader=loader,
        decoder=decoder,
        version=str(runs[0].get("version", "")),
        rounds=len(runs),
        rate=statistics.median(found),
        least=min(found),
        most=max(found),
        of_limit=statistics.median(float(run["images_per_second"]) / float(run["limit"]) for run in runs),
        worst=max(float(run["quota_deviation_worst"]) for run in runs),
        off=median("quota_deviation_mean"),
        people=median("identities_per_batch"),
        seen=round(median("seen")),
        repeated=round(median("repeated")),
        never=round(median("dropped")),
        memory=median("peak_rss_mib"),
        first=median("first_batch_s"),
    )
