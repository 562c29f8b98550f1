"""Whatever takes a number refuses one out of bounds by its name, its bounds and what it got, in the same words."""

import doctest
import math
from typing import Any

import numpy as np
import pytest

from ethnoshard import _checks
from ethnoshard._checks import check_number, check_whole
from ethnoshard.errors import EthnoshardError
from ethnoshard.mixing import MixingError, PlanSettings


@pytest.mark.parametrize(
    ("value", "bounds", "words"),
    [
        (0, {"at_least": 1}, "n must be at least 1, got 0"),
        (0.0, {"above": 0}, "n must be above 0, got 0"),
        (1.0, {"above": 0, "below": 1}, "n must be above 0 and below 1, got 1"),
        (0, {"above": 0, "at_most": 1}, "n must be above 0 and at most 1, got 0"),
        (1.5, {"at_least": 0, "at_most": 1}, "n must be between 0 and 1, got 1.5"),
        (5000, {"at_least": 16, "at_most": 4096, "unit": "px"}, "n must be between 16 and 4,096 px, got 5,000"),
        (math.nan, {"at_least": 0}, "n must be at least 0, got nan"),
        (math.inf, {"above": 0}, "n must be above 0, got inf"),
        (np.float64(-0.5), {"at_least": 0}, "n must be at least 0, got -0.5"),
    ],
)
def test_the_message_has_the_name_the_bounds_and_what_it_got(value: float, bounds: dict[str, Any], words: str) -> None:
    with pytest.raises(EthnoshardError) as raised:
        check_number("n", value, **bounds)
    assert str(raised.value) == words


def test_bounds_that_are_allowed_are_taken() -> None:
    for value in (0, 0.5, 1):
        check_number("n", value, at_least=0, at_most=1)
    check_number("n", 10**400, above=0)
    assert check_whole("n", np.int32(3), 3) == 3


@pytest.mark.parametrize("value", [True, 2.0, "2", None])
def test_what_is_no_whole_number_is_shown_as_it_is(value: Any) -> None:
    with pytest.raises(EthnoshardError) as raised:
        check_whole("n", value, 0)
    assert str(raised.value) == f"n must be a whole number, got {value!r}"


@pytest.mark.parametrize("value", [0, -1, 2.5, "4", True])
def test_a_plan_which_knows_nothing_of_the_rest_says_the_same(value: Any) -> None:
    with pytest.raises(EthnoshardError) as ours:
        check_whole("together", value, 1)
    with pytest.raises(MixingError) as theirs:
        PlanSettings(people_per_batch=4, images_per_person=2, together=value)
    assert str(ours.value) == str(theirs.value)


def test_the_examples_in_the_docstrings() -> None:
    assert doctest.testmod(_checks, raise_on_error=True).attempted == 3
