"""A result that was written as JSON is the same when read; what doesn't fit is refused with its place."""

import json
from typing import Any

import numpy as np
import pytest

from ethnoshard.errors import EthnoshardError
from ethnoshard.results import (
    Change,
    ChosenOn,
    ClusteringChange,
    Compared,
    Comparison,
    Evaluation,
    Identification,
    IdentificationChange,
    Interval,
    Kind,
    MeanSimilarity,
    Model,
    RankChange,
    RankRate,
    RateInterval,
    Result,
    Verification,
    VerificationSummary,
    as_json,
    from_json,
    result_as_json,
    result_from_json,
)
from tests.kit.whole_reports import as_file, evaluation, group_rates, verification

MODEL = Model(name="base-0", kind="run", digest="ab12", about={"arm": "natural"})
LATER = ("failures", "score_shift", "tar_at_far")
"""What errors by group have since reports of format 2 are written."""
GROUPS = {"A": group_rates(0.1, 0.2), "B": group_rates(None, None)}
CHANGE = Change(base=0.1, other=None, difference=None, people_interval=Interval(None, 0.5), undefined_draws=3)


def identification() -> Identification:
    share = RankRate(by_gallery=(0.5, 0.7), mean=0.6, std=0.1, least=0.5, most=0.7)
    ranks = {"rank_1": share, "rank_5": share}
    return Identification(people=9, images=90, queries=81, more_than=5, galleries=2, seed=0, svc=ranks, mean=ranks)


def comparison(of: Kind, **changes: Any) -> Comparison:
    return Comparison(of=of, base=Compared(report="one", model=MODEL), other=Compared(report="two"), draws=9, **changes)


def results() -> dict[str, tuple[str, Result]]:
    """One of each shape."""
    rank = RankChange(base=0.5, other=0.6, difference=0.1, least=0.0, most=0.2, better=1)
    changed = IdentificationChange(people=9, galleries=2, ranks={"svc_rank_1": rank})
    other = ClusteringChange(base=None, other=0.4, differences=(None, 0.1), mean=None, better=1)
    return {
        "evaluation": ("evaluation", evaluation(MODEL, GROUPS)),
        "identified": (
            "evaluation",
            evaluation(MODEL, GROUPS, identification=identification(), identification_left_out=None),
        ),
        "scores": ("scores", evaluation(None, {})),
        "collapsed": (
            "evaluation",
            evaluation(MODEL, {}, verification=verification(similarity=MeanSimilarity.measured(0.99, 0.99, 0.5))),
        ),
        "compared": (
            "comparison",
            comparison("evaluation", seed=1, verification={"auc": CHANGE}, identification=changed),
        ),
        "left out": ("comparison", comparison("scores", seed=1, identification_left_out="there are scores only")),
        "clusterings": ("comparison", comparison("clustering", people=5, clustering={"som": {"ari": other}})),
    }


@pytest.mark.parametrize("name", results())
def test_a_result_is_read_back_as_it_was(name: str) -> None:
    kind, result = results()[name]
    content = json.loads(json.dumps({"kind": kind, **result_as_json(result)}, allow_nan=False))
    read = result_from_json(content, "report.json")
    assert type(read) is type(result)
    assert as_json(read) == as_json(result)
    assert {"kind": kind, **result_as_json(read)} == content


def test_errors_by_group_of_before_are_read_without_what_they_lack() -> None:
    content = as_file(evaluation(MODEL, GROUPS))
    for name in LATER:
        del content["demographics"][0][name]
    read = result_from_json(content, "report.json")
    assert isinstance(read, Evaluation)
    assert not any(getattr(read.demographics[0], name) for name in LATER)


def test_a_curve_is_arrays_and_everything_else_is_what_its_type_says() -> None:
    read = result_from_json(as_file(evaluation(MODEL, GROUPS)), "report.json")
    assert isinstance(read, Evaluation) and isinstance(read.verification, Verification)
    assert isinstance(read.verification.curve.fmr, np.ndarray) and read.verification.curve.fnmr.tolist() == [1.0, 0.0]
    assert read.verification.accuracy.wilson == RateInterval(0.0, 1.0) and read.verification.accuracy.wilson.high == 1.0
    assert isinstance(read.demographics[0].by_group["A"].fmr.rate, float)
    assert read.title == "base-0 (natural)"


def test_what_another_version_wrote_beside_it_is_passed_over() -> None:
    content = as_file(evaluation(MODEL, GROUPS))
    content["verification"]["new"] = content["new"] = {"a": [1]}
    assert as_json(result_from_json(content, "x")) == as_json(evaluation(MODEL, GROUPS))


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        (("verification", "eer"), "0.1", r"r.json is damaged: verification.eer: expected float, got str"),
        (("verification", "eer"), float("nan"), r"verification.eer is not a finite number"),
        (
            ("verification", "validation", 1, "far"),
            None,
            r"verification.validation\[1\].far: expected object",
        ),
        (("verification", "curve", "fmr"), ["a"], r"verification.curve.fmr: expected an array of numbers"),
        (("verification", "curve", "tar"), {"a": 1}, r"verification.curve.tar: expected an array of numbers"),
        (("demographics", 0, "by_group", "A", "fmr", "wilson"), [0.1], r"by_group.*wilson: expected array of length 2"),
        (("demographics", 0, "threshold_from"), 3, r"demographics\[0\].threshold_from: expected str, got int"),
        (("options", "fmr"), 2, r"r.json is damaged: a FAR or FMR must be above 0 and below 1, got 2"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(place: tuple[Any, ...], value: Any, told: str) -> None:
    content = as_file(evaluation(MODEL, GROUPS))
    inside: Any = content
    for step in place[:-1]:
        inside = inside[step]
    inside[place[-1]] = value
    with pytest.raises(EthnoshardError, match=told):
        result_from_json(content, "r.json")


def test_a_summary_of_a_verification_is_the_verification_without_its_curve() -> None:
    plain = as_json(verification())
    del plain["curve"], plain["band"]
    assert as_json(from_json(VerificationSummary, plain, "x")) == plain
    with pytest.raises(EthnoshardError, match="x is damaged: curve is missing"):
        from_json(Verification, plain, "x")


def test_what_a_threshold_was_chosen_on_stands_beside_it_in_the_file() -> None:
    content = as_file(evaluation(MODEL, GROUPS))
    (errors,) = content["demographics"]
    errors |= {"threshold_from": "other people", "threshold_people": 40, "fmr_asked_for": 0.01}
    assert "chosen_on" not in errors
    read = result_from_json(content, "r.json")
    assert isinstance(read, Evaluation)
    assert read.demographics[0].chosen_on == ChosenOn(text="other people", people=40, fmr_asked=0.01)
    del errors["threshold_from"]
    with pytest.raises(EthnoshardError, match=r"demographics\[0\].threshold_from is missing"):
        result_from_json(content, "r.json")
