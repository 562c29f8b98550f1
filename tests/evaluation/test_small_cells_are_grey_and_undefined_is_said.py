"""What rests on too little is flagged with its count and enters no figure; what has no value is None, not infinity."""

import doctest

import numpy as np
import pytest
from made_people import by_group, made_crowd, scores_by_group
from scipy.stats import binomtest

from ethnoshard import _wilson
from ethnoshard.evaluation import wilson
from ethnoshard.evaluation._draws import percentile_interval


def test_a_small_group_is_shown_and_left_out() -> None:
    crowd = made_crowd(0, {"A": 40, "B": 30, "few": 4})
    found = by_group(*crowd, threshold=0.3, draws=100)
    small = found.by_group["few"]
    assert small.too_few and small.fmr.too_few and small.fmr.people == 4 and small.fmr.rate is not None
    assert not found.by_group["A"].too_few and not found.cross["A"]["B"].too_few
    assert found.left_out.keys() == {"few"} and "of 4 people; at least 20 people and 30 pairs" in found.left_out["few"]
    without = crowd.groups != "few"
    alone = by_group(*(values[without] for values in crowd), threshold=0.3, draws=100)
    for name, figure in found.metrics.items():
        assert figure.value == alone.metrics[name].value
        assert figure.people_interval == pytest.approx(alone.metrics[name].people_interval)


def test_with_fewer_than_two_groups_there_is_no_figure() -> None:
    crowd = made_crowd(0, {"A": 40, "few": 4})
    found = by_group(*crowd, threshold=0.3, draws=10)
    assert found.metrics == found.difference == found.ratio == {}
    assert found.by_group["A"].fmr.rate is not None


def test_difference_and_ratio() -> None:
    crowd = made_crowd(1, {"A": 40, "B": 30, "C": 30})
    found = by_group(*crowd, threshold=0.3, draws=50)
    rates = [found.by_group[group].fmr.rate for group in "ABC"]
    known = [rate for rate in rates if rate is not None]
    assert found.difference["fmr"].value == pytest.approx(max(known) - min(known))
    assert found.difference["fmr"].value == found.metrics["max_gap_fmr"].value
    assert found.difference["tar"].value == pytest.approx(found.metrics["max_gap_fnmr"].value)
    assert found.ratio["fmr"].value == pytest.approx(min(known) / max(known))
    assert found.difference["fmr"].ideal == 0 and found.ratio["fmr"].ideal == 1


def test_a_rate_of_zero_leaves_ir_undefined() -> None:
    # No different pair is accepted in group A, one of B is.
    score = [0.9, 0.1] * 40 + [0.9, 0.1] * 37 + [0.9, 0.8] * 3
    same = [True, False] * 80
    groups = ["A"] * 80 + ["B"] * 80
    found = scores_by_group(score, same, (groups, groups), threshold=0.5)
    assert found.by_group["A"].fmr.rate == 0 and found.by_group["B"].fmr.rate == pytest.approx(3 / 40)
    assert found.metrics["ir"].value is None and found.metrics["ser"].value is None
    assert found.metrics["gini_fmr"].value == pytest.approx(1)
    least = 1 - 0.05 ** (1 / 40)
    assert found.metrics["max_over_geomean_fmr"].value == pytest.approx(0.075 / np.sqrt(0.075 * least))


def test_a_stand_in_for_no_error_is_never_more_than_what_was_measured() -> None:
    # One error of 40 is 0.025, and none of 40 could be 0.072: the greatest rate over the mean would be below 1.
    score = [0.9, 0.1] * 40 + [0.9, 0.1] * 39 + [0.9, 0.8]
    groups = ["A"] * 80 + ["B"] * 80
    found = scores_by_group(score, [True, False] * 80, (groups, groups), threshold=0.5)
    assert found.metrics["max_over_geomean_fmr"].value is None
    nobody = scores_by_group([0.9, 0.1] * 80, [True, False] * 80, (groups, groups), threshold=0.5)
    assert nobody.metrics["max_over_geomean_fnmr"].value is None and nobody.metrics["gini_fnmr"].value == 0


def test_percentiles_are_order_statistics() -> None:
    values = np.random.default_rng(0).permutation(1000).astype(float)
    assert percentile_interval(values) == (24, 975)
    assert percentile_interval(np.array([np.nan, 5.0, np.nan])) == (5, 5)
    assert percentile_interval(np.array([np.nan])) == (None, None)


@pytest.mark.parametrize(
    ("events", "number", "expected"),
    [
        # From Wilson's formula, worked out to four digits in Newcombe (1998), table I.
        (81, 263, (0.2553, 0.3662)),
        (15, 148, (0.0624, 0.1605)),
        (0, 20, (0.0, 0.1611)),
        (1, 29, (0.0061, 0.1718)),
        (29, 29, (0.8830, 1.0)),
        (0, 0, (0.0, 1.0)),
    ],
)
def test_wilson(events: int, number: int, expected: tuple[float, float]) -> None:
    assert wilson(events, number) == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize("level", [0.5, 0.95, 0.999])
def test_wilson_is_that_of_scipy(level: float) -> None:
    for number in (1, 7, 3000):
        for events in {0, 1, number // 2, number}:
            theirs = binomtest(events, number).proportion_ci(level, method="wilson")
            assert wilson(events, number, level) == pytest.approx((theirs.low, theirs.high), abs=1e-12)


def test_the_example_in_the_docstring() -> None:
    assert doctest.testmod(_wilson, raise_on_error=True).attempted == 1
