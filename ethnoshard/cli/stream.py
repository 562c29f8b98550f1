"""``ethnoshard stream``."""

from dataclasses import asdict
from typing import Annotated

import typer

from ethnoshard._checks import check_number
from ethnoshard.cli import _options as options
from ethnoshard.cli._console import say, say_json, say_table, watched
from ethnoshard.lookalikes import LookAlikes
from ethnoshard.shards import FaceDataset


def run(
    dataset: options.DatasetOrUrl,
    people: options.People,
    images: options.PerPerson,
    target: options.TargetOption = "natural",
    when_exhausted: options.WhenExhausted = "repeat",
    seed: options.PlanSeed = 0,
    min_faces: options.MinFaces = None,
    together: options.Together = 1,
    look_alikes: options.LookAlikesOption = None,
    hard: options.Hard = None,
    within: options.WithinOption = "group",
    window_mib: options.WindowMib = 64,
    shards_in_window: options.ShardsInWindow = None,
    workers: Annotated[int, typer.Option(help="Processes that decode; 0 starts none.")] = 2,
    batches: Annotated[int | None, typer.Option(help="Stop after so many batches; by default after the epoch.")] = None,
    step_ms: Annotated[float, typer.Option(help="Pretend that training takes so many milliseconds a batch.")] = 0.0,
    crop: Annotated[int | None, typer.Option(help="Random crops of this side, pixels.")] = None,
    flip: Annotated[bool, typer.Option("--flip", help="Mirror every other face, by chance.")] = False,
    memory: Annotated[bool, typer.Option("--memory", help="Keep the whole dataset in memory.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """Run the loader alone through an epoch: images a second, waiting, memory, reads, how far batches are off."""
    if batches is not None:
        check_number("batches", batches, at_least=1)
    wanted, exhaustion, company = (
        options.target_of(target), options.exhaustion_of(when_exhausted), options.within_of(within)
    )  # fmt: skip
    from ethnoshard.loading import StratifiedLoader, measure_stream

    loader = StratifiedLoader(
        FaceDataset.open(dataset),
        people_per_batch=people,
        images_per_person=images,
        target=wanted,
        when_exhausted=exhaustion,
        seed=seed,
        min_faces=min_faces,
        together=together,
        look_alikes=LookAlikes.open(look_alikes) if look_alikes is not None else None,
        hard=options.hard_of(hard, look_alikes),
        within=company,
        window_mib=window_mib,
        shards_in_window=shards_in_window,
        rank=0,  # it measures one process, whoever started it
        world_size=1,
        num_workers=workers,
        random_crop=crop,
        random_flip=flip,
        cache="memory" if memory else None,
    )
    with watched("stream", "batches") as bar:
        stream = measure_stream(loader, batches, step_seconds=step_ms / 1000, progress=bar)
    if as_json:
        say_json(asdict(stream))
        return
    say_table(
        ["", ""],
        [
            ["images a second", f"{stream.images_per_second:,.0f}"],
            ["first batch", f"{stream.first_batch:.2f} s"],
            ["waiting", f"{stream.waiting:.1%} of the time"],
            ["memory", f"{stream.peak_mib:,.0f} MiB at most, {stream.loader_mib:,.0f} of it the loader's"],
            ["read", f"{stream.read_mib:,.1f} MiB in {stream.reads:,} reads, {stream.seeks:,} of them after a jump"],
            [
                "off the exact share",
                f"{stream.worst_batch:.2f} people in a batch, {stream.worst_sum:.2f} in all so far",
            ],
            ["bad faces", f"{stream.bad_faces:,}"],
        ],
        title=f"{stream.batches:,} batches, {stream.images:,} images",
    )
    if loader.epoch:
        say()
        say(str(loader.coverage()))
