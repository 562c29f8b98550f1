"""Errors by group say whose labels they rest on, which pairs, and whom nobody was compared with."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_reports import PEOPLE, made_embeddings, made_groups, made_pairs

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation import GroupOptions, Roster, demographics, threshold_at_fmr
from ethnoshard.reports import EvaluationOptions, Report, evaluate_embeddings, evaluate_scores
from ethnoshard.results import Evaluation
from ethnoshard.sources import ScoredPairs

OPTIONS = EvaluationOptions(draws=20, seed=4, fmr=0.01, min_people=10, galleries=1)
SEX = {f"p{person:03d}": "fm"[person // 2 % 2] for person in range(PEOPLE) if person % 10}


def of(report: Report) -> Evaluation:
    assert isinstance(report.result, Evaluation)
    return report.result


def test_pairs_of_people_known_to_differ_are_in_neither_threshold_nor_test(tmp_path: Path) -> None:
    embeddings = made_embeddings(1)
    matched = [replace(source, matched_on="sex", matched=SEX) for source in made_groups()]
    report = evaluate_embeddings(embeddings, made_pairs(tmp_path / "p.txt"), groups=matched, options=OPTIONS)
    people = embeddings.identities
    outside = people >= "p080"
    sex = np.array([SEX.get(who, "") for who in people.tolist()])
    threshold = threshold_at_fmr(
        Roster.of(embeddings.vectors[outside], people[outside], matched_on=sex[outside]), OPTIONS.fmr
    )
    for found, source in zip(of(report).demographics, matched, strict=True):
        rows = np.array([who in source.groups for who in people.tolist()])
        groups = [source.groups[who] for who in people[rows].tolist()]
        roster = Roster.of(embeddings.vectors[rows], people[rows], groups, matched_on=sex[rows])
        expected = demographics(roster, threshold, GroupOptions(draws=20, seed=4, min_people=10))
        for one in ("fmr", "fnmr"):
            ours, theirs = getattr(found.overall, one), getattr(expected.overall, one)
            assert (ours.rate, ours.errors, ours.pairs) == (theirs.rate, theirs.errors, theirs.pairs)
        assert "none of two people known to differ in sex; it is not known of " in found.pairs
    plain = evaluate_embeddings(embeddings, made_pairs(tmp_path / "p.txt"), groups=made_groups(), options=OPTIONS)
    assert of(plain).demographics[0].overall.fmr.pairs > of(report).demographics[0].overall.fmr.pairs


@pytest.mark.parametrize("weighting", ["person", "pair"])
def test_a_threshold_of_matched_people_is_that_of_their_pairs_alone(weighting: str) -> None:
    rng = np.random.default_rng(2)
    people = np.array([f"p{number}" for number in rng.integers(0, 25, 200)])
    sex = np.array([SEX.get(f"p{int(who[1:]):03d}", "") for who in people.tolist()])
    vectors = rng.normal(size=(200, 8))
    roster = Roster.of(vectors, people, matched_on=sex)
    threshold = threshold_at_fmr(roster, 0.05, weighting=weighting)  # type: ignore[arg-type]
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    one, other = np.triu_indices(200, 1)
    used = (people[one] != people[other]) & ~((sex[one] != "") & (sex[other] != "") & (sex[one] != sex[other]))
    images = dict(zip(*np.unique(people, return_counts=True), strict=True))
    weight = np.array(
        [
            1 if weighting == "pair" else 1 / (images[a] * images[b])
            for a, b in zip(people[one], people[other], strict=True)
        ]
    )
    score = (unit[one] * unit[other]).sum(axis=1)
    share = weight[used & (score >= threshold)].sum() / weight[used].sum()
    one_more = np.sort(score[used & (score < threshold)])[-1]
    assert share <= 0.05 + 1e-9 < weight[used & (score >= one_more)].sum() / weight[used].sum()


def test_people_who_can_not_be_matched_at_all_are_refused() -> None:
    with pytest.raises(EthnoshardError, match="no two people are alike in what they are matched on"):
        threshold_at_fmr(Roster.of(np.eye(2), ["a", "b"], matched_on=["f", "m"]), 0.5)


def test_exploratory_are_those_whose_labels_are_known_to_be_unreliable(tmp_path: Path) -> None:
    one, other = made_groups()
    sources = [replace(one, exploratory=True), other]
    report = evaluate_embeddings(made_embeddings(1), made_pairs(tmp_path / "p.txt"), groups=sources, options=OPTIONS)
    notes = [found.note for found in of(report).demographics]
    assert notes[0].startswith("Exploratory: the labels are unreliable")
    assert notes[1] == "Groups are those that other gives; nothing here checks them."
    assert "Exploratory" in report.pages["groups-one"] and "Exploratory" not in report.pages["groups-other"]


@pytest.mark.parametrize("across", [False, True])
def test_a_list_without_pairs_across_groups_has_no_matrix_of_them(tmp_path: Path, across: bool) -> None:
    rng = np.random.default_rng(0)
    (tmp_path / "scores.csv").write_text("made\n")
    same = np.arange(400) % 2 == 0
    group = np.array(["A", "B"])[np.arange(400) // 2 % 2]
    other = np.where(same | ~np.bool_(across), group, np.roll(group, 2))
    scored = ScoredPairs(
        path=tmp_path / "scores.csv", score=rng.normal(size=400) + same, same=same, groups=(group, other), people=None
    )
    report = evaluate_scores(scored)
    (found,) = of(report).demographics
    assert found.across == across
    assert ("cross-list" in report.pages) == across == ("FMR across groups" in report.summary)
    assert ("| all, within and across groups |" in report.summary) == across
    assert ("| all, within groups |" in report.summary) == (not across)
