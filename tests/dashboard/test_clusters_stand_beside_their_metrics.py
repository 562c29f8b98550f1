import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from dashboard._given import Given
from dashboard.views._picture import METHODS, node_title
from dashboard.views.clusters import method_tables, sweep_lines, sweep_title
from ethnoshard import charts
from ethnoshard.charts import GREY
from ethnoshard.charts._embedding_map import node_colour, symbol_of
from ethnoshard.results import Clustering, ClusterMetrics, SweepPoint

Page = Callable[..., AppTest]


def draw(ari: float, clusters: int = 3, silhouette: float | None = 0.5) -> ClusterMetrics:
    return ClusterMetrics(
        clusters=clusters, left_over=1, ari=ari, nmi=ari, v_measure=ari, pairwise_f=ari, silhouette=silhouette
    )


NOTHING = draw(0.0, 0, None)
FOUND = Clustering(
    people=50,
    images=(500, 510),
    at_least=10,
    seed=0,
    people_silhouette=(0.1, 0.2),
    methods={"kmeans": (draw(0.7), draw(0.9)), "dbscan": (NOTHING, NOTHING)},
    sweep=(
        SweepPoint(eps=0.4, draws=(NOTHING, NOTHING)),
        SweepPoint(eps=0.9, draws=(draw(0.96), draw(0.98))),
    ),
    drawn="",
)


def test_metrics_are_the_mean_with_the_least_and_the_most_over_draws() -> None:
    read, kept = method_tables({"m": FOUND})
    kmeans = read.row(0, named=True)
    assert (kmeans["method"], kmeans["ARI"], kmeans["clusters"]) == ("k-means", "0.80 (0.70 to 0.90)", "3")
    assert kept.height == 6
    assert kept["ari"].to_list()[:2] == [0.7, 0.9]


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([-0.12, -0.08], "-0.10 (-0.12 to -0.08)"),
        ([-0.001, -0.002], "0.00"),
        ([None, None], "–"),
        ([0.5, None], "0.50"),
    ],
)
def test_a_minus_goes_only_where_nothing_is_left_of_the_number(values: list[float | None], text: str) -> None:
    assert charts.spread(values) == text


def test_the_title_says_what_dbscan_finds_at_kalingas_eps_and_at_its_best() -> None:
    assert sweep_title({"m": FOUND}) == "At eps 0.4 DBSCAN finds no cluster among 50 people; at 0.9 ARI is 0.97"
    assert sweep_title({"a": FOUND, "b": FOUND}) == (
        "At eps 0.4 DBSCAN finds no cluster (a) and no cluster (b) among 50 people; at 0.9 ARI is 0.97 (a) and at 0.9 "
        "ARI is 0.97 (b)"
    )


def test_kalingas_eps_is_marked() -> None:
    assert charts.eps_sweep(sweep_lines({"m": FOUND}, "ARI", {"m": "#777777"}), "ARI").layout.shapes[0].x0 == 0.4


def test_both_models_stand_in_one_table_method_by_method() -> None:
    read, _ = method_tables({"base": FOUND, "natural": FOUND})
    assert read["method"].to_list() == ["k-means"] * 2 + ["DBSCAN, eps 0.4"] * 2 + ["DBSCAN, best"] * 2
    assert read["model"].to_list() == ["base", "natural"] * 2 + ["base, eps 0.9", "natural, eps 0.9"]


def test_no_two_of_a_hundred_people_look_alike() -> None:
    people = [f"p{number:02}" for number in range(100)]
    kinds = charts.points_of_people(people, {person: person for person in people})
    assert len({(kind.colour, symbol_of(kind.symbol, deep=False)) for kind in kinds}) == 100


def test_a_person_looks_the_same_beside_another_model() -> None:
    called = {person: person for person in "abc"}
    alone, beside = charts.points_of_people(["c", "b"], called), charts.points_of_people(["a", "b"], called)
    assert {kind.name: (kind.colour, kind.symbol) for kind in alone}["b"] == (beside[1].colour, beside[1].symbol)


def test_images_in_no_cluster_are_grey_and_last_and_the_largest_cluster_first() -> None:
    kinds = charts.points_of_clusters(np.array([-1, 5, 7, 7, -1, 7]))
    assert [(kind.name, kind.rows) for kind in kinds] == [
        ("cluster 1 (3)", (2, 3, 5)),
        ("cluster 2 (1)", (1,)),
        ("in no cluster (2)", (0, 4)),
    ]
    assert kinds[-1].colour == GREY


def test_every_image_is_one_point_that_knows_its_face() -> None:
    places = np.arange(12, dtype=np.float64).reshape(6, 2)
    kinds = charts.points_of_clusters(np.array([-1, 5, 7, 7, -1, 7]))
    drawn = charts.embedding_map(places, kinds, numbers=range(6))
    points = {
        number: (x, y) for line in drawn.data for number, x, y in zip(line.customdata, line.x, line.y, strict=True)
    }
    assert points == {row: tuple(places[row]) for row in range(6)}
    assert {line.hoverinfo for line in drawn.data} == {"none"}
    words = charts.embedding_map(places, kinds, numbers=range(6), texts=["<b>x</b>\ny"] * 6)
    assert words.data[0].hovertext[0] == "&lt;b&gt;x&lt;/b&gt;<br>y"


