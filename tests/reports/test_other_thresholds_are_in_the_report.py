"""A report holds errors by group over thresholds: at its own they are its figures, at others those measured there."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_reports import made_embeddings, made_groups, made_pairs
from numpy.typing import NDArray

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation import GroupCurves, GroupOptions, Roster, ScoreList, demographics
from ethnoshard.reports import (
    EvaluationOptions,
    Report,
    ReportFolder,
    compare_reports,
    evaluate_embeddings,
    evaluate_scores,
    read_report,
    write_report,
)
from ethnoshard.results import as_json
from ethnoshard.sources import ScoredPairs

OPTIONS = EvaluationOptions(draws=40, seed=4, fmr=0.01, min_people=10, galleries=2)
BY_GROUP = GroupOptions(draws=40, seed=4, min_people=10)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> ReportFolder:
    folder = tmp_path_factory.mktemp("reports")
    made = evaluate_embeddings(
        made_embeddings(1), made_pairs(folder / "pairs.txt"), groups=made_groups(), options=OPTIONS
    )
    return written(made, folder / "report")


def written(report: Report, folder: Path) -> ReportFolder:
    write_report(report, folder)
    return read_report(folder)


def check_own(found: dict[str, Any], curves: GroupCurves) -> None:
    """At the report's own threshold there stands what ``report.json`` says."""
    (own,) = np.flatnonzero(curves.thresholds == found["threshold"])
    here = json.loads(json.dumps(as_json(curves.at(int(own)).errors())))
    assert {**found, **here} == found


def test_of_all_pairs_by_every_source(report: ReportFolder) -> None:
    embeddings = made_embeddings(1)
    for source, found in zip(made_groups(), report.content["demographics"], strict=True):
        curves: GroupCurves = report.group_curves(source.name)
        check_own(found, curves)
        # FARs are 0.001 and 0.01, which is the report's own; and the ends of its interval.
        assert 43 <= len(curves.thresholds) <= 45 and curves.draws == 40
        assert {at["threshold"] for at in found["tar_at_far"]} <= set(curves.thresholds.tolist())
        rows = np.array([name in source.groups for name in embeddings.identities.tolist()])
        people = embeddings.identities[rows]
        groups = [source.groups[name] for name in people.tolist()]
        for index in (0, 17, 41):
            roster = Roster.of(embeddings.vectors[rows], people, groups)
            expected = demographics(roster, float(curves.thresholds[index]), BY_GROUP)
            assert as_json(curves.at(index).errors()) == as_json(expected.errors())


