"""``audit_set`` on a set with faults of all kinds: what it lists, what it counts, and why it left something out."""

from collections import Counter
from collections.abc import Iterator

import numpy as np
import polars as pl
import pytest

from ethnoshard._progress import SILENT, Progress
from ethnoshard.audit import AuditedSet, Findings, Strangers, audit_set
from ethnoshard.audit._findings import Typical, stranger_rows
from ethnoshard.errors import EthnoshardError
from ethnoshard.lookalikes import Folders
from ethnoshard.results import FINDINGS_SCHEMA, checked_findings, wilson
from tests.kit.faulty_sets import HALVED, IN_BOTH, IN_OTHER, MERGED, MOVED, TWICE, group_of, sets, without_prints
from tests.kit.normal_people import unit

ORDER = ["stranger", "same-person", "several-people", "same-image", "shared"]


@pytest.fixture(scope="module")
def findings() -> Findings:
    return audit_set(sets().subject, against=[sets().other])


def of_kind(findings: Findings, kind: str) -> list[dict[str, object]]:
    return list(findings.table.filter(pl.col("kind") == kind).iter_rows(named=True))


def test_each_fault_that_was_planted_is_a_row_and_nothing_else_is(findings: Findings) -> None:
    strangers = {row["image"]: (row["identity"], row["other_identity"]) for row in of_kind(findings, "stranger")}
    # Faces of a person under two identities resemble the other one as well, and are listed with it.
    split = {*HALVED, *HALVED.values(), *MERGED, *MERGED.values()}
    assert {image: row for image, row in strangers.items() if row[0] not in split} == MOVED
    same = {row["identity"]: row["other_identity"] for row in of_kind(findings, "same-person")}
    assert same == HALVED
    several = {str(row["identity"]): row["images"] for row in of_kind(findings, "several-people")}
    assert several == {into: [f"{person}/{image}.jpg" for image in (0, 1, 2)] for into, person in MERGED.items()}
    images = of_kind(findings, "same-image")
    assert {row["image"]: row["other_image"] for row in images if row["other_set"] is None} == TWICE
    assert {row["image"]: row["other_image"] for row in images if row["other_set"]} == IN_OTHER
    assert {row["other_image"]: row["how"] for row in images} == {
        "p080/1.jpg": "bytes", "p090/4.jpg": "bytes", "t3/1.jpg": "pixels"
    }  # fmt: skip
    shared = of_kind(findings, "shared")
    assert {row["identity"]: row["other_identity"] for row in shared} == IN_BOTH
    assert {row["other_set"] for row in shared} == {"test set"}


def test_kinds_come_in_one_order_the_surest_first_and_the_table_is_one_that_reports_take(findings: Findings) -> None:
    assert list(findings.kinds) == ORDER
    assert list(dict.fromkeys(findings.table["kind"].to_list())) == ORDER
    for kind in ORDER:
        sure = [row["sure"] for row in of_kind(findings, kind)]
        assert sure == sorted(sure, key=lambda each: -float(str(each))) and min(map(float, map(str, sure))) >= 0.5
    assert checked_findings(findings.table, "findings.parquet").equals(findings.table)


def test_findings_have_the_groups_of_both_sides(findings: Findings) -> None:
    for row in findings.table.iter_rows(named=True):
        assert row["group"] == group_of(row["identity"])
        if row["other_identity"] and not row["other_set"]:
            assert row["other_group"] == group_of(row["other_identity"])


def test_counts_of_groups_and_of_those_without_one_are_those_of_everybody(findings: Findings) -> None:
    subject = sets().subject
    images = Counter(subject.groups[owner] for owner in subject.owners.tolist())
    people = Counter(subject.groups)
    for kind, summary in findings.kinds.items():
        rows = of_kind(findings, kind)
        assert summary.left_out is None and summary.overall.findings == len(rows)
        assert set(summary.by_group) == {"A", "B", "C"}
        for group, counts in summary.by_group.items():
            own = [row for row in rows if row["group"] == group]
            assert counts.findings == len(own)
            assert counts.expected == pytest.approx(sum(float(str(row["sure"])) for row in own))
            if kind != "several-people":  # of which those with few images are not looked at
                assert counts.of == (images if summary.unit == "images" else people)[group]
        nobodys = sum(1 for row in rows if row["group"] is None)
        assert sum(each.findings for each in summary.by_group.values()) + nobodys == len(rows)
        for counts in (summary.overall, *summary.by_group.values()):
            assert counts.affected <= counts.of and counts.wilson == wilson(counts.affected, counts.of)


