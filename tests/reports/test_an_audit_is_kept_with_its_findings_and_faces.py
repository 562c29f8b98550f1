"""Report folders of audits: findings and pictures read back as they were, damage named, and nobody named unasked."""

import io
import json
import re
import tarfile
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from ethnoshard.errors import EthnoshardError
from ethnoshard.reports import audit_report, compare_reports, list_reports, read_report, write_report
from ethnoshard.results import FINDINGS_SCHEMA, as_json, findings_of, people_of_findings
from tests.kit.made_audits import PEOPLE, finding, made_audit, pictures, rows, table_of, write_audit


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_audit(tmp_path / "audit")
    return tmp_path / "audit"


def test_findings_and_pictures_are_read_back_as_they_were(folder: Path) -> None:
    report = read_report(folder)
    table = table_of(rows())
    assert report.findings().equals(table)
    assert [each.kind for each in findings_of(report.findings())] == table["kind"].to_list()
    assert as_json(report.audit) == as_json(made_audit(table, pictures=len(pictures())))
    assert report.picture_jpegs([7, 0, 7]) == [pictures()[number] for number in (7, 0, 7)]
    assert report.picture_jpegs([]) == []


def test_pictures_are_a_plain_tar_of_which_every_byte_is_decided(folder: Path, tmp_path: Path) -> None:
    with tarfile.open(folder / "faces.tar", "r:") as archive:
        members = archive.getmembers()
        first = archive.extractfile(members[0])
        assert first is not None and first.read() == pictures()[0]
    assert [member.name for member in members] == [f"{number:06d}.jpg" for number in range(len(pictures()))]
    assert {member.mtime for member in members} == {0}
    write_audit(tmp_path / "again")
    assert (tmp_path / "again" / "faces.tar").read_bytes() == (folder / "faces.tar").read_bytes()


def test_a_report_of_another_kind_is_no_audit_and_an_audit_is_none_of_them(folder: Path) -> None:
    with pytest.raises(EthnoshardError, match="is a report on audit; give one of ethnoshard evaluate"):
        _ = read_report(folder).evaluation
    with pytest.raises(EthnoshardError, match="reports of the kind audit can't be compared"):
        compare_reports(read_report(folder), read_report(folder))


def test_it_is_listed_with_its_model(folder: Path, tmp_path: Path) -> None:
    (listed,) = list_reports(tmp_path)
    assert (listed.kind, listed.model, listed.reason) == ("audit", "embeddings", None)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda table: table.drop("sure"), "it has no column sure"),
        (lambda table: table.with_columns(pl.col("figure").cast(pl.String)), "column figure is String, not Float32"),
        (lambda table: table.with_columns(pl.lit(None, pl.String).alias("identity")), "column identity is empty in 9"),
        (lambda table: table.with_columns(pl.lit("ghost").alias("kind")), "column kind holds 'ghost'"),
        (lambda table: table.with_columns(pl.lit(1.5, pl.Float32).alias("sure")), "column sure holds 1.5"),
        (lambda table: table.with_columns(pl.lit(float("nan"), pl.Float32).alias("sure")), "column sure holds nan"),
    ],
)  # fmt: skip
def test_a_column_that_is_wrong_is_named(folder: Path, damage, message: str) -> None:  # type: ignore[no-untyped-def]
    path = folder / "findings.parquet"
    damage(pl.read_parquet(path)).write_parquet(path)
    with pytest.raises(EthnoshardError, match=f"{re.escape(str(path))} is damaged: {re.escape(message)}"):
        read_report(folder).findings()


