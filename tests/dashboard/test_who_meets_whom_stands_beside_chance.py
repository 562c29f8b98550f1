"""What the page Batches says of own pairs, dispersion and look-alikes, of runs and of plans made by hand."""

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

from dashboard._given import Given
from dashboard._text import plain
from dashboard.views import _batches_meetings_figures as figures
from dashboard.views._batches_meetings import as_planned, missing, of_run
from ethnoshard.charts import Encounters, dispersion, nearest_met, own_pairs
from ethnoshard.cli._main import app
from ethnoshard.lookalikes import make_look_alikes
from ethnoshard.mixing import Identities, Plan, PlanSettings, Resemblance, meetings
from ethnoshard.runs import BATCHES_SCHEMA
from ethnoshard.shards import FaceDataset
from tests.kit.datasets import write_dataset

Page = Callable[..., AppTest]
SHAPE = [[9, 6, 7, 5, 9, 6, 8, 4, 6, 7, 5, 5], [4, 5, 3, 6, 5, 6], [4, 6, 5]]
KEPT = ("people", "dispersion", "pairs", "pairs_at_random", "none", "none_at_random", "nearest", "nearest_by_chance",
        "distinct", "effective")  # fmt: skip


def made_plan(target: str, together: int = 1) -> Plan:
    """Of a few people in three groups, each of whom resembles the next one of the group."""
    faces = np.array([size for group in SHAPE for size in group], np.int32)
    group = np.repeat(np.arange(3), [len(of) for of in SHAPE]).astype(np.int8)
    length = faces.astype(np.int64) * 12_000
    nearest = np.array(
        [np.roll(np.flatnonzero(group == of), -1)[place] for of in range(3) for place in range((group == of).sum())]
    )
    table = Resemblance(nearest[:, None].astype(np.int32), digest="made")
    identities = Identities(
        group=group, faces=faces, shard=group.astype(np.int32), offset=np.cumsum(length) - length, length=length,
        groups=("A", "B", "C"),
    )  # fmt: skip
    settings = PlanSettings(
        people_per_batch=6, images_per_person=2, target=target, together=together, hard=0.5  # type: ignore[arg-type]
    )  # fmt: skip
    return Plan(identities, settings, table)


def delivered(plan: Plan, ranks: int, epochs: int = 1) -> tuple[dict[str, Any], pl.DataFrame]:
    """The record and the table of a run that is given the first epoch of a plan, counted batch by batch."""
    epoch, near = plan.epoch(0), plan.near
    assert near is not None
    found = meetings(epoch, epochs=1)
    of = plan.identities.group
    others = np.bincount(of, minlength=3) - 1
    rows = []
    steps = plan.batches // ranks
    for step in range(steps):
        people, pairs, met = (np.zeros(3, np.int64) for _ in range(3))
        for rank in range(ranks):
            who = epoch.people(step * ranks + rank)
            own = np.bincount(of[who], minlength=3)
            people, pairs = people + own, pairs + own * (own - 1)
            met = met + np.bincount(of[who][np.isin(near.nearest[who, 0], who)], minlength=3)
        rows += [
            {
                "step": step + 1, "epoch": step * epochs // steps, "loader_epoch": 0, "group": name, "wanted": None,
                "people": int(people[of_group]), "faces": 2 * int(people[of_group]),
                "own_pairs": int(pairs[of_group]),
                "own_pairs_at_random": ranks * found.groups[of_group].pairs_at_random,
                "nearest_met": int(met[of_group]), "nearest_met_by_chance": pairs[of_group] / others[of_group],
            }
            for of_group, name in enumerate("ABC")
        ]  # fmt: skip
    record = json.loads(json.dumps({"arm": plan.settings.name, "ranks": ranks, "plan": {"meetings": asdict(found)}}))
    return record, pl.DataFrame(rows, BATCHES_SCHEMA)


