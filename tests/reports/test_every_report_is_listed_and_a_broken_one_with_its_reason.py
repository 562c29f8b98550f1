"""A list of reports finds each of them once, says what is in it, and is spoiled by none that is broken."""

import copy
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_reports import made_embeddings, made_groups, made_pairs

from ethnoshard.errors import EthnoshardError
from ethnoshard.reports import (
    EvaluationOptions,
    Report,
    cluster_embeddings,
    compare_reports,
    evaluate_embeddings,
    evaluate_scores,
    list_reports,
    read_report,
    write_report,
)
from ethnoshard.results import Model, ReportSummary, WorstGroup, as_json
from ethnoshard.sources import ScoredPairs
from tests.kit.waiting import PATIENCE
from tests.kit.whole_reports import as_file, evaluation, group_rates

FACTS = {"name": "net", "kind": "run", "digest": "ab12", "about": {"arm": "stratified"}}
GROUPS = {
    "A": group_rates(0.001, 0.04),
    "B": group_rates(0.003, 0.02),
    "C": group_rates(0.9, 0.9, few=True),
    "D": group_rates(None, None),
}
WHOLE = as_file(evaluation(Model(**FACTS), GROUPS))


def content(**changes: Any) -> dict[str, Any]:
    """``report.json`` of an evaluation."""
    return {**copy.deepcopy(WHOLE), **changes}


def put(folder: Path, text: str | bytes | dict[str, Any]) -> Path:
    """A report's folder with nothing but its record."""
    folder.mkdir(parents=True)
    plain = json.dumps(text) if isinstance(text, dict) else text
    (folder / "report.json").write_bytes(plain.encode() if isinstance(plain, str) else plain)
    return folder


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in content().items() if key != name}


def verified(**changes: Any) -> dict[str, Any]:
    return content(verification={**WHOLE["verification"], **changes})


def by_group(groups: Any, **changes: Any) -> dict[str, Any]:
    return content(demographics=[{**WHOLE["demographics"][0], "by_group": groups, **changes}])


def rates(**changes: Any) -> dict[str, Any]:
    """Of a group, with another FMR."""
    found = as_json(group_rates(0.1, 0.1))
    return {**found, "fmr": {**found["fmr"], **changes}}


