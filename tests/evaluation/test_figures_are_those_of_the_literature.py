"""The specification's vector to four digits, and the ends of every scale."""

from statistics import geometric_mean, pstdev
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ethnoshard.evaluation import IDEALS, fairness_metrics

FMR = np.array([0.001, 0.002, 0.004, 0.010])
FNMR = np.array([0.05, 0.06, 0.08, 0.09])
PAIRS = np.array([10_000] * 4)


def of(fmr: Any, fnmr: Any, pairs: Any = None, alpha: float = 0.5) -> dict[str, float]:
    number = np.full(len(fmr), 10_000) if pairs is None else np.array(pairs)
    found = fairness_metrics(np.array(fmr, float), np.array(fnmr, float), number, number, alpha)
    return {name: float(value) for name, value in found.items()}


def test_the_vector_of_the_specification() -> None:
    found = of(FMR, FNMR)
    expected = {
        "max_gap_fmr": 0.009,
        "max_gap_fnmr": 0.04,
        "fdr": 0.97550,
        "ir": 4.2426,
        "gini_fmr": 0.5686,
        "gini_fnmr": 0.1667,
        "garbe": 0.3676,
        "max_over_geomean_fmr": 3.3437,
        "max_over_geomean_fnmr": 1.3202,
    }
    assert {name: round(found[name], 4) for name in expected} == expected
    accuracy = [100 * (1 - (a + b) / 2) for a, b in zip(FMR, FNMR, strict=True)]
    assert found["accuracy_std"] == pytest.approx(pstdev(accuracy))
    assert found["ser"] == pytest.approx(0.1 / 0.051)
    # By hand: means 0.00425 and 0.07.
    assert (found["max_over_min_fmr"], found["max_over_min_fnmr"]) == (pytest.approx(10), pytest.approx(1.8))
    assert found["max_over_mean_fmr"] == pytest.approx(0.01 / 0.00425)
    assert found["max_over_mean_fnmr"] == pytest.approx(0.09 / 0.07)
    assert found["mad_fmr"] == pytest.approx((0.00325 + 0.00225 + 0.00025 + 0.00575) / 4)
    assert found["mad_fnmr"] == pytest.approx((0.02 + 0.01 + 0.01 + 0.02) / 4)
    assert found["equalised_odds"] == pytest.approx(0.04)
    assert found.keys() == IDEALS.keys()


def test_alpha_weighs_false_matches() -> None:
    only_fmr, only_fnmr = of(FMR, FNMR, alpha=1), of(FMR, FNMR, alpha=0)
    assert (only_fmr["fdr"], only_fnmr["fdr"]) == (pytest.approx(1 - 0.009), pytest.approx(1 - 0.04))
    assert (only_fmr["ir"], only_fnmr["ir"]) == (pytest.approx(10), pytest.approx(1.8))
    assert only_fmr["garbe"] == only_fmr["gini_fmr"] and only_fnmr["garbe"] == only_fnmr["gini_fnmr"]


@pytest.mark.parametrize("number", [2, 3, 4, 7])
@pytest.mark.parametrize("rate", [0.0, 0.003, 1.0])
def test_all_equal_is_the_ideal(number: int, rate: float) -> None:
    found = of([rate] * number, [rate] * number)
    ratios = {f"max_over_{what}_{kind}" for what in ("min", "mean") for kind in ("fmr", "fnmr")}
    undefined = {"ir", "ser", *ratios} if rate == 0 else set()
    for name, ideal in IDEALS.items():
        if name in undefined:
            assert np.isinf(found[name])
        elif rate or not name.startswith("max_over_geomean"):
            assert found[name] == pytest.approx(ideal, abs=1e-12), name


@pytest.mark.parametrize("number", [2, 4, 6])
def test_all_error_in_one_group_is_a_gini_of_one(number: int) -> None:
    found = of([0.01] + [0.0] * (number - 1), [0.0] * (number - 1) + [0.3])
    assert (found["gini_fmr"], found["gini_fnmr"], found["garbe"]) == (
        pytest.approx(1),
        pytest.approx(1),
        pytest.approx(1),
    )
    assert np.isinf(found["ir"])


def test_a_group_without_errors_enters_the_geometric_mean_by_its_bound() -> None:
    pairs = [100, 300, 1000]
    found = of([0.02, 0.0, 0.05], [0.1, 0.1, 0.1], pairs)
    assert found["max_over_geomean_fmr"] == pytest.approx(0.05 / geometric_mean([0.02, 1 - 0.05 ** (1 / 300), 0.05]))


rates = st.lists(st.just(0.0) | st.floats(1e-9, 1), min_size=2, max_size=6)


@given(fmr=rates, data=st.data())
def test_gini_is_the_mean_absolute_difference_and_knows_no_order(fmr: list[float], data: st.DataObject) -> None:
    found = of(fmr, fmr)["gini_fmr"]
    number, mean = len(fmr), sum(fmr) / len(fmr)
    spread = sum(abs(a - b) for a in fmr for b in fmr)
    expected = 0.0 if mean == 0 else number / (number - 1) * spread / (2 * number**2 * mean)
    assert found == pytest.approx(expected, abs=1e-9)
    assert of(data.draw(st.permutations(fmr)), fmr)["gini_fmr"] == pytest.approx(found, abs=1e-9)
    assert -1e-9 <= found <= 1 + 1e-9


def test_draws_are_rows() -> None:
    fmr, fnmr = np.stack([FMR, FMR[::-1] * 2]), np.stack([FNMR, FNMR / 3])
    together = fairness_metrics(fmr, fnmr, PAIRS, PAIRS)
    for row in range(2):
        alone = fairness_metrics(fmr[row], fnmr[row], PAIRS, PAIRS)
        assert all(together[name][row] == pytest.approx(float(alone[name])) for name in IDEALS)
