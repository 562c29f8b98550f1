import numpy as np
import pytest
from made_evaluations import made_pairs

from dashboard.views._scores import Scores, scale_of
from dashboard.views._verification_histogram import histogram_title
from dashboard.views._verification_worst import KINDS, worst_rows, worst_table
from ethnoshard.evaluation import wilson


def made_scores(metric: str = "euclidean") -> Scores:
    distance, same, _ = made_pairs()
    return Scores.of_arrays({"distance": distance, "same": same}, metric)


@pytest.mark.parametrize("threshold", [0.0, 0.37, 1.2, 1.41, 2.5, 4.0])
def test_errors_and_their_intervals_equal_a_recount(threshold: float) -> None:
    distance, same, _ = made_pairs()
    errors = made_scores().at(threshold)
    accepted = distance < threshold
    assert [errors.accepted, errors.different] == [np.count_nonzero(accepted & ~same), np.count_nonzero(~same)]
    assert [errors.refused, errors.same] == [np.count_nonzero(~accepted & same), np.count_nonzero(same)]
    assert errors.accuracy == pytest.approx(np.mean(accepted == same))
    assert errors.intervals()["fmr"] == wilson(errors.accepted, errors.different)
    assert errors.intervals()["accuracy"] == wilson(int(np.count_nonzero(accepted == same)), len(same))


def test_a_distance_on_the_threshold_is_refused_as_the_protocol_has_it() -> None:
    scores = Scores.of_arrays({"distance": np.array([0.5, 0.5]), "same": np.array([True, False])}, "euclidean")
    assert (scores.at(0.5).refused, scores.at(0.5).accepted) == (1, 0)
    assert (scores.at(0.51).refused, scores.at(0.51).accepted) == (0, 1)


def test_scores_of_others_are_shown_as_scores_and_accepted_above() -> None:
    distance, same, _ = made_pairs()
    scores = made_scores("given")
    errors = scores.at(-1.2)
    assert scores.scale.accepts == "above"
    assert errors.refused == np.count_nonzero(~(-distance > -1.2) & same)
    assert scores.scale.low < -distance.max() and -distance.min() < scores.scale.high
    ends = scores.at(scores.scale.low), scores.at(scores.scale.high)
    assert [(end.accepted, end.refused) for end in ends] == [(300, 0), (0, 300)]


@pytest.mark.parametrize(
    ("metric", "step", "text"), [("euclidean", 0.01, "1.41"), ("cosine", 0.0025, "1.0000"), ("given", 0.01, "-0.20")]
)
def test_the_slider_moves_in_steps_that_its_numbers_show(metric: str, step: float, text: str) -> None:
    scale = scale_of(metric, made_pairs()[0])
    assert scale.step == pytest.approx(step)
    shown = scale.nearest({"euclidean": 1.4132, "cosine": 1.4132, "given": -0.2}[metric])
    assert scale.text(shown) == text or metric == "given"
    assert float(scale.text(scale.nearest(shown + scale.step))) <= scale.high


def test_large_scores_have_no_decimals() -> None:
    scale = scale_of("given", -np.array([0.0, 1200.0]))
    assert (scale.step, scale.text(scale.nearest(1003.2))) == (5, "1005")


def test_arrays_that_do_not_fit_are_refused() -> None:
    distance, same, _ = made_pairs()
    for broken in (
        {"distance": distance[:-1], "same": same},
        {"distance": distance, "same": same.astype(int)},
        {"distance": np.where(same, np.nan, distance), "same": same},
        {"distance": distance[same], "same": same[same]},
    ):
        with pytest.raises(ValueError, match=r"don't fit|not all finite"):
            Scores.of_arrays(broken, "euclidean")


def test_the_title_counts_the_errors() -> None:
    scores = made_scores()
    errors = scores.at(1.4)
    title = histogram_title(errors, "1.40")
    assert f"{errors.accepted} of 300 different pairs" in title and f"{errors.refused} of 300 same pairs" in title


def test_the_worst_pairs_are_those_the_furthest_on_the_other_side() -> None:
    distance, same, fold = made_pairs()
    scores = made_scores()
    worst = worst_rows(scores, same=True, number=3)
    assert distance[worst].tolist() == sorted(distance[same])[:-4:-1]
    nearest = worst_rows(scores, same=False, number=3)
    assert distance[nearest].tolist() == sorted(distance[~same])[:3]
    table = worst_table(scores, {"fold": fold}, nearest, KINDS[1], float(distance[nearest[1]]), {})
    verdicts = next(table[name] for name in table.columns if name.startswith("at "))
    assert verdicts.to_list() == ["false match", "right", "right"]
    assert table["row"].to_list() == nearest.tolist()
