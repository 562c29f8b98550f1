import numpy as np
import pytest

from ethnoshard.charts import Curve, Mark, OperatingPoint, det, distances, roc
from ethnoshard.charts._verification import binned, staircase
from ethnoshard.evaluation import verification_of_distances
from ethnoshard.results import CurveBand


def made_curve(**more: object) -> Curve:
    """Of pairs that overlap, with all their corners."""
    rng = np.random.default_rng(0)
    same = np.arange(400) % 2 == 0
    distance = np.clip(rng.normal(np.where(same, 1.0, 1.8), 0.3), 0, 4)
    found = verification_of_distances(distance, same, fold=np.arange(400) // 100, draws=0)
    return Curve(
        **{"name": "made", "fmr": found.curve.fmr, "tar": found.curve.tar, "same": 200, "different": 200, **more}
    )


def test_it_goes_from_nothing_accepted_to_everything_and_keeps_what_is_accepted_without_a_false_match() -> None:
    fmr, tar = staircase(np.array([0.0, 0.0, 0.01, 1.0]), np.array([0.0, 0.4, 0.5, 1.0]))
    assert list(zip(fmr, tar, strict=True)) == [(0, 0), (0, 0.4), (0.01, 0.5), (1, 1)]


def test_the_band_lies_between_its_ends_and_at_its_fmrs_in_both_charts() -> None:
    band = CurveBand(fmr=np.array([0.02, 1.0]), low=np.array([0.3, 0.9]), high=np.array([0.8, 1.0]))
    for chart, low, high in ((roc, [0.3, 0.9], [0.8, 1.0]), (det, [0.2, 0.5 / 200], [0.7, 0.1])):
        filled, *_ = chart([made_curve(band=band)]).data
        assert (filled.fill, filled.name) == ("toself", "95 % at each FMR")
        assert list(filled.x) == [0.02, 1.0, 1.0, 0.02]
        assert list(filled.y) == pytest.approx([*low, *high[::-1]])
    assert roc([made_curve(band=band)]).layout.yaxis.range[0] < 0.3
    assert all(trace.fill is None for trace in roc([made_curve()]).data)


@pytest.mark.parametrize("fmr", [[0.2, 0.5], [0.2, 1.0], [1.0]])
def test_a_curve_that_lacks_its_ends_is_given_them(fmr: list[float]) -> None:
    found, tar = staircase(np.array(fmr), np.full(len(fmr), 0.7))
    assert (found[0], tar[0], found[-1], tar[-1]) == (0, 0, 1, 1)


def test_it_rises_in_steps_and_its_first_stands_on_the_edge() -> None:
    curve = made_curve()
    line = roc([curve]).data[0]
    assert line.line.shape == "hv"
    # Half a pair of 200 is where 0 lies.
    assert (line.x[0], line.y[0], line.x[-1], line.y[-1]) == (0.5 / 200, 0, 1, 1)
    assert (line.x[1], line.y[1]) == (0.5 / 200, curve.tar[curve.fmr == 0].max())
    assert (np.diff(line.x) >= 0).all() and (np.diff(line.y) >= 0).all()


def test_its_axis_shows_every_curve_from_the_edge_on_and_every_interval() -> None:
    point = OperatingPoint(far_asked=0.01, fmr=0.01, tar=0.5, tar_interval=(0.2, 0.6))
    for curve, lowest in ((made_curve(), None), (made_curve(points=(point,)), 0.2)):
        low, high = roc([curve]).layout.yaxis.range
        assert low <= (curve.tar[curve.fmr == 0].max() if lowest is None else lowest) and high >= 1


def test_det_has_the_same_corners() -> None:
    curve = made_curve()
    first, second = roc([curve]).data[0], det([curve]).data[1]
    assert first.x.tolist() == second.x.tolist()
    assert second.y.tolist() == np.maximum(0.5 / 200, 1 - first.y).tolist()


def test_nothing_goes_beyond_the_edges_that_stand_for_0() -> None:
    point = OperatingPoint(far_asked=0.1, fmr=0.0, tar=1.0, fmr_interval=(0, None), tar_interval=(0.9, 1.0))
    for chart in (roc([made_curve(points=(point,))], Mark(name="here", fmr=0, fnmr=0)), det([made_curve()])):
        for trace in chart.data:
            assert min(trace.x) > 0
            if trace.error_x.array is not None:
                assert trace.x[0] - trace.error_x.arrayminus[0] > 0


def test_without_numbers_of_pairs_the_edge_is_half_the_least_rate() -> None:
    curve = Curve(name="mine", fmr=np.array([0, 0.01, 1]), tar=np.array([0.6, 0.9, 1]))
    assert roc([curve]).data[0].x[0] == 0.005


def test_every_pair_is_in_a_bin_of_the_histogram() -> None:
    rng = np.random.default_rng(0)
    same, different = rng.normal(1, 0.3, 200), rng.normal(2, 0.3, 300)
    edges, shares = binned(same, different)
    assert shares.sum(axis=1).tolist() == pytest.approx([1, 1])
    assert len(edges) == shares.shape[1] + 1
    drawn = distances(same, different, unit="distance", threshold=1.5)
    assert sum(height or 0 for height in drawn.data[0].y) == pytest.approx(100)
    assert drawn.layout.shapes[0].x0 == 1.5
