"""Own-group pairs, what they would be at random, and look-alikes that met, beside a recount of the ranks' batches."""

import json
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from small_runs import SMALL, run

from ethnoshard import FaceDataset
from ethnoshard.lookalikes import LookAlikes, make_look_alikes
from ethnoshard.mixing import meetings
from ethnoshard.runs import RunFolder, read_batches
from ethnoshard.training import FaceEmbedder, Ranks, TrainingSettings, TripletTrainer, loader_of

KEYS = ["step", "group"]
Counts = dict[tuple[int, str], int]
"""By step and group."""


@pytest.fixture(scope="module")
def table(small: FaceDataset, tmp_path_factory: pytest.TempPathFactory) -> LookAlikes:
    """Who resembles whom in the small dataset, by made embeddings."""
    return table_of(small, tmp_path_factory.mktemp("near") / "near", seed=0)


def table_of(dataset: FaceDataset, folder: Path, seed: int) -> LookAlikes:
    vectors = np.random.default_rng(seed).standard_normal((len(dataset.identities), 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    facts = {"name": "made", "digest": "0" * 64}
    owners = np.arange(len(vectors))
    return make_look_alikes(
        folder, dataset=dataset, vectors=vectors, owners=owners, model_facts=facts, k=4, apart=0.999
    )


def recount(
    dataset: FaceDataset, settings: TrainingSettings, steps: int, ranks: int, nearest: Path
) -> tuple[Counts, Counts, dict[str, list[int]]]:
    """Ordered pairs, and people whose nearest other is there, by (step, group); and every rank's people by group."""
    pairs: Counts = defaultdict(int)
    met: Counts = defaultdict(int)
    people: dict[str, list[int]] = defaultdict(list)
    group_of = dataset.identities["group"].to_list()
    for rank in range(ranks):
        loader = loader_of(dataset, settings, Ranks(rank=rank, size=ranks), look_alikes=LookAlikes.open(nearest))
        table, step = loader.plan.near.nearest, 0
        while step < steps:
            for batch in loader:
                step += 1
                if step > steps:
                    break
                there = set(batch.identities.tolist())
                for group in dataset.groups:
                    own = [one for one in there if group_of[one] == group]
                    pairs[step, group] += sum(one != other for one in own for other in own)
                    met[step, group] += sum(int(table[one, 0]) in there for one in own)
                    people[group].append(len(own))
        loader.close()
    return pairs, met, people


@pytest.mark.parametrize("ranks", [1, 2])
def test_pairs_and_look_alikes_are_those_of_each_ranks_batches(
    small: FaceDataset, table: LookAlikes, tmp_path: Path, command: Callable[..., list[str]], ranks: int
) -> None:
    more = {"look_alikes": str(table.path), "hard": 0.5, "people_per_batch": 8}
    line = command(small, tmp_path / "run", "--target", "natural", epochs=3, **more)
    if ranks > 1:
        line[1:2] = ["-m", "torch.distributed.run", f"--nproc-per-node={ranks}", "--standalone", "-m"]
    done = run(line)
    assert done.returncode == 0, done.stderr
    record = RunFolder(tmp_path / "run").record()
    rows = read_batches(tmp_path / "run" / "batches.parquet")
    settings = TrainingSettings().changed({**SMALL, **more, "target": "natural"}, "test")
    pairs, met, people = recount(small, settings, record["steps"], ranks, table.path)
    for name, expected in (("own_pairs", pairs), ("nearest_met", met)):
        assert sum(expected.values()) > 0
        assert {(step, group): value for step, group, value in rows.select(*KEYS, name).rows()} == expected
    # 12, 4 and 5 people of A, B and C: so many others each.
    others = rows["group"].replace_strict({"A": 11, "B": 3, "C": 4})
    assert rows["nearest_met_by_chance"].to_list() == pytest.approx((rows["own_pairs"] / others).to_list())
    # The variance in a rank's batch follows from the sums over ranks, as the schema says.
    sums = rows.group_by("group").agg(pl.col("people", "own_pairs").sum())
    for group, persons, met_pairs in sums.rows():
        batches = record["steps"] * ranks
        variance = (met_pairs + persons) / batches - (persons / batches) ** 2
        assert variance == pytest.approx(np.var(people[group]))
    planned = record["plan"]["meetings"]["groups"]
    of = {group["group"]: ranks * group["pairs_at_random"] for group in planned}
    assert rows["own_pairs_at_random"].to_list() == pytest.approx([of[group] for group in rows["group"]])


@pytest.mark.parametrize(("target", "together"), [("natural", 1), ("base", 1), ("placebo", 1), ("natural", 2)])
def test_the_record_says_who_meets_whom_in_an_epoch_of_the_loader(
    train: Callable[..., TripletTrainer], target: str, together: int
) -> None:
    trainer = train(target=target, together=together, epochs=1)
    trainer.train()
    planned = json.loads(trainer.run.record_path.read_text())["plan"]["meetings"]
    expected = meetings(trainer.loader.plan.epoch(0), epochs=1)
    assert [group["group"] for group in planned["groups"]] == ["A", "B", "C"]
    for name in ("people", "dispersion", "pairs", "pairs_at_random", "distinct", "effective", "nearest"):
        assert [group[name] for group in planned["groups"]] == [getattr(group, name) for group in expected.groups]
    rows = read_batches(trainer.run.batches_path)
    assert rows["nearest_met"].null_count() == rows["nearest_met_by_chance"].null_count() == len(rows)
    if len(trainer.loader) == trainer.steps:
        delivered = rows.group_by("group", maintain_order=True).agg(pl.col("own_pairs").mean())
        assert delivered["own_pairs"].to_list() == pytest.approx([group.pairs for group in expected.groups])


def test_before_its_first_table_a_run_counts_no_look_alikes_and_then_those_of_the_table_in_use(
    small: FaceDataset, tmp_path: Path
) -> None:
    tables = []

    def remake(embedder: FaceEmbedder, folder: Path) -> LookAlikes:
        tables.append(table_of(small, folder, seed=len(tables)))
        return tables[-1]

    more = {"hard": 0.5, "refresh": 1, "people_per_batch": 8, "epochs": 4}
    settings = TrainingSettings().changed({**SMALL, **more}, "test")
    trainer = TripletTrainer(small, settings, tmp_path / "run", device="cpu", remake=remake)
    record = trainer.train()
    assert record["plan"]["meetings"]["everybody"]["nearest"] is None
    used = record["look_alikes"]
    assert len(used) > 2
    rows = read_batches(trainer.run.batches_path)
    before = rows["loader_epoch"] < used[1]["loader_epoch"]
    assert (rows["nearest_met"].is_null() == before).all()
    group_of = small.identities["group"].to_numpy()
    for place, entry in enumerate(used[1:], start=1):
        until = used[place + 1]["loader_epoch"] if place + 1 < len(used) else 1 + rows["loader_epoch"].max()
        loader = loader_of(small, settings, Ranks(), look_alikes=LookAlikes.open(entry["path"]))
        nearest = loader.plan.near.nearest[:, 0]
        for epoch in range(entry["loader_epoch"], until):
            own = rows.filter(pl.col("loader_epoch") == epoch)
            planned = loader.plan.epoch(epoch)
            met = []
            for batch in range(own["step"].n_unique()):
                who = planned.people(batch)
                there = np.isin(nearest[who], who)
                met += [int(there[group_of[who] == group].sum()) for group in small.groups]
            assert own["nearest_met"].to_list() == met
        loader.close()