BROKEN: dict[str, tuple[str | bytes | dict[str, Any], str]] = {
    "cut": (json.dumps(content())[:100], "is not JSON"),
    "empty": ("", "is not JSON"),
    "binary": (b"\x80\x00\xff", "is not JSON"),
    "a-list": ("[1, 2]", "holds no JSON object"),
    "newer": (content(format=3), "is of format 3; this version of ethnoshard reads 1 and 2"),
    "no-format": (without("format"), "is of format None"),
    "no-kind": (without("kind"), "doesn't say of what kind it is"),
    "kind-a-list": (content(kind=["evaluation"]), "doesn't say of what kind it is"),
    "other-kind": (content(kind="poem"), "of the kind 'poem', which this version of ethnoshard doesn't know"),
    "no-verification": (without("verification"), "verification is missing"),
    "verification-a-list": (content(verification=[1]), "verification: expected object, got array"),
    "no-validation": (verified(validation=[]), "verification.validation is empty"),
    "validation-null": (verified(validation=None), "verification.validation: expected array, got null"),
    "no-std": (verified(accuracy={"mean": 1}), "verification.accuracy.by_fold is missing"),
    "auc-text": (verified(auc="0.9"), "verification.auc: expected float, got str"),
    "auc-null": (verified(auc=None), "verification.auc: expected float, got null"),
    "auc-true": (verified(auc=True), "verification.auc: expected float, got bool"),
    "auc-nan": (verified(auc=float("nan")), "verification.auc is not a finite number"),
    "eer-infinite": (verified(eer=float("-inf")), "verification.eer is not a finite number"),
    "eer-huge": (verified(eer=10**400), "verification.eer is not a finite number"),
    "eer-endless": (
        json.dumps(verified(eer=7)).replace('"eer": 7', '"eer": ' + "7" * 5000),
        "can't be read: Exceeds the limit",
    ),
    "deep": ("[" * 200_000, "can't be read: maximum recursion depth"),
    "no-pairs": (without("pairs"), "pairs is missing"),
    "pairs-a-number": (content(pairs={"name": 3}), "pairs.name: expected str, got int"),
    "model-a-list": (content(model=["net"]), "model: expected object or null, got array"),
    "model-a-text": (content(model="net"), "model: expected object or null, got str"),
    "model-empty": (content(model={}), "model.name is missing"),
    "about-null": (content(model={**FACTS, "about": None}), "model.about: expected object, got null"),
    "arm-a-number": (content(model={**FACTS, "about": {"arm": 3}}), "model.about.*: expected str, got int"),
    "digest-a-number": (content(model={**FACTS, "digest": 3}), "model.digest: expected str, got int"),
    "no-demographics": (without("demographics"), "demographics is missing"),
    "demographics-a-dict": (content(demographics={"one": {}}), "demographics: expected array, got object"),
    "source-a-number": (content(demographics=[3]), "demographics[0]: expected object, got int"),
    "groups-a-list": (by_group(["A"]), "demographics[0].by_group: expected object, got array"),
    "group-null": (by_group({"A": None}), "demographics[0].by_group.*: expected object, got null"),
    "few-a-number": (by_group({"A": rates(too_few=0)}), "fmr.too_few: expected bool, got int"),
    "rate-text": (by_group({"A": rates(rate="high")}), "by_group.*.fmr.rate: expected float or null, got str"),
    "rate-nan": (
        by_group({"A": rates(rate=float("nan"))}),
        "demographics[0].by_group.A.fmr.rate is not a finite number",
    ),
    "no-labels": (by_group({"A": rates()}, labels=None), "demographics[0].labels: expected str, got null"),
    "comparison": (
        {"format": 1, "kind": "comparison", "of": "scores", "base": []},
        "base: expected object, got array",
    ),
    "comparison-cut": (
        {"format": 1, "kind": "comparison", "of": "scores", "base": {"report": "a"}},
        "other is missing",
    ),
}


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_a_broken_one_has_a_reason_and_spoils_nothing(name: str, tmp_path: Path) -> None:
    text, reason = BROKEN[name]
    put(tmp_path / "broken", text)
    put(tmp_path / "good", content())
    broken, good = list_reports(tmp_path)
    assert good.reason is None and good.auc == 0.95
    assert broken.reason is not None and reason in broken.reason and "report.json" in broken.reason
    assert broken == ReportSummary(
        path=tmp_path / "broken", name="broken", reason=broken.reason,
        written=(tmp_path / "broken" / "report.json").stat().st_mtime,
    )  # fmt: skip


def test_what_is_listed_of_each_kind(tmp_path: Path) -> None:
    embeddings = made_embeddings(1)
    embeddings = replace(embeddings, facts={"model": {**FACTS, "alignment": "crop"}, "place": None, "flip": False})
    options = EvaluationOptions(draws=5, fars=(0.05, 0.1), fmr=0.01, min_people=10, galleries=1)
    pairs = made_pairs(tmp_path / "pairs.txt")
    write_report(evaluate_embeddings(embeddings, pairs, groups=made_groups(), options=options), tmp_path / "r" / "e")
    write_report(cluster_embeddings(embeddings, people=3, cluster_people=3, draws=1), tmp_path / "r" / "c")
    scored = ScoredPairs(
        path=pairs.path, score=np.random.default_rng(0).normal(size=200), same=np.arange(200) // 2 % 2 == 0,
        groups=(np.array(["A", "B"] * 100),) * 2, people=None,
    )  # fmt: skip
    write_report(evaluate_scores(scored, options=options), tmp_path / "r" / "s")
    read = read_report(tmp_path / "r" / "e")
    write_report(compare_reports(read, read), tmp_path / "r" / "x")
    c, e, s, x = list_reports(tmp_path / "r")
    assert [one.kind for one in (c, e, s, x)] == ["clustering", "evaluation", "scores", "comparison"]
    found, worst = read.content["verification"], read.content["demographics"][0]["by_group"]
    assert (e.model, e.model_digest, e.run, e.pairs) == ("net (stratified)", "ab12", "net", "pairs.txt")
    assert e.accuracy == (found["accuracy"]["mean"], found["accuracy"]["std"])
    assert e.val == (found["validation"][0]["val"]["mean"], found["validation"][0]["val"]["std"])
    assert (e.far, e.auc, e.eer) == (0.05, found["auc"], found["eer"])
    assert e.worst_fnmr is not None
    assert e.worst_fnmr.rate == max(worst[group]["fnmr"]["rate"] for group in "AB")
    assert e.worst_fnmr.source == "group as given by one"
    assert (c.model, c.model_digest, c.accuracy, c.auc, c.worst_fmr) == ("net (stratified)", "ab12", None, None, None)
    assert (s.model, s.model_digest, s.run, s.pairs) == ("scores", None, None, "pairs.txt") and s.auc is not None
    assert (x.model, x.run, x.auc) == ("net (stratified) / net (stratified)", None, None)
    assert all(one.reason is None and one.written > 1e9 for one in (c, e, s, x))


