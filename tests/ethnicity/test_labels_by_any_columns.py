"""Tables of groups are read in whatever form, by whatever names of columns, and people by any of their names."""

import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from ethnoshard.alignment import AlignSettings, align
from ethnoshard.errors import EthnoshardError
from ethnoshard.ethnicity import GivenLabels, label_from_file, read_label_file
from ethnoshard.sources import Remark

pytestmark = pytest.mark.usefixtures("here")

Work = Callable[..., Path]


@pytest.fixture
def work_of(tmp_path: Path, noise: Path) -> Work:
    """A work folder of people of these names, a face each."""

    def made(*names: str) -> Path:
        for name in names:
            home = tmp_path / "faces" / name
            home.mkdir(parents=True)
            (home / "1.jpg").write_bytes((noise / "faces" / "p000" / "000.jpg").read_bytes())
        align(tmp_path / "faces", tmp_path / "work", AlignSettings(aligned=True, size=64), workers=1)
        return tmp_path / "work"

    return made


def written(tmp_path: Path, *lines: str, name: str = "labels.csv") -> Path:
    (tmp_path / name).write_text("".join(f"{line}\n" for line in lines))
    return tmp_path / name


def groups(given: GivenLabels) -> dict[str, str]:
    return dict(given.rows.select("identity", "group").iter_rows())


def told(remarks: tuple[Remark, ...]) -> dict[str, tuple[int, str]]:
    return {remark.reason: (remark.count, remark.first) for remark in remarks}


VGGFACE2 = (
    "Class_ID, Name, Sample_Num, Flag, Gender, Race",
    'n000001, "14th_Dalai_Lama", 424, 0, m, Asian,',
    'n000002, "A_Fine, Frenzy", 315, 1, f, White',
    'n000003, "A._A._Gill", 205, 1, m, White,',
)
"""Blanks behind commas, also in the head; a comma in quotes behind a blank; some rows end in a comma."""


def test_vggface2s_own_table_is_read_as_it_is_given_out(tmp_path: Path) -> None:
    given = read_label_file(written(tmp_path, *VGGFACE2))
    assert groups(given) == {"n000001": "Asian", "n000002": "White", "n000003": "White"}
    assert given.rows["name"].to_list() == ["14th_Dalai_Lama", "A_Fine, Frenzy", "A._A._Gill"]
    assert given.read_as == ("identity from column Class_ID", "group from column Race", "name from column Name")
    assert (given.left_out, given.kept) == ((), ())


FORMS: dict[str, tuple[str, ...]] = {
    "its own names": ("identity,group", "n1,X", "n2,Y", "n3,X"),
    "another order and others beside": ("race,age,subject", "X,3,n1", "Y,4,n2", "X,5,n3"),
    "upper case and blanks": (" Identity ; Group ", "n1 ; X", "n2;Y", "n3; X"),
    "tabs": ("person\tethnicity", "n1\tX", "n2\tY", "n3\tX"),
    "blanks": ("id   race", "n1   X", "n2  Y", "n3 X"),
    "no head": ("n1,X", "n2,Y", "n3,X"),
    "no head, blanks": ("n1 X", "n2 Y", "n3 X"),
    "no head, the group first": ("X n1", "Y n2", "X n3"),
    "paths": ("image_path,race", "a/n1/1.jpg,X", "a/n2/1.jpg,Y", "a/n3/1.jpg,X"),
    "numbers of rows without a name, as R writes them": ("person race", "1 n1 X", "2 n2 Y", "3 n3 X"),
    "an index without a name, as pandas writes it": (",person,race", "0,n1,X", "1,n2,Y", "2,n3,X"),
}


