"""``ethnoshard verify``."""

from dataclasses import asdict
from typing import Annotated

import typer

from ethnoshard._command import command
from ethnoshard.cli import _machines as machines
from ethnoshard.cli import _options as options
from ethnoshard.cli._console import fail, say, say_json, watched
from ethnoshard.shards import FaceDataset, is_url, verify


def run(
    dataset: options.DatasetOrUrl,
    decode: Annotated[bool, typer.Option("--decode", help="Decode every JPEG as well.")] = False,
    workers: options.Workers = None,
    ray: machines.RayOption = None,
    as_json: options.AsJson = False,
) -> None:
    """Check every checksum, every shard by WebDataset's own reader, every row of the index. Status 1 on any fault."""
    executor = machines.ray_tasks(ray, workers)
    with watched("verify", "faces") as progress:
        outcome = verify(dataset, decode=decode, workers=workers, executor=executor, progress=progress)
    if as_json:
        say_json(asdict(outcome))
    else:
        for fault in outcome.faults:
            fail(fault)
        decoded = f", {outcome.decoded:,} JPEGs decoded" if decode else ""
        verdict = f"{len(outcome.faults):,} faults" if outcome.faults else "no fault"
        say(f"{outcome.shards:,} shards, {outcome.samples:,} samples read{decoded}: {verdict}")
    if outcome.faults:
        if not as_json and not is_url(dataset):
            decided = FaceDataset.open(dataset).manifest.decisions
            again = command("pack", "WORK", dataset)
            if decided:
                again = command("pack", "WORK", dataset, "--without", decided.name)
            say(f"next: delete the shards that are named; {again} writes what is missing or damaged anew")
            say(
                "a face that can't be decoded though its shard has the right checksum was packed so: align again "
                "first, into a new work folder"
            )
        raise typer.Exit(1)
