"""Errors by group say whose labels they rest on, which pairs, and whom nobody was compared with."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_reports import PEOPLE, made_embeddings, made_groups, made_pairs

from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation import GroupOptions, Roster, demographics, threshold_at_fmr
from ethnoshard.reports import (
    EvaluationOptions,
    Report,
    evaluate_embeddings,
    evaluate_scores,
    read_report,
    write_report,
)
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
    rates = report.summary.partition("Similarities of pairs")[0]
    assert ("| all, within and across groups |" in rates) == across
    assert ("| all, within groups |" in rates) == (not across)


def test_images_without_an_embedding_are_counted_by_group(tmp_path: Path) -> None:
    embeddings = replace(
        made_embeddings(1),
        missing_keys=np.array(["p000/p000_0099.jpg", "p001/x.jpg", "p001/y.jpg", "stranger/1.jpg", "p119/z.jpg"]),
        missing_status=np.array(["no_face", "no_face", "unreadable", "no_face", "no_face"]),
    )
    report = evaluate_embeddings(embeddings, made_pairs(tmp_path / "p.txt"), groups=made_groups(), options=OPTIONS)
    one = of(report).demographics[0]
    assert one.failures is not None
    # People in a group by this source alone: neither a stranger nor p119.
    assert {group: own.missing for group, own in one.failures.by_group.items()} == {
        "A": {"no_face": 1}, "B": {"no_face": 1, "unreadable": 1},
    }  # fmt: skip
    own = one.failures.by_group["B"]
    assert (own.images, own.same, own.lost) == (35 * 12 + 2, 35 * 66 + 25, 25)
    assert own.fnmr == pytest.approx(one.by_group["B"].fnmr.rate, abs=1e-12)
    assert (
        "| B | 422 | 0.00474 [" in report.summary
        and "| 1 no_face, 1 unreadable | 0 of 35 | 25 of 2,335 |" in report.summary
    )
    assert "Images without an embedding: A 1 of 421" in report.pages["groups-one"]


def test_of_another_program_s_embeddings_it_is_not_known_which_images_have_none(tmp_path: Path) -> None:
    none = np.empty(0, np.str_)
    other = replace(made_embeddings(1), missing_keys=none, missing_status=none)
    report = evaluate_embeddings(other, made_pairs(tmp_path / "p.txt"), groups=made_groups(), options=OPTIONS)
    assert [found.failures for found in of(report).demographics] == [None, None]
    ours = evaluate_embeddings(
        replace(other, facts={"flip": False}), made_pairs(tmp_path / "p.txt"), groups=made_groups(), options=OPTIONS
    )
    assert "All 840 images of these people have an embedding." in ours.summary
    assert "have an embedding" not in report.summary


def test_a_list_with_groups_counts_its_own_images(tmp_path: Path) -> None:
    pairs = made_pairs(tmp_path / "pairs.txt", lost=True)
    assert pairs.first_person is not None and pairs.second_person is not None
    groups = [
        np.array([f"g{int(who[1:]) % 2}" for who in side.tolist()])
        for side in (pairs.first_person, pairs.second_person)
    ]
    listed = replace(pairs, first_group=groups[0], second_group=groups[1])
    (found,) = of(evaluate_embeddings(made_embeddings(1), listed, options=OPTIONS)).demographics
    assert found.failures is not None
    assert found.failures.by_group["g0"].missing == {"no_face": 1} and found.failures.by_group["g1"].missing == {}
    assert (found.failures.overall.lost, found.failures.overall.same) == (1, int(pairs.same.sum()))
    assert found.failures.overall.images == len({*pairs.first.tolist(), *pairs.second.tolist()})


def test_where_similarities_lie_is_in_report_arrays_summary_and_pages(tmp_path: Path) -> None:
    report = evaluate_embeddings(
        made_embeddings(1), made_pairs(tmp_path / "p.txt"), groups=made_groups(), options=OPTIONS
    )
    write_report(report, tmp_path / "report")
    read = read_report(tmp_path / "report")
    for found in read.evaluation.demographics:
        assert found.score_shift is not None
        a = found.score_shift.by_group["A"]
        assert (a.same.pairs, a.different.pairs) == (found.by_group["A"].fnmr.pairs, found.by_group["A"].fmr.pairs)
        histograms = read.similarity_histograms(found.source)
        assert histograms is not None and histograms.groups == ("A", "B")
        middle = (histograms.edges[:-1] + histograms.edges[1:]) / 2
        assert a.same.mean == pytest.approx(float(middle @ histograms.same[0]), abs=0.01)
        assert f"| A | {a.same.pairs:,} | {a.same.mean:.4f} |" in report.summary
        assert "Similarities by embeddings within each group" in report.pages[f"similarities-{found.source}"]
    arrays = read.arrays("groups-one")
    np.savez(
        tmp_path / "report" / "groups-one.npz",
        **{name: values for name, values in arrays.items() if not name.startswith("shift_")},
    )
    assert read.similarity_histograms("one") is None


@pytest.mark.parametrize("given", [None, 0.6])
def test_tar_at_a_far_is_at_a_threshold_of_other_people_whatever_the_report_s_own(
    tmp_path: Path, given: float | None
) -> None:
    embeddings = made_embeddings(1)
    options = replace(OPTIONS, fars=(0.02, 1e-7), threshold=given)
    report = evaluate_embeddings(embeddings, made_pairs(tmp_path / "p.txt"), groups=made_groups(), options=options)
    outside = embeddings.identities >= "p080"
    others = Roster.of(embeddings.vectors[outside], embeddings.identities[outside])
    for found in of(report).demographics:
        at, none = found.tar_at_far
        assert at.threshold == threshold_at_fmr(others, 0.02)
        assert at.chosen_on is not None and (at.chosen_on.people, at.chosen_on.fmr_asked) == (40, 0.02)
        assert none.threshold is None and none.reason is not None and "40 people are in no group" in none.reason
        a = at.by_group["A"]
        assert a.deviation is not None and a.own is not None
        assert f"| A | {a.tar:.4f} | {a.fmr.rate:.4f} | {100 * a.deviation:+.0f} % |" in report.summary
    assert f"TAR at FAR 0.02: at one threshold, {at.threshold:.4f}, an FMR of 0.02 over all pairs" in report.summary
    assert "No TAR at FAR 1e-07 by group: 40 people are in no group" in report.summary


def test_of_a_list_tar_at_a_far_is_set_on_its_own_pairs(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    (tmp_path / "scores.csv").write_text("made\n")
    same = np.arange(800) % 2 == 0
    group = np.array(["A", "B"])[np.arange(800) // 2 % 2]
    scored = ScoredPairs(
        path=tmp_path / "scores.csv", score=rng.normal(size=800) + same, same=same, groups=(group, group), people=None
    )
    at, few, none = (
        of(evaluate_scores(scored, options=EvaluationOptions(fars=(0.05, 0.003, 0.001)))).demographics[0].tar_at_far
    )
    assert at.chosen_on is not None and "set on the very pairs that are tested" in at.chosen_on.text
    different = scored.score[~same]
    assert (different >= at.threshold).sum() == 20 and at.by_group["A"].own is not None
    assert few.threshold is not None and few.by_group["A"].own is None
    assert none.reason == "a FAR of 0.001 is less than one of the 400 different pairs that a threshold is set on"
