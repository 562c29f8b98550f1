"""What the steps of an epoch did with every face, counted from the batches that came."""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from ethnoshard.loading import Batch
from ethnoshard.mixing import Plan
from ethnoshard.training._ranks import Ranks

REPLACED = ("identity", "group")
"""Where a face comes from that takes the place of a bad one."""


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