def test_affected_are_all_whom_a_finding_is_about(findings: Findings) -> None:
    affected = {kind: summary.overall.affected for kind, summary in findings.kinds.items()}
    # Both of two identities, both of two images of one set, and one of each pair of two sets.
    strangers = len({row["image"] for row in of_kind(findings, "stranger")})
    assert affected == {"stranger": strangers, "same-person": 4, "several-people": 2, "same-image": 5, "shared": 2}
    by_group = {group: counts.affected for group, counts in findings.kinds["same-person"].by_group.items()}
    both = Counter(group_of(each) for pair in HALVED.items() for each in pair)
    assert by_group == {group: both[group] for group in "ABC"}


def test_what_certainty_rests_on_is_told_of_each_kind_that_rests_on_it(findings: Findings) -> None:
    for kind, summary in findings.kinds.items():
        if kind == "same-image":
            assert (summary.planted, summary.recall, summary.prior) == (0, None, None)
            continue
        assert summary.planted >= 60 and summary.recall is not None and 0.9 < summary.recall <= 1
        wanted = len(of_kind(findings, kind)) / summary.overall.of
        assert summary.prior == pytest.approx(wanted, rel=0.6)


def test_faces_to_look_at_are_those_that_the_finding_is_about(findings: Findings) -> None:
    subject, other = sets().subject, sets().other
    for row, (own, others) in zip(findings.table.iter_rows(named=True), findings.faces, strict=True):
        assert own and all(which == 0 for which, _ in own)
        names = [subject.identities[subject.owners[face]] for _, face in own]
        assert set(names) == {row["identity"]}
        there = other if row["other_set"] else subject
        assert all(which == int(row["other_set"] is not None) for which, _ in others)
        theirs = [there.identities[there.owners[face]] for _, face in others]
        if row["kind"] == "several-people":
            assert {str(subject.keys[face]) for _, face in others} == set(row["images"])
            assert not set(own) & set(others)
        else:
            assert set(theirs) == {row["other_identity"]}
        if row["image"]:
            assert str(subject.keys[own[0][1]]) == row["image"] and len(set(own)) == len(own)
        if row["other_image"]:
            assert [str(there.keys[face]) for _, face in others] == [row["other_image"]]
        most = {"stranger": 5, "same-image": 1}.get(row["kind"], 4)
        assert len(own) <= most and len(others) <= 4


def test_a_stranger_who_resembles_nobody_has_no_other_identity() -> None:
    subject = sets().subject
    vectors = subject.vectors.copy()
    row = subject.keys.tolist().index("p010/2.jpg")
    mean, others = vectors.mean(axis=0), unit(np.random.default_rng(3).standard_normal((2000, 24)) + 0.5)
    cosines = unit(others - mean) @ unit(vectors - mean).T
    own = cosines[:, subject.owners == subject.owners[row]].mean(axis=1)
    vectors[row] = others[np.argmin(np.where(cosines.max(axis=1) < 0.5, own, 1))]
    found = audit_set(AuditedSet.of("made", vectors, subject.keys, np.array(subject.identities)[subject.owners]))
    (mine,) = [each for each in of_kind(found, "stranger") if each["image"] == "p010/2.jpg"]
    assert mine["other_identity"] is None and mine["other_group"] is None
    place = found.table["image"].to_list().index("p010/2.jpg")
    assert found.faces[place][1] == ()


def test_the_same_seed_gives_the_same(findings: Findings) -> None:
    again = audit_set(sets().subject, against=[sets().other])
    assert again.table.equals(findings.table) and again.faces == findings.faces and again.kinds == findings.kinds


def test_less_sure_findings_are_listed_where_asked_for(findings: Findings) -> None:
    more = audit_set(sets().subject, against=[sets().other], least=0)
    assert len(more.table) > len(findings.table) + 500
    assert more.table.filter(pl.col("sure") >= 0.5).equals(findings.table)


