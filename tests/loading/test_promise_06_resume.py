"""Promise 6: a small JSON continues the very same sequence, at any batch, with any number of ranks and workers."""

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ethnoshard import EthnoshardError, FaceDataset, StratifiedLoader
from ethnoshard.mixing import Plan
from tests.kit.plans import as_lists, many, plans

OPTIONS: dict[str, Any] = {"people_per_batch": 5, "images_per_person": 3, "random_flip": True, "seed": 3}


def loader_of(made: FaceDataset, **more: Any) -> StratifiedLoader:
    return StratifiedLoader(made, **{**OPTIONS, **more})


def rest(loader: StratifiedLoader, epochs: int = 1) -> list[tuple[list[int], list[int], int]]:
    """What the loader still gives: who, which faces, and a digest of the pixels; in order."""
    return [
        (batch.identities.tolist(), batch.faces.tolist(), hash(batch.images.contiguous().numpy().tobytes()))
        for _ in range(epochs)
        for batch in loader
    ]


@pytest.mark.parametrize("ranks", [1, 2, 3, 5])
@pytest.mark.parametrize("cut", [0, 1, 7, 20])
def test_another_number_of_ranks_goes_on_with_the_very_same_batches(made: FaceDataset, ranks: int, cut: int) -> None:
    before = loader_of(made, world_size=2, rank=1)
    running = iter(before)
    for _ in range(cut):
        next(running)
    state = json.loads(json.dumps(before.state_dict()))
    whole = rest(loader_of(made, num_workers=0))
    left = whole[2 * cut :]
    resumed = []
    for rank in range(ranks):
        loader = loader_of(made, world_size=ranks, rank=rank, num_workers=rank % 3)
        loader.load_state_dict(state)
        resumed.append(rest(loader))
    assert len({len(of) for of in resumed}) == 1
    merged = [resumed[number % ranks][number // ranks] for number in range(ranks * len(resumed[0]))]
    assert merged[: len(left)] == left
    # What is beyond are faces from the beginning of the epoch, cut anew, so that ranks are even.
    assert [batch[:2] for batch in merged[len(left) :]] == [batch[:2] for batch in whole[: len(merged) - len(left)]]


@many
@given(plans(), st.data())
def test_any_batch_of_any_plan_is_found_without_those_before(plan: Plan, data: st.DataObject) -> None:
    epoch = data.draw(st.integers(0, 2))
    walked = [as_lists(plan.epoch(epoch).batch(number)) for number in range(plan.batches)]
    fresh = Plan(plan.identities, plan.settings).epoch(epoch)
    for number in data.draw(st.lists(st.integers(0, plan.batches - 1), min_size=1, max_size=5)):
        assert as_lists(fresh.batch(number)) == walked[number]


def test_the_next_epoch_follows_the_resumed_one(made: FaceDataset) -> None:
    whole = rest(loader_of(made), 3)
    loader = loader_of(made)
    running = iter(loader)
    for _ in range(5):
        next(running)
    other = loader_of(made)
    other.load_state_dict(loader.state_dict())
    assert rest(other, 3) == whole[5:]


def test_the_state_after_the_last_batch_is_the_beginning_of_the_next_epoch(made: FaceDataset) -> None:
    loader = loader_of(made)
    for _ in loader:
        state = loader.state_dict()
    assert (state["epoch"], state["batches"]) == (1, 0)


def test_the_state_is_a_small_json_without_the_dataset(made: FaceDataset) -> None:
    state = loader_of(made).state_dict()
    assert len(json.dumps(state)) < 1000
    assert state["fingerprint"] == made.fingerprint


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("seed", 4), ("people_per_batch", 6), ("images_per_person", 2), ("target", "uniform"), ("window_mib", 1),
        ("random_flip", False), ("random_crop", 40), ("min_faces", 3), ("when_exhausted", "stop"),
        ("shards_in_window", 1),
    ],
)  # fmt: skip
def test_a_state_of_another_setting_is_refused_by_name(made: FaceDataset, field: str, value: Any) -> None:
    state = loader_of(made).state_dict()
    with pytest.raises(EthnoshardError, match=f"another {field}: "):
        loader_of(made, **{field: value}).load_state_dict(state)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"fingerprint": "f" * 64}, "another fingerprint"),
        ({"sequence": 99}, "another sequence"),
        ({"epoch": -1}, "the state.s epoch must be at least 0, got -1"),
        ({"batches": "3"}, "the state.s batches must be a whole number, got .3."),
        ({"batches": 10_000}, "after batch 10,000"),
        ({"settings": None}, "not a state of a StratifiedLoader"),
    ],
)
def test_a_state_that_is_none_of_ours_is_refused(made: FaceDataset, change: dict[str, Any], message: str) -> None:
    loader = loader_of(made)
    with pytest.raises(EthnoshardError, match=message):
        loader.load_state_dict(loader.state_dict() | change)


