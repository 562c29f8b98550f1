"""Decisions are checked whole before anything is packed: one error that has the line, the names and what to do."""

import shutil
from pathlib import Path

import pytest

from ethnoshard.errors import EthnoshardError
from ethnoshard.shards import Decision, Decisions, pack, read_decisions
from ethnoshard.work import read_labels, write_labels
from ethnoshard.work._folder import WorkFolder

HEAD = "kind,identity,image,action,to,reason\n"

FORM = {
    ",p000,,leave out,,": "the action 'leave out' is unknown; use one of leave-out, merge-into, move-to, move-to-new",
    ",p000,,,,": "the action '' is unknown",
    ",,p000/000.jpg,leave-out,,": "it names no identity; fill in the column identity",
    ",p000,,merge-into,,": "merge-into needs an identity in the column to",
    ",p000,p000/000.jpg,move-to-new,,": "move-to-new needs an identity in the column to",
    ",p000,,leave-out,p001,": "leave-out goes nowhere, but the column to has 'p001'; empty it, or use another action",
    ",p000,,move-to,p001,": "move-to needs an image; for all images of 'p000' use merge-into",
    ",p000,p000/000.jpg,merge-into,p001,": "empty the column image, or move 'p000/000.jpg' by move-to",
    ",p000,,merge-into,p000,": "'p000' merge-into 'p000': that is where it is already; give another identity",
    ",p000,p000/000.jpg,move-to,p000,": "'p000/000.jpg' move-to 'p000': that is where it is already",
}
"""What is wrong with a row by itself."""

CONFLICTS = {
    (
        "p000,,leave-out,",
        "p000,,merge-into,p001",
    ): "line 3: 'p000' merge-into 'p001', but line 2 decides leave-out; keep",
    (
        "p000,,merge-into,p002",
        "p000,,merge-into,p001",
    ): "line 3: .* but line 2 decides merge-into 'p002'; keep one of the",
    ("p000,p000/000.jpg,move-to,p002", "p000,p000/000.jpg,leave-out,"): "line 3: 'p000/000.jpg' leave-out, but line 2",
    (
        "p000,p000/000.jpg,move-to,p002",
        "p000,p000/000.jpg,move-to-new,x",
    ): "line 3: .* but line 2 decides move-to 'p002'",
    (
        "p000,,merge-into,p001",
        "p001,,leave-out,",
    ): "line 2: 'p000' merge-into 'p001', but line 3 leaves 'p001' out; keep",
    ("p000,p000/000.jpg,move-to,p001", "p001,,leave-out,"): "line 2: .* but line 3 leaves 'p001' out",
    ("p000,p000/000.jpg,move-to,p001", "p000,,leave-out,"): "line 2: .* but line 3 leaves its identity 'p000' out",
    ("p000,p000/000.jpg,move-to-new,x", "p000,,leave-out,"): "line 2: .* but line 3 leaves its identity 'p000' out",
    (
        "p000,,merge-into,p001",
        "p001,,merge-into,p000",
    ): "line 2: merges go in a circle, 'p000' -> 'p001' -> 'p000'; delete",
    (
        "p003,,merge-into,p001",
        "p000,,merge-into,p001",
        "p001,,merge-into,p002",
        "p002,,merge-into,p000",
    ): "line 3: merges go in a circle, 'p000' -> 'p001' -> 'p002' -> 'p000'; delete one of them",
}
"""What is wrong with rows that each by itself are fine; identity, image, action, to."""

OF_THE_WORK_FOLDER = {
    "p0O1,,leave-out,": "'p0O1' is no identity of the work folder; the name most like it is 'p0",
    "p001,p001/9.jpg,leave-out,": "'p001/9.jpg' is no image of the work folder; the name most like it is 'p001/00",
    "p001,p001/000.jpg#2,leave-out,": "'p001/000.jpg#2' is no image of the work folder; the .* is 'p001/000.jpg'",
    "p001,p002/000.jpg,leave-out,": "'p002/000.jpg' is an image of 'p002', not of 'p001'",
    "p001,,merge-into,p0O2": "'p001' merge-into 'p0O2', but no identity of the work folder is called 'p0O2'; the name",
    "p001,p001/000.jpg,move-to,fresh": "called 'fresh'; .*; for a new identity use move-to-new",
    "p001,p001/000.jpg,move-to-new,p002": "has an identity 'p002' already; use move-to, or another name",
}
"""Rows that name what isn't there; p000 to p029 with 000.jpg to 003.jpg are."""


def read(tmp_path: Path, *rows: str) -> Decisions:
    (tmp_path / "decisions.csv").write_text(HEAD + "".join(f"{row}\n" for row in rows))
    return read_decisions(tmp_path / "decisions.csv")


