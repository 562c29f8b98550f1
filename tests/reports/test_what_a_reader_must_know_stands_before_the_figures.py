"""No VAL, a collapsed network, people of the training in the test: in the report, its summary and every list."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from made_reports import FOLDS, OF_A_FOLD, made_embeddings, made_groups, made_pairs

from ethnoshard.embedding import Embeddings
from ethnoshard.errors import EthnoshardError
from ethnoshard.reports import (
    EvaluationOptions,
    Report,
    compare_reports,
    evaluate_embeddings,
    list_reports,
    read_groups,
    read_report,
    warnings_of,
    write_report,
)
from ethnoshard.results import Evaluation, MeanSimilarity, Model, SharedPeople
from tests.kit.whole_reports import evaluation, verification

OPTIONS = EvaluationOptions(draws=0, galleries=1, fars=(0.001, 0.05), fmr=0.01, min_people=5, min_pairs=10)


def test_a_collapsed_model_has_no_val_and_is_called_so_everywhere(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).normal(size=(1440, 16))
    alike = replace(made_embeddings(1), vectors=(1 + 1e-4 * noise).astype(np.float32))
    made = evaluate_embeddings(alike, made_pairs(tmp_path / "pairs.txt"), options=OPTIONS)
    write_report(made, tmp_path / "report")
    report = read_report(tmp_path / "report")
    first, second = report.content["verification"]["validation"]
    negatives = FOLDS * OF_A_FOLD // 2 * (FOLDS - 1) // FOLDS
    assert first["val"] is None
    assert (
        first["reason"]
        == f"a FAR of 0.001 is less than one of the {negatives} different pairs that a threshold is set on"
    )
    assert second["val"]["mean"] < 0.3 and second["far"]["mean"] < 0.3
    no_val, collapsed = warnings_of(report.evaluation)
    assert no_val == f"no VAL at FAR 0.001: {first['reason']}"
    assert collapsed.startswith("collapsed: embeddings of different people are nearly all alike")
    head = report.summary.partition("| accuracy, thresholds in steps")[0]
    assert f"**N{no_val[1:]}.**" in head and f"**C{collapsed[1:]}.**" in head
    row = next(line for line in report.summary.splitlines() if line.startswith("| – | embeddings |"))
    assert row.split(" | ")[3] == "–" and "| VAL at FAR 0.001 | – |" in report.summary
    (listed,) = list_reports(tmp_path)
    assert (listed.val, listed.val_reason) == (None, first["reason"])
    assert listed.collapsed is not None and listed.collapsed.startswith("collapsed: ")
    change = compare_reports(report, report)
    assert change.content["verification"]["val_at_0.001"]["difference"] is None
    assert change.summary.count("**No VAL at FAR 0.001") == 2


@pytest.mark.parametrize(
    ("kind", "advice"),
    [("onnx", "try another --normalise"), ("run", "Its training went wrong"), (None, "The model is")],
)
def test_the_advice_fits_the_model(kind: str | None, advice: str) -> None:
    model = None if kind is None else Model(name="net", kind=kind, digest="ab12", normalise="imagenet")
    nobody = SharedPeople(trained_on=9, people=9, shared=0, only_numbers=False, by="name")
    alike = MeanSimilarity.measured(different=0.99, same=0.995, auc=0.6)
    report = evaluation(model, {}, verification=verification(similarity=alike), trained_on=nobody)
    found = warnings_of(report)
    assert len(found) == 2 and found[1].startswith("collapsed: ") and advice in found[1]


def test_a_report_of_before_loses_a_val_at_another_far(tmp_path: Path) -> None:
    made = evaluate_embeddings(made_embeddings(1), made_pairs(tmp_path / "pairs.txt"), options=replace_fars((0.1,)))
    write_report(made, tmp_path / "report")
    path = tmp_path / "report" / "report.json"
    content: dict[str, Any] = json.loads(path.read_text())
    del content["verification"]["similarity"], content["trained_on"]
    content["format"] = 1
    (at,) = content["verification"]["validation"]
    del at["reason"]
    path.write_text(json.dumps(content))
    assert read_report(tmp_path / "report").content["verification"]["validation"][0]["val"] == at["val"]
    assert warnings_of(read_report(tmp_path / "report").evaluation) == []
    at["far"].update(mean=1.0, events=100)
    path.write_text(json.dumps(content))
    (now,) = read_report(tmp_path / "report").content["verification"]["validation"]
    assert now["val"] is None
    assert now["reason"] == "the FAR reached is 1 (100 of 100 different pairs), not the 0.1 asked for"
    assert list_reports(tmp_path)[0].val is None


def of(report: Report) -> Evaluation:
    assert isinstance(report.result, Evaluation)
    return report.result


def replace_fars(fars: tuple[float, ...]) -> EvaluationOptions:
    return replace(OPTIONS, fars=fars)


def trained(embeddings: Embeddings, shared: list[str]) -> Embeddings:
    return replace(embeddings, facts={"trained_on": {"people": 500, "shared": shared}})


def test_people_of_the_training_in_the_test_are_counted_and_said(tmp_path: Path) -> None:
    pairs, plain = made_pairs(tmp_path / "pairs.txt"), made_embeddings(1)
    options = replace_fars((0.1,))
    made = evaluate_embeddings(trained(plain, ["p003", "p007", "stranger"]), pairs, options=options)
    found = made.content["trained_on"]
    assert (found["people"], found["shared"], found["trained_on"], found["only_numbers"]) == (120, 2, 500, False)
    (said,) = warnings_of(of(made))
    assert said.startswith("trained on people of this test: 2 of its 120 people have the name of one of the 500")
    assert f"**T{said[1:]}.**" in made.summary
    write_report(made, tmp_path / "report")
    # Embeddings that were kept tell it again.
    again = evaluate_embeddings(Embeddings.load(tmp_path / "report" / "embeddings.npz"), pairs, options=options)
    assert again.content["trained_on"] == found
    assert list_reports(tmp_path)[0].shared_people == said
    none = evaluate_embeddings(trained(plain, []), pairs, options=options)
    assert none.content["trained_on"]["shared"] == 0 and warnings_of(of(none)) == []
    assert evaluate_embeddings(plain, pairs, options=options).content["trained_on"] is None


def test_groups_come_in_the_form_that_label_takes_and_writes(tmp_path: Path) -> None:
    embeddings = made_embeddings(1)
    source = made_groups()[0]
    table = pl.DataFrame({"identity": list(source.groups), "group": list(source.groups.values())})
    table.with_columns(confidence=pl.lit(0.5), source=pl.lit("x")).write_parquet(tmp_path / "labels.parquet")
    table.write_csv(tmp_path / "my groups.csv")
    pairs = made_pairs(tmp_path / "pairs.txt")
    expected = evaluate_embeddings(embeddings, pairs, groups=[source], options=OPTIONS).content["demographics"][0]
    for name, called in (("labels.parquet", "labels"), ("my groups.csv", "my-groups")):
        groups = read_groups(tmp_path / name)
        assert [(each.name, each.groups) for each in groups] == [(called, source.groups)]
        made = evaluate_embeddings(embeddings, pairs, groups=groups, options=OPTIONS)
        (found,) = made.content["demographics"]
        assert found["labels"] == f"as given by {name}" and f"### By group, as given by {name}" in made.summary
        assert (found["by_group"], found["threshold"]) == (expected["by_group"], expected["threshold"])
        assert f"groups-{called}" in made.arrays


def test_where_everybody_has_a_group_the_threshold_is_set_on_them_and_that_is_said(tmp_path: Path) -> None:
    embeddings = made_embeddings(1)
    everybody = sorted(set(embeddings.identities.tolist()))
    (tmp_path / "all.csv").write_text(
        "identity,group\n" + "".join(f"{who},{'AB'[int(who[1:]) % 2]}\n" for who in everybody)
    )
    pairs = made_pairs(tmp_path / "pairs.txt")
    groups = read_groups(tmp_path / "all.csv")
    (found,) = evaluate_embeddings(embeddings, pairs, groups=groups, options=OPTIONS).content["demographics"]
    assert "of the very people who are tested, which flatters: 0 people are in no group" in found["threshold_from"]
    assert found["overall"]["fmr"]["rate"] == pytest.approx(0.01, rel=0.05)
    with pytest.raises(EthnoshardError, match=r"give --threshold, or an --fmr of at least 0\.00014"):
        evaluate_embeddings(embeddings, pairs, groups=groups, options=replace(OPTIONS, fmr=1e-6))


def test_a_table_that_is_none_or_names_nobody_is_refused_with_what_is_there(tmp_path: Path) -> None:
    lacking = tmp_path / "lacking.csv"
    lacking.write_text("identity,race\na,b\n")
    with pytest.raises(EthnoshardError, match=r"no column that names groups, .* it has identity, race\."):
        read_groups(lacking)
    with pytest.raises(EthnoshardError, match="is not there"):
        read_groups(tmp_path / "gone.csv")
    others = tmp_path / "others.csv"
    others.write_text("identity,group\nx,A\ny,B\n")
    with pytest.raises(
        EthnoshardError, match="None of the 2 people that have a group is among the images: 'x', 'y' against"
    ):
        evaluate_embeddings(
            made_embeddings(1), made_pairs(tmp_path / "pairs.txt"), groups=read_groups(others), options=OPTIONS
        )
    lfw = tmp_path / "lfw.csv"
    lfw.write_text(
        "identity,images,usc_label,kumar_white,kumar_black,kumar_asian,kumar_indian\na,1,Caucasian,1,0,0,0\n"
    )
    assert [source.name for source in read_groups(lfw)] == ["usc_label", "kumar"]