@pytest.mark.parametrize("form", list(FORMS))
def test_a_table_says_the_same_in_every_form(tmp_path: Path, form: str) -> None:
    given = read_label_file(written(tmp_path, *FORMS[form]))
    assert groups(given) == {"n1": "X", "n2": "Y", "n3": "X"}
    utf_16 = tmp_path / "utf-16.csv"
    utf_16.write_bytes(("\r\n".join(FORMS[form]) + "\r\n").encode("utf-16"))
    assert groups(read_label_file(utf_16)) == groups(given)


def test_the_columns_may_be_said(tmp_path: Path) -> None:
    path = written(tmp_path, "who,person,colour,race", "n1,7,X,a", "n2,8,Y,b")
    assert groups(read_label_file(path)) == {"7": "a", "8": "b"}
    said = {"identity": "who", "group": "Colour"}
    given = read_label_file(path, said)
    assert groups(given) == {"n1": "X", "n2": "Y"}
    assert given.read_as == ("identity from column who", "group from column colour")
    headless = written(tmp_path, "n1,7,X", "n2,8,Y", name="headless.csv")
    assert groups(read_label_file(headless, {"identity": "1", "group": "3"})) == {"n1": "X", "n2": "Y"}


@pytest.mark.parametrize(
    ("lines", "columns", "words"),
    [
        (("who,colour", "n1,X"), {}, "doesn't say which column names the identities; its columns are who, colour"),
        (("identity,colour", "n1,X"), {}, "which column names the groups; beside the identities it has colour"),
        (("person,subject,race", "1,2,X"), {}, "could mean person or subject by identity; .* identity=person"),
        (("identity,race,ethnicity", "1,X,Y"), {}, "could mean race or ethnicity by group"),
        (("n1,X", "n2,Y"), {}, r"its columns are n1, X\. Say which with --columns, for example identity=n1"),
        (("identity,group", "n1,X,Y"), {}, "line 2 has 3 fields, the head 2; a field with ',' in it"),
        (("identity,identity,group", "n1,n2,Y"), {}, "has the column identity more than once; keep one of each"),
        (("id,race", "n1,X"), {"identity": "face"}, "has no column 'face', which --columns names for identity; its"),
        (("identity,group", 'n1,"X', "n2,Y"), {}, "a double quote in line 2 is not closed"),
        (("identity,group", 'n1,"X', 'n2,Y"'), {}, "line 2: group has rows in it, 'X n2,Y'"),
        ((" ", ""), {}, "it is empty"),
        (("identity,group",), {}, "has no row below its head"),
    ],
)
def test_what_could_mean_two_things_is_one_message(
    tmp_path: Path, lines: tuple[str, ...], columns: Mapping[str, str], words: str
) -> None:
    with pytest.raises(EthnoshardError, match=words):
        read_label_file(written(tmp_path, *lines), columns)


def test_groups_that_differ_in_case_only_are_warned_of(tmp_path: Path) -> None:
    given = read_label_file(written(tmp_path, "id,race", "a,W", "b,w", "c,W", "d,B", "e,w", "f,W"))
    reason = "identity of a group that differs from a larger one in upper and lower case only; write them alike"
    assert told(given.kept) == {reason: (2, "'w' (2) beside 'W' (3)")}
    assert set(groups(given).values()) == {"W", "w", "B"}


def test_a_table_with_a_row_for_each_image_gives_the_most_frequent_group(tmp_path: Path) -> None:
    lines = ["Filename,Identity,Asian,White", "n000002/1.jpg,2,1,-1", "n000002/2.jpg,2,1,-1", "n000002/3.jpg,2,-1,1",
             "n000003/1.jpg,3,-1,-1", "n000004/1.jpg,4,1,-1", "n000004/2.jpg,4,-1,1"]  # fmt: skip
    given = read_label_file(written(tmp_path, *lines))
    assert given.rows.select("identity", "name", "group").rows() == [
        ("2", "n000002", "Asian"), ("3", "n000003", None), ("4", "n000004", None)
    ]  # fmt: skip
    assert told(given.left_out) == {
        "identity whose images are given several groups, as often each: it has none": (1, "4"),
        "identity of which no image is given a group": (1, "3"),
    }
    divided = "identity whose images are given several groups: the most frequent is taken"
    assert told(given.kept) == {divided: (1, "2")}