def test_neighbours_on_the_map_have_similar_colours_and_corners_do_not() -> None:
    def channels(node: int) -> np.ndarray[Any, Any]:
        return np.array([int(part) for part in node_colour(node)[4:-1].split(", ")])

    near = np.abs(channels(210) - channels(211)).max()
    far = np.abs(channels(0) - channels(399)).max()
    assert near < 25 < far


def test_a_node_of_the_map_is_of_the_person_with_most_of_its_images() -> None:
    nodes = np.array([3, 3, 3, 399])
    assert charts.som_nodes(nodes, [0, 1, 1, 0]) == [(3, 3, 1, 2), (399, 1, 0, 1)]
    assert node_title(nodes, ["a", "b", "b", "a"]) == (
        "4 images lie on 2 of the map's 400 nodes; 1 hold images of more than one person"
    )
    kinds = charts.points_of_people(["a", "b", "b", "a"], {"a": "A", "b": "B"})
    drawn = charts.som_map(nodes, kinds)
    assert {line.name: list(zip(line.x, line.y, strict=True)) for line in drawn.data} == {
        "A": [(20, 20)],
        "B": [(4, 1)],
    }


def with_reports(full: Given, tmp_path: Path) -> Path:
    """Folder with both clusterings and an evaluation of the full folder, to be changed."""
    runs = tmp_path / "runs"
    for run in ("base-0", "natural-0"):
        for report in ("clusters", "drawn"):
            shutil.copytree(
                full.runs / run / "reports" / report,
                runs / run / report,
                ignore=shutil.ignore_patterns("figures", "embeddings.npz"),
            )
    return runs


def words(test: AppTest) -> str:
    """Everything the page says."""
    return " ".join(str(element.value) for element in (*test.markdown, *test.caption, *test.info, *test.warning))


def test_two_models_stand_side_by_side_on_the_same_people(page: Page, full: Given) -> None:
    test = page("clusters", full, clusters="base-0/reports/clusters", beside_clusters="natural-0/reports/clusters")
    assert "Both models see the same images" in words(test)
    assert "base\\-0\\: k\\-means" in words(test)
    assert "natural\\-0\\: k\\-means" in words(test)
    assert not test.exception
    assert not test.warning


def test_other_people_beside_each_other_are_warned_of(page: Page, full: Given, tmp_path: Path) -> None:
    runs = with_reports(full, tmp_path)
    path = runs / "natural-0" / "clusters" / "report.json"
    content = json.loads(path.read_text())
    content["clustering"]["drawn"] = "0" * 64
    path.write_text(json.dumps(content))
    test = page("clusters", Given(runs=runs), clusters="base-0/clusters", beside_clusters="natural-0/clusters")
    assert "The people of the draws are not the same" in test.warning[0].value


@pytest.mark.parametrize("dimensions", ["2", "3"])
@pytest.mark.parametrize("colour", ["person", "group", *METHODS.values()])
def test_every_colour_and_dimension_has_its_link(page: Page, full: Given, colour: str, dimensions: str) -> None:
    test = page("clusters", full, colour=colour, dimensions=dimensions)
    assert test.selectbox(key="colour").value == colour
    assert test.selectbox(key="dimensions").value == dimensions
    assert not test.exception
    assert not test.warning


def test_an_older_report_offers_only_what_it_holds(page: Page, full: Given, tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    shutil.copytree(full.runs / "base-0" / "reports" / "clusters", runs / "old")
    with np.load(runs / "old" / "picture.npz") as arrays:
        kept = {name: arrays[name] for name in ("keys", "people", "places_2d", "places_3d")}
    np.savez(runs / "old" / "picture.npz", **kept)
    content = json.loads((runs / "old" / "report.json").read_text())
    del content["picture"]["methods"], content["picture"]["best_eps"]
    (runs / "old" / "report.json").write_text(json.dumps(content))
    test = page("clusters", Given(runs=runs))
    assert test.selectbox(key="colour").options == ["person"]
    assert not test.warning
    assert not test.exception


def test_without_the_images_the_page_says_which_dataset_is_missing(page: Page, full: Given) -> None:
    missing = page("clusters", Given(runs=full.runs))
    assert any("Faces are shown where a given dataset holds the images" in info.value for info in missing.info)
    assert "--dataset" in missing.code[0].value
    assert not page("clusters", full).info


def test_nobody_is_named_unless_asked_for(page: Page, full: Given) -> None:
    with np.load(full.runs / "base-0" / "reports" / "clusters" / "picture.npz") as arrays:
        people = set(arrays["people"].tolist())
    test = page("clusters", full)
    sent = _sent(test)
    assert not [person for person in people if person in sent]
    test.sidebar.toggle(key="names_hidden").set_value(False).run()
    assert [person for person in people if person in _sent(test)]


def _sent(test: AppTest) -> str:
    """What goes to the browser: charts, tables, words."""
    return " ".join(str(getattr(node, "proto", "")) for node in test.main) + words(test)


def test_kalingas_eps_stands_once_where_it_is_the_best() -> None:
    sweep = SweepPoint(eps=0.4, draws=(draw(0.9),)), SweepPoint(eps=0.9, draws=(draw(0.1),))
    found = replace(FOUND, sweep=sweep)
    assert method_tables({"m": found})[0]["method"].to_list() == ["k-means", "DBSCAN, eps 0.4"]
    assert method_tables({"m": FOUND})[0]["method"].to_list()[-1] == "DBSCAN, eps 0.9 (best)"
