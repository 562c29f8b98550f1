"""The record of a run's batches: what they were made of, who met whom, and what became of every face."""

from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ethnoshard.loading import Batch, StratifiedLoader
from ethnoshard.mixing import Meetings, Plan, Resemblance, meetings
from ethnoshard.runs import Batches
from ethnoshard.training._machine import Ranks

_WITHOUT_SHARES = ("base", "placebo", "same-group", "weighted")
"""Targets that ask for no share of a group in a batch: chance has it, or a batch has one of them."""


REPLACED = ("identity", "group")
"""Where a face comes from that takes the place of a bad one."""


class Wanted:
    """How many people of each group the target asks of a step."""

    def __init__(self, plan: Plan, ranks: int) -> None:
        """Take the shares from the plan, which has others in each of its phases where a group leaves its quota."""
        self.groups = plan.identities.groups
        self._shares = [
            dict(zip((stratum.name for stratum in plan.strata), map(float, phase.shares), strict=True))
            for phase in plan.phases
        ]
        self._by_group = plan.settings.name not in _WITHOUT_SHARES
        self._people = np.array([[shares.get(name, 0.0) for name in self.groups] for shares in self._shares])
        self._people *= plan.settings.people_per_batch
        self._ends = np.cumsum([len(phase.quotas) for phase in plan.phases])
        self._batches, self._ranks = plan.batches, ranks
        self.loader_steps = -(-plan.batches // ranks)

    @property
    def shares(self) -> dict[str, float] | None:
        """The target's share of each group, as an epoch of the loader begins; None for an arm without."""
        return {name: self._shares[0].get(name, 0.0) for name in self.groups} if self._by_group else None

    def of_step(self, step: int) -> list[float | None]:
        """People of each group, all ranks together, in the step that follows ``step`` others; None for an arm without.

        Its batches are those that the loader gives, the first ones once more where the ranks don't divide an epoch.
        """
        if not self._by_group:
            return [None] * len(self.groups)
        begin = step % self.loader_steps * self._ranks
        numbers = np.arange(begin, begin + self._ranks) % self._batches
        people: list[float | None] = self._people[np.searchsorted(self._ends, numbers, side="right")].sum(0).tolist()
        return people


def counted(batch: Batch, groups: int, near: Resemblance | None = None) -> npt.NDArray[np.int64]:
    """What a batch holds of each group, shape (4, groups).

    Its people, their places, ordered pairs of two of its people, and people whose nearest other person of the group is
    in the batch: 0 without a table of who that is.
    """
    of_face = batch.groups.numpy()
    who, first = np.unique(batch.identities.numpy(), return_index=True)
    group = of_face[first]
    people = np.bincount(group, minlength=groups)
    # Nobody's number is -1, which stands for one who has no other.
    met = np.isin(near.nearest[who, 0], who) if near is not None else np.zeros(len(who), np.bool_)
    return np.stack(
        [
            people,
            np.bincount(of_face, minlength=groups),
            people * (people - 1),
            np.bincount(group[met], minlength=groups),
        ]
    )


def others_of(plan: Plan) -> npt.NDArray[np.int64]:
    """Of each group, how many others there are whom one of its people may meet; 1 where there is nobody else."""
    drawn = np.bincount(plan.identities.group[plan.drawn], minlength=len(plan.identities.groups))
    return np.maximum(drawn - 1, 1)


class Delivered:
    """Faces that an epoch's batches held so far, a bit each."""

    def __init__(self, plan: Plan, ranks: Ranks, device: torch.device) -> None:
        """Begin an epoch."""
        self._plan, self._ranks, self._device = plan, ranks, device
        faces = plan.identities.faces.astype(np.int64)
        self._begins = np.cumsum(faces) - faces
        self._bits = np.zeros(-(-int(faces.sum()) // 8), np.uint8)
        self._steps = np.zeros(1, np.int64)
        self._draws = np.zeros(len(plan.identities.groups), np.int64)
        self._replaced = np.zeros(len(REPLACED), np.int64)

    def add(self, batch: Batch, draws: npt.NDArray[np.int64], replaced: npt.NDArray[np.int64]) -> None:
        """Count a step.

        Args:
            batch: of this rank.
            draws: places of each group in the batches of all ranks, shape (groups,).
            replaced: draws of all ranks that got another face, by where it came from, shape (2,).
        """
        places = self._begins[batch.identities.numpy()] + batch.faces.numpy()
        np.bitwise_or.at(self._bits, places >> 3, np.left_shift(1, places & 7).astype(np.uint8))
        self._steps += 1
        self._draws += draws
        self._replaced += replaced

    def ended(self, epoch: int) -> dict[str, Any]:
        """What the epoch did, as JSON holds it; the next one begins. All ranks call it."""
        of = self._plan.identities
        seen = np.unpackbits(self._everywhere(), bitorder="little")
        used = np.add.reduceat(seen, self._begins, dtype=np.int64)
        faces = of.faces.astype(np.int64)
        kinds = {
            "identities": np.ones_like(faces),
            "faces": faces,
            "used": used,
            "dropped": np.where(self._plan.drawn, faces - used, 0),
            "excluded": np.where(self._plan.drawn, 0, faces),
        }
        rows = []
        for number, (name, draws) in enumerate(zip(of.groups, self._draws.tolist(), strict=True)):
            there = of.group == number
            sums = {kind: int(counts[there].sum()) for kind, counts in kinds.items()}
            rows.append({"group": name, **sums, "draws": draws, "repeated": draws - sums["used"]})
        replaced = dict(zip((f"replaced_from_{name}" for name in REPLACED), self._replaced.tolist(), strict=True))
        steps = int(self._steps[0])
        for counts in (self._bits, self._steps, self._draws, self._replaced):
            counts[:] = 0
        return {"epoch": epoch, "steps": steps, "groups": rows, **replaced}

    def state_dict(self) -> dict[str, Any]:
        """Of all ranks together; all ranks call it."""
        return {
            "bits": torch.from_numpy(self._everywhere()),
            "steps": self._steps.tolist(),
            "draws": self._draws.tolist(),
            "replaced": self._replaced.tolist(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on."""
        self._bits[:] = state["bits"].numpy()
        self._steps[:] = state["steps"]
        self._draws[:] = state["draws"]
        self._replaced[:] = state["replaced"]

    def _everywhere(self) -> npt.NDArray[np.uint8]:
        of_rank = torch.from_numpy(self._bits)[None].to(self._device)
        together: npt.NDArray[np.uint8] = np.bitwise_or.reduce(self._ranks.gathered(of_rank).cpu().numpy(), axis=0)
        return together


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
