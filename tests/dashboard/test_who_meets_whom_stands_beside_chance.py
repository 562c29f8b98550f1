"""What the page Batches says of own pairs, dispersion and look-alikes, of runs and of plans made by hand."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from streamlit.testing.v1 import AppTest
from typer.testing import CliRunner

from dashboard._given import Given
from dashboard._show import plain
from dashboard.views import _encounters as company
from ethnoshard.charts import dispersion, nearest_met, own_pairs
from ethnoshard.cli._main import app
from ethnoshard.lookalikes import make_look_alikes
from ethnoshard.results import Encounters
from ethnoshard.shards import FaceDataset
from tests.kit.datasets import write_dataset

Page = Callable[..., AppTest]
SHAPE = [[9, 6, 7, 5, 9, 6, 8, 4, 6, 7, 5, 5], [4, 5, 3, 6, 5, 6], [4, 6, 5]]


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
    assert company.pairs_title("run", QUOTA) == "run: D has 0.00 own pairs a batch; at random it would have 0.51"
    assert company.pairs_title("run", RANDOM) == (
        "run: every group meets its own people as often as at random, or more"
    )
    assert company.dispersion_title("run", QUOTA) == "run: quotas, at most 0.20 of the variance at random"
    assert company.dispersion_title("run", RANDOM) == "run: groups vary as people at random do, 0.98 to 1.02"
    assert company.dispersion_title("run", [met("C", 1, 1, 9.0), *RANDOM]) == (
        "run: 0.98 (A) to 9.00 (C) of the variance at random"
    )
    rows = [met("A", 1, 1, 1, 0.31), met("D", 1, 1, 1, 0.2)]
    assert company.nearest_title("run", rows).endswith("in the batch 20 % (D) to 31 % (A) of the time")


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
        ({"people": "6", "target": "shares", "shares": "A=half"}, "'A=half' in the target is not"),
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
    monkeypatch.setattr("dashboard.views._what_if._MANY", 20)
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


def test_columns_that_nothing_is_known_of_are_not_in_the_table() -> None:
    rows = [Encounters(group="A", people=2.0, pairs=2.0, none=0.1)]
    assert company.table(rows).columns == ["group", "people", "own pairs", "without, %"]
