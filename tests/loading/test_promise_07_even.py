"""Promise 7: all ranks get the same number of batches, always; under torchrun they end together."""

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ethnoshard import FaceDataset, StratifiedLoader
from ethnoshard.mixing import Plan
from tests.kit.plans import many, plans
from tests.kit.waiting import PATIENCE

OPTIONS: dict[str, Any] = {"people_per_batch": 6, "images_per_person": 4}


@pytest.mark.parametrize("ranks", range(1, 9))
@pytest.mark.parametrize("consumed", [0, 1, 5, 31])
def test_every_rank_gets_as_many_from_wherever_they_start(made: FaceDataset, ranks: int, consumed: int) -> None:
    steps = set()
    for rank in range(ranks):
        loader = StratifiedLoader(made, rank=rank, world_size=ranks, num_workers=0, **OPTIONS)
        if consumed:
            loader.load_state_dict({**loader.state_dict(), "batches": consumed})
        steps.add(sum(1 for _ in loader))
        assert loader.epoch == 1
    assert steps == {-(-(loader.plan.batches - consumed) // ranks)}


@many
@given(plans(), st.integers(2, 8))
def test_what_is_added_to_make_ranks_even_comes_from_the_same_epoch(plan: Plan, ranks: int) -> None:
    epoch = plan.epoch(0)
    for number in range(plan.batches, -(-plan.batches // ranks) * ranks):
        again, first = epoch.batch(number), epoch.batch(number % plan.batches)
        assert again.identities.tolist() == first.identities.tolist()
        assert again.faces.tolist() == first.faces.tolist()


RANK = """
import json, os, sys
import torch.distributed as dist
from ethnoshard import FaceDataset, StratifiedLoader

dist.init_process_group("gloo")
loader = StratifiedLoader(
    FaceDataset.open(sys.argv[1]), rank=dist.get_rank(), world_size=dist.get_world_size(), **json.loads(sys.argv[3])
)
seen = []
for batch in loader:
    dist.barrier()  # a rank with a batch more than the others would wait here for ever
    seen.append([batch.identities.tolist(), batch.faces.tolist()])
dist.barrier()
open(os.path.join(sys.argv[2], f"{dist.get_rank()}.json"), "w").write(json.dumps(seen))
dist.destroy_process_group()
"""


@pytest.mark.parametrize("ranks", [2, 4])
def test_torchrun_sees_each_batch_once_and_ends_together(made: FaceDataset, tmp_path: Path, ranks: int) -> None:
    script = tmp_path / "rank.py"
    script.write_text(RANK)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    run = subprocess.run(
        [
            *(sys.executable, "-m", "torch.distributed.run", f"--nproc-per-node={ranks}", f"--master-port={port}"),
            *(str(script), str(made.path), str(tmp_path), json.dumps(OPTIONS)),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert run.returncode == 0, run.stderr
    by_rank = [json.loads((tmp_path / f"{rank}.json").read_text()) for rank in range(ranks)]
    merged = [batch for step in zip(*by_rank, strict=True) for batch in step]
    alone = [
        [batch.identities.tolist(), batch.faces.tolist()] for batch in StratifiedLoader(made, num_workers=0, **OPTIONS)
    ]
    assert merged[: len(alone)] == alone
    assert merged[len(alone) :] == alone[: len(merged) - len(alone)]
