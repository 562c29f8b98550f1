"""``ethnoshard stream``."""

import itertools
import resource
import sys
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

import numpy as np
import numpy.typing as npt
import typer

from ethnoshard.cli import _options as options
from ethnoshard.cli._console import say, say_json, say_table, watched
from ethnoshard.errors import EthnoshardError
from ethnoshard.lookalikes import LookAlikes
from ethnoshard.shards import FaceDataset

if TYPE_CHECKING:
    from ethnoshard.loading import StratifiedLoader


@dataclass(frozen=True, kw_only=True)
class Stream:
    """What a loader did.

    Attributes:
        batches: how many were read.
        images: faces in them.
        seconds: from the first request to the last batch.
        images_per_second: after the first batch.
        first_batch: seconds until it was there.
        waiting: part of the time in which the trainer waited; 1 where nothing trains.
        peak_mib: most memory that this process had, MiB.
        loader_mib: how much of it came with the loader: more than the interpreter and torch had before.
        held_mib: most JPEG bytes kept for later batches, MiB.
        read_mib, reads, seeks: what was asked of the shards.
        worst_batch: most people by which a batch was off its exact share, over groups and batches.
        worst_sum: the same for all batches so far together.
        bad_faces: faces that were replaced.
    """

    batches: int
    images: int
    seconds: float
    images_per_second: float
    first_batch: float
    waiting: float
    peak_mib: float
    loader_mib: float
    held_mib: float
    read_mib: float
    reads: int
    seeks: int
    worst_batch: float
    worst_sum: float
    bad_faces: int


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
    if batches is not None and batches < 1:
        raise EthnoshardError(f"batches is at least 1; {batches} is not")
    from ethnoshard.loading import StratifiedLoader

    loader = StratifiedLoader(
        FaceDataset.open(dataset),
        people_per_batch=people,
        images_per_person=images,
        target=options.as_text(target),
        when_exhausted=when_exhausted,  # type: ignore[arg-type]
        seed=seed,
        min_faces=min_faces,
        together=together,
        look_alikes=LookAlikes.open(look_alikes) if look_alikes is not None else None,
        hard=options.hard_of(hard, look_alikes),
        within=within,  # type: ignore[arg-type]
        window_mib=window_mib,
        shards_in_window=shards_in_window,
        rank=0,  # it measures one process, whoever started it
        world_size=1,
        num_workers=workers,
        random_crop=crop,
        random_flip=flip,
        cache="memory" if memory else None,
    )
    stream = measured(loader, min(len(loader), batches or len(loader)), step_ms / 1000)
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


def measured(loader: "StratifiedLoader", batches: int, step: float) -> Stream:
    """Run through some batches, with ``step`` seconds of pretended training after each."""
    strata = np.full(len(loader.plan.identities.group), -1)
    for index, stratum in enumerate(loader.plan.strata):
        strata[stratum.members] = index
    people: list[npt.NDArray[np.int64]] = []
    before = _memory()
    waited, held, first = 0.0, 0, 0.0
    began = time.monotonic()
    with watched("stream", "batches") as bar:
        bar.begun(batches, 0)
        running = iter(loader)
        while len(people) < batches:
            asked = time.monotonic()
            batch = next(running)
            waited += time.monotonic() - asked
            first = first or waited
            held = max(held, loader.held_bytes)
            people.append(batch.identities[:: loader.settings.images_per_person].numpy())
            if step:
                time.sleep(step)
            bar.advance(1)
    took = time.monotonic() - began
    # The last batch of an epoch ends it only when the next one is asked for.
    for _ in itertools.islice(running, 0 if batches < len(loader) else 1):
        pass
    loader.close()
    per_batch = len(people[0]) * loader.settings.images_per_person
    in_batch, in_all = _deviation(loader, np.array([strata[each] for each in people]))
    used = _memory()
    return Stream(
        batches=batches,
        images=batches * per_batch,
        seconds=took,
        images_per_second=(batches - 1) * per_batch / max(took - first, 1e-9),
        first_batch=first,
        waiting=waited / took,
        peak_mib=used,
        loader_mib=used - before,
        held_mib=held / 2**20,
        read_mib=loader.reads.size / 2**20,
        reads=loader.reads.reads,
        seeks=loader.reads.seeks,
        worst_batch=in_batch,
        worst_sum=in_all,
        bad_faces=len(loader.bad_faces.reasons),
    )


def _deviation(loader: "StratifiedLoader", strata: npt.NDArray[np.int64]) -> tuple[float, float]:
    """How far batches are off the exact shares, in people: the worst of one batch, and of the batches so far."""
    counts = np.stack([(strata == index).sum(axis=1) for index in range(len(loader.plan.strata))], axis=1)
    in_batch = in_all = 0.0
    begin = 0
    for phase in loader.plan.phases:
        shares = np.array(phase.shares, np.float64)
        off = counts[begin : begin + len(phase.quotas)] - loader.settings.people_per_batch * shares
        in_batch = max(in_batch, float(np.abs(off).max(initial=0)))
        in_all = max(in_all, float(np.abs(np.cumsum(off, axis=0)).max(initial=0)))
        begin += len(phase.quotas)
    return in_batch, in_all


def _memory() -> float:
    """Most memory that this process had so far, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