def test_a_table_that_is_gone_or_none_is_named(folder: Path) -> None:
    (folder / "findings.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(EthnoshardError, match=r"findings\.parquet is damaged"):
        read_report(folder).findings()
    (folder / "findings.parquet").unlink()
    with pytest.raises(EthnoshardError, match=r"findings\.parquet can't be read: No such file"):
        read_report(folder).findings()


def archive_of(*names: str) -> bytes:
    """A sound tar of files of somebody else."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name in names:
            archive.addfile(tarfile.TarInfo(name))
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (lambda whole: whole[: len(whole) // 2], "is damaged after"),
        (lambda whole: b"\xff" * 700, "is damaged after 0 pictures"),
        (lambda whole: b"", "is damaged after 0 pictures"),
        (lambda whole: archive_of("000000.jpg", "000001.jpg", "../a.jpg"), "is damaged after 2 pictures"),
        (lambda whole: archive_of("000001.jpg", "000000.jpg"), "is damaged after 0 pictures"),
        (lambda whole: bytes(10240), "holds 0 pictures, and report.json says 21"),
    ],
)  # fmt: skip
def test_pictures_that_are_cut_short_or_of_somebody_else_are_named(folder: Path, content, message: str) -> None:  # type: ignore[no-untyped-def]
    whole = (folder / "faces.tar").read_bytes()
    (folder / "faces.tar").write_bytes(content(whole))
    with pytest.raises(EthnoshardError, match=message):
        read_report(folder).picture_jpegs([0])


def test_a_picture_that_is_not_there_is_named(folder: Path) -> None:
    with pytest.raises(EthnoshardError, match="holds 21 pictures, none of number 21"):
        read_report(folder).picture_jpegs([0, 21])
    with pytest.raises(EthnoshardError, match="none of number -1"):
        read_report(folder).picture_jpegs([-1])


def test_findings_that_are_wrong_are_not_written(tmp_path: Path) -> None:
    table = table_of(rows())
    with pytest.raises(EthnoshardError, match="it has no column how"):
        audit_report(made_audit(table), table.drop("how"), [])
    with pytest.raises(ValueError, match="1 pictures were given, and the audit says 0"):
        audit_report(made_audit(table), table, [b"x"])


def test_nobody_is_named_in_summary_and_pages_unless_asked_for(folder: Path) -> None:
    report = read_report(folder)
    texts = [report.summary, *(page.read_text("utf-8") for page in report.pages)]
    assert [page.stem for page in report.pages] == ["certainty", "shares", "similarity"]
    names = [*PEOPLE, "Ann_Li", "Gus_Ray"]
    assert not [name for name in names for text in texts if name in text]
    assert "person 4" in report.summary and "person 1 of lfw" in report.summary
    assert "this summary and the pages name nobody" in report.summary
    table = table_of(rows())
    named = audit_report(made_audit(table, pictures=0), table, [], names=True).summary
    assert all(name in named for name in names) and "Bea Roy/001.jpg" in named


def test_the_summary_counts_by_kind_and_group_and_lists_the_surest(folder: Path) -> None:
    lines = read_report(folder).summary.splitlines()
    assert "| strangers | all | 70 images | 2 | 0.0286 [0.00787, 0.0983] | 2 | 1.7 |" in lines
    assert "|  | A | 30 images | 2 | 0.0667 [0.0185, 0.2132] | 2 | 1.7 |" in lines
    assert "| strangers | 200 | 0.9300 | 0.00200 |" in lines
    surest = lines[lines.index("### strangers") + 4 :][:2]
    assert surest == [
        "| person 2 | person 4 | A | mean of the identity | 0.485 | probably, 97 % of such |",
        "| person 1 | nobody here | A | mean of the identity | 0.355 | probably, 71 % of such |",
    ]


def test_what_was_not_looked_for_is_told_with_its_reason(tmp_path: Path) -> None:
    write_audit(tmp_path / "audit", left_out={"shared": "no other set was given"})
    summary = read_report(tmp_path / "audit").summary
    assert "* people shared with another set: no other set was given" in summary
    assert "| people shared with another set |" not in summary


def test_an_audit_that_found_nothing_knows_no_groups_and_has_no_faces_is_whole(tmp_path: Path) -> None:
    write_audit(tmp_path / "audit", [], groups=False, faces=False)
    report = read_report(tmp_path / "audit")
    assert report.findings().schema == FINDINGS_SCHEMA and report.findings().is_empty()
    assert "No groups are known." in report.summary and "The surest findings" not in report.summary
    assert [page.stem for page in report.pages] == ["shares"]
    assert not (tmp_path / "audit" / "faces.tar").exists()
    with pytest.raises(EthnoshardError, match=r"faces\.tar can't be read"):
        report.picture_jpegs([0])


def test_only_the_surest_twenty_are_listed(tmp_path: Path) -> None:
    many = [finding("same-person", "Ann Lee", 0.5 + number / 100, "Bea Roy") for number in range(30)]
    write_audit(tmp_path / "audit", many)
    lines = read_report(tmp_path / "audit").summary.splitlines()
    at = lines.index("### one person, several identities, 20 of 30")
    assert next(line for line in lines[at:] if line.startswith("| person 1 ")).endswith("probably, 79 % of such |")
    assert sum(line.startswith("| person 1 ") for line in lines[at:]) == 20


def test_similarities_that_are_none_and_lists_that_are_null_are_read(tmp_path: Path) -> None:
    row = finding("same-image", "Ann Lee", 0.9, figure=float("nan"), faces=None, other_faces=None)
    write_audit(tmp_path / "audit", [row])
    (found,) = findings_of(read_report(tmp_path / "audit").findings())
    assert (found.figure, found.faces, found.other_faces) == (None, (), ())
    assert "| – |" in read_report(tmp_path / "audit").summary


def test_people_are_counted_in_the_set_that_they_are_of() -> None:
    people = people_of_findings(table_of(rows()))
    assert people == {None: sorted(PEOPLE), "lfw": ["Ann_Li", "Gus_Ray"]}


def test_reports_of_before_have_neither(tmp_path: Path) -> None:
    table = table_of(rows())
    report = audit_report(made_audit(table), table, [])
    write_report(replace(report, findings=None), tmp_path / "other")
    assert sorted(path.name for path in (tmp_path / "other").iterdir()) == ["figures", "report.json", "summary.md"]
    assert json.loads((tmp_path / "other" / "report.json").read_text())["kind"] == "audit"
