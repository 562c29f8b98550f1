"""A table of scores is read as it stands, or refused with the line that doesn't fit."""

from pathlib import Path

import numpy as np
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


def test_columns_of_which_nothing_is_made_are_named(tmp_path: Path) -> None:
    (remark,) = read_scores(write(tmp_path / "scores.csv", [HEAD, *ROWS])).left_out
    assert str(remark) == "1 x column that is ignored (remark); the first: scores.csv, line 1"


def test_folds_are_numbered_from_0(tmp_path: Path) -> None:
    rows = ["score,same,group_a,group_b,fold", "0.1,1,A,A, 7", "0.2,0,A,A,3", "0.3,0,A,A,7"]
    fold = read_scores(write(tmp_path / "scores.csv", rows)).fold
    assert fold is not None and fold.tolist() == [1, 0, 1]


def test_rows_without_a_score_are_failures_if_asked(tmp_path: Path) -> None:
    path = write(tmp_path / "scores.csv", [HEAD, *ROWS, ",1,A,A,4,4,", " NaN ,0,A,B,4,5,", "nan,1,B,B,6,6,"])
    with pytest.raises(EthnoshardError, match=r"line 5: .*\(3 rows have no score: .* count them by --failures\)"):
        read_scores(path)
    found = read_scores(path, allow_failures=True)
    assert found.failed is not None and found.failed.tolist() == [False] * 3 + [True] * 3
    left = found.scored()
    assert (left.failed, left.score.tolist(), left.same.tolist()) == (None, [0.5, -0.001, 0.25], [True, False, False])
    errors = found.scored(failures_are_errors=True)
    assert errors.same.tolist() == [True, False, False, True, True]
    assert errors.score[3:].tolist() == [np.nextafter(-0.001, -1)] * 2
    assert errors.people is not None and errors.people[0].tolist() == ["001", "001", "2", "4", "6"]
    nothing = write(tmp_path / "nothing.csv", [HEAD, ",1,A,A,4,4,"])
    with pytest.raises(EthnoshardError, match="none of 1 pairs has a score"):
        read_scores(nothing, allow_failures=True).scored()


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
        (["score,same,group_a,group_b,fold", "0.1,1,A,A,x"], "line 2: .*fold is a whole number"),
        ([HEAD], "has no row below its head"),
    ],
)
def test_refused(tmp_path: Path, rows: list[str], message: str) -> None:
    path = write(tmp_path / "scores.csv", rows)
    with pytest.raises(EthnoshardError, match=message) as caught:
        read_scores(path)
    assert str(path) in str(caught.value)
