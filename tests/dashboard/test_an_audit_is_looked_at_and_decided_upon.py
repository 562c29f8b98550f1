"""The page Audit: findings with their faces, nobody named unasked, and ticks that come out as ``decisions.csv``."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard._given import Given
from dashboard.views._decisions import People, contradiction, labelled, remedies
from ethnoshard.results import Finding
from ethnoshard.shards import Decision, decisions_csv, read_decisions
from tests.kit.made_audits import PEOPLE, finding, write_audit
from tests.kit.pages import HOSTILE, Page

ALL = People(own={name: name for name in (*PEOPLE, "Ann Lee (2)")}, others={"lfw": {"Ann_Li": "Ann_Li"}}, hidden=False)
NUMBERS = People(own={name: f"person {at}" for at, name in enumerate(PEOPLE, 1)}, others={}, hidden=True)


@pytest.fixture
def given(tmp_path: Path) -> Given:
    write_audit(tmp_path / "runs" / "audit")
    return Given(runs=tmp_path / "runs")


def words(test: AppTest) -> str:
    """Everything that the page says, without the backslashes of Markdown."""
    parts = [str(part.value) for part in (*test.markdown, *test.caption, *test.warning, *test.info, *test.code)]
    parts += [option for box in test.selectbox for option in (box.label, *box.options)]
    parts += [part.label for part in (*test.checkbox, *test.button)]
    parts += [str(table.value.to_dict("records")) for table in test.dataframe]
    parts += [alt for element in test.get("image") for alt in (each.alt for each in element.proto.imgs)]
    parts += [chart.proto.spec for chart in test.get("plotly_chart")]
    return "\n".join(parts).replace("\\", "")


def claims(test: AppTest) -> list[str]:
    return re.findall(r"\*\*(.*?)\*\*:", words(test))


def decided(test: AppTest) -> list[dict[str, Any]]:
    """Rows of the table of decisions."""
    assert not test.exception
    (rows,) = [table.value.to_dict("records") for table in test.dataframe if "action" in table.value.columns] or [[]]
    return rows


def test_findings_come_surest_first_with_faces_of_both_side_by_side(page: Page, given: Given) -> None:
    test = page("audit", given)
    assert not test.exception and not test.warning
    assert claims(test) == ["A face of person 2 is of person 4", "A face of person 1 is of nobody here"]
    captions = [caption.value for caption in test.caption]
    assert captions.index("this face") < captions.index("person 2") < captions.index("person 4")
    pictures = [picture.url for element in test.get("image") for picture in element.proto.imgs]
    assert len(pictures) == 3 + 3 + 3 and all(url.startswith("data:image/jpeg") for url in pictures)
    assert "probably, 97 % of such" in words(test) and "similarity 0.485 (mean of the identity)" in words(test)


def test_the_overview_has_a_row_a_kind_and_group(page: Page, given: Given) -> None:
    test = page("audit", given)
    (rows,) = [table.value for table in test.dataframe if "share" in table.value.columns]
    assert len(rows) == 5 * 3
    assert rows.iloc[1].to_dict() == {
        "kind": "", "group": "A", "affected": "2 of 30 images", "share": "0.0667 [0.0185, 0.2132]", "findings": 2,
        "expected right": "1.7", "recall": "",
    }  # fmt: skip
    assert "9 findings, about 8 of them right" in words(test)
    assert len(test.get("plotly_chart")) == 1


def test_nobody_is_named_until_names_are_asked_for(page: Page, given: Given) -> None:
    test = page("audit", given, kind="same image twice")
    for box in test.checkbox:
        box.check()
    everything = words(test.run())
    assert decided(test) and "person 5" in everything
    assert not [name for name in (*PEOPLE, "Ann_Li", "Gus_Ray") if name in everything]
    test.toggle(key="names_hidden").set_value(False).run()
    assert "Eve May and Flo Orr have the same image" in claims(test)
    assert "Ann Lee/001.jpg" in words(test)
    assert {row["identity"] for row in decided(test)} == {"Ann Lee", "Eve May"}


def test_ticks_outlive_filters_kinds_and_pages(page: Page, tmp_path: Path) -> None:
    many = [finding("stranger", "Ann Lee", 0.9 - at / 1000, image=f"Ann Lee/{at}.jpg") for at in range(25)]
    write_audit(tmp_path / "runs" / "audit", [*many, finding("shared", "Dan Poe", 0.8, "Ann_Li", other_set="lfw")])
    test = page("audit", Given(runs=tmp_path / "runs"))
    assert len(test.checkbox) == 10 and "1 to 10 of 25" in words(test)
    test.checkbox[0].check().run()
    test.get("pagination")[0].set_value(3).run()
    assert len(test.checkbox) == 5 and not any(box.value for box in test.checkbox)
    test.checkbox[4].check().run()
    assert len(decided(test)) == 2
    test.selectbox(key="kind").set_value("people shared with another set").run()
    test.checkbox[0].check().run()
    assert [row["identity"] for row in decided(test)] == ["person 1", "person 1", "person 2"]
    test.selectbox(key="kind").set_value("strangers").run()
    assert test.checkbox[0].value and not test.checkbox[1].value
    test.checkbox[0].uncheck().run()
    assert len(decided(test)) == 2
    test.button(key="untick-all").click().run()
    assert decided(test) == [] and "Nothing is ticked yet" in words(test)


def test_a_page_is_ticked_and_unticked_at_once(page: Page, given: Given) -> None:
    test = page("audit", given)
    test.button(key="Tick these findings").click().run()
    assert len(decided(test)) == 2 and all(box.value for box in test.checkbox)
    test.button(key="Untick these findings").click().run()
    assert decided(test) == [] and not any(box.value for box in test.checkbox)


def test_another_action_is_what_comes_out(page: Page, given: Given) -> None:
    test = page("audit", given)
    test.checkbox[0].check().run()
    (row,) = decided(test)
    assert (row["action"], row["to"], row["line"]) == ("move-to", "person 4", 2)
    action = next(box for box in test.selectbox if str(box.key).startswith("action-"))
    action.set_value("leave-out").run()
    (row,) = decided(test)
    assert (row["action"], row["to"]) == ("leave-out", "")
    assert "ethnoshard pack WORK DATASET --without decisions.csv" in words(test)
    assert test.get("download_button")


def test_filters_leave_what_fits(page: Page, given: Given) -> None:
    assert claims(page("audit", given, sure="97")) == ["A face of person 2 is of person 4"]
    assert claims(page("audit", given, kind="same image twice", how="mirrored")) == [
        "Person 5 and person 6 have the same image"
    ]
    nobody = page("audit", given, kind="one identity, several people", group="B", sure="99")
    assert claims(nobody) == [] and "No finding is like this." in words(nobody)


def test_contradictions_are_told_before_the_download_and_name_nobody(page: Page, tmp_path: Path) -> None:
    write_audit(
        tmp_path / "runs" / "audit",
        [
            finding("same-person", "Ann Lee", 0.9, "Bea Roy"),
            finding("shared", "Bea Roy", 0.8, "Ann_Li", other_set="lfw"),
        ],
    )
    test = page("audit", Given(runs=tmp_path / "runs"), kind="one person, several identities")
    test.checkbox[0].check().run()
    assert not test.warning
    test.selectbox(key="kind").set_value("people shared with another set").run()
    test.checkbox[0].check().run()
    (warning,) = [each.value.replace("\\", "") for each in test.warning]
    assert warning.startswith(
        "Decisions contradict each other: decisions.csv, line 2: 'person 1' merge-into 'person 2'"
    )
    assert "Bea Roy" not in words(test)


def test_an_audit_without_findings_groups_or_pictures_is_shown(page: Page, tmp_path: Path) -> None:
    write_audit(tmp_path / "runs" / "nothing", [], groups=False)
    write_audit(tmp_path / "runs" / "plain", groups=False, faces=False, left_out={"shared": "no other set was given"})
    nothing, plain_one = (page("audit", Given(runs=tmp_path / "runs"), audit=name) for name in ("nothing", "plain"))
    assert not nothing.exception and not plain_one.exception and not nothing.warning and not plain_one.warning
    assert "Nothing was found" in words(nothing) and "No finding is like this." in words(nothing)
    assert "groups not known" in words(plain_one) and "holds no pictures" in words(plain_one)
    assert "Not looked for: people shared with another set (no other set was given)" in words(plain_one)
    assert len(claims(plain_one)) == 2 and not plain_one.get("imgs")


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("findings.parquet", b"PAR1 no", "findings.parquet is damaged"),
        ("findings.parquet", None, "findings.parquet can't be read"),
        ("faces.tar", b"\0" * 100, "faces.tar is damaged after 0 pictures"),
        ("faces.tar", None, "faces.tar can't be read"),
    ],
)
def test_a_damaged_file_is_named_and_the_rest_is_shown(
    page: Page, given: Given, name: str, content: bytes | None, told: str
) -> None:
    path = given.runs / "audit" / name
    path.unlink() if content is None else path.write_bytes(content)
    test = page("audit", given)
    assert not test.exception
    assert any(told in warning.value.replace("\\", "") for warning in test.warning)
    assert test.get("plotly_chart")
    assert bool(claims(test)) is (name == "faces.tar")


def test_a_damaged_record_is_named_and_sound_audits_are_shown(page: Page, given: Given) -> None:
    record = json.loads((given.runs / "audit" / "report.json").read_text())
    broken = {
        "cut": json.dumps(record)[:300],
        "newer": json.dumps({**record, "format": 99}),
        "kinds": json.dumps({**record, "kinds": {"ghost": 1}}),
        "lacking": json.dumps({name: value for name, value in record.items() if name != "kinds"}),
    }
    for name, text in broken.items():
        shutil.copytree(given.runs / "audit", given.runs / name)
        (given.runs / name / "report.json").write_text(text)
    test = page("audit", given)
    told = [warning.value.replace("\\", "") for warning in test.warning]
    assert not test.exception and claims(test) and len(told) == len(broken)
    for name, line in zip(sorted(broken), told, strict=True):
        assert line.startswith(f"{name} can't be read: ") and f"{name}/report.json" in line


def test_a_picture_that_is_none_is_told_and_others_are_shown(page: Page, given: Given) -> None:
    path = given.runs / "audit" / "faces.tar"
    whole = bytearray(path.read_bytes())
    first = 512 * (1 + 0)
    whole[first : first + 200] = b"x" * 200
    path.write_bytes(bytes(whole))
    test = page("audit", given)
    assert not test.exception and claims(test)
    assert any("a face can't be decoded" in warning.value.replace("\\", "") for warning in test.warning)
    assert test.get("image")


def test_fifty_thousand_findings_are_paged(page: Page, tmp_path: Path) -> None:
    many = [
        finding("stranger", "Ann Lee", 0.5 + at % 500 / 1000, image=f"Ann Lee/{at}.jpg", other_faces=[])
        for at in range(50_000)
    ]
    write_audit(tmp_path / "runs" / "audit", many)
    test = page("audit", Given(runs=tmp_path / "runs"), findings_shown="50")
    assert not test.exception and len(test.checkbox) == 50 and "1 to 50 of 50,000" in words(test)


def test_names_from_files_are_text(page: Page, tmp_path: Path) -> None:
    row = finding("same-image", HOSTILE, 0.9, HOSTILE, image=HOSTILE, other_image="x", how=HOSTILE, group=HOSTILE)
    write_audit(tmp_path / "runs" / "audit", [row])
    test = page("audit", Given(runs=tmp_path / "runs"))
    test.toggle(key="names_hidden").set_value(False).run()
    assert not test.exception
    for part in (*test.markdown, *test.caption):
        assert "<img" not in part.value.replace("\\<", "")


def of(kind: str, **more: Any) -> Finding:
    known = {"kind": kind, "identity": "Ann Lee", "sure": 0.9, "how": "x", "figure": 0.5}
    return Finding(**{**known, **more})


def actions(finding: Finding, **more: Any) -> list[tuple[str, str, str, str]]:
    """Identity, image, action and target of the first remedy."""
    first = remedies(finding, ALL, **{"sizes": {}, **more})[0]
    return [(each.identity, each.image, each.action, each.to) for each in first.decisions]


def test_of_each_kind_the_most_likely_remedy_comes_first() -> None:
    assert actions(of("stranger", image="a/1")) == [("Ann Lee", "a/1", "leave-out", "")]
    assert actions(of("stranger", image="a/1", other_identity="Bea Roy")) == [
        ("Ann Lee", "a/1", "move-to", "Bea Roy")
    ]  # fmt: skip
    assert actions(of("several-people", images=("a/1", "a/2"))) == [
        ("Ann Lee", "a/1", "leave-out", ""), ("Ann Lee", "a/2", "leave-out", "")
    ]  # fmt: skip
    twice = of("same-image", image="a/1", other_identity="Bea Roy", other_image="b/1")
    assert actions(twice) == [("Ann Lee", "a/1", "leave-out", "")]
    elsewhere = of("same-image", image="a/1", other_identity="Ann_Li", other_image="b/1", other_set="lfw")
    assert actions(elsewhere) == [("Ann Lee", "a/1", "leave-out", "")]
    shared = of("shared", other_identity="Ann_Li", other_set="lfw")
    assert actions(shared) == [("Ann Lee", "", "leave-out", "")]


def test_the_smaller_identity_is_merged_into_the_larger() -> None:
    same = of("same-person", other_identity="Bea Roy", faces=(1,), other_faces=(2, 3))
    assert actions(same) == [("Ann Lee", "", "merge-into", "Bea Roy")]
    assert actions(same, sizes={"Ann Lee": 9, "Bea Roy": 4}) == [("Bea Roy", "", "merge-into", "Ann Lee")]


def test_a_new_identity_has_a_name_that_nobody_has_and_two_of_them_differ() -> None:
    several = of("several-people", images=("a/1",))
    first, second = (
        next(each for each in remedies(several, ALL, sizes={}, before=before) if each.name == "move-to-new")
        for before in (0, 1)
    )
    assert (first.decisions[0].to, second.decisions[0].to) == ("Ann Lee (3)", "Ann Lee (4)")


def test_a_finding_that_does_not_say_which_image_it_means_leaves_nobody_out() -> None:
    assert remedies(of("stranger"), ALL, sizes={}) == []
    assert remedies(of("same-image", other_identity="Bea Roy"), ALL, sizes={}) == []
    assert remedies(of("same-person"), ALL, sizes={}) == []


def test_the_file_is_read_back_as_it_was_ticked(tmp_path: Path) -> None:
    rows = [decision for each in (
        of("stranger", image="a/1", other_identity="Bea Roy"),
        of("several-people", images=("a/2", "a/3")),
        of("shared", identity="Dan Poe", other_identity="Ann_Li", other_set="lfw"),
    ) for decision in remedies(each, ALL, sizes={})[0].decisions]  # fmt: skip
    (tmp_path / "decisions.csv").write_text(decisions_csv(rows), "utf-8")
    read = read_decisions(tmp_path / "decisions.csv")
    assert read.rows == len(rows) == 4
    assert sorted(read.table["image"].to_list()) == ["", "a/1", "a/2", "a/3"]


def test_labels_of_decisions_stay_apart_where_names_are_hidden() -> None:
    rows = [
        Decision(identity="Ann Lee", action="move-to-new", image="Ann Lee/1", to="Ann Lee (2)"),
        Decision(identity="Ann Lee", action="leave-out", image="Ann Lee/2"),
        Decision(identity="Ann Lee", action="leave-out", image="Ann Lee/1"),
    ]
    shown = labelled(rows, NUMBERS)
    assert [(row.identity, row.image, row.to) for row in shown] == [
        ("person 1", "image 1", "person 1 (2)"), ("person 1", "image 2", ""), ("person 1", "image 1", "")
    ]  # fmt: skip
    assert "line 4" in str(contradiction(rows, NUMBERS)) and contradiction(rows[:2], NUMBERS) is None