def test_the_worst_group_has_people_enough_and_a_rate(tmp_path: Path) -> None:
    put(tmp_path / "one", content())
    (found,) = list_reports(tmp_path)
    assert found.worst_fnmr == WorstGroup(group="A", rate=0.04, source="group as given by one")
    assert found.worst_fmr == WorstGroup(group="B", rate=0.003, source="group as given by one")
    put(tmp_path / "few", by_group({"C": as_json(GROUPS["C"])}))
    put(tmp_path / "none", content(demographics=[]))
    assert [(one.reason, one.worst_fmr, one.worst_fnmr) for one in list_reports(tmp_path)[:2]] == [(None,) * 3] * 2


def test_each_is_found_once_down_to_four_levels(tmp_path: Path) -> None:
    top = tmp_path / "runs"
    for name in (
        "x", "b/x", "b/x/inside", "b/reports/x", "b/reports/x/y", "b/reports/x/y/deeper",
        "b/checkpoints/x", "b/tensorboard/x", "b/figures/x", ".hidden/x", "b/.hidden/x",
    ):  # fmt: skip
        put(top / name, content())
    put(tmp_path / "outside" / "x", content())
    (top / "out").symlink_to(tmp_path / "outside")
    (top / "round").symlink_to(top)
    (top / "linked").mkdir()
    (top / "linked" / "report.json").symlink_to(tmp_path / "outside" / "x" / "report.json")
    (top / "folder" / "report.json").mkdir(parents=True)
    names = [found.name for found in list_reports(top)]
    assert names == ["b/reports/x", "b/reports/x/y", "b/x", "b/x/inside", "x"]
    (itself, *below) = list_reports(top / "b" / "x")
    assert (itself.name, itself.path) == (".", top / "b" / "x") and [found.name for found in below] == ["inside"]
    (tmp_path / "link").symlink_to(top)
    assert [found.name for found in list_reports(tmp_path / "link")] == names
    with pytest.raises(EthnoshardError, match="is not a folder; give the one that reports are in"):
        list_reports(tmp_path / "gone")


def test_a_report_belongs_to_the_run_it_lies_in_or_else_to_the_one_that_its_model_is(tmp_path: Path) -> None:
    put(tmp_path / "runs" / "b" / "reports" / "x", content())
    put(tmp_path / "runs" / "y", content())
    put(tmp_path / "runs" / "z", content(model={**FACTS, "kind": "onnx"}))
    put(tmp_path / "runs" / "b" / "reports" / "broken", "{")
    (tmp_path / "runs" / "b" / "run.json").write_text("{}")
    runs = {found.name: found.run for found in list_reports(tmp_path / "runs")}
    assert runs == {"b/reports/x": "b", "b/reports/broken": "b", "y": "net", "z": None}
    assert [found.run for found in list_reports(tmp_path / "runs" / "b" / "reports")] == ["b", "b"]