@pytest.mark.parametrize(("target", "together"), [("base", 1), ("natural", 1), ("natural", 2), ("uniform", 1)])
@pytest.mark.parametrize("ranks", [1, 2])
def test_a_run_shows_of_an_epochs_batches_what_their_plan_says(target: str, together: int, ranks: int) -> None:
    plan = made_plan(target, together)
    record, batches = delivered(plan, ranks)
    shown, planned = of_run(record, batches, None), as_planned(meetings(plan.epoch(0), epochs=1))[:-1]
    assert [row.group for row in shown] == ["A", "B", "C"]
    # With two ranks the last batch of an odd number is not among them.
    counts = plan.epoch(0).people_of_groups()[: plan.batches // ranks * ranks].astype(np.float64)
    for number, (row, expected) in enumerate(zip(shown, planned, strict=True)):
        n = counts[:, number]
        at_random = expected.pairs_at_random - expected.people**2 + expected.people
        assert row.people == pytest.approx(n.mean())
        assert row.pairs == pytest.approx((n * (n - 1)).mean())
        assert row.dispersion == pytest.approx(n.var() / at_random)
        for name in ("pairs_at_random", "none_at_random", "distinct", "effective"):
            assert getattr(row, name) == pytest.approx(getattr(expected, name))
        for name in KEPT if ranks == 1 else ():
            assert getattr(row, name) == pytest.approx(getattr(expected, name))
    if ranks > 1:
        assert [row.none for row in shown] == [None] * 3


def test_one_epoch_of_the_training_can_be_looked_at() -> None:
    record, batches = delivered(made_plan("base"), 1, epochs=3)
    second = of_run(record, batches, 1)
    own = batches.filter((pl.col("epoch") == 1) & (pl.col("group") == "B"))
    assert second[1].people == pytest.approx(own["people"].to_numpy().mean())
    assert second[1].pairs == pytest.approx(own["own_pairs"].to_numpy().mean())
    assert second[1].pairs_at_random == of_run(record, batches, None)[1].pairs_at_random


def test_of_a_run_of_before_pairs_are_shown_where_a_step_is_a_batch_and_it_is_said_what_is_missing() -> None:
    plan = made_plan("natural")
    columns = ["own_pairs", "own_pairs_at_random", "nearest_met", "nearest_met_by_chance"]
    for ranks in (1, 2):
        record, whole = delivered(plan, ranks)
        assert missing(record, whole) is None
        old = whole.with_columns(pl.lit(None, BATCHES_SCHEMA[name]).alias(name) for name in columns)
        record = {**record, "plan": {}}
        shown = of_run(record, old, None)
        said = missing(record, old)
        assert said is not None
        if ranks == 1:
            assert [row.pairs for row in shown] == [row.pairs for row in of_run(record, whole, None)]
            assert [(row.dispersion, row.nearest, row.distinct) for row in shown] == [(None, None, None)] * 3
            assert "what people drawn at random would have" in said
            assert "without, %" in figures.table(shown).columns
            assert "variance / random" not in figures.table(shown).columns
        else:
            assert shown == []
            assert said.startswith("own pairs and whose look-alikes met are not on record")


def test_of_a_run_that_was_gone_on_with_the_steps_of_before_count_as_far_as_they_are_known() -> None:
    record, whole = delivered(made_plan("base"), 1)
    before = pl.col("step") <= 5
    names = ("own_pairs", "own_pairs_at_random", "nearest_met", "nearest_met_by_chance")
    mixed = whole.with_columns(pl.when(before).then(None).otherwise(pl.col(name)).alias(name) for name in names)
    shown, complete = of_run(record, mixed, None), of_run(record, whole, None)
    for name in ("people", "dispersion", "pairs", "pairs_at_random"):
        assert [getattr(row, name) for row in shown] == pytest.approx([getattr(row, name) for row in complete])
    later = of_run(record, whole.filter(~before), None)
    assert [row.nearest for row in shown] == pytest.approx([row.nearest for row in later])
    assert missing(record, mixed) == "whose look-alikes met is not on record of 5 of its steps"


def met(
    group: str, pairs: float, at_random: float, dispersion: float | None, nearest: float | None = None
) -> Encounters:
    chance = None if nearest is None else 0.01
    return Encounters(
        group=group, people=2.0, pairs=pairs, pairs_at_random=at_random, dispersion=dispersion, nearest=nearest,
        nearest_by_chance=chance,
    )  # fmt: skip


QUOTA = [met("A", 1406, 1414, 0.03), met("D", 0.0, 0.51, 0.2)]
RANDOM = [met("A", 1415, 1414, 0.98), met("D", 0.5, 0.51, 1.02)]


def test_titles_say_whose_own_negatives_a_quota_takes_away() -> None:
    assert figures.pairs_title("run", QUOTA) == "run: D has 0.00 own pairs a batch; at random it would have 0.51"
    assert figures.pairs_title("run", RANDOM) == (
        "run: every group meets its own people as often as at random, or more"
    )
    assert figures.dispersion_title("run", QUOTA) == "run: quotas, at most 0.20 of the variance at random"
    assert figures.dispersion_title("run", RANDOM) == "run: groups vary as people at random do, 0.98 to 1.02"
    assert figures.dispersion_title("run", [met("C", 1, 1, 9.0), *RANDOM]) == (
        "run: 0.98 (A) to 9.00 (C) of the variance at random"
    )
    rows = [met("A", 1, 1, 1, 0.31), met("D", 1, 1, 1, 0.2)]
    assert figures.nearest_title("run", rows).endswith("in the batch 20 % (D) to 31 % (A) of the time")


def test_charts_stand_beside_chance_and_mark_a_quota_and_people_at_random() -> None:
    colours = {"A": "#0077BB", "D": "#D55E00"}
    bars = own_pairs(QUOTA, colours)
    assert list(bars.data[0].x) == pytest.approx([1406 / 1414, 0])
    assert [line.x0 for line in bars.layout.shapes] == [1]
    dots = dispersion(QUOTA, colours)
    assert list(dots.data[0].x) == [0.03, 0.2]
    assert [line.x0 for line in dots.layout.shapes] == [0, 1]
    assert {note.text for note in dots.layout.annotations} >= {"a quota", "people at random"}
    near = nearest_met([met("A", 1, 1, 1, 0.31)], colours)
    assert {trace.name: trace.x[0] for trace in near.data if trace.name} == {"by chance": 1, "met": 31}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> FaceDataset:
    return FaceDataset.open(write_dataset(tmp_path_factory.mktemp("planned") / "people.dataset", SHAPE))


def table_in(folder: Path, dataset: FaceDataset) -> Path:
    vectors = np.random.default_rng(0).standard_normal((len(dataset.identities), 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    facts = {"name": "made", "digest": "0" * 64}
    owners = np.arange(len(vectors))
    make_look_alikes(folder, dataset=dataset, vectors=vectors, owners=owners, model_facts=facts, k=4, apart=0.999)
    return folder


def tables(test: AppTest) -> list[Any]:
    """Those of who meets whom."""
    return [table.value for table in test.dataframe if "own pairs" in table.value]


def answer(test: AppTest) -> list[dict[str, str]]:
    """The table of the plan as it is shown."""
    ((*rows,),) = [table.to_dict("records") for table in tables(test) if "run" not in table]
    return rows


def by_command(dataset: FaceDataset, *options: object) -> list[dict[str, Any]]:
    """What ``ethnoshard plan`` says of the same batches."""
    line = ["plan", str(dataset.path), "--json", *map(str, options)]
    done = CliRunner().invoke(app, line, catch_exceptions=False)
    found = json.loads(done.output)["meetings"]
    return [*found["groups"], found["everybody"]]


def test_a_plan_made_by_hand_is_that_of_the_command_and_its_link_gives_it_again(
    page: Page, dataset: FaceDataset, tmp_path: Path
) -> None:
    near = table_in(tmp_path / "near", dataset)
    test = page("batches", Given(runs=tmp_path, datasets=(dataset.path,)))
    assert not test.exception
    test.number_input(key="people").set_value(6).run()
    test.number_input(key="images").set_value(2).run()
    test.number_input(key="together").set_value(2).run()
    test.selectbox(key="near").set_value("near").run()
    test.slider(key="hard").set_value(0.5).run()
    shown = answer(test)
    asked = ("--people", 6, "--images", 2, "--together", 2, "--look-alikes", near, "--hard", 0.5)
    for row, expected in zip(shown, by_command(dataset, *asked), strict=True):
        assert row["group"] == (expected["group"] or "all")
        assert row["own pairs"] == f"{expected['pairs']:,.2f}"
        assert row["at random"] == f"{expected['pairs_at_random']:,.2f}"
        assert row["nearest, %"] == f"{100 * expected['nearest']:.1f}"
        assert row["by chance, %"] == f"{100 * expected['nearest_by_chance']:.2f}"
        assert row["variance / random"] == ("–" if expected["dispersion"] is None else f"{expected['dispersion']:.2f}")
        assert row["different"] == f"{expected['distinct']}"
    link = {"people": "6", "images": "2", "together": "2", "near": "near", "hard": "0.5"}
    again = page("batches", Given(runs=tmp_path, datasets=(dataset.path,)), **link)
    assert answer(again) == shown


def test_shares_of_ones_own_count_where_they_are_the_target(page: Page, dataset: FaceDataset, tmp_path: Path) -> None:
    query = {"people": "6", "images": "2", "target": "shares", "shares": "A=0.5,C=0.5"}
    test = page("batches", Given(runs=tmp_path, datasets=(dataset.path,)), **query)
    assert [row["people"] for row in answer(test)] == ["3.00", "0.00", "3.00", "6.00"]
    test.selectbox(key="target").set_value("uniform").run()
    assert [row["people"] for row in answer(test)] == ["2.00", "2.00", "2.00", "6.00"]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"people": "200"}, "people_per_batch"),
        ({"people": "6", "together": "9"}, "together=9 people of a group don't fit into a batch"),
        ({"people": "6", "target": "base", "together": "2"}, "of which the target 'base' has none"),
        ({"people": "6", "target": "shares", "shares": "A=0.5,B=0.2"}, "the target's shares sum to 0.7, not to 1"),
        ({"people": "6", "target": "shares", "shares": "A=half"}, "'A=half' in it is not"),
    ],
)
def test_what_cannot_be_met_is_said_in_the_words_of_the_plan(
    page: Page, dataset: FaceDataset, tmp_path: Path, query: dict[str, str], said: str
) -> None:
    test = page("batches", Given(runs=tmp_path, datasets=(dataset.path,)), **query)
    assert not test.exception
    assert plain(said) in " ".join(warning.value for warning in test.warning)
    assert not tables(test)


