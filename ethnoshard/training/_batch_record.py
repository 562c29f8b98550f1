"""The record of a run's batches: what they were made of, who met whom, and what became of every face."""

from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ethnoshard.loading import Batch, StratifiedLoader
from ethnoshard.mixing import Meetings, Resemblance, meetings
from ethnoshard.runs import Batches
from ethnoshard.training._composition import Wanted, counted, others_of
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
        self._others = others_of(loader.plan)

    @property
    def facts(self) -> dict[str, Any]:
        """The target's shares by group, or None; what an epoch of the loader does with every face; who meets whom."""
        plan, found = self._loader.plan, self._meetings
        return {
            "target": self._wanted.shares,
            "plan": {
                "steps": self._wanted.loader_steps,
                "batches": plan.batches,
                "batches_again": self._wanted.loader_steps * self._ranks.size - plan.batches,
                "coverage": [asdict(group) for group in plan.coverage().groups],
                "meetings": {**asdict(found), "groups": [asdict(group) for group in found.groups]},
            },
        }

    @cached_property
    def _meetings(self) -> Meetings:
        """Of the first epoch, as planned to begin with."""
        return meetings(self._loader.plan.epoch(0), epochs=1)

    @cached_property
    def _pairs_at_random(self) -> list[float]:
        """Of a step, by group."""
        return [self._ranks.size * group.pairs_at_random for group in self._meetings.groups]

    @property
    def _near(self) -> Resemblance | None:
        """The table that the loader's batches are planned with at the moment."""
        near = self._loader.plan.near
        return None if near is None or near.knows_nobody else near

    def counts_of(self, batch: Batch) -> Tensor:
        """Numbers of this rank's batch, int64, for :meth:`add` to be given the sums of over all ranks."""
        before = self._replaced
        self._replaced = np.array([self._loader.bad_faces.replaced_by[name] for name in REPLACED])
        counts = counted(batch, len(self._wanted.groups), self._near)
        return torch.from_numpy(np.concatenate([*counts, self._replaced - before]))

    def add(self, step: int, epoch: int, batch: Batch, sums: list[int]) -> None:
        """Count step ``step``, from 1, of epoch ``epoch``, from 0."""
        groups = len(self._wanted.groups)
        of_groups, replaced = np.split(np.array(sums, np.int64), [4 * groups])
        people, faces, pairs, met = of_groups.reshape(4, groups)
        self._delivered.add(batch, faces, replaced)
        if self._ranks.first:
            nothing = [None] * groups
            self._rows.add(
                step=step,
                epoch=epoch,
                loader_epoch=(step - 1) // self._wanted.loader_steps,
                groups=self._wanted.groups,
                wanted=self._wanted.of_step(step - 1),
                people=people.tolist(),
                faces=faces.tolist(),
                own_pairs=pairs.tolist(),
                own_pairs_at_random=self._pairs_at_random,
                nearest_met=met.tolist() if self._near else nothing,
                nearest_met_by_chance=(pairs / self._others).tolist() if self._near else nothing,
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