def test_a_state_that_an_older_version_wrote_goes_on(made: FaceDataset) -> None:
    whole = rest(loader_of(made), 2)
    written = {
        "sequence": 2,
        "fingerprint": made.fingerprint,
        "look_alikes": None,
        "settings": {
            "people_per_batch": 5, "images_per_person": 3, "target": "natural", "when_exhausted": "repeat", "seed": 3,
            "min_faces": 2, "together": 1, "hard": 0.0, "within": "any", "window_mib": 64, "open_shards": None,
            "crop": None, "flip": True,
        },
        "epoch": 0,
        "batches": 4,
    }  # fmt: skip
    loader = loader_of(made)
    assert {**loader.state_dict()["settings"], "within": "any"} == written["settings"]
    # Without look-alikes "within" says nothing, and once any of it was taken.
    loader.load_state_dict(json.loads(json.dumps(written)))
    assert rest(loader, 2) == whole[4:]


KILLED = """
import json, os, sys
from ethnoshard import FaceDataset, StratifiedLoader
loader = StratifiedLoader(FaceDataset.open(sys.argv[1]), world_size=2, rank=int(sys.argv[3]), **json.loads(sys.argv[4]))
for batch in loader:
    line = json.dumps([loader.state_dict(), batch.identities.tolist(), batch.faces.tolist()])
    print(line, flush=True)
    sys.stdin.readline()
"""


def test_killed_in_mid_epoch_and_resumed_with_other_ranks(made: FaceDataset, tmp_path: Path) -> None:
    arguments = [sys.executable, "-c", KILLED, str(made.path), str(tmp_path)]
    ranks = [
        subprocess.Popen(
            [*arguments, str(rank), json.dumps(OPTIONS)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for rank in range(2)
    ]
    seen: list[Any] = []
    state = None
    for _ in range(6):
        for process in ranks:
            assert process.stdout is not None and process.stdin is not None
            state, identities, faces = json.loads(process.stdout.readline())
            seen.append((identities, faces))
            process.stdin.write("\n")
            process.stdin.flush()
    for process in ranks:
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        process.communicate()
    expected = [(who, faces) for who, faces, _ in rest(loader_of(made))]
    resumed = []
    for rank in range(3):
        loader = loader_of(made, world_size=3, rank=rank)
        loader.load_state_dict(state)
        resumed.append([(who, faces) for who, faces, _ in rest(loader)])
    seen += [batch for step in zip(*resumed, strict=True) for batch in step]
    assert seen[: len(expected)] == expected


def test_resuming_late_costs_no_more_than_resuming_early(made: FaceDataset) -> None:
    plan = loader_of(made).plan
    reads = []
    for batches in (0, plan.batches - 2):
        loader = loader_of(made, num_workers=0)
        loader.load_state_dict({**loader.state_dict(), "batches": batches})
        next(iter(loader))
        reads.append(loader.reads.size)
    assert reads[1] <= reads[0]
