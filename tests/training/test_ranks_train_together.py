"""torchrun with two processes."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from small_runs import SMALL

from ethnoshard import FaceDataset
from ethnoshard.training import FaceEmbedder, Ranks, TrainingSettings, squared_distances
from ethnoshard.training._step import Stepper
from tests.kit.waiting import PATIENCE

SCRIPT = """
import json, sys, torch
from pathlib import Path
from ethnoshard import FaceDataset
from ethnoshard.training import TrainingSettings, TripletTrainer
settings = TrainingSettings().changed(json.loads(sys.argv[3]), "test")
trainer = TripletTrainer(FaceDataset.open(sys.argv[1]), settings, Path(sys.argv[2]), device="cpu")
trainer.train(resume="resume" in sys.argv)
weights = torch.cat([weight.detach().reshape(-1) for weight in trainer.embedder.parameters()])
out = Path(sys.argv[2] + f"-rank{trainer.ranks.rank}.json")
said = {"steps": trainer._step, "sum": weights.double().sum().item(), "first": weights[:50].tolist()}
out.write_text(json.dumps(said))
"""


def torchrun(small: FaceDataset, folder: Path, settings: dict[str, object], *more: str) -> list[dict[str, Any]]:
    script = folder.parent / "script.py"
    script.write_text(SCRIPT)
    line = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone", str(script)]
    line += [str(small.path), str(folder), json.dumps(settings), *more]
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    return [json.loads(folder.with_name(f"{folder.name}-rank{rank}.json").read_text()) for rank in (0, 1)]


@pytest.mark.parametrize("more", [{}, {"mine_across_ranks": True, "chunk": 5}])
def test_as_many_steps_and_the_same_weights(small: FaceDataset, tmp_path: Path, more: dict[str, object]) -> None:
    one, other = torchrun(small, tmp_path / "run", {**SMALL, **more})
    assert one == other
    assert one["steps"] > 4
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert (record["ranks"], record["status"]) == (2, "finished")


class TwoRanks(Ranks):
    """The first of two, the other of which has ``other``."""

    def gathered(self, values: torch.Tensor) -> torch.Tensor:
        rest = {torch.float32: OTHER, torch.int64: IDENTITIES[4:]}[values.dtype]
        return torch.cat([values, rest])


def test_mined_across_ranks_an_own_face_has_its_gradient_as_anchor_as_positive_and_as_negative() -> None:
    settings = TrainingSettings().changed({**SMALL, "mine_across_ranks": True, "mining": "all"}, "test")
    embedder = FaceEmbedder("mobilefacenet", embedding=16, side=32)
    optimizer = torch.optim.SGD(embedder.parameters(), 0.1)
    stepper = Stepper(embedder, embedder, optimizer, settings, TwoRanks(rank=0, size=2), torch.device("cpu"))
    one, other = OWN.clone().requires_grad_(), OWN.clone().requires_grad_()
    loss, _ = stepper._loss_of(IDENTITIES[:4], IDENTITIES[:4], torch.Generator())(one)
    distances = squared_distances(other, torch.cat([other, OTHER]))
    violations = [
        distances[a, p] - distances[a, n] + settings.margin
        for a in range(4)
        for p in range(8)
        for n in range(8)
        if a != p and IDENTITIES[a] == IDENTITIES[p] != IDENTITIES[n]
    ]
    expected = torch.stack([violation for violation in violations if violation > 0]).mean()
    loss.backward()
    expected.backward()
    torch.testing.assert_close(loss, expected)
    torch.testing.assert_close(one.grad, other.grad)


IDENTITIES = torch.tensor([0, 0, 1, 1, 0, 2, 2, 1])
OWN, OTHER = torch.nn.functional.normalize(torch.randn(8, 3, generator=torch.Generator().manual_seed(0))).split(4)
