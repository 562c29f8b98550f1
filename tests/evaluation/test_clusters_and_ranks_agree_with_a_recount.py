"""Ranks and agreement are those of a loop; the picture comes with figures; without minisom there is one message."""

import importlib
import importlib.util
import itertools
import json
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_people import made_crowd
from sklearn.cluster import DBSCAN, KMeans
from sklearn.metrics import silhouette_score
from sklearn.svm import SVC

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation import cluster_metrics, clustering, identification, picture
from ethnoshard.evaluation._clustering import pairwise_f
from ethnoshard.evaluation._identification import _gallery, _mean_ranks, _svc_ranks
from ethnoshard.results import as_json

CROWD = made_crowd(0, {"A": 60}, most=14, noise=0.8)
UNIT = CROWD.embeddings / np.linalg.norm(CROWD.embeddings, axis=1, keepdims=True)


def test_the_gallery_holds_one_image_of_each_person_by_seed() -> None:
    owner = np.repeat(np.arange(5), 7)
    rows = [_gallery(owner, np.random.default_rng(seed)) for seed in range(50)]
    assert all(owner[some].tolist() == [0, 1, 2, 3, 4] for some in rows)
    assert {int(some[0]) for some in rows} == set(range(7))


@pytest.mark.parametrize("people", [2, 3, 30])
def test_ranks(people: int) -> None:
    names = [name for name in np.unique(CROWD.people) if (CROWD.people == name).sum() > 3][:people]
    gallery = np.array([UNIT[CROWD.people == name][0] for name in names])
    others = [UNIT[CROWD.people == name][1:] for name in names]
    owner = np.repeat(np.arange(people), [len(some) for some in others])
    means = [some.mean(axis=0) for some in others]
    expected = [
        1 + sum(np.linalg.norm(mean - face) < np.linalg.norm(mean - gallery[place]) for face in gallery)
        for place, mean in enumerate(means)
    ]
    assert _mean_ranks(gallery, np.concatenate(others), owner).tolist() == expected
    ranks = _svc_ranks(gallery, np.concatenate(others), owner)
    # Of 30 people in one class each scikit-learn warns that they are many.
    with pytest.warns(UserWarning, match="unique classes") if people > 20 else np.errstate():
        fitted = SVC(kernel="linear", C=1.0, decision_function_shape="ovr").fit(gallery, range(people))
    likeness = fitted.decision_function(np.concatenate(others))
    if people == 2:
        # One column, positive for the second.
        likeness = np.stack([-likeness, likeness], axis=1)
    own = likeness[np.arange(len(owner)), owner][:, None]
    assert ranks.tolist() == (likeness >= own).sum(axis=1).tolist()
    assert people < 30 or ranks.max() > 1


def test_ranks_are_the_same_however_many_are_decided_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = identification(CROWD.embeddings, CROWD.people, more_than=5, galleries=2)
    monkeypatch.setattr("ethnoshard.evaluation._identification._CELLS", 3000)
    assert identification(CROWD.embeddings, CROWD.people, more_than=5, galleries=2) == whole


def test_identification_counts_people_and_images() -> None:
    found = identification(CROWD.embeddings, CROWD.people, more_than=10, galleries=3)
    counts = np.unique(CROWD.people, return_counts=True)[1]
    assert found.people == (counts > 10).sum() and found.images == counts[counts > 10].sum()
    assert found.queries == found.images - found.people
    for figures in (found.svc, found.mean):
        for rank in ("rank_1", "rank_5"):
            assert len(figures[rank].by_gallery) == 3
            assert figures[rank].mean == pytest.approx(np.mean(figures[rank].by_gallery))
            assert figures[rank].std == pytest.approx(np.std(figures[rank].by_gallery))
        assert figures["rank_1"].mean <= figures["rank_5"].mean
    again = identification(CROWD.embeddings, CROWD.people, more_than=10, galleries=3)
    assert again == found
    json.dumps(as_json(found), allow_nan=False)
    with pytest.raises(EthnoshardError, match=r"0 of 60 people have more than 14 images"):
        identification(CROWD.embeddings, CROWD.people, more_than=14)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=30))
