"""torchrun with two processes."""

import json
import subprocess
import sys

import pytest
from small_runs import SMALL

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


def torchrun(small, folder, settings, *more):
    script = folder.parent / "script.py"
    script.write_text(SCRIPT)
    line = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", "--standalone", str(script)]
    line += [str(small.path), str(folder), json.dumps(settings), *more]
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return [json.loads(folder.with_name(f"{folder.name}-rank{rank}.json").read_text()) for rank in (0, 1)]


@pytest.mark.parametrize("more", [{}, {"mine_across_ranks": True, "chunk": 5}])
def test_as_many_steps_and_the_same_weights(small, tmp_path, more):
    one, other = torchrun(small, tmp_path / "run", {**SMALL, **more})
    assert one == other
    assert one["steps"] > 4
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert (record["ranks"], record["status"]) == (2, "finished")
