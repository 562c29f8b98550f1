"""Datasets, loaders and plans cross to other processes, forked or spawned; what can't work there says so at once."""

import copy
import hashlib
import io
import json
import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
import torch

from ethnoshard import FaceDataset, StratifiedLoader
from ethnoshard.mixing import Plan

OPTIONS: dict[str, Any] = {"people_per_batch": 9, "images_per_person": 4, "random_flip": True}

SCRIPT = """
import copy, hashlib, json, multiprocessing, sys, warnings
from torch.utils.data import DataLoader, IterableDataset
from ethnoshard import EthnoshardError, FaceDataset, StratifiedLoader
path, options = sys.argv[1], json.loads(sys.argv[2])

def loader(dataset, **more):
    return StratifiedLoader(dataset, **{"num_workers": 1, **options, **more})

def seen(batches):
    return [(batch.faces.tolist(), digest(batch)) for batch in batches]

def digest(batch):
    return hashlib.sha256(batch.images.contiguous().numpy().tobytes()).hexdigest()

def told(work, *arguments):
    try:
        return work(*arguments)
    except Exception as error:
        return f"{type(error).__name__}: {error}"

def answer(connection, work, *arguments):
    connection.send(told(work, *arguments))

class Elsewhere:
    '''What work gives in another process.'''
    def __init__(self, how, work, *arguments):
        context = multiprocessing.get_context(how)
        self.ours, theirs = context.Pipe()
        self.process = context.Process(target=answer, args=(theirs, work, *arguments))
        self.process.start()
        theirs.close()
    def result(self):
        if not self.ours.poll(240):
            self.process.kill()
            return "no progress"
        got = self.ours.recv()
        self.process.join()
        return got

class Around(IterableDataset):
    '''A user's own, around a loader, or one that makes it in the worker.'''
    def __init__(self, loader=None, dataset=None, counted=False):
        self.loader, self.dataset, self.counted = loader, dataset, counted
    def __iter__(self):
        from torch.utils.data import get_worker_info
        info = get_worker_info()
        place = {"rank": info.id, "world_size": info.num_workers} if self.counted else {}
        return iter(self.loader or loader(self.dataset, **place))

def opened_again():
    return len(FaceDataset.open(path).identities)

def main(said):
SCENARIO
    print(json.dumps(said))

if __name__ == "__main__":
    warnings.filterwarnings("error", category=ResourceWarning)
    main({})
"""


def run(made: FaceDataset, scenario: str, **more: Any) -> Any:
    code = SCRIPT.replace("SCENARIO", "\n".join("    " + line for line in scenario.strip().splitlines()))
    return json.loads(python(made, code, **more).splitlines()[-1])


def python(made: FaceDataset, code: str, **more: Any) -> str:
    script = made.path.parent / f"script-{abs(hash(code))}.py"
    script.write_text(code)
    done = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", script, made.path, json.dumps({**OPTIONS, **more})],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def epochs_of(made: FaceDataset, number: int = 1, **more: Any) -> list[Any]:
    """Faces and digests of the batches of the first epochs, as the script gives them."""
    loader = StratifiedLoader(made, num_workers=0, **{**OPTIONS, **more})
    return [
        [
            [batch.faces.tolist(), hashlib.sha256(batch.images.contiguous().numpy().tobytes()).hexdigest()]
            for batch in loader
        ]
        for _ in range(number)
    ]


FORKED = """
said["not opened before"] = Elsewhere("fork", opened_again).result()
dataset = FaceDataset.open(path)
said["opened before"] = Elsewhere("fork", opened_again).result()
said["in its child"] = Elsewhere("fork", lambda: Elsewhere("fork", opened_again).result()).result()
said["table of faces"] = Elsewhere("fork", lambda: len(dataset.faces())).result()
said["loader made there"] = Elsewhere("fork", lambda: seen(loader(dataset))).result()
made = loader(dataset)
said["loader made before"] = Elsewhere("fork", seen, made).result()
batches = iter(made)
kept = [next(batches) for _ in range(3)]
right = [digest(batch) for batch in kept]
go_on = multiprocessing.get_context("fork").Event()
def in_mid_epoch():
    went_on = told(next, batches)
    go_on.wait()
    return went_on, [digest(batch) for batch in kept] == right, seen(made)
child = Elsewhere("fork", in_mid_epoch)
position = made.state_dict()["batches"]
kept.clear()
rest = seen(batches)
again = seen(made)
go_on.set()
said["in mid-epoch"], said["meanwhile"] = child.result(), [position, rest, again]
"""


