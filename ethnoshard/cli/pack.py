"""``ethnoshard pack``."""

from dataclasses import asdict
from pathlib import Path

from ethnoshard._checks import check_number
from ethnoshard._command import command
from ethnoshard._parallel import Executor
from ethnoshard.cli import _machines as machines
from ethnoshard.cli import _options as options
from ethnoshard.cli._console import say, say_json, watched
from ethnoshard.cli._report import report_packing
from ethnoshard.shards import Decisions, PackReport, PackSettings, pack, printable_url, read_decisions


def run(
    work: options.WorkArgument,
    dataset: options.DatasetOrUrlToWrite,
    without: options.Without = None,
    shard_mib: options.ShardMib = options.SHARD_MIB,
    workers: options.Workers = None,
    ray: machines.RayOption = None,
    as_json: options.AsJson = False,
) -> None:
    """Pack the labelled faces of a work folder into shards of one group each.

    With --without, what a file decides is left out, merged and moved first; it is checked whole before anything is
    packed. Interrupted, run the same command again: it goes on where it was.

    To the URL of a store (s3://bucket/dataset, gs://...) go the same bytes, no more than a shard a worker at a time on
    this machine's disk, and dataset.json last. Credentials and endpoint are those of the store's own settings, such as
    AWS_PROFILE and AWS_ENDPOINT_URL; the bucket has to be there.
    """
    decisions = None if without is None else read_decisions(without)
    report = watched_packing(work, dataset, decisions, shard_mib, workers, machines.ray_tasks(ray, workers))
    if as_json:
        say_json(asdict(report))
    else:
        report_packing(report)
        say(f"next: {command('verify', printable_url(dataset))}")


def watched_packing(
    work: Path,
    dataset: str | Path,
    decisions: Decisions | None,
    shard_mib: float,
    workers: int | None,
    executor: Executor | None = None,
) -> PackReport:
    """Pack with a progress bar."""
    check_number("shard-mib", shard_mib, above=0, unit="MiB")
    settings = PackSettings(shard_bytes=int(shard_mib * 2**20))
    with watched("pack", "faces") as bar:
        return pack(work, dataset, settings, decisions=decisions, workers=workers, executor=executor, progress=bar)