@pytest.mark.parametrize("known", [True, False])
def test_of_scores(known: bool, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    path = tmp_path / "scores.csv"
    path.write_text("made\n")
    same = np.arange(600) % 2 == 0
    first = np.array([f"p{row // 2 % 60:02d}" for row in range(600)])
    second = np.where(same, first, np.array([f"p{(row // 2 + 7) % 60:02d}" for row in range(600)]))
    groups = tuple(np.array(["AB"[int(name[1:]) % 2] for name in some]) for some in (first, second))
    scored = ScoredPairs(
        path=path, score=rng.normal(size=600) + same, same=same, groups=(groups[0], groups[1]),
        people=(first, second) if known else None,
    )  # fmt: skip
    read = written(evaluate_scores(scored, options=OPTIONS), tmp_path / "report")
    curves: GroupCurves = read.group_curves("list")
    check_own(read.content["demographics"][0], curves)
    listed = ScoreList.of(scored.score, same, scored.groups, people=scored.people)
    expected = demographics(listed, float(curves.thresholds[30]), BY_GROUP)
    assert as_json(curves.at(30).errors()) == as_json(expected.errors())


def test_of_a_list_that_gives_groups(tmp_path: Path) -> None:
    pairs = made_pairs(tmp_path / "pairs.txt")
    assert pairs.first_person is not None and pairs.second_person is not None
    groups = [
        np.array(["AB"[int(name[1:]) % 2] for name in some]) for some in (pairs.first_person, pairs.second_person)
    ]
    listed = replace(pairs, first_group=groups[0], second_group=groups[1])
    read = written(evaluate_embeddings(made_embeddings(1), listed, options=OPTIONS), tmp_path / "report")
    check_own(read.content["demographics"][0], read.group_curves("list"))


def test_a_threshold_of_the_user_is_one_of_them(tmp_path: Path) -> None:
    pairs = made_pairs(tmp_path / "pairs.txt")
    for threshold in (-0.3, 0.999):
        options = replace(OPTIONS, threshold=threshold, draws=5)
        made = evaluate_embeddings(made_embeddings(1), pairs, groups=made_groups(), options=options)
        check_own(made.content["demographics"][0], written(made, tmp_path / f"{threshold}").group_curves("one"))


def test_a_report_of_before_says_what_to_do_and_the_rest_is_compared(report: ReportFolder, tmp_path: Path) -> None:
    arrays = {
        name: {key: values for key, values in report.arrays(name).items() if not key.startswith(("curve_", "tally_"))}
        for name in report.array_names()
    }
    before = Report(kind="evaluation", result=report.evaluation, arrays=arrays, summary="")
    old = written(before, tmp_path / "old")
    with pytest.raises(EthnoshardError, match="was written by an earlier version of ethnoshard; run ethnoshard"):
        old.group_curves("one")
    compared = compare_reports(old, report)
    assert compared.content["verification"]["auc"]["difference"] == 0 and not compared.content["demographics"]
    reason = "old holds no counts of people, which a comparison by group needs"
    assert reason in compared.content[
        "demographics_left_out"
    ] and f"By group is left out: {old.path.parent}" in " ".join(compared.summary.split())
    sound = {name: report.arrays(name) for name in report.array_names()}
    for name, values in {"within_rate": None, "alpha": np.zeros(2), "cross_rate": np.zeros((42, 41, 5))}.items():
        changed = {**sound["groups-one"], f"curve_{name}": values}
        groups = {key: array for key, array in changed.items() if array is not None}
        again = replace(before, arrays={**sound, "groups-one": groups})
        expected = "is missing" if values is None else r"must have shape \(.*\), got \(.*\)"
        with pytest.raises(EthnoshardError, match=rf"groups-one.npz is damaged: curve_{name} {expected}; make the"):
            written(again, tmp_path / name).group_curves("one")


def test_a_report_of_before_that_kept_draws_of_people_is_read(report: ReportFolder, tmp_path: Path) -> None:
    """Format of before: rates in draws of people, of which the first is as measured."""
    now = report.group_curves("one")
    rng = np.random.default_rng(0)

    def drawn(values: NDArray[np.float64], spread: float) -> NDArray[np.float64]:
        noise = rng.normal(0, spread, (len(values), 400, *values.shape[1:]))
        return np.concatenate([values[:, None], values[:, None] + noise], axis=1)

    kept = {"fnmr": drawn(now.fnmr, 0.02), "overall_fmr": drawn(now.rates.overall.rate[:, 0], 0.001)}
    kept |= {"overall_fnmr": drawn(now.rates.overall.rate[:, 1], 0.01)}
    kept |= {"cross": drawn(now.rates.cross.rate[:, *np.triu_indices(2)], 0.002)}
    names = (
        "groups",
        "thresholds",
        "errors_fmr",
        "errors_fnmr",
        "pairs_fmr",
        "pairs_fnmr",
        "people_fmr",
        "people_fnmr",
    )
    names += ("crowd", "alpha", "weighting", "seed", "min_people", "min_pairs", "people")
    sound = {name: report.arrays(name) for name in report.array_names()}
    own = {f"curve_{name}": sound["groups-one"][f"curve_{name}"] for name in names}
    before = {**own, **{f"curve_{name}": values for name, values in kept.items()}}
    made = Report(kind="evaluation", result=report.evaluation, arrays={**sound, "groups-one": before}, summary="")
    read = written(made, tmp_path / "old").group_curves("one")
    assert read.draws == 400 and np.array_equal(read.fnmr, now.fnmr) and np.array_equal(read.fmr, now.fmr)
    ours, theirs = read.at(20), now.at(20)
    for group in "AB":
        assert ours.by_group[group].fnmr.rate == theirs.by_group[group].fnmr.rate
        interval = ours.by_group[group].fnmr.people_interval
        assert interval is not None and interval.low is not None and interval.high is not None
        # 1.96 standard deviations of 0.02 to each side, and a little more for 69 degrees of freedom.
        assert 0.075 < interval.high - interval.low < 0.095


def test_nothing_about_a_person_is_kept_beside_what_is_in_the_report_anyhow(report: ReportFolder) -> None:
    for source in made_groups():
        arrays = {
            name: values for name, values in report.arrays(f"groups-{source.name}").items() if name.startswith("curve_")
        }
        texts = {name for name, values in arrays.items() if values.dtype.kind == "U"}
        assert texts == {"curve_groups", "curve_weighting", "curve_people"}
        assert not any(values.dtype.kind == "O" for values in arrays.values())
        # Of numbers, none has a place for each person.
        assert not any(len(source.groups) in values.shape for values in arrays.values())