def test_pairwise_f_is_that_of_all_pairs(rows: list[tuple[int, int]]) -> None:
    pairs = [(a[0] == b[0], a[1] == b[1]) for a, b in itertools.combinations(rows, 2)]
    both = sum(person and cluster for person, cluster in pairs)
    either = sum(person + cluster for person, cluster in pairs)
    people, clusters = np.array(rows).T
    assert pairwise_f(people, clusters) == pytest.approx(2 * both / either if either else 0)


def test_left_over_images_are_clusters_of_one() -> None:
    people = np.array([0, 0, 0, 1, 1, 1])
    points = np.array([[0.0], [0.1], [5.0], [10.0], [10.1], [20.0]])
    found = cluster_metrics(points, people, np.array([0, 0, -1, 1, 1, -1]))
    alone = cluster_metrics(points, people, np.array([0, 0, 2, 1, 1, 3]))
    assert (found.clusters, found.left_over, alone.clusters) == (2, 2, 4)
    assert (found.ari, found.nmi, found.v_measure, found.pairwise_f) == (
        alone.ari,
        alone.nmi,
        alone.v_measure,
        alone.pairwise_f,
    )
    assert found.silhouette == pytest.approx(silhouette_score(points[[0, 1, 3, 4]], [0, 0, 1, 1]))
    nothing = cluster_metrics(points, people, np.full(6, -1))
    assert (nothing.clusters, nothing.left_over, nothing.silhouette, nothing.pairwise_f) == (0, 6, None, 0.0)


def test_a_sweep_goes_from_no_cluster_to_one() -> None:
    found = clustering(
        CROWD.embeddings, CROWD.people, number=10, at_least=8, draws=2, methods=("dbscan",), sweep=(0.01, 2)
    )
    assert [draw.clusters for draw in found.sweep[0].draws] == [0, 0]
    assert [draw.clusters for draw in found.sweep[1].draws] == [1, 1]
    assert len(found.people_silhouette) == len(found.images) == 2 and found.people_silhouette[0] is not None
    json.dumps(as_json(found), allow_nan=False)


@pytest.mark.parametrize("dimensions", [2, 3])
def test_a_picture_has_figures_that_are_not_of_the_map(dimensions: int) -> None:
    found = picture(CROWD.embeddings, CROWD.people, number=5, at_least=5, dimensions=dimensions)
    assert found.coordinates.shape == (len(found.rows), dimensions) and np.isfinite(found.coordinates).all()
    assert found.people.tolist() == CROWD.people[found.rows].tolist() and len(set(found.people)) == 5
    assert found.people_silhouette == pytest.approx(silhouette_score(UNIT[found.rows], found.people))
    assert found.kmeans.clusters == 5


