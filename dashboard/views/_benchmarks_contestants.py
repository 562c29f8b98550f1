"""One file of ``python -m benchmarks.loading``: each loader with each decoder, over its rounds."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from ethnoshard.charts import OUR_DECODER, Contestant
from ethnoshard.errors import EthnoshardError


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