def test_in_a_forked_process_a_loader_goes_on_by_itself_and_opening_is_refused(made: FaceDataset) -> None:
    said = run(made, FORKED)
    first, second = epochs_of(made, 2)
    assert said["not opened before"] == len(made.identities)
    for how in ("opened before", "in its child", "table of faces"):
        assert said[how].startswith("EthnoshardError: reading "), said[how]
        assert "forked" in said[how] and 'multiprocessing_context="spawn"' in said[how]
    assert said["loader made there"] == said["loader made before"] == first
    went_on, same_pixels, epoch = said["in mid-epoch"]
    assert "was begun in another process, before a fork" in went_on
    assert same_pixels
    assert epoch == second
    assert said["meanwhile"] == [3, first[3:], second]


@pytest.mark.parametrize("how", ["spawn", "forkserver"])
def test_a_dataset_and_a_loader_in_mid_epoch_go_to_other_processes(made: FaceDataset, how: str) -> None:
    said = run(
        made,
        f"""
made = loader(FaceDataset.open(path), rank=1, world_size=2)
for number, _ in enumerate(made):
    if number == 3:
        break
others = [Elsewhere({how!r}, seen, one) for one in (made, loader(made.dataset, seed=5, target="uniform"))]
said["loaders"] = [other.result() for other in others]
""",
    )
    steps = len(StratifiedLoader(made, rank=1, world_size=2, **OPTIONS))
    second, other = epochs_of(made, 2)[1], epochs_of(made, seed=5, target="uniform")[0]
    assert said["loaders"][0][: steps - 1] == second[1::2][: steps - 1]
    assert said["loaders"][1] == other


WORKERS = """
dataset = FaceDataset.open(path)
made = loader(dataset)
inner = HOW and Around(made) or made
options = {"num_workers": COUNT, "multiprocessing_context": CONTEXT, "persistent_workers": LAST}
workers = DataLoader(inner, batch_size=None, **options)
said["whole"] = seen(workers)
said["some"] = []
for batch in workers:
    said["some"] += seen([batch])
    if len(said["some"]) == 5:
        break
said["next"] = seen(workers)
said["state"] = told(made.state_dict)
del workers
made.set_epoch(1)
said["here"] = seen(made)
"""


@pytest.mark.filterwarnings("ignore:This DataLoader will create")
@pytest.mark.parametrize(
    ("context", "count", "around", "last"),
    [("fork", 1, False, False), ("fork", 2, True, False), ("fork", 2, False, True), ("spawn", 2, True, False)],
)
def test_workers_of_a_dataloader_share_each_epoch_in_its_order(
    made: FaceDataset, context: str, count: int, around: bool, last: bool
) -> None:
    changes = {"HOW": around, "COUNT": count, "CONTEXT": context, "LAST": last}
    scenario = WORKERS
    for name, value in changes.items():
        scenario = scenario.replace(name, repr(value))
    said = run(made, scenario)
    epochs = epochs_of(made, 3)
    assert len(epochs[0]) % 2 == 1
    assert said["whole"] == epochs[0]
    assert said["some"] == epochs[1][:5]
    assert said["next"] == epochs[2]
    assert said["state"].startswith("EthnoshardError: where the training is can't be told")
    assert said["here"] == epochs[1]


