import numpy as np
import pytest

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation import RankedPairs, ThresholdScale, wilson
from ethnoshard.results import PairScores
from tests.kit.scored import made_pairs


def ranked(metric: str = "euclidean") -> RankedPairs:
    distance, same, _ = made_pairs()
    return RankedPairs.of_scores(PairScores(distance=distance, same=same), metric, "scores.npz")


@pytest.mark.parametrize("threshold", [0.0, 0.37, 1.2, 1.41, 2.5, 4.0])
def test_errors_and_their_intervals_equal_a_recount(threshold: float) -> None:
    distance, same, _ = made_pairs()
    errors = ranked().at(threshold)
    accepted = distance < threshold
    assert [errors.accepted, errors.different] == [np.count_nonzero(accepted & ~same), np.count_nonzero(~same)]
    assert [errors.refused, errors.same] == [np.count_nonzero(~accepted & same), np.count_nonzero(same)]
    assert errors.accuracy == pytest.approx(np.mean(accepted == same))
    assert errors.fmr_interval == wilson(errors.accepted, errors.different)
    assert errors.accuracy_interval == wilson(int(np.count_nonzero(accepted == same)), len(same))


def test_a_distance_on_the_threshold_is_refused_as_the_protocol_has_it() -> None:
    two = PairScores(distance=np.array([0.5, 0.5]), same=np.array([True, False]))
    scores = RankedPairs.of_scores(two, "euclidean", "scores.npz")
    assert (scores.at(0.5).refused, scores.at(0.5).accepted) == (1, 0)
    assert (scores.at(0.51).refused, scores.at(0.51).accepted) == (0, 1)


def test_scores_of_others_are_shown_as_scores_and_accepted_above() -> None:
    distance, same, _ = made_pairs()
    scores = ranked("given")
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
    scale = ThresholdScale.of_metric(metric, made_pairs()[0])
    assert scale.step == pytest.approx(step)
    shown = scale.nearest({"euclidean": 1.4132, "cosine": 1.4132, "given": -0.2}[metric])
    assert scale.text(shown) == text or metric == "given"
    assert float(scale.text(scale.nearest(shown + scale.step))) <= scale.high


def test_large_scores_have_no_decimals() -> None:
    scale = ThresholdScale.of_metric("given", -np.array([0.0, 1200.0]))
    assert (scale.step, scale.text(scale.nearest(1003.2))) == (5, "1005")


def test_pairs_that_no_threshold_can_tell_apart_are_refused_with_the_file() -> None:
    distance, same, _ = made_pairs()
    for broken in (
        PairScores(distance=np.where(same, np.nan, distance), same=same),
        PairScores(distance=distance[same], same=same[same]),
        PairScores(distance=distance[:0], same=same[:0]),
    ):
        with pytest.raises(EthnoshardError, match=r"a/scores\.npz is damaged: distances are not all finite, or pairs"):
            RankedPairs.of_scores(broken, "euclidean", "a/scores.npz")


def test_the_worst_pairs_are_those_the_furthest_on_the_other_side() -> None:
    distance, same, _ = made_pairs()
    worst = ranked().worst(same=True, number=3)
    assert distance[worst].tolist() == sorted(distance[same])[:-4:-1]
    nearest = ranked().worst(same=False, number=3)
    assert distance[nearest].tolist() == sorted(distance[~same])[:3]