def test_lists_of_people_in_a_folder_are_groups(tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    written(tmp_path / "lists", "ada_l", "bea_b", name="Asian_Females.txt")
    written(tmp_path / "lists", "carl_c", name="Black_Males.txt")
    assert groups(read_label_file(tmp_path / "lists")) == {
        "ada_l": "Asian_Females", "bea_b": "Asian_Females", "carl_c": "Black_Males"
    }  # fmt: skip


def test_people_are_found_by_second_names_and_last_folders(tmp_path: Path, work_of: Work) -> None:
    work = work_of("0", "1", "2", "m.01")
    path = written(tmp_path, "id,race", "n000002,X", "n000003,Y", "2,Z", "African/m.01,B")
    labelling = label_from_file(work, path, names={"0": "n000002", "1": "n000003"})
    assert labelling.table["group"].to_list() == ["X", "Y", "Z", "B"]
    assert told(labelling.otherwise) == {
        "identity found by its second name": (2, "'0' is 'n000002'"),
        "identity found by the last folder of a path": (1, "'m.01' is 'African/m.01'"),
    }
    assert (labelling.missing, labelling.extra) == ([], [])


def test_the_tables_own_second_names_are_looked_up(tmp_path: Path, work_of: Work) -> None:
    work = work_of("n000002", "n000003", "n000009")
    lines = ["Filename,Identity,race", "n000002/1.jpg,2,X", "n000003/1.jpg,3,Y"]
    labelling = label_from_file(work, written(tmp_path, *lines))
    assert labelling.table["group"].to_list() == ["X", "Y", None]
    assert told(labelling.otherwise) == {"identity found by the table's second name for it": (2, "'n000002' is '2'")}


def test_numbers_of_records_are_not_taken_for_a_tables_numbers(tmp_path: Path, work_of: Work) -> None:
    work = work_of("2", "3", "4")
    lines = ["Filename,Identity,race", "n000003/1.jpg,3,X", "n000004/1.jpg,4,Y", "n000005/1.jpg,5,Z"]
    names = {"2": "n000003", "3": "n000004", "4": "n000005"}
    labelling = label_from_file(work, written(tmp_path, *lines), names=names)
    assert labelling.table["group"].to_list() == ["X", "Y", "Z"]


def test_a_name_that_fits_rows_of_different_groups_gives_none(tmp_path: Path, work_of: Work) -> None:
    work = work_of("m.01", "m.02")
    path = written(tmp_path, "identity,group", "African/m.01,B", "Asian/m.01,A", "Asian/m.02,A")
    labelling = label_from_file(work, path)
    assert labelling.table["group"].to_list() == [None, "A"]
    reason = "identity whose other names fit rows of different groups, and which has none by them"
    assert told(labelling.otherwise)[reason] == (1, "'m.01'")


def test_where_nobody_fits_both_sides_are_shown(tmp_path: Path, work_of: Work) -> None:
    work = work_of("0", "1")
    path = written(tmp_path, "Class_ID,Race", "n000002,X", "n000003,Y")
    with pytest.raises(
        EthnoshardError,
        match=r"none of the 2 .*\(read as identity from column Class_ID, group from column Race\)\. It names, for "
        r"example, 'n000002', 'n000003'; the folder has '0', '1', by their second names 'm.1'",
    ):
        label_from_file(work, path, names={"0": "m.1"})


def test_labels_come_through_a_pipe(tmp_path: Path, work_of: Work) -> None:
    work, pipe = work_of("a", "b"), tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=("identity,group\na,X\nb,Y\n",))
    writer.start()
    table = label_from_file(work, pipe).table
    writer.join()
    assert table["group"].to_list() == ["X", "Y"] and table["source"][0] == "file from a pipe"