@pytest.mark.skipif(importlib.util.find_spec("minisom") is None, reason="minisom is not installed")
@pytest.mark.parametrize("dimensions", [2, 3])
def test_the_clusters_of_a_picture_are_those_of_its_images_embeddings(dimensions: int) -> None:
    found = picture(
        CROWD.embeddings, CROWD.people, number=6, at_least=8, dimensions=dimensions, seed=3,
        methods=("dbscan", "kmeans", "som"), best_eps=0.9,
    )  # fmt: skip
    points, owner = UNIT[found.rows], np.unique(found.people, return_inverse=True)[1]
    expected = {
        "dbscan": DBSCAN(eps=0.4).fit_predict(points),
        "dbscan_best": DBSCAN(eps=0.9).fit_predict(points),
        "kmeans": KMeans(6, n_init=10, max_iter=500, random_state=3).fit_predict(points),
        "som": found.clusters["som"],
    }
    assert found.clusters.keys() == found.methods.keys() == expected.keys()
    for name, clusters in expected.items():
        assert found.clusters[name].tolist() == clusters.tolist()
        assert found.methods[name] == cluster_metrics(points, owner, clusters)
    assert found.methods["kmeans"] == found.kmeans
    assert (found.clusters["dbscan"] == -1).any() and set(found.clusters["dbscan_best"].tolist()) > {0, 1}
    nodes = found.clusters["som"]
    assert nodes.min() >= 0 and nodes.max() < 400
    # Rows and columns are not exchanged: a node's images are nearer to it than to any other.
    som = importlib.import_module("minisom").MiniSom(
        20, 20, points.shape[1], sigma=1.0, learning_rate=0.01, random_seed=3
    )
    som.random_weights_init(points)
    som.train(points[np.random.default_rng(3).permutation(len(points))], 1000, random_order=True)
    weights = som.get_weights()
    away = np.linalg.norm(weights[nodes // 20, nodes % 20] - points, axis=1)
    assert away == pytest.approx(np.linalg.norm(weights.reshape(400, 1, -1) - points, axis=2).min(axis=0))


def test_a_picture_has_the_clusters_that_are_asked_for() -> None:
    some = {"number": 5, "at_least": 5}
    assert picture(CROWD.embeddings, CROWD.people, **some).clusters == {}  # type: ignore[arg-type]
    found = picture(CROWD.embeddings, CROWD.people, methods=("kmeans",), **some)  # type: ignore[arg-type]
    assert found.clusters.keys() == found.methods.keys() == {"kmeans"}
    with pytest.raises(EthnoshardError, match=r"methods are dbscan, kmeans, som; \['birch'\] are not"):
        picture(CROWD.embeddings, CROWD.people, methods=("birch",))  # type: ignore[arg-type]
    with pytest.raises(EthnoshardError, match="eps must be above 0, got -1"):
        picture(CROWD.embeddings, CROWD.people, best_eps=-1)


def test_the_best_eps_has_the_highest_mean_ari() -> None:
    found = clustering(
        CROWD.embeddings, CROWD.people, number=10, at_least=8, draws=3, methods=(), sweep=(1.2, 0.9, 0.01, 0.02)
    )
    means = {
        eps: np.mean([draw.ari for draw in draws]) for eps, draws in ((point.eps, point.draws) for point in found.sweep)
    }
    assert means[0.9] > max(means[0.01], means[1.2]) and found.best_eps == 0.9
    none = clustering(CROWD.embeddings, CROWD.people, number=10, at_least=8, draws=1, methods=(), sweep=())
    assert none.best_eps is None
    # Where nothing tells two apart, the lower is taken.
    same = clustering(CROWD.embeddings, CROWD.people, number=10, at_least=8, draws=1, methods=(), sweep=(0.02, 0.01))
    assert same.best_eps == 0.01


def test_without_minisom_there_is_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "minisom", None)
    with pytest.raises(EthnoshardError, match="needs minisom: pip install minisom, or leave the map out"):
        clustering(CROWD.embeddings, CROWD.people, number=10, at_least=5, draws=1, methods=("som",))
    with pytest.raises(EthnoshardError, match="needs minisom: pip install minisom, or leave the map out"):
        picture(CROWD.embeddings, CROWD.people, number=5, at_least=5, methods=("som",))


@pytest.mark.skipif(importlib.util.find_spec("minisom") is None, reason="minisom is not installed")
def test_the_map_is_made_by_seed() -> None:
    one, two = (
        clustering(CROWD.embeddings, CROWD.people, number=10, at_least=8, draws=1, methods=("som",), sweep=())
        for _ in range(2)
    )
    assert one == two and one.methods["som"][0].clusters > 1


def test_refused() -> None:
    with pytest.raises(EthnoshardError, match=r"methods are dbscan, kmeans, som; \['birch'\] are not"):
        clustering(CROWD.embeddings, CROWD.people, methods=("birch",))  # type: ignore[arg-type]
    with pytest.raises(EthnoshardError, match="eps must be above 0, got 0"):
        clustering(CROWD.embeddings, CROWD.people, sweep=(0,))
    with pytest.raises(EthnoshardError, match=r"of 60 people have at least 10 images; 50 are to be drawn"):
        clustering(CROWD.embeddings, CROWD.people)
    with pytest.raises(EthnoshardError, match="2 or 3 dimensions; 4 was asked for"):
        picture(CROWD.embeddings, CROWD.people, number=5, at_least=5, dimensions=4)
