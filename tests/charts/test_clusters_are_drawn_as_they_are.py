import numpy as np
import pytest

from ethnoshard.charts import (
    GREY,
    PointSet,
    SweepLine,
    agreement,
    embedding_map,
    eps_sweep,
    points_of_clusters,
    points_of_people,
)
from ethnoshard.reports._cluster import cluster_pages
from ethnoshard.results import (
    Clustering,
    ClusterMetrics,
    ClusterReport,
    Images,
    PictureMetrics,
    PicturePoints,
    SweepPoint,
)

FIGURES = {"ari": 0.5, "nmi": 0.6}


def test_the_line_is_the_mean_over_draws_and_the_band_goes_from_least_to_most() -> None:
    line = SweepLine(name="mine", eps=[0.3, 0.4, 0.5], values=[[], [0.2, 0.4], [0.5]], colour="#0077BB")
    chart = eps_sweep([line], "ARI")
    band, mean = chart.data
    assert (list(mean.x), list(mean.y)) == ([0.4, 0.5], pytest.approx([0.3, 0.5]))
    assert (list(band.x), list(band.y)) == ([0.4, 0.5, 0.5, 0.4], [0.4, 0.5, 0.5, 0.2])
    assert mean.customdata[0] == "0.30 (0.20 to 0.40)"


def test_a_method_has_a_point_a_draw() -> None:
    first, second = agreement({"k-means": {"ARI": [0.7, 0.9]}, "DBSCAN": {"ARI": [0.1], "NMI": []}}).data
    assert (list(first.x), list(first.y)) == (["ARI", "ARI"], [0.7, 0.9])
    assert list(second.y) == [0.1] and first.marker.color != second.marker.color


@pytest.mark.parametrize("dimensions", [2, 3])
def test_an_image_in_no_cluster_is_grey_in_two_and_three_dimensions(dimensions: int) -> None:
    xy = np.arange(3.0 * dimensions).reshape(3, dimensions)
    chart = embedding_map(xy, points_of_clusters(np.array([0, -1, 0])))
    inside, alone = chart.data
    assert alone.marker.color == GREY != inside.marker.color and alone.name == "in no cluster (1)"
    assert np.stack([alone[axis] for axis in "xyz"[:dimensions]]).T.tolist() == [xy[1].tolist()]


def test_a_person_keeps_the_look_that_the_order_of_all_people_gives() -> None:
    everybody = {f"p{number}": f"person {number}" for number in range(30)}
    (alone,) = points_of_people(["p17"], everybody)
    beside = points_of_people(list(everybody), everybody)[17]
    assert alone == PointSet("person 17", beside.colour, beside.symbol, (0,))


def test_a_report_s_picture_names_its_people_in_the_order_of_their_numbers() -> None:
    people = [f"person {number}" for number in (10, 2, 1)]
    own = ClusterMetrics(clusters=3, left_over=0, ari=0.5, nmi=0.5, v_measure=0.5, pairwise_f=0.5, silhouette=None)
    found = ClusterReport(
        model=None,
        source=None,
        flip=None,
        images=Images(statuses={}, people=3, embedding=8),
        eligible=3,
        picture=PictureMetrics(people=3, images=3, at_least=1, seed=0, kmeans=own, people_silhouette=None),
        clustering=Clustering(
            people=3,
            images=(3,),
            at_least=1,
            seed=0,
            people_silhouette=(None,),
            methods={},
            sweep=(SweepPoint(eps=0.4, draws=()),),
            drawn="",
        ),
    )
    names = np.array(people)
    points = PicturePoints(keys=names, people=names, coordinates={2: np.zeros((3, 2)), 3: np.zeros((3, 3))})
    page = cluster_pages(found, points, people)["tsne-2d"]
    places = [page.index(f'"name":"{name}"') for name in ("person 1", "person 2", "person 10")]
    assert places == sorted(places)