def test_more_workers_than_batches_and_loaders_made_in_workers(made: FaceDataset) -> None:
    said = run(
        made,
        """
warnings.filterwarnings("ignore", message="This DataLoader will create")
dataset = FaceDataset.open(path)
few = loader(dataset, people_per_batch=60, images_per_person=10)
forked = {"multiprocessing_context": "fork", "batch_size": None}
workers = DataLoader(few, num_workers=len(few) + 1, persistent_workers=True, **forked)
said["few"] = [seen(workers), seen(workers)]
for name, one in (
    ("made there", Around(dataset=dataset)),
    ("with a rank that counts workers", Around(dataset=dataset, counted=True)),
):
    said[name] = seen(DataLoader(one, num_workers=2, **forked))
in_this_process = DataLoader(loader(dataset), batch_size=None)
said["no workers"] = [seen(in_this_process), len(in_this_process), in_this_process.dataset.state_dict()["epoch"]]
""",
    )
    (first,) = epochs_of(made)
    assert said["few"] == epochs_of(made, 2, people_per_batch=60, images_per_person=10)
    assert said["made there"] == first
    # Rank 1 of 2 gets the epoch's first batch again at its end.
    assert said["with a rank that counts workers"][: len(first)] == first
    assert said["no workers"] == [first, len(first), 1]


def by_pickle(one: Any) -> Any:
    return pickle.loads(pickle.dumps(one))  # noqa: S301 - of its own making: can it go to another process?


def copies() -> dict[str, Any]:
    def by_torch(one: Any) -> Any:
        file = io.BytesIO()
        torch.save(one, file)
        return torch.load(io.BytesIO(file.getvalue()), weights_only=False)

    return {"pickle": by_pickle, "torch": by_torch, "copy": copy.copy, "deepcopy": copy.deepcopy}


@pytest.mark.parametrize("how", copies())
def test_a_copy_stands_where_the_loader_does_and_neither_moves_the_other(made: FaceDataset, how: str) -> None:
    first, second = epochs_of(made, 2)
    loader = StratifiedLoader(made, num_workers=1, **OPTIONS)
    loader.load_state_dict({**loader.state_dict(), "batches": 4})
    unmoved = copies()[how](loader)
    batches = iter(loader)
    next(batches)
    moved = copies()[how](loader)
    assert moved.state_dict() == loader.state_dict() and loader.state_dict()["batches"] == 5
    assert [batch.faces.tolist() for batch in unmoved] == [faces for faces, _ in first[4:]]
    assert [batch.faces.tolist() for batch in moved] == [faces for faces, _ in second]
    assert [batch.faces.tolist() for batch in batches] == [faces for faces, _ in first[5:]]


def test_a_state_goes_through_torch_save_without_code(made: FaceDataset) -> None:
    state = StratifiedLoader(made, target={"A": 0.5, "B": 0.5}, **OPTIONS).state_dict()
    file = io.BytesIO()
    torch.save(state, file)
    assert torch.load(io.BytesIO(file.getvalue()), weights_only=True) == state


@pytest.mark.parametrize("policy", ["repeat", "redistribute"])
def test_a_plan_and_its_epochs_can_be_pickled(made: FaceDataset, policy: Any) -> None:
    plan = StratifiedLoader(made, target="uniform", when_exhausted=policy, **OPTIONS).plan
    epoch = plan.epoch(1)
    epoch.batch(3)
    again: Plan = by_pickle(plan)
    for other in (again.epoch(1), by_pickle(epoch)):
        assert other.coverage() == epoch.coverage()
        for number in range(0, plan.batches, 7):
            one, same = epoch.batch(number), other.batch(number)
            assert np.array_equal(one.identities, same.identities) and np.array_equal(one.faces, same.faces)


def test_bad_faces_so_far_go_with_a_copy(made: FaceDataset) -> None:
    loader = StratifiedLoader(made, num_workers=0, max_bad_faces=2, **OPTIONS)
    loader.bad_faces.add(0, 0, "a shard", "a reason")
    other = by_pickle(loader)
    assert other.bad_faces.reasons == loader.bad_faces.reasons
    other.bad_faces.add(0, 1, "a shard", "a reason")
    assert len(loader.bad_faces.reasons) == 1
