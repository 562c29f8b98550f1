"""The report on an evaluation: equal to the pure functions, with pairs, thresholds, labels and people beside."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_reports import FOLDS, OF_A_FOLD, made_embeddings, made_groups, made_pairs
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from ethnoshard.embedding import Embeddings
from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation import (
    GroupOptions,
    Roster,
    choose_threshold,
    demographics,
    group_curves,
    identification,
    threshold_at_fmr,
    verification,
)
from ethnoshard.reports import EvaluationOptions, Report, evaluate_embeddings, evaluate_scores
from ethnoshard.results import as_json
from ethnoshard.sources import GroupSource, PairList, ScoredPairs

OPTIONS = EvaluationOptions(draws=50, seed=4, fars=(0.05, 0.1), fmr=0.01, min_people=10, galleries=3)


@pytest.fixture(scope="module")
def embeddings() -> Embeddings:
    return made_embeddings(1)


@pytest.fixture(scope="module")
def report(embeddings: Embeddings, tmp_path_factory: pytest.TempPathFactory) -> Report:
    pairs = made_pairs(tmp_path_factory.mktemp("pairs") / "pairs.txt", lost=True)
    return evaluate_embeddings(embeddings, pairs, groups=made_groups(), options=OPTIONS)


def test_verification_and_identification_are_those_of_the_pure_functions(
    report: Report, embeddings: Embeddings, tmp_path: Path
) -> None:
    pairs = made_pairs(tmp_path / "pairs.txt")
    kept = np.arange(len(pairs)) > 0
    rows = embeddings.rows()
    first, second = ([rows[key] for key in keys[kept].tolist()] for keys in (pairs.first, pairs.second))
    expected = verification(
        embeddings.vectors[first], embeddings.vectors[second], pairs.same[kept], fold=pairs.fold[kept],
        people=(pairs.first_person[kept], pairs.second_person[kept]), fars=(0.05, 0.1), draws=50, seed=4,  # type: ignore[index]
    )  # fmt: skip
    assert report.content["verification"] == as_json(expected)
    found = identification(embeddings.vectors, embeddings.identities, galleries=3, seed=4)
    assert report.content["identification"] == as_json(found)


def test_pairs_without_an_embedding_are_counted_and_said(report: Report) -> None:
    facts = report.content["pairs"]
    number = FOLDS * OF_A_FOLD
    assert (facts["listed"], facts["scored"]) == (number, number - 1)
    assert (facts["missing_same"], facts["missing_different"], facts["missing_images"]) == (1, 0, 1)
    assert facts["reasons"] == [{"reason": "no_face", "count": 1, "first": "pair 1"}]
    assert (facts["found_otherwise"], facts["left_out"]) == ([], [])
    assert f"Of {number} pairs listed 1 can't be scored (1 same, 0 different)" in report.summary
    assert "images without an embedding: 1: 1 no_face (first pair 1)." in report.summary
    assert len(report.arrays["scores"]["distance"]) == number - 1


def test_the_threshold_of_groups_is_set_on_people_whom_no_source_puts_in_a_group(
    report: Report, embeddings: Embeddings
) -> None:
    outside = embeddings.identities >= "p080"
    threshold = threshold_at_fmr(Roster.of(embeddings.vectors[outside], embeddings.identities[outside]), 0.01)
    for found, source in zip(report.content["demographics"], made_groups(), strict=True):
        assert found["threshold"] == threshold
        assert (found["threshold_people"], found["threshold_images"]) == (40, 480)
        assert "none of them is in the test" in found["threshold_from"]
        tested = report.arrays[f"groups-{source.name}"]["people"].tolist()
        assert tested == sorted(source.groups) and not set(tested) & set(embeddings.identities[outside].tolist())


def test_both_sources_of_groups_stand_side_by_side_with_their_own_labels(
    report: Report, embeddings: Embeddings
) -> None:
    for found, source in zip(report.content["demographics"], made_groups(), strict=True):
        rows = np.array([name in source.groups for name in embeddings.identities.tolist()])
        groups = [source.groups[name] for name in embeddings.identities[rows].tolist()]
        roster = Roster.of(embeddings.vectors[rows], embeddings.identities[rows], groups)
        outside = embeddings.identities >= "p080"
        choice = choose_threshold(
            Roster.of(embeddings.vectors[outside], embeddings.identities[outside]), 0.01, tested=False
        )
        options = GroupOptions(draws=50, seed=4, min_people=10)
        curves = group_curves(roster, choice.thresholds, options, own=choice)
        expected = curves.at(curves.index_of(found["threshold"]))
        assert {**found, **as_json(expected.errors())} == found
        # Those who set the threshold might have been others, and every interval holds that.
        given = demographics(roster, found["threshold"], options)
        for group, rates in given.by_group.items():
            wide, narrow = expected.by_group[group].fmr.people_interval, rates.fmr.people_interval
            assert wide is not None and narrow is not None and wide.low is not None and narrow.low is not None
            assert wide.low < narrow.low and (wide.high or 0) > (narrow.high or 1)
        assert found["people"] == len(source.groups) and found["without_group"] == source.without
        assert f"### By group, as given by {source.name}" in report.summary
        assert found["note"] == f"Groups are those that {source.name} gives; nothing here checks them."
        assert "Exploratory" not in report.summary


def test_a_list_that_gives_groups_is_measured_on_its_own_pairs(embeddings: Embeddings, tmp_path: Path) -> None:
    pairs = made_pairs(tmp_path / "pairs.txt")
    groups = [np.array([f"g{int(who[1:]) % 2}" for who in people.tolist()]) for people in people_of(pairs)]
    listed = replace(pairs, first_group=groups[0], second_group=groups[1])
    (found,) = evaluate_embeddings(embeddings, listed, options=OPTIONS).content["demographics"]
    rows = embeddings.rows()
    first, second = (embeddings.vectors[[rows[key] for key in keys.tolist()]] for keys in (pairs.first, pairs.second))
    cosine = (first.astype(float) * second).sum(axis=1)
    own = ~pairs.same & (groups[0] == "g0") & (groups[1] == "g0")
    rate = found["by_group"]["g0"]["fmr"]
    assert (rate["errors"], rate["pairs"]) == (int((cosine[own] >= found["threshold"]).sum()), int(own.sum()))
    assert found["labels"] == "as given by pairs.txt" and found["pairs"] == "the listed pairs"
    assert "set on the very pairs that are tested" in found["threshold_from"]


def people_of(pairs: PairList) -> tuple[NDArray[np.str_], NDArray[np.str_]]:
    assert pairs.first_person is not None and pairs.second_person is not None
    return pairs.first_person, pairs.second_person


def test_a_threshold_that_is_given_is_used_and_called_so(embeddings: Embeddings, tmp_path: Path) -> None:
    options = EvaluationOptions(draws=5, threshold=0.6, galleries=1)
    report = evaluate_embeddings(embeddings, made_pairs(tmp_path / "pairs.txt"), groups=made_groups(), options=options)
    assert [found["threshold"] for found in report.content["demographics"]] == [0.6, 0.6]
    assert "given by the user" in report.content["demographics"][0]["threshold_from"]


def test_one_group_only_is_refused_and_of_two_sources_the_usable_one_is_kept(
    embeddings: Embeddings, tmp_path: Path
) -> None:
    pairs = made_pairs(tmp_path / "pairs.txt")
    alone = GroupSource(name="alone", groups={f"p{person:03d}": "A" for person in range(50)}, without={})
    with pytest.raises(EthnoshardError, match="needs two groups among the images; there are alone: A"):
        evaluate_embeddings(embeddings, pairs, groups=[alone], options=OPTIONS)
    report = evaluate_embeddings(embeddings, pairs, groups=[alone, made_groups()[1]], options=OPTIONS)
    assert [found["source"] for found in report.content["demographics"]] == ["other"]


def test_images_that_were_never_there_are_refused_unless_allowed(embeddings: Embeddings, tmp_path: Path) -> None:
    pairs = made_pairs(tmp_path / "pairs.txt")
    pairs.second[1] = "stranger/stranger_0001.jpg"
    pairs.second_person[1] = "stranger"  # type: ignore[index]
    with pytest.raises(EthnoshardError, match="names 1 images that were never there, 1 people with none at all"):
        evaluate_embeddings(embeddings, pairs, options=OPTIONS)
    allowed = EvaluationOptions(draws=5, allow_missing=True, galleries=1)
    facts = evaluate_embeddings(embeddings, pairs, options=allowed).content["pairs"]
    assert facts["missing_different"] == 1
    assert facts["reasons"] == [{"reason": "never there", "count": 1, "first": "pair 2"}]


def test_images_with_another_ending_have_the_same_figures_and_are_counted(
    report: Report, embeddings: Embeddings, tmp_path: Path
) -> None:
    keys = np.array([key.replace(".jpg", ".PNG") if key < "p060" else key for key in embeddings.keys.tolist()])
    pairs = made_pairs(tmp_path / "pairs.txt", lost=True)
    found = evaluate_embeddings(replace(embeddings, keys=keys), pairs, groups=made_groups(), options=OPTIONS)
    assert found.content["verification"] == report.content["verification"]
    np.testing.assert_array_equal(found.arrays["scores"]["first"], report.arrays["scores"]["first"])
    moved = sum(name < "p060" and name != "p000/p000_0099.jpg" for name in pairs.images())
    assert [one["count"] for one in found.content["pairs"]["found_otherwise"]] == [moved]
    assert f"{moved} image found under another name than the list's (first pair " in found.summary
    assert "p000" not in found.summary + json.dumps(found.content)


def test_noise_gets_one_half_and_the_identity_gets_one(tmp_path: Path) -> None:
    pairs = made_pairs(tmp_path / "pairs.txt")
    options = EvaluationOptions(draws=0, galleries=1)
    perfect = evaluate_embeddings(made_embeddings(1, noise=1e-6), pairs, options=options).content
    assert perfect["verification"]["accuracy"]["mean"] == 1 and perfect["verification"]["auc"] == 1
    assert perfect["identification"]["svc"]["rank_1"]["mean"] == 1
    noise = evaluate_embeddings(made_embeddings(1, noise=1e6), pairs, options=options).content
    assert abs(noise["verification"]["accuracy"]["mean"] - 0.5) < 0.12
    assert noise["identification"]["mean"]["rank_1"]["mean"] < 0.1


def test_table_5_1_has_the_shape_that_the_study_gave_it(report: Report) -> None:
    verified = report.content["verification"]
    at = verified["validation"][0]
    head = "| Epoch No | Type | Accuracy | Validation Rate | Area Under Curve (AUC) |"
    lines = report.summary.splitlines()
    row = lines[lines.index(head) + 2]
    assert row == (
        f"| – | embeddings | {verified['accuracy']['mean']:.5f} ± {verified['accuracy']['std']:.5f} "
        f"| {at['val']['mean']:.5f} ± {at['val']['std']:.5f} @ FAR={at['far']['mean']:.5f} | {verified['auc']:.4f} |"
    )


def test_of_scores_alone_it_is_said_that_the_threshold_comes_from_the_same_pairs(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    path = tmp_path / "scores.csv"
    path.write_text("made\n")
    same = np.arange(400) % 2 == 0
    group = np.array(["A", "B"])[np.arange(400) // 2 % 2]
    scored = ScoredPairs(path=path, score=rng.normal(size=400) + same, same=same, groups=(group, group), people=None)
    found = evaluate_scores(scored).content
    assert "set on the very pairs that are tested" in found["demographics"][0]["threshold_from"]
    assert found["verification"]["thresholds_from"] == "the same pairs"
    assert found["verification"]["auc"] == pytest.approx(roc_auc_score(same, scored.score))
    given = evaluate_scores(scored, options=EvaluationOptions(threshold=0.5)).content["demographics"][0]
    taken = scored.score >= 0.5
    assert given["by_group"]["A"]["fmr"]["rate"] == pytest.approx(taken[~same & (group == "A")].mean())
    for wrong, what in ((np.ones_like(same), "same person"), (np.zeros_like(same), "different people")):
        with pytest.raises(EthnoshardError, match=rf"scores.csv: all 400 pairs are of (the )?{what}"):
            evaluate_scores(ScoredPairs(path=path, score=scored.score, same=wrong, groups=(group, group), people=None))


def test_who_stands_beside_a_person_is_counted_and_changes_no_number(tmp_path: Path) -> None:
    alone = made_embeddings(1)
    beside = replace(
        alone,
        vectors=np.concatenate([alone.vectors, np.random.default_rng(5).normal(size=(40, 16)).astype(np.float32)]),
        keys=np.concatenate([alone.keys, [f"{key}#2" for key in alone.keys[:40].tolist()]]),
        identities=np.concatenate([alone.identities, alone.identities[:40]]),
    )
    pairs = made_pairs(tmp_path / "pairs.txt")
    without, found = (
        evaluate_embeddings(given, pairs, groups=made_groups(), options=OPTIONS).content for given in (alone, beside)
    )
    assert without["images"].pop("further_faces") == 0 and found["images"].pop("further_faces") == 40
    assert found == without
