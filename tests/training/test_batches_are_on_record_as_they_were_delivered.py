"""``batches.parquet`` and the coverage in ``run.json``, beside a recount of the loader's own batches."""

import json
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from small_runs import SMALL, run

from ethnoshard import FaceDataset
from ethnoshard.runs import RunFolder, ahead_of_target, list_runs, read_batches
from ethnoshard.training import (
    Checkpoints,
    Ranks,
    TrainingSettings,
    TrainingWatch,
    TripletTrainer,
    loader_of,
    read_checkpoint,
)
from tests.kit.datasets import pattern_jpeg, write_dataset

KEYS = ["step", "group"]
Counts = dict[tuple[int, str], int]
"""By step and group."""


def recount(
    dataset: FaceDataset, settings: TrainingSettings, steps: int, ranks: int = 1
) -> tuple[Counts, Counts, list[tuple[int, list[int], list[int]]]]:
    """People and faces by (step, group), and every (identity, face), from the batches of the ranks' loaders."""
    people: Counts = defaultdict(int)
    faces: Counts = defaultdict(int)
    seen = []
    for rank in range(ranks):
        loader = loader_of(dataset, settings, Ranks(rank=rank, size=ranks))
        step = 0
        while step < steps:
            for batch in loader:
                step += 1
                if step > steps:
                    break
                names = [dataset.groups[number] for number in batch.groups]
                for group in dataset.groups:
                    of = {one for one, name in zip(batch.identities.tolist(), names, strict=True) if name == group}
                    people[step, group] += len(of)
                    faces[step, group] += names.count(group)
                seen.append((step, batch.identities.tolist(), batch.faces.tolist()))
        loader.close()
    return people, faces, seen


