"""A table of scores is read as it stands, or refused with the line that doesn't fit."""

from pathlib import Path

import pytest
from pair_lists import write

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources import read_scores

HEAD = "score,same,group_a,group_b,person_a,person_b,remark"
ROWS = ["0.5,1,A,A,001,001,x", "-1e-3,False,A, B ,001,2,", ".25,no,B,B,2,3,"]


def test_a_table(tmp_path: Path) -> None:
    found = read_scores(write(tmp_path / "scores.csv", [HEAD, *ROWS]))
    assert found.score.tolist() == [0.5, -0.001, 0.25] and found.same.tolist() == [True, False, False]
    assert [side.tolist() for side in found.groups] == [["A", "A", "B"], ["A", "B", "B"]]
    assert found.people is not None
    assert [side.tolist() for side in found.people] == [
        ["001", "001", "2"],
        ["001", "2", "3"],
    ]


def test_people_may_be_unknown(tmp_path: Path) -> None:
    rows = ["same,score,group_b,group_a", "true,1,B,A"]
    found = read_scores(write(tmp_path / "scores.csv", rows))
    assert found.people is None and [side.tolist() for side in found.groups] == [["A"], ["B"]]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([HEAD.replace("same", "label"), *ROWS], "lacks the column same; it has score, label"),
        ([HEAD.replace("person_b", "other"), *ROWS], "has the column person_a alone; give both people or neither"),
        ([HEAD, *ROWS, "high,1,A,A,1,1,"], r"line 5: score is a number, .*; 1 of 4 rows are not so"),
        ([HEAD, "nan,1,A,A,1,1,"], "line 2: score is a number"),
        ([HEAD, "0.5,maybe,A,A,1,1,"], "line 2: .* same is 1 or 0"),
        ([HEAD, "0.5,1,A,,1,1,"], "line 2: .* are not empty"),
        ([HEAD, "0.5,1,A,A,1, ,"], "line 2"),
        ([HEAD], "has no row below its head"),
    ],
)
def test_refused(tmp_path: Path, rows: list[str], message: str) -> None:
    path = write(tmp_path / "scores.csv", rows)
    with pytest.raises(EthnoshardError, match=message) as caught:
        read_scores(path)
    assert str(path) in str(caught.value)