@pytest.mark.parametrize("row", FORM)
def test_a_row_that_is_not_well_formed(row: str, tmp_path: Path) -> None:
    with pytest.raises(EthnoshardError) as caught:
        read(tmp_path, ",p005,,leave-out,,", row, row)
    text = str(caught.value)
    assert text.startswith(f"{tmp_path / 'decisions.csv'}, line 3: ") and FORM[row] in text
    assert text.endswith("Rows that can't be carried out: 2 of 3")


@pytest.mark.parametrize("rows", CONFLICTS)
def test_rows_that_contradict_each_other(rows: tuple[str, ...], tmp_path: Path) -> None:
    with pytest.raises(EthnoshardError, match=CONFLICTS[rows]) as caught:
        read(tmp_path, *(f",{row}," for row in rows))
    assert str(caught.value).endswith(
        f"carried out: {3 if len(rows) > 2 else 2 if 'circle' in CONFLICTS[rows] else 1} of {len(rows)}"
    )


@pytest.mark.parametrize("row", OF_THE_WORK_FOLDER)
@pytest.mark.usefixtures("here")
def test_what_is_not_in_the_work_folder(row: str, noise_work: Path, tmp_path: Path) -> None:
    decisions = read(tmp_path, ",p005,,leave-out,,", f",{row},", ",nobody,,leave-out,,")
    with pytest.raises(EthnoshardError, match=f"line 3: .*{OF_THE_WORK_FOLDER[row]}") as caught:
        pack(noise_work, tmp_path / "dataset", decisions=decisions, workers=1)
    assert str(caught.value).endswith("Rows that can't be carried out: 2 of 3")
    assert not (tmp_path / "dataset").exists()


@pytest.mark.usefixtures("here")
def test_who_gets_faces_has_a_group_and_keeps_a_face(noise_work: Path, tmp_path: Path) -> None:
    work = WorkFolder(Path(shutil.copytree(noise_work, tmp_path / "work")))
    labels = read_labels(work)
    with work.held():
        write_labels(work, labels.with_columns(group=labels["group"].set(labels["identity"] == "p002", None)))

    def text(*rows: str) -> str:
        with pytest.raises(EthnoshardError) as caught:
            pack(work.path, tmp_path / "dataset", decisions=read(tmp_path, *(f",{row}," for row in rows)), workers=1)
        return str(caught.value)

    assert "'p001' merge-into 'p002', but 'p002' has no group" in text("p001,,merge-into,p002")
    assert "'p003/000.jpg' move-to 'p001', but 'p002' has no group" in text(
        "p003,p003/000.jpg,move-to,p001", "p001,,merge-into,p003", "p003,,merge-into,p002"
    )
    emptied = [f"p004,p004/00{image}.jpg,leave-out," for image in range(4)]
    assert "line 6: 'p001' merge-into 'p004', but every image of 'p004' is left out; keep one" in text(
        *emptied, "p001,,merge-into,p004"
    )
    groups = text("p001,p001/000.jpg,move-to-new,x", "p000,p000/000.jpg,move-to-new,x")
    assert "this image is of group 'A' and that of line 2 of group 'B'; a new identity has one group" in groups
    assert "of no group" in text("p002,p002/000.jpg,move-to-new,x", "p000,p000/000.jpg,move-to-new,x")


@pytest.mark.usefixtures("here")
def test_names_that_differ_by_blanks_alone_may_contradict_each_other(noise_work: Path, tmp_path: Path) -> None:
    decisions = read(tmp_path, ",p001,,leave-out,,", ", p001 ,,merge-into,p002,", *([",p003,,leave-out,,"] * 3))
    text = "line 3: 'p001' merge-into 'p002', but line 2 decides leave-out; .* 1 of 5"
    with pytest.raises(EthnoshardError, match=text):
        pack(noise_work, tmp_path / "dataset", decisions=decisions, workers=1)


@pytest.mark.usefixtures("here")
def test_nothing_left_to_pack_is_said(noise_work: Path, tmp_path: Path) -> None:
    everybody = [Decision(identity=f"p{number:03d}", action="leave-out") for number in range(30)]
    with pytest.raises(EthnoshardError, match="nothing to pack"):
        pack(noise_work, tmp_path / "dataset", decisions=Decisions.of(everybody), workers=1)


def test_long_chains_and_circles_are_followed_once() -> None:
    chain = [Decision(identity=f"c{n}", action="merge-into", to=f"c{n + 1}") for n in range(20_000)]
    assert set(Decisions.of(chain).merged.values()) == {"c20000"}
    circle = [*chain, Decision(identity="c20000", action="merge-into", to="c0")]
    with pytest.raises(EthnoshardError, match=r"'c5' -> 19,995 more -> 'c0'; .*20,001 of 20,001"):
        Decisions.of(circle)