@pytest.mark.parametrize("target", ["base", "natural", "uniform", "placebo", "same-group", "A=0.5,B=0.5"])
def test_rows_are_what_the_batches_held(small: FaceDataset, train: Callable[..., TripletTrainer], target: str) -> None:
    trainer = train(target=target)
    trainer.train()
    rows = read_batches(trainer.run.batches_path)
    people, faces, _ = recount(small, trainer.settings, trainer.steps)
    assert rows.select(KEYS).rows() == [(step + 1, group) for step in range(trainer.steps) for group in "ABC"]
    assert {(step, group): value for step, group, value in rows.select(*KEYS, "people").rows()} == people
    assert {(step, group): value for step, group, value in rows.select(*KEYS, "faces").rows()} == faces
    assert (rows["epoch"] == (rows["step"] - 1) // trainer.steps_an_epoch).all()
    assert (rows["loader_epoch"] == (rows["step"] - 1) // len(trainer.loader)).all()


@pytest.mark.parametrize(
    ("target", "shares"),
    [
        ("base", None),
        ("placebo", None),
        ("same-group", None),
        ("uniform", {"A": 1 / 3, "B": 1 / 3, "C": 1 / 3}),
        ("A=0.5,B=0.5", {"A": 0.5, "B": 0.5, "C": 0.0}),
        # Cells of three: 25 of A, 7 of B, 9 of C.
        ("natural", {"A": 25 / 41, "B": 7 / 41, "C": 9 / 41}),
    ],
)
def test_the_target_is_on_record_and_asked_of_each_step(
    train: Callable[..., TripletTrainer], target: str, shares: dict[str, float] | None
) -> None:
    trainer = train(target=target, epochs=1)
    assert trainer.train()["target"] == (pytest.approx(shares) if shares else None)
    rows = read_batches(trainer.run.batches_path)
    if shares is None:
        assert rows["wanted"].null_count() == len(rows)
    else:
        assert rows["wanted"].to_list() == pytest.approx([4 * shares[group] for group in rows["group"]])


def test_a_group_that_left_its_quota_to_the_others_is_not_wanted_any_more(train: Callable[..., TripletTrainer]) -> None:
    trainer = train(target="uniform", when_exhausted="redistribute", epochs=3)
    trainer.train()
    plan = trainer.loader.plan
    rows = read_batches(trainer.run.batches_path).filter(pl.col("loader_epoch") == 0)
    assert len(plan.phases) > 1
    wanted = [4 * float(share) for phase in plan.phases for _ in phase.quotas for share in phase.shares]
    assert rows["wanted"].to_list() == pytest.approx(wanted)


@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize("target", ["natural", "uniform"])
def test_the_batches_never_lie_a_person_off_the_target(
    small: FaceDataset, tmp_path: Path, command: Callable[..., list[str]], target: str, ranks: int
) -> None:
    line = command(small, tmp_path / "run", "--target", target, epochs=5)
    if ranks > 1:
        line[1:2] = ["-m", "torch.distributed.run", f"--nproc-per-node={ranks}", "--standalone", "-m"]
    done = run(line)
    assert done.returncode == 0, done.stderr
    record = RunFolder(tmp_path / "run").record()
    rows = read_batches(tmp_path / "run" / "batches.parquet")
    assert rows["loader_epoch"].max() > 0
    assert (rows.group_by("step").agg(pl.sum("people", "faces", "wanted")).drop("step").unique().rows()) == [
        (4 * ranks, 12 * ranks, pytest.approx(4 * ranks))
    ]
    ahead = ahead_of_target(rows)
    # Batches that come a second time so that all ranks get as many are in the last step of the loader's epoch.
    again = (pl.col("step") % record["plan"]["steps"] == 0) & (record["plan"]["batches_again"] > 0)
    assert ahead.filter(~again)["ahead"].abs().max() < 1
    assert ahead["ahead"].abs().max() < 2
    settings = TrainingSettings().changed({**SMALL, "target": target}, "test")
    people, faces, _ = recount(small, settings, record["steps"], ranks)
    assert rows.select(*KEYS, "people", "faces").rows() == [
        (step, group, people[step, group], faces[step, group])
        for step in range(1, record["steps"] + 1)
        for group in "ABC"
    ]


@pytest.mark.parametrize("ranks", [1, 2])
def test_coverage_is_what_each_epoch_did_with_every_face(
    small: FaceDataset, tmp_path: Path, command: Callable[..., list[str]], ranks: int
) -> None:
    line = command(small, tmp_path / "run", "--target", "uniform", epochs=3)
    if ranks > 1:
        line[1:2] = ["-m", "torch.distributed.run", f"--nproc-per-node={ranks}", "--standalone", "-m"]
    assert run(line).returncode == 0
    record = RunFolder(tmp_path / "run").record()
    settings = TrainingSettings().changed({**SMALL, "target": "uniform"}, "test")
    _, _, seen = recount(small, settings, record["steps"], ranks)
    group_of = small.identities["group"].to_list()
    of_epoch = record["steps_an_epoch"]
    assert [entry["epoch"] for entry in record["coverage"]] == [0, 1, 2]
    for entry in record["coverage"]:
        assert entry["steps"] == of_epoch
        draws = [
            draw
            for step, identities, faces in seen
            if (step - 1) // of_epoch == entry["epoch"]
            for draw in zip(identities, faces, strict=True)
        ]
        for group in entry["groups"]:
            own = [draw for draw in draws if group_of[draw[0]] == group["group"]]
            assert (group["draws"], group["used"]) == (len(own), len(set(own)))
            assert group["repeated"] == group["draws"] - group["used"]
            assert group["faces"] == group["used"] + group["dropped"] + group["excluded"]
            assert group["excluded"] == 0
        assert (entry["replaced_from_identity"], entry["replaced_from_group"]) == (0, 0)


def test_a_whole_epoch_of_the_loader_is_as_planned_and_people_left_out_are_excluded(
    train: Callable[..., TripletTrainer],
) -> None:
    trainer = train(target="natural", min_faces=4, epochs=1)
    record = trainer.train()
    planned = record["plan"]["coverage"]
    assert record["plan"]["steps"] == record["steps"]
    names = ("group", "identities", "faces", "draws", "used", "repeated", "dropped", "excluded")
    assert [[group[name] for name in names] for group in record["coverage"][0]["groups"]] == [
        [group[name] for name in names] for group in planned
    ]
    assert sum(group["excluded"] for group in planned) == 3 * 3
    assert planned[0]["reasons"]["excluded: of people with fewer than 4 faces"] == 3


def test_faces_that_took_the_place_of_bad_ones_are_counted(
    train: Callable[..., TripletTrainer], tmp_path: Path
) -> None:
    def picture(identity: int, face: int) -> bytes:
        return b"spoilt" if (identity, face) in ((1, 2), (4, 0)) or identity == 7 else pattern_jpeg(identity, face)

    dataset = FaceDataset.open(write_dataset(tmp_path / "spoilt", [[6] * 6, [6] * 6], picture=picture))
    trainer = train(dataset=dataset)
    record = trainer.train()
    assert sum(entry["replaced_from_identity"] for entry in record["coverage"]) == 2 * 2
    assert sum(entry["replaced_from_group"] for entry in record["coverage"]) == 2 * 6
    assert trainer.loader.bad_faces.replaced_by == {"identity": 4, "group": 12}
    for entry in record["coverage"]:
        assert [group["used"] for group in entry["groups"]] == [34, 30]


def test_resumed_in_the_middle_of_an_epoch_they_are_those_of_the_whole_run(
    train: Callable[..., TripletTrainer],
) -> None:
    whole = train("whole", target="uniform", epochs=3, checkpoint_steps=4)
    expected = whole.train()

    def stepped(row: dict[str, Any]) -> None:
        if row["step"] == whole.steps_an_epoch + 6:
            raise KeyboardInterrupt

    watch = TrainingWatch(stepped=stepped)
    stopped = train("stopped", target="uniform", epochs=3, checkpoint_steps=4, watch=watch)
    with pytest.raises(KeyboardInterrupt):
        stopped.train()
    record = train("stopped", target="uniform", epochs=3, checkpoint_steps=4).train(resume=True)
    assert read_batches(stopped.run.batches_path).equals(read_batches(whole.run.batches_path))
    for name in ("target", "plan", "coverage", "progress"):
        assert record[name] == expected[name]


def test_an_epochs_coverage_outlives_a_kill_between_its_checkpoint_and_the_record(
    train: Callable[..., TripletTrainer],
) -> None:
    whole = train("whole").train()
    trainer = train("killed")
    trainer.train()
    before = trainer.run.record() | {"coverage": [], "progress": {"step": 0, "epoch": 0}, "status": "running"}
    trainer.run.write({name: value for name, value in before.items() if name != "format"})
    record = train("killed").train(resume=True)
    assert record["coverage"] == whole["coverage"]
    assert record["progress"] == whole["progress"]


def test_a_run_of_before_is_listed_and_gone_on_with(train: Callable[..., TripletTrainer]) -> None:
    trainer = train(checkpoint_steps=4)
    trainer.train()
    first, *later = sorted(trainer.run.checkpoints.glob("*.pt"))
    for path in later:
        path.unlink()
    content = read_checkpoint(first)
    first.unlink()
    old = {name: value for name, value in content.items() if name not in ("format", "batches", "record")}
    Checkpoints(trainer.run.checkpoints, keep=2).save(old)  # type: ignore[arg-type]
    record = json.loads(trainer.run.record_path.read_text())
    trainer.run.record_path.write_text(
        json.dumps({name: value for name, value in record.items() if name not in ("target", "plan", "coverage")})
    )
    trainer.run.batches_path.unlink()
    assert list_runs(trainer.run.path)[0].status == "finished"
    assert read_batches(trainer.run.batches_path) is None
    weights = trainer.run.weights_path.read_bytes()
    again = train(checkpoint_steps=4).train(resume=True)
    assert trainer.run.weights_path.read_bytes() == weights
    assert again["target"] is not None
    assert read_batches(trainer.run.batches_path)["step"].min() == content["step"] + 1
