"""``ethnoshard verify``."""

from dataclasses import asdict
from typing import Annotated

import typer

from ethnoshard.cli import _options as options
from ethnoshard.cli._console import fail, say, say_json, watched
from ethnoshard.shards import verify


def run(
    dataset: options.DatasetArgument,
    decode: Annotated[bool, typer.Option("--decode", help="Decode every JPEG as well.")] = False,
    workers: options.Workers = None,
    as_json: options.AsJson = False,
) -> None:
    """Check every checksum, every shard by WebDataset's own reader, every row of the index. Status 1 on any fault."""
    with watched("verify", "faces") as progress:
        outcome = verify(dataset, decode=decode, workers=workers, begun=progress.begun, advance=progress.advance)
    if as_json:
        say_json(asdict(outcome))
    else:
        for fault in outcome.faults:
            fail(fault)
        decoded = f", {outcome.decoded:,} JPEGs decoded" if decode else ""
        verdict = f"{len(outcome.faults):,} faults" if outcome.faults else "no fault"
        say(f"{outcome.shards:,} shards, {outcome.samples:,} samples read{decoded}: {verdict}")
    if outcome.faults:
        raise typer.Exit(1)
