"""A training that is watched step by step, and left when it has done enough of them."""

import contextlib
import itertools
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmarks.gpu._checks import Setting
from ethnoshard import FaceDataset
from ethnoshard.training import TrainingSettings, TrainingWatch, TripletTrainer, read_settings

Step = Mapping[str, float | None]
"""A row of the metrics."""


class _Enough(Exception):  # noqa: N818 - it ends a training, and is no error
    """Ends a training."""


@dataclass(frozen=True, kw_only=True)
class Watched:
    """Steps of a training.

    Attributes:
        steps: rows of its metrics.
        ends: when each ended, seconds of the clock.
    """

    steps: tuple[Step, ...]
    ends: tuple[float, ...]

    @property
    def losses(self) -> list[float]:
        """Of each step."""
        return [float(step["loss"] or 0) for step in self.steps]

    def seconds(self, warm: int) -> list[float]:
        """Of each step after the first ``warm``, from the end of one to the end of the next."""
        return [later - earlier for earlier, later in itertools.pairwise(self.ends[warm - 1 :])]

    def waiting(self, warm: int) -> float:
        """Share of these steps' time in which no batch was there."""
        later = self.steps[warm:]
        return sum(step["waiting"] or 0 for step in later) / sum(step["seconds"] or 0 for step in later)


def casia(setting: Setting, **changes: object) -> TrainingSettings:
    """The configuration ``casia``; in small, with another network, and few and small faces."""
    small = {
        "backbone": "mobilefacenet", "side": 32, "people_per_batch": 4, "images_per_person": 4, "num_workers": 1,
    }  # fmt: skip
    settings = read_settings("casia")
    return settings.changed({**(small if setting.small else {}), **changes}, "gpu-check")


def watched(
    folder: Path,
    dataset: Path,
    settings: TrainingSettings,
    device: str,
    *,
    steps: int,
    resume: bool = False,
    dropout: bool = True,
) -> Watched:
    """Train until a process has done so many steps, from the shards to the optimizer; end as if interrupted."""
    rows: list[Step] = []
    ends: list[float] = []

    def stepped(row: Step) -> None:
        rows.append(dict(row))
        ends.append(time.perf_counter())
        if len(rows) == steps:
            raise _Enough

    watch = TrainingWatch(stepped=stepped)
    trainer = TripletTrainer(FaceDataset.open(dataset), settings, folder, device=device, watch=watch)
    if not dropout:
        for module in trainer.embedder.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
    with contextlib.suppress(_Enough):
        trainer.train(resume=resume)
    return Watched(steps=tuple(rows), ends=tuple(ends))


def exact_products() -> None:
    """No TF32: products of float32 are made of float32, as on a CPU."""
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False


def greatest_difference(some: list[float], others: list[float]) -> float:
    """Of two rows of losses, the greatest difference, relative to the second's."""
    return max(abs(one - other) / abs(other) for one, other in zip(some, others, strict=True))
