"""What was kept of many thresholds at once gives, at each, the very figures and intervals of measuring it alone."""

import io
from typing import Any

import numpy as np
import pytest
from made_people import Crowd, by_group, curves_by_group, made_crowd, score_curves_by_group, scores_by_group
from numpy.typing import NDArray

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation import (
    Demographics,
    GroupCurves,
    Weighting,
    _roster,
)
from ethnoshard.results import NamedArrays, as_json

# Below and above every score too, and two that single precision can't tell apart.
THRESHOLDS = [-1.1, -0.2, 0.1, 0.25, 0.25 + 1e-10, 0.4, 0.7, 1.1]
CROWD = made_crowd(4, {"A": 26, "B": 22, "few": 4})


def check_equal(found: Demographics, expected: Demographics) -> None:
    assert as_json(found.errors()) == as_json(expected.errors())


def listed(crowd: Crowd) -> tuple[NDArray[np.float64], NDArray[np.bool_], Any, Any]:
    """Some pairs of images: scores, whether same, groups and people."""
    unit = crowd.embeddings / np.linalg.norm(crowd.embeddings, axis=1, keepdims=True)
    one, other = np.triu_indices(len(unit), 1)
    same = crowd.people[one] == crowd.people[other]
    some = same | (np.random.default_rng(0).random(len(one)) < 0.3)
    one, other = one[some], other[some]
    ends = [(values[one], values[other]) for values in (crowd.groups, crowd.people)]
    return (unit[one] * unit[other]).sum(axis=1), same[some], *ends


@pytest.mark.parametrize("weighting", ["person", "pair"])
@pytest.mark.parametrize("matched", [False, True])
@pytest.mark.parametrize("side", [7, 2048])
def test_of_embeddings(monkeypatch: pytest.MonkeyPatch, weighting: Weighting, matched: bool, side: int) -> None:
    monkeypatch.setattr(_roster, "_SIDE", side)
    names = sorted(set(CROWD.people.tolist()))
    sex = {name: ("f", "m", "")[place % 3] for place, name in enumerate(names)}
    arguments: dict[str, Any] = {
        "matched_on": [sex[name] for name in CROWD.people.tolist()] if matched else None,
        "weighting": weighting,
        "alpha": 0.3,
        "draws": 30,
        "seed": 5,
        "min_people": 10,
        "min_pairs": 12,
    }
    curves = curves_by_group(*CROWD, thresholds=THRESHOLDS, **arguments)
    assert curves.thresholds.tolist() == THRESHOLDS and curves.draws == 30
    for index, threshold in enumerate(THRESHOLDS):
        alone = by_group(*CROWD, threshold=threshold, **arguments)
        check_equal(curves.at(index), alone)
        fmr = [alone.by_group[group].fmr.rate for group in curves.groups]
        np.testing.assert_array_equal(curves.fmr[index], np.array(fmr, np.float64))
    assert curves.at(0).overall.fmr.rate == 1 and curves.at(len(THRESHOLDS) - 1).overall.fnmr.rate == 1
    assert curves.at(3).left_out.keys() == {"few"} and curves.at(3).metrics["garbe"].people_interval is not None


@pytest.mark.parametrize("weighting", ["person", "pair", None])
@pytest.mark.parametrize("known", [True, False])
def test_of_scores(weighting: Weighting | None, known: bool) -> None:
    score, same, groups, people = listed(CROWD)
    arguments: dict[str, Any] = {"people": people if known else None, "weighting": weighting, "draws": 30, "seed": 2}
    if weighting == "person" and not known:
        with pytest.raises(EthnoshardError, match="weighting by person needs to know whose the images are"):
            score_curves_by_group(score, same, groups, thresholds=THRESHOLDS, **arguments)
        return
    curves = score_curves_by_group(score, same, groups, thresholds=THRESHOLDS, **arguments)
    assert curves.draws == (30 if known else 0) and curves.weighting == (weighting or ("person" if known else "pair"))
    for index, threshold in enumerate(THRESHOLDS):
        check_equal(curves.at(index), scores_by_group(score, same, groups, threshold=threshold, **arguments))


def test_fmr_never_rises_and_fnmr_never_falls() -> None:
    curves = curves_by_group(*CROWD, thresholds=THRESHOLDS, draws=30)
    assert not (np.diff(curves.rates.cross.rate, axis=0) > 1e-12).any()
    assert not (np.diff(curves.fnmr, axis=0) < -1e-12).any()


@pytest.mark.parametrize("known", [True, False])
def test_read_back_from_a_file_it_is_the_same(known: bool) -> None:
    score, same, groups, people = listed(CROWD)
    curves = score_curves_by_group(
        score, same, groups, people=people if known else None, thresholds=THRESHOLDS, draws=30
    )
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **curves.arrays())
    file.seek(0)
    with np.load(file, allow_pickle=False) as arrays:
        assert arrays["cross_rate"].shape == (len(THRESHOLDS), 3, 3)
        read = GroupCurves.of_arrays(NamedArrays(arrays, "a file"))
    for index in range(len(THRESHOLDS)):
        check_equal(read.at(index), curves.at(index))
    # Nothing about a person but a digest of all.
    names = set(CROWD.people.tolist())
    assert not any(names & set(np.ravel(values).tolist()) for values in curves.arrays().values())


def test_a_pair_is_accepted_from_the_threshold_on_itself_included() -> None:
    people = ["a", "a", "b", "c"]
    curves = curves_by_group(
        np.eye(4)[[0, 1, 1, 2]], people, ["A", "A", "A", "B"], thresholds=[-0.5, 0.0, 0.5, 1.0, 1.5], draws=0
    )
    # Only a's second image and b's are alike; all others are at right angles.
    assert curves.errors_fnmr[:, 0].tolist() == [0, 0, 1, 1, 1]
    assert curves.errors_fmr[:, 0, 0].tolist() == [2, 2, 1, 1, 0]
    assert curves.errors_fmr[:, 0, 1].tolist() == [3, 3, 0, 0, 0]
    score = score_curves_by_group(
        [0.25, 0.5, 0.5, 0.75], [True, True, False, False], (["A", "B", "A", "B"],) * 2, thresholds=[0.25, 0.5, 0.75]
    )
    assert score.errors_fnmr.tolist() == [[0, 0], [1, 0], [1, 1]]
    assert score.errors_fmr.diagonal(axis1=1, axis2=2).tolist() == [[1, 1], [1, 1], [0, 1]]


@pytest.mark.parametrize("thresholds", [[], [0.2, 0.2], [0.3, 0.2], [float("nan")], [[0.1, 0.2]], 0.3])
def test_thresholds_that_do_not_rise_are_refused(thresholds: Any) -> None:
    with pytest.raises(EthnoshardError, match="thresholds are one number at least, each greater than the one before"):
        curves_by_group(*CROWD, thresholds=thresholds, draws=0)
