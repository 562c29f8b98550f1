"""``ethnoshard pack``."""

from dataclasses import asdict

from ethnoshard.cli import _options as options
from ethnoshard.cli._console import say_json, watched
from ethnoshard.cli._report import report_packing
from ethnoshard.shards import PackSettings, pack


def run(
    work: options.WorkArgument,
    dataset: options.DatasetArgument,
    shard_mib: options.ShardMib = 64,
    workers: options.Workers = None,
    as_json: options.AsJson = False,
) -> None:
    """Pack the labelled faces of a work folder into shards of one group each.

    Interrupted, run the same command again: it goes on where it was.
    """
    settings = PackSettings(shard_bytes=int(shard_mib * 2**20))
    with watched("pack", "faces") as progress:
        report = pack(work, dataset, settings, workers=workers, begun=progress.begun, advance=progress.advance)
    if as_json:
        say_json(asdict(report))
    else:
        report_packing(report, str(dataset))
