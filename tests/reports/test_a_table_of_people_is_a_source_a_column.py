"""Each column of a table of people that names a few groups is a source of them, whoever wrote the table."""

from pathlib import Path

import polars as pl
import pytest

from ethnoshard.errors import EthnoshardError
from ethnoshard.reports import read_groups

HEAD = "identity,group,sex,born,name,confidence"
ROWS = ["a,X,f,1970,Ann,0.5", "b,Y,m,1971,Bo,0.6", "c,X,,1970,Cy,0.7", "d,,m,1971,Di,0.8"]
TABLE = [HEAD, *ROWS]


def write(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


def test_every_column_of_a_few_words_is_a_source_and_numbers_are_none(tmp_path: Path) -> None:
    sources = read_groups(write(tmp_path / "my people.csv", TABLE), columns=())
    assert [source.name for source in sources] == ["my-people", "sex", "name"]
    group, sex, _ = sources
    assert (group.groups, group.without) == ({"a": "X", "b": "Y", "c": "X"}, {"no group in the file": 1})
    assert (sex.groups, sex.without) == ({"a": "f", "b": "m", "d": "m"}, {"no sex in the file": 1})
    assert (group.given_by, sex.given_by) == ("my people.csv, column group", "my people.csv, column sex")
    assert [(one.reason, one.first) for one in group.left_out] == [("row without a group", "my people.csv, line 5")]
    assert [source.attribute for source in sources] == ["group", "sex", "name"]
    assert not any(source.exploratory for source in sources)


def test_columns_are_chosen_by_name_numbers_too(tmp_path: Path) -> None:
    sources = read_groups(write(tmp_path / "t.csv", TABLE), columns=("born", "sex"))
    assert [(source.name, sorted(set(source.groups.values()))) for source in sources] == [
        ("born", ["1970", "1971"]),
        ("sex", ["f", "m"]),
    ]
    assert all(source.matched_on is None for source in sources)


def test_a_column_that_differs_within_a_person_or_has_many_values_is_no_source_unasked(tmp_path: Path) -> None:
    rows = [
        f"p{person},{'XY'[person % 2]},town{person},{pose}"
        for person in range(30)
        for pose in ("left", "right")[:: 1 - 2 * (person % 2)]
    ]
    path = write(tmp_path / "t.csv", ["identity,group,town,pose", *rows])
    assert [source.name for source in read_groups(path)] == ["t"]
    assert len(set(read_groups(path, columns=("town",))[0].groups.values())) == 30
    with pytest.raises(EthnoshardError, match="two different things of 30 identities in the column pose: 'p0', 'p1'"):
        read_groups(path, columns=("pose",))


def test_people_are_matched_on_a_column_that_is_then_no_source(tmp_path: Path) -> None:
    one, other = write(tmp_path / "one.csv", TABLE), write(tmp_path / "two.csv", ["identity,sex", "c,f", "e,m"])
    (group, name) = read_groups(one, matched_on="sex")
    assert (group.matched_on, group.matched, name.name) == ("sex", {"a": "f", "b": "m", "d": "m"}, "name")
    both = read_groups(one, other, columns=("group",), matched_on="sex")
    assert [source.matched for source in both] == [{"a": "f", "b": "m", "d": "m", "c": "f", "e": "m"}]
    with pytest.raises(EthnoshardError, match="has another sex for 1 people than a table before it, 'a' the first"):
        read_groups(one, write(tmp_path / "three.csv", ["identity,sex", "a,m"]), matched_on="sex")


@pytest.mark.parametrize("form", ["csv", "semicolons", "tsv", "parquet"])
def test_the_same_table_in_another_form_is_the_same_sources(tmp_path: Path, form: str) -> None:
    expected = [(source.name, source.groups) for source in read_groups(write(tmp_path / "t.csv", TABLE))]
    path = tmp_path / {"csv": "t.csv", "semicolons": "t.csv", "tsv": "t.tsv", "parquet": "t.parquet"}[form]
    if form == "parquet":
        pl.read_csv(tmp_path / "t.csv").with_columns(faces_used=pl.lit(3), p=pl.lit([0.5])).write_parquet(path)
    else:
        write(path, [line.replace(",", {"semicolons": ";", "tsv": "\t"}.get(form, ",")) for line in TABLE])
    assert [(source.name, source.groups) for source in read_groups(path)] == expected


def test_several_tables_stand_side_by_side_each_with_a_name_of_its_own(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
    paths = [write(tmp_path / folder / "t.csv", TABLE) for folder in ("one", "two")]
    names = [source.name for source in read_groups(*paths, columns=("group", "sex"))]
    assert len(set(names)) == 4 and all(name.startswith("t-csv-column-") for name in names)


@pytest.mark.parametrize(
    ("lines", "options", "told"),
    [
        (["identity,group", "a,X", "a,Y"], {}, "two different things of 1 identities in the column group: 'a'"),
        (["identity,group", "a,", "b,"], {}, "gives a group to none of its 2 identities"),
        (["identity", "a"], {}, "has no column beside identity"),
        (["who,group", "a,X"], {}, "doesn't say which column names the identities; its columns are who, group"),
        (
            ["identity,town", "a,X"],
            {},
            "has no column that names groups, of 2 to 24 values, one a person; it has",
        ),
        (TABLE, {"columns": ("race",)}, r"no table of groups has the column race\. There are .*t.csv: group, sex"),
        (TABLE, {"matched_on": "race"}, r"no table of groups has the column race\. There are .*t.csv: group, sex"),
    ],
)
def test_a_table_that_is_none_is_refused(tmp_path: Path, lines: list[str], options: dict[str, str], told: str) -> None:
    with pytest.raises(EthnoshardError, match=told):
        read_groups(write(tmp_path / "t.csv", lines), **options)  # type: ignore[arg-type]


def test_the_people_may_stand_in_any_column_and_form(tmp_path: Path) -> None:
    table = write(tmp_path / "t.csv", ["Class_ID, race, Gender", "a, X, f", "b, Y, m", 'c, "X", f,'])
    sources = read_groups(table)
    assert [(source.name, source.groups) for source in sources] == [
        ("race", {"a": "X", "b": "Y", "c": "X"}),
        ("Gender", {"a": "f", "b": "m", "c": "f"}),
    ]
    (headless,) = read_groups(write(tmp_path / "h.txt", ["a X", "b Y", "c X"]))
    assert (headless.name, headless.groups) == ("h", {"a": "X", "b": "Y", "c": "X"})
    lines = ["face,race,subject", "a,X,1", "b,Y,2"]
    (said,) = read_groups(write(tmp_path / "s.csv", lines), columns=("race",), roles={"identity": "face"})
    assert said.groups == {"a": "X", "b": "Y"}


def test_a_row_for_each_image_is_a_vote(tmp_path: Path) -> None:
    lines = [
        "Filename,Identity,Asian,White",
        "n1/1.jpg,n1,1,-1",
        "n1/2.jpg,n1,1,-1",
        "n2/1.jpg,n2,-1,1",
        "n3/1.jpg,n3,0,0",
    ]
    (voted,) = read_groups(write(tmp_path / "maad.csv", lines))
    assert voted.groups == {"n1": "Asian", "n2": "White"}
    assert [(one.reason, one.first) for one in voted.left_out] == [
        ("identity of which no image is given a group", "n3")
    ]
    photos = write(tmp_path / "p.csv", ["identity,town,photo", *(f"p{n},t{n},{n}.jpg" for n in range(30))])
    assert len(read_groups(photos, columns=("town",))[0].groups) == 30