def test_each_step_is_told_once_by_its_name() -> None:
    steps: list[str] = []

    def step(name: str) -> Progress:
        steps.append(name)
        return SILENT

    audit_set(sets().subject, against=[sets().other, without_prints(sets().other)], step=step)
    assert steps == [
        "one person twice", "strangers", "several people", "people of test set", "people of test set", "the same image",
        "images of test set",
    ]  # fmt: skip


def test_what_is_not_looked_for_says_why() -> None:
    subject = without_prints(sets().subject)
    found = audit_set(subject)
    why = {kind: summary.left_out for kind, summary in found.kinds.items()}
    assert why["same-image"] == "the faces aren't at hand, only embeddings of them"
    assert why["shared"] == "no other set was given; --against names one"
    assert [kind for kind in ORDER if why[kind] is None] == ["stranger", "same-person", "several-people"]
    few = AuditedSet.of("few", subject.vectors[:60], subject.keys[:60], [key[:4] for key in subject.keys[:60].tolist()])
    nothing = audit_set(few, against=[sets().other])
    assert nothing.table.is_empty() and nothing.table.schema == FINDINGS_SCHEMA and nothing.faces == ()
    for kind in ("stranger", "same-person", "several-people", "shared"):
        assert "10 identities have two faces or more" in str(nothing.kinds[kind].left_out)


def test_a_set_without_groups_has_counts_of_everybody_only() -> None:
    subject = sets().subject
    names = np.array(subject.identities)[subject.owners]
    found = audit_set(AuditedSet.of("made", subject.vectors, subject.keys, names))
    assert all(summary.by_group == {} for summary in found.kinds.values())
    assert found.kinds["same-person"].overall.findings == 2


def wrong_sets() -> Iterator[tuple[str, dict[str, object], str]]:
    good: dict[str, object] = {
        "vectors": np.eye(3, dtype=np.float32), "keys": ["a/1", "a/2", "b/1"], "identities": ["a", "a", "b"]
    }  # fmt: skip
    yield "fewer keys", {**good, "keys": ["a/1"]}, r"an embedding, a key and an identity a face; these are \(3, 3\), 1"
    yield "empty", {"vectors": np.empty((0, 3), np.float32), "keys": [], "identities": []}, "holds no face with an emb"
    yield "unnamed", {**good, "identities": ["a", "", "b"]}, "is not known of all; an audit needs identities"
    yield "zero", {**good, "vectors": np.diag([1, 0, 1]).astype(np.float32)}, "1 of 3 embeddings are zero, NaN or"
    yield "NaN", {**good, "vectors": np.full((3, 3), np.nan, np.float32)}, "3 of 3 embeddings are zero, NaN or"
    yield "prints", {**good, "prints": sets().other.prints}, "200 prints of 3 faces"


@pytest.mark.parametrize(("given", "message"), [pytest.param(*each[1:], id=each[0]) for each in wrong_sets()])
def test_a_set_that_is_none_is_one_clear_error(given: dict[str, object], message: str) -> None:
    with pytest.raises(EthnoshardError, match=f"^lfw.*{message}"):
        AuditedSet.of("lfw", **given)  # type: ignore[arg-type]


def test_another_sets_embeddings_of_another_size_and_a_share_above_1_are_one_clear_error() -> None:
    other = sets().other
    names = np.array(other.identities)[other.owners]
    short = AuditedSet.of("short", other.vectors[:, :16], other.keys, names)
    with pytest.raises(EthnoshardError, match="embeddings of short have 16 numbers, those of made 24; embed both by"):
        audit_set(sets().subject, against=[short])
    with pytest.raises(EthnoshardError, match="least must be between 0 and 1, got 2"):
        audit_set(sets().subject, least=2)


@pytest.mark.parametrize(("cosine", "named"), [(0.61, True), (0.59, False)])
def test_a_stranger_is_taken_for_whom_they_resemble_enough(cosine: float, named: bool) -> None:
    subject = sets().subject
    typical = Typical(subject.vectors, Folders.of(subject.owners, len(subject.identities)))
    found = Strangers(
        faces=np.array([7]), nearest=np.array([5], np.int32), own=np.array([0.2]), other=np.array([cosine]),
        looked_at=9, sure=np.array([0.9]), planted=20, recall=1.0, expected=1.0,
    )  # fmt: skip
    rows = stranger_rows(subject, typical, found)
    assert [row.other_identity for row in rows.rows] == [subject.identities[5] if named else None]
    assert bool(rows.faces[0][1]) == named
