"""The record of a run's batches: what they were made of, who met whom, and what became of every face."""

from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import TypedDict

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ethnoshard.loading import Batch, LoaderStateJson, StratifiedLoader
from ethnoshard.mixing import Meetings, Plan, Resemblance, meetings
from ethnoshard.runs import Batches
from ethnoshard.training._machine import Ranks
from ethnoshard.training._record import EpochUse, GroupUse, TrainingRecord

REPLACED = ("identity", "group")
"""Where a face comes from that takes the place of a bad one."""


class StepTarget:
    """How many people of each group the target asks of a step."""

    def __init__(self, plan: Plan, ranks: int) -> None:
        """Take the shares from the plan, which has others in each of its phases where a group leaves its quota."""
        self.groups = plan.identities.groups
        self._shares = [
            dict(zip((stratum.name for stratum in plan.strata), map(float, phase.shares), strict=True))
            for phase in plan.phases
        ]
        self._by_group = plan.settings.target.has_shares
        self._people = np.array([[shares.get(name, 0.0) for name in self.groups] for shares in self._shares])
        self._people *= plan.settings.people_per_batch
        self._ends = np.cumsum([len(phase.quotas) for phase in plan.phases])
        self._batches, self._ranks = plan.batches, ranks
        self.loader_steps = -(-plan.batches // ranks)
        self.loader_epoch, self._given = 0, 0

    @property
    def shares(self) -> dict[str, float] | None:
        """The target's share of each group, as an epoch of the loader begins; None for a target without."""
        return {name: self._shares[0].get(name, 0.0) for name in self.groups} if self._by_group else None

    def go_to(self, epoch: int, batches: int) -> None:
        """Go on after so many batches of an epoch of the loader, all ranks together."""
        ended = batches >= self._batches
        self.loader_epoch, self._given = (epoch + 1, 0) if ended else (epoch, batches)

    def next_step(self) -> tuple[int, list[float | None]]:
        """Epoch of the loader and people of each group, all ranks together, of the next step; None without shares.

        Its batches are those that the loader gives, the first ones once more where the ranks don't divide an epoch.
        """
        epoch, numbers = self.loader_epoch, np.arange(self._given, self._given + self._ranks) % self._batches
        self.go_to(epoch, self._given + self._ranks)
        if not self._by_group:
            return epoch, [None] * len(self.groups)
        people: list[float | None] = self._people[np.searchsorted(self._ends, numbers, side="right")].sum(0).tolist()
        return epoch, people


def counts_by_group(batch: Batch, groups: int, near: Resemblance | None = None) -> npt.NDArray[np.int64]:
    """What a batch holds of each group, shape (4, groups).

    Its people, their slots, ordered pairs of two of its people, and people whose nearest other person of the group is
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


def others_by_group(plan: Plan) -> npt.NDArray[np.int64]:
    """How many others of their group people may meet, by group, shape (groups,), int64; 1 where there are none."""
    people = np.bincount(plan.identities.group[plan.included], minlength=len(plan.identities.groups))
    return np.maximum(people - 1, 1)


class EpochFacesState(TypedDict):
    """Faces of all ranks, a bit each, and counts, since the epoch began."""

    bits: Tensor
    steps: list[int]
    draws: list[int]
    replaced: list[int]


class EpochFaces:
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
            draws: slots of each group in the batches of all ranks, shape (groups,).
            replaced: draws of all ranks that got another face, by where it came from, shape (2,).
        """
        index = self._begins[batch.identities.numpy()] + batch.faces.numpy()
        np.bitwise_or.at(self._bits, index >> 3, np.left_shift(1, index & 7).astype(np.uint8))
        self._steps += 1
        self._draws += draws
        self._replaced += replaced

    def end(self, epoch: int) -> EpochUse:
        """What the epoch did, as JSON holds it; the next one begins. All ranks call it."""
        of = self._plan.identities
        bits = np.unpackbits(self._everywhere(), bitorder="little")
        used = np.add.reduceat(bits, self._begins, dtype=np.int64)
        faces = of.faces.astype(np.int64)
        rows: list[GroupUse] = []
        for number, (name, draws) in enumerate(zip(of.groups, self._draws.tolist(), strict=True)):
            own = of.group == number
            included = own & self._plan.included
            rows.append(
                {
                    "group": name,
                    "identities": int(own.sum()),
                    "faces": int(faces[own].sum()),
                    "used": int(used[own].sum()),
                    "dropped": int((faces - used)[included].sum()),
                    "excluded": int(faces[own & ~self._plan.included].sum()),
                    "draws": draws,
                    "repeated": draws - int(used[own].sum()),
                }
            )
        from_identity, from_group = self._replaced.tolist()
        steps = int(self._steps[0])
        for counts in (self._bits, self._steps, self._draws, self._replaced):
            counts[:] = 0
        return {
            "epoch": epoch,
            "steps": steps,
            "groups": rows,
            "replaced_from_identity": from_identity,
            "replaced_from_group": from_group,
        }

    def state_dict(self) -> EpochFacesState:
        """What all ranks together counted; all ranks call it."""
        return {
            "bits": torch.from_numpy(self._everywhere()),
            "steps": self._steps.tolist(),
            "draws": self._draws.tolist(),
            "replaced": self._replaced.tolist(),
        }

    def load_state_dict(self, state: EpochFacesState) -> None:
        """Go on from a state."""
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
        self._target = StepTarget(loader.plan, ranks.size)
        self._faces = EpochFaces(loader.plan, ranks, device)
        self._rows = Batches(path)
        self._replaced = np.zeros(len(REPLACED), np.int64)
        self._others = others_by_group(loader.plan)

    @property
    def facts(self) -> TrainingRecord:
        """The target's shares by group, or None; what an epoch of the loader does with every face; who meets whom."""
        plan, met = self._loader.plan, self._meetings
        return {
            "target": self._target.shares,
            "plan": {
                "steps": self._target.loader_steps,
                "batches": plan.batches,
                "batches_again": self._target.loader_steps * self._ranks.size - plan.batches,
                "coverage": [asdict(group) for group in plan.coverage().groups],
                "meetings": {**asdict(met), "groups": [asdict(group) for group in met.groups]},
            },
        }

    @cached_property
    def _meetings(self) -> Meetings:
        """Who meets whom in the first epoch, as planned to begin with."""
        return meetings(self._loader.plan.epoch(0), epochs=1)

    @cached_property
    def _pairs_at_random(self) -> list[float]:
        """Own pairs that a step would have at random, by group."""
        return [self._ranks.size * group.pairs_at_random for group in self._meetings.groups]

    @property
    def _near(self) -> Resemblance | None:
        """The table that the loader's batches are planned with at the moment."""
        near = self._loader.plan.near
        return None if near is None or near.is_empty else near

    def counts_of(self, batch: Batch) -> Tensor:
        """Numbers of this rank's batch, int64, for :meth:`add` to be given the sums of over all ranks."""
        before = self._replaced
        self._replaced = np.array([self._loader.bad_faces.replaced_by[name] for name in REPLACED])
        counts = counts_by_group(batch, len(self._target.groups), self._near)
        return torch.from_numpy(np.concatenate([*counts, self._replaced - before]))

    def add(self, step: int, epoch: int, batch: Batch, sums: list[int]) -> None:
        """Count step ``step``, from 1, of epoch ``epoch``, from 0."""
        groups = len(self._target.groups)
        of_groups, replaced = np.split(np.array(sums, np.int64), [4 * groups])
        people, faces, pairs, met = of_groups.reshape(4, groups)
        self._faces.add(batch, faces, replaced)
        loader_epoch, wanted = self._target.next_step()
        if self._ranks.first:
            nothing = [None] * groups
            self._rows.add(
                step=step,
                epoch=epoch,
                loader_epoch=loader_epoch,
                groups=self._target.groups,
                wanted=wanted,
                people=people.tolist(),
                faces=faces.tolist(),
                own_pairs=pairs.tolist(),
                own_pairs_at_random=self._pairs_at_random,
                nearest_met=met.tolist() if self._near else nothing,
                nearest_met_by_chance=(pairs / self._others).tolist() if self._near else nothing,
            )

    def end_epoch(self, epoch: int) -> EpochUse:
        """What the epoch's batches did with every face, as JSON holds it. All ranks call it."""
        return self._faces.end(epoch)

    def write(self) -> None:
        """Write the table; the first rank does."""
        if self._ranks.first:
            self._rows.write()

    def state_dict(self) -> EpochFacesState:
        """What a checkpoint holds beside the table. All ranks call it."""
        return self._faces.state_dict()

    def load_state_dict(self, state: EpochFacesState | None, *, step: int, at: LoaderStateJson) -> None:
        """Go on after a step.

        Args:
            state: what the checkpoint holds; None of one from before there was any.
            step: of the checkpoint; rows of later steps don't count.
            at: where the loader is.
        """
        self._target.go_to(at["epoch"], at["batches"])
        if self._ranks.first:
            self._rows.truncate_after(step)
        if state is not None:
            self._faces.load_state_dict(state)
