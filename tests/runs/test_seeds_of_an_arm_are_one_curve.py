import numpy as np
import pytest

from ethnoshard.errors import EthnoshardError
from ethnoshard.runs import METRICS_SCHEMA, at_the_highest, by_arm, series_of, training_of
from ethnoshard.runs._series import POINTS, smoothed, thinned
from tests.kit.runs import made_record, made_training


def test_shares_and_speed_follow_from_the_metrics() -> None:
    table = made_training("base", 0, [0.2, 0.1]).table
    row = {name: table[name][1] for name in ("epochs", "mined", "active", "in_group", "by_chance", "speed", "waiting")}
    assert row == pytest.approx(
        {"epochs": 1, "mined": 10, "active": 50, "in_group": 50, "by_chance": 25, "speed": 64, "waiting": 25}
    )


def test_smoothing_is_the_mean_of_the_last_steps_and_leaves_out_what_is_no_number() -> None:
    values = np.array([4.0, 2.0, np.nan, 6.0])
    assert smoothed(values, 2).tolist() == [4.0, 3.0, 2.0, 6.0]
    assert smoothed(values, 1)[[0, 1, 3]].tolist() == [4.0, 2.0, 6.0]
    assert np.isnan(smoothed(values, 1)[2])
    rng = np.random.default_rng(0).normal(size=50)
    wanted = [rng[max(0, end - 7) : end].mean() for end in range(1, 51)]
    np.testing.assert_allclose(smoothed(rng, 7), wanted)


def test_a_long_line_is_thinned_and_keeps_both_ends() -> None:
    kept = thinned(100_000)
    assert len(kept) <= POINTS
    assert (kept[0], kept[-1]) == (0, 99_999)
    assert thinned(3).tolist() == [0, 1, 2]


def test_seeds_of_an_arm_are_a_band_with_their_mean_as_far_as_all_got() -> None:
    arms = by_arm(
        [made_training("base", 0, [4, 4, 4, 4]), made_training("base", 1, [2, 2]), made_training("other", 0, [1, 1])]
    )
    found = series_of(arms, "loss", x="epochs")
    assert [curve.name for curve in found] == ["base, 2 seeds", "other, 1 run"]
    both = found[0]
    assert both.low is not None
    assert both.high is not None
    assert (both.low.tolist(), both.y.tolist(), both.high.tolist()) == ([2, 2], [3, 3], [4, 4])
    assert both.x.tolist() == [0.5, 1.0]
    assert found[1].low is None


def test_the_highest_is_that_of_all_runs_of_an_arm() -> None:
    arms = by_arm([made_training("base", 0, [1, 7, 2]), made_training("base", 1, [3, 1, 1])])
    assert at_the_highest(arms, "loss") == {"base": 7}


def test_speed_and_waiting_are_over_the_whole_run() -> None:
    training = made_training("base", 0, [0.2, 0.1])
    assert (training.images_per_second, training.waiting) == (64, 25)


def test_a_record_without_steps_of_an_epoch_is_refused_with_the_run_it_is_of() -> None:
    with pytest.raises(EthnoshardError, match=r"run\.json of natural-0 is damaged: steps_an_epoch is missing"):
        training_of("natural-0", made_record(), METRICS_SCHEMA.to_frame())