def test_what_a_killed_process_left_half_written_is_said(tmp_path: Path) -> None:
    put(tmp_path / "x.123.writing", content())
    (tmp_path / "y.7.writing" / "figures").mkdir(parents=True)
    found = list_reports(tmp_path)
    assert [one.name for one in found] == ["x.123.writing", "y.7.writing"]
    assert all(one.reason is not None and "left half-written" in one.reason for one in found)
    write_report(Report(kind="evaluation", result=evaluation(None, GROUPS), summary=""), tmp_path / "whole")
    assert [one.name for one in list_reports(tmp_path)] == ["whole", "x.123.writing", "y.7.writing"]


@pytest.mark.skipif(os.geteuid() == 0, reason="the administrator may read everything")
@pytest.mark.parametrize("what", ["report.json", "."])
def test_what_may_not_be_read_is_said(what: str, tmp_path: Path) -> None:
    closed = put(tmp_path / "closed", content()) / what
    closed.chmod(0)
    try:
        (found,) = list_reports(tmp_path)
    finally:
        closed.chmod(0o700)
    assert found.reason is not None and "Permission denied" in found.reason


def refusing(error: OSError) -> Callable[..., Any]:
    def refused(*_: object, **__: object) -> Any:
        raise error

    return refused


def test_a_folder_that_may_not_be_entered_is_said_and_one_that_is_gone_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "x", content())
    monkeypatch.setattr("ethnoshard.reports._list.read_report", refusing(PermissionError(13, "Permission denied")))
    assert "Permission denied" in str(list_reports(tmp_path)[0].reason)
    real = os.scandir
    for error, expected in ((PermissionError(13, "Permission denied"), 1), (FileNotFoundError(2, "gone"), 0)):
        monkeypatch.setattr(os, "scandir", lambda path, e=error: refusing(e)() if path.name == "x" else real(path))
        found = list_reports(tmp_path)
        assert len(found) == expected and all("x can't be read: Permission denied" in str(one.reason) for one in found)


def test_a_name_that_is_no_text_is_listed(tmp_path: Path) -> None:
    put(Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff")), content())
    (found,) = list_reports(tmp_path)
    assert found.name == "\ufffd" and found.auc == 0.95


def test_a_list_needs_neither_scikit_learn_nor_plotly_nor_torch(tmp_path: Path) -> None:
    put(tmp_path / "x", content())
    code = (
        "import sys; from pathlib import Path; from ethnoshard.reports import list_reports\n"
        f"assert list_reports(Path({str(tmp_path)!r}))[0].auc == 0.95\n"
        "print({name.partition('.')[0] for name in sys.modules} & {'sklearn', 'scipy', 'plotly', 'torch'})"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE)
    assert (run.returncode, run.stdout.strip()) == (0, "set()"), run.stderr


def test_a_report_that_was_written_anew_is_listed_as_it_is_now(tmp_path: Path) -> None:
    record = put(tmp_path / "one", content()) / "report.json"
    assert list_reports(tmp_path)[0].auc == 0.95
    # As many bytes, at another time; then at the same time, but more bytes.
    for auc, time in ((0.75, 1), (0.625, 1)):
        record.write_text(json.dumps(verified(auc=auc)))
        os.utime(record, ns=(time, time))
        assert list_reports(tmp_path)[0].auc == auc


def test_a_report_rewritten_under_its_old_time_and_size_is_read_again(tmp_path: Path) -> None:
    path = put(tmp_path / "a", content(model={**FACTS, "digest": "ab12"})) / "report.json"
    assert [report.model_digest for report in list_reports(tmp_path)] == ["ab12"]
    before = path.stat()
    other = path.read_text().replace("ab12", "cd34")
    while path.stat().st_ctime_ns == before.st_ctime_ns:  # until the file system's clock has moved on
        path.write_text(other)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    assert [report.model_digest for report in list_reports(tmp_path)] == ["cd34"]
