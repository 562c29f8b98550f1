import doctest
import math

import pytest

from ethnoshard.charts import NONE, _numbers, count, interval, number, plus_minus, share, signed, with_interval
from ethnoshard.reports import _summary


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"), (0.00002, "0.00002"), (0.000024, "0.00002"), (0.0000024, "0.000002"), (2e-9, "2e-09"),
        (0.0052, "0.00520"), (0.01, "0.0100"), (0.98765, "0.9877"), (1, "1.0000"), (-0.002, "-0.00200"),
        (math.nan, NONE), (None, NONE),
    ],
)  # fmt: skip
def test_of_a_share(value: float | None, text: str) -> None:
    assert share(value) == text


def test_only_none_at_all_is_written_as_0() -> None:
    assert not [power for power in range(1, 300) if float(share(10.0**-power)) == 0]


def test_a_dash_is_one_dash_wherever_nothing_is_known() -> None:
    nothing = [share(None), number(None), signed(None), plus_minus(None, None), count(None), with_interval(None, None)]
    assert set(nothing) == {NONE}
    assert {share(math.nan), number(math.nan), signed(math.nan)} == {NONE}


def test_mean_and_deviation_stand_beside_a_sign_that_says_so() -> None:
    assert plus_minus(0.66733, 0.01546) == "0.6673 ± 0.0155"
    assert plus_minus(0.66733, 0.01546, 5) == "0.66733 ± 0.01546" == _summary.mean_std(0.66733, 0.01546)
    assert plus_minus(0.66733, None) == "0.6673"


def test_an_end_that_is_not_defined_is_said() -> None:
    assert interval([None, 0.5]) == "[.., 0.5000]" and interval([None, None]) == interval(None) == ""
    assert with_interval(0.987, [0.9818, 0.9917]) == "0.9870 [0.9818, 0.9917]"
    assert with_interval(0.987, None) == "0.9870"


def test_summaries_write_shares_as_charts_do_and_0_with_the_decimals_of_its_column() -> None:
    for value in (0.00002, 0.0052, 0.5, None):
        assert _summary.rate(value) == share(value)
    assert _summary.rate(0.0) == "0.0000"
    assert _summary.with_interval(0.0, [0.0, 0.01]) == "0.0000 [0.0000, 0.0100]"


def test_the_docstring_s_examples_hold() -> None:
    assert doctest.testmod(_numbers, raise_on_error=True).attempted > 0
