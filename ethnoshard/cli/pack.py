"""``ethnoshard pack``."""

from dataclasses import asdict
from pathlib import Path

from ethnoshard._checks import check_number
from ethnoshard._command import command
from ethnoshard.cli import _options as options
from ethnoshard.cli._console import say, say_json, watched
from ethnoshard.cli._report import report_packing
from ethnoshard.shards import PackReport, PackSettings, pack


def run(
    work: options.WorkArgument,
    dataset: options.DatasetArgument,
    shard_mib: options.ShardMib = options.SHARD_MIB,
    workers: options.Workers = None,
    as_json: options.AsJson = False,
) -> None:
    """Pack the labelled faces of a work folder into shards of one group each.

    Interrupted, run the same command again: it goes on where it was.
    """
    report = watched_packing(work, dataset, shard_mib, workers)
    if as_json:
        say_json(asdict(report))
    else:
        report_packing(report)
        say(f"next: {command('verify', dataset)}")


def watched_packing(work: Path, dataset: Path, shard_mib: float, workers: int | None) -> PackReport:
    """Pack with a progress bar."""
    check_number("shard-mib", shard_mib, above=0, unit="MiB")
    settings = PackSettings(shard_bytes=int(shard_mib * 2**20))
    with watched("pack", "faces") as bar:
        return pack(work, dataset, settings, workers=workers, progress=bar)
