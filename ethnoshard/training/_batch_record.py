"""The record of a run's batches: what they were made of, and what became of every face."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ethnoshard.loading import Batch, StratifiedLoader
from ethnoshard.runs import Batches
from ethnoshard.training._composition import Wanted, counted
from ethnoshard.training._delivered import REPLACED, Delivered
from ethnoshard.training._ranks import Ranks


class BatchRecord:
    """Counts batches as they come; what is written of it ends at the step of a checkpoint, and goes on there."""

    def __init__(self, loader: StratifiedLoader, path: Path, ranks: Ranks, device: torch.device) -> None:
        """Begin before the first step.

        Args:
            loader: whose batches they are.
            path: of the table.
            ranks: which train together.
            device: where they exchange what they have.
        """
        self._loader, self._ranks = loader, ranks
        self._wanted = Wanted(loader.plan, ranks.size)
        self._delivered = Delivered(loader.plan, ranks, device)
        self._rows = Batches(path)
        self._replaced = np.zeros(len(REPLACED), np.int64)

    @property
    def facts(self) -> dict[str, Any]:
        """The target's shares by group, or None, and what an epoch of the loader does with every face."""
        plan = self._loader.plan
        return {
            "target": self._wanted.shares,
            "plan": {
                "steps": self._wanted.loader_steps,
                "batches": plan.batches,
                "batches_again": self._wanted.loader_steps * self._ranks.size - plan.batches,
                "coverage": [asdict(group) for group in plan.coverage().groups],
            },
        }

    def counts_of(self, batch: Batch) -> Tensor:
        """Numbers of this rank's batch, int64, for :meth:`add` to be given the sums of over all ranks."""
        before = self._replaced
        self._replaced = np.array([self._loader.bad_faces.replaced_by[name] for name in REPLACED])
        counts = counted(batch, len(self._wanted.groups))
        return torch.from_numpy(np.concatenate([*counts, self._replaced - before]))

    def add(self, step: int, epoch: int, batch: Batch, sums: list[int]) -> None:
        """Count step ``step``, from 1, of epoch ``epoch``, from 0."""
        groups = len(self._wanted.groups)
        people, faces, replaced = np.split(np.array(sums, np.int64), [groups, 2 * groups])
        self._delivered.add(batch, faces, replaced)
        if self._ranks.first:
            self._rows.add(
                step=step,
                epoch=epoch,
                loader_epoch=(step - 1) // self._wanted.loader_steps,
                groups=self._wanted.groups,
                wanted=self._wanted.of_step(step - 1),
                people=people.tolist(),
                faces=faces.tolist(),
            )

    def end_epoch(self, epoch: int) -> dict[str, Any]:
        """What the epoch's batches did with every face, as JSON holds it. All ranks call it."""
        return self._delivered.ended(epoch)

    def write(self) -> dict[str, Any]:
        """Write the table; what a checkpoint holds beside it. All ranks call it, the first one writes."""
        if self._ranks.first:
            self._rows.write()
        return self._delivered.state_dict()

    def take_up(self, step: int, state: dict[str, Any] | None) -> None:
        """Go on after a step, with what the checkpoint holds; one of before has nothing."""
        if self._ranks.first:
            self._rows.take_up(step)
        if state is not None:
            self._delivered.load_state_dict(state)