def test_tables_of_look_alikes_are_those_given_and_those_among_the_runs_of_this_dataset(
    page: Page, dataset: FaceDataset, tmp_path: Path
) -> None:
    runs, elsewhere = tmp_path / "runs", tmp_path / "elsewhere"
    other = FaceDataset.open(write_dataset(tmp_path / "other", [[4, 5, 6], [3, 4, 5]]))
    (runs / "run" / "look-alikes").mkdir(parents=True)
    elsewhere.mkdir()
    own = table_in(runs / "run" / "look-alikes" / "epoch-0004", dataset)
    table_in(runs / "of-another", other)
    given = table_in(elsewhere / "given", dataset)
    table_in(elsewhere / "not-given", dataset)
    test = page("batches", Given(runs=runs, datasets=(dataset.path,), look_alikes=(given,)), people="6", images="2")
    assert test.selectbox(key="near").options == ["none", "given", "run/look-alikes/epoch-0004"]
    assert test.slider(key="hard").disabled
    (own / "nearest.npy").write_bytes(b"no array")
    test.selectbox(key="near").set_value("run/look-alikes/epoch-0004").run()
    assert not test.exception
    assert any("nearest" in warning.value for warning in test.warning)


def test_a_million_people_take_a_while_and_that_is_said(
    page: Page, dataset: FaceDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = Given(runs=tmp_path, datasets=(dataset.path,))
    assert not any("each new plan takes" in caption.value for caption in page("batches", given, people="6").caption)
    monkeypatch.setattr("dashboard.views._batches_what_if._MANY", 20)
    assert any("each new plan takes" in caption.value for caption in page("batches", given, people="6").caption)


def test_without_a_dataset_it_is_said_how_to_give_that_of_the_run(page: Page, full: Given) -> None:
    test = page("batches", Given(runs=full.runs), run="natural-0")
    path = json.loads((full.runs / "natural-0" / "run.json").read_text())["dataset"]["path"]
    assert any(f"--dataset {path}" in code.value for code in test.code)


def test_the_page_begins_with_the_settings_of_a_run_and_a_button_takes_those_of_another(
    page: Page, full: Given
) -> None:
    test = page("batches", full, run="base-0", people="5", together="2")
    assert not test.exception
    assert (test.number_input(key="people").value, test.selectbox(key="target").value) == (5, "natural")
    assert test.selectbox(key="dataset").value == "trained.dataset"
    (button,) = [button for button in test.button if button.label == plain("As in base-0")]
    button.click().run()
    settings = json.loads((full.runs / "base-0" / "run.json").read_text())["settings"]
    assert test.number_input(key="people").value == settings["people_per_batch"]
    assert (test.selectbox(key="target").value, test.number_input(key="together").value) == ("base", 1)
    assert [row["group"] for row in answer(test)][-1] == "all"


def test_two_runs_stand_in_one_table_and_one_of_before_says_what_is_missing(
    page: Page, full: Given, tmp_path: Path
) -> None:
    for name in ("natural-0", "base-0"):
        shutil.copytree(full.runs / name, tmp_path / name, ignore=shutil.ignore_patterns("checkpoints", "reports"))
    path = tmp_path / "base-0" / "batches.parquet"
    old = pl.read_parquet(path).drop("own_pairs", "own_pairs_at_random", "nearest_met", "nearest_met_by_chance")
    old.write_parquet(path)
    record = json.loads((tmp_path / "base-0" / "run.json").read_text())
    del record["plan"]["meetings"]
    (tmp_path / "base-0" / "run.json").write_text(json.dumps(record))
    test = page("batches", Given(runs=tmp_path, datasets=full.datasets))
    assert not test.exception
    assert not test.warning
    (said,) = [info.value for info in test.info if "from before who meets whom" in info.value]
    assert said.startswith(plain("base-0"))
    (rows,) = (table for table in tables(test) if "run" in table)
    assert set(rows["run"]) == {"natural-0", "base-0"}
    own, of_before = (rows[rows["run"] == name] for name in ("natural-0", "base-0"))
    assert (own["variance / random"] != "–").all()
    assert (of_before["variance / random"] == "–").all()
    assert (of_before["own pairs"] != "–").all()


def test_nobodys_name_is_on_the_page(page: Page, full: Given) -> None:
    names = set(FaceDataset.open(full.datasets[0]).identities["identity"].to_list())
    test = page("batches", full, near="none")
    texts = [element.value for kind in ("markdown", "caption", "info", "code") for element in test.get(kind)]
    cells = [str(cell) for table in test.dataframe for cell in table.value.to_numpy().ravel()]
    assert len(texts) > 10
    assert not any(name in text for name in names for text in [*texts, *cells])
