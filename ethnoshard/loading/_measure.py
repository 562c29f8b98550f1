"""What a loader does: measured over a stream of batches, and told of a whole epoch."""

import resource
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ethnoshard._checks import check_number
from ethnoshard._progress import SILENT, Progress
from ethnoshard.errors import EthnoshardError
from ethnoshard.mixing import Coverage, Meetings, deviation_of

if TYPE_CHECKING:
    from ethnoshard.loading._loader import StratifiedLoader


@dataclass(frozen=True, kw_only=True)
class LoaderCoverage:
    """What an epoch does with every face.

    Attributes:
        planned: by group: used, repeated, dropped, excluded, and why; of all ranks together.
        meetings: what batches hold of each group, beside people drawn at random: how its number varies, the ordered
            pairs of its own people (mean^2 - mean + variance: an exact quota leaves a rare group none), look-alikes.
        batches_again: batches that come a second time at the end of the epoch, so that all ranks get as many.
        bad_faces: different faces that this rank could not read or decode so far.
        replaced_from_identity: draws of this rank that got another face of the same identity instead.
        replaced_from_group: draws that got a face of another identity of the same group.
    """

    planned: Coverage
    meetings: Meetings
    batches_again: int
    bad_faces: int
    replaced_from_identity: int
    replaced_from_group: int

    def __str__(self) -> str:
        """The plan's table, and what else there is to say."""
        lines = [str(self.planned), "", str(self.meetings)]
        if self.batches_again:
            lines.append(f"{self.batches_again:,} batches come a second time, so that all ranks get as many")
        if self.bad_faces:
            lines.append(
                f"{self.bad_faces:,} bad faces: {self.replaced_from_identity:,} draws replaced from the same identity, "
                f"{self.replaced_from_group:,} from the same group"
            )
        return "\n".join(lines)


@dataclass(frozen=True, kw_only=True)
class StreamMeasurement:
    """What a loader did.

    Attributes:
        batches: how many were read.
        images: faces in them.
        seconds: from the first request to the last batch.
        images_per_second: after the first batch.
        first_batch: seconds until it was there.
        waiting: part of the time in which the trainer waited; 1 where nothing trains.
        peak_mib: most memory that this process had, MiB.
        loader_mib: how much of it came with the batches: more than the process had before the first one, MiB.
        held_mib: most JPEG bytes kept of people who have faces to come, MiB.
        read_mib: read from the shards, MiB.
        reads: how many reads that were.
        seeks: how many of them were not where the one before ended.
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


def measure_stream(
    loader: "StratifiedLoader",
    batches: int | None = None,
    *,
    step_seconds: float = 0.0,
    progress: Progress = SILENT,
) -> StreamMeasurement:
    """Run a loader through the first batches of an epoch, and close it.

    What it read and which faces were bad are counted since the loader was made: give a new one.

    Args:
        loader: of any rank, about to begin an epoch.
        batches: stop after so many; by default after the epoch, which is also the most.
        step_seconds: a training is pretended that takes so long after each batch.
        progress: told of each batch.

    Raises:
        EthnoshardError: ``batches`` is less than 1, the loader stands in the middle of an epoch, or what a loader
            raises.
    """
    if batches is not None:
        check_number("batches", batches, at_least=1)
    if not loader.begins_epoch:
        raise EthnoshardError("the loader stands in the middle of an epoch: set_epoch() goes to the beginning of one")
    number = min(len(loader), batches or len(loader))
    per_person = loader.settings.images_per_person
    people: list[npt.NDArray[np.int64]] = []
    before = _peak_memory()
    waited, most_held, first = 0.0, 0, 0.0
    began = time.monotonic()
    progress.begun(number, 0)
    running = iter(loader)
    while len(people) < number:
        request = time.monotonic()
        identities = next(running)[1]  # of a batch and of a tuple alike
        waited += time.monotonic() - request
        first = first or waited
        most_held = max(most_held, loader.held_bytes)
        people.append(identities[::per_person].numpy())
        if step_seconds:
            time.sleep(step_seconds)
        progress.advance(1)
    seconds = time.monotonic() - began
    loader.close()
    images = loader.settings.people_per_batch * per_person
    numbers = range(loader.rank, loader.rank + number * loader.world_size, loader.world_size)
    deviation = deviation_of(loader.plan, numbers, people)
    peak = _peak_memory()
    return StreamMeasurement(
        batches=number,
        images=number * images,
        seconds=seconds,
        images_per_second=(number - 1) * images / max(seconds - first, 1e-9),
        first_batch=first,
        waiting=waited / seconds,
        peak_mib=peak,
        loader_mib=peak - before,
        held_mib=most_held / 2**20,
        read_mib=loader.reads.size / 2**20,
        reads=loader.reads.reads,
        seeks=loader.reads.seeks,
        worst_batch=deviation.in_batch,
        worst_sum=deviation.in_all,
        bad_faces=len(loader.bad_faces.reasons),
    )


def _peak_memory() -> float:
    """Most memory that this process had so far, MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
