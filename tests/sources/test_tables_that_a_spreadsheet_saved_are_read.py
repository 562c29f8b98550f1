"""Semicolons, tabs, UTF-16, a byte order mark, empty columns and rows: the same table; all else is one message."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pair_lists import bfw_lines, write

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources import read_bfw_pairs, read_lfw_groups, read_lfw_pairs, read_scores

SCORES = ["score,same,group_a,group_b", "0.5,TRUE,A,A", "0.25,FALSE,A,B"]
GROUPS = ["identity,images,usc_label,kumar_white,kumar_black,kumar_asian,kumar_indian", "a,2,African,0,2,0,0"]

SAVED: dict[str, Callable[[list[str]], bytes]] = {
    "semicolons": lambda lines: "\r\n".join(lines).replace(",", ";").encode(),
    "tabs in UTF-16": lambda lines: "\n".join(lines).replace(",", "\t").encode("utf-16"),
    "a mark": lambda lines: "\n".join(lines).encode("utf-8-sig"),
    "quotes": lambda lines: "\n".join(",".join(f'"{field}"' for field in line.split(",")) for line in lines).encode(),
    "blanks in the head": lambda lines: "\n".join([lines[0].replace(",", ", "), *lines[1:]]).encode(),
    "empty columns": lambda lines: "".join(f"{line},,,\n" for line in lines).encode(),
}


@pytest.mark.parametrize("how", list(SAVED))
def test_every_table_says_the_same_however_it_was_saved(tmp_path: Path, how: str) -> None:
    bfw = bfw_lines()
    true = [line.replace(",1,", ",TRUE,").replace(",0,", ",false,") for line in bfw]
    true = [line.replace("TRUE,TRUE", "TRUE,1") if line.startswith("TRUE") else line for line in true]
    for name, lines in (("scores", SCORES), ("groups", GROUPS), ("bfw", true)):
        (tmp_path / name).write_bytes(SAVED[how](lines))
    scores, pairs = read_scores(tmp_path / "scores"), read_bfw_pairs(tmp_path / "bfw")
    assert scores.score.tolist() == [0.5, 0.25] and scores.same.tolist() == [True, False] and scores.left_out == ()
    plain = read_bfw_pairs(write(tmp_path / "plain.csv", bfw))
    for field in ("first", "second", "same", "fold", "first_group"):
        np.testing.assert_array_equal(getattr(pairs, field), getattr(plain, field))
    assert read_lfw_groups(tmp_path / "groups")[1].groups == {"a": "Black"}


def test_empty_rows_are_counted_and_lines_stay_those_of_the_file(tmp_path: Path) -> None:
    lines = [SCORES[0], SCORES[1], ",,,", "", SCORES[2], ",,,"]
    (remark,) = read_scores(write(tmp_path / "scores.csv", lines)).left_out
    assert (remark.reason, remark.count, remark.first) == ("empty row", 3, "scores.csv, line 3")
    assert str(remark) == "3 x empty row; the first: scores.csv, line 3"
    with pytest.raises(EthnoshardError, match=r"line 7: score is a number, with a point and without commas"):
        read_scores(write(tmp_path / "bad.csv", [*lines, '"1,250.5",1,A,A']))
    for source in read_lfw_groups(write(tmp_path / "groups.csv", [*GROUPS, ",,,,,,"])):
        assert [(one.reason, one.count) for one in source.left_out] == [("empty row", 1)]
    head, *rows = bfw_lines()
    pairs = read_bfw_pairs(write(tmp_path / "bfw.csv", [head, "", *rows, ",,,,,,,,"]))
    assert len(pairs) == len(rows) and [(one.count, one.first) for one in pairs.left_out] == [(2, "bfw.csv, line 2")]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04zip", r"a spreadsheet's own file \(\.xlsx or \.ods\); save it as CSV UTF-8"),
        (b"\x80\x04\x95", "a pickle, which is never run here"),
        (b"score,same,group_a,group_b\n1,1,caf\xe9,A\n", "line 2 is not UTF-8 text; save it as CSV UTF-8"),
        (b"score,same,group_a,group_b\n1,1,A,A\n1,1,A,A,B\n", "line 3 has 5 fields, the head 4"),
        (b"score,same,same,group_a,group_b\n1,1,0,A,A\n", "has the column same more than once; keep one of each"),
        (b"score,same,group_a,group_b\n,,,\n", "has no row below its head"),
        (b"", r"it is empty\. It is to begin with score,same,group_a,group_b"),
    ],
)
def test_what_is_no_such_table_is_one_message(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "scores.csv").write_bytes(content)
    with pytest.raises(EthnoshardError, match=words):
        read_scores(tmp_path / "scores.csv")


def test_a_pair_list_with_a_mark_at_its_beginning_is_read(tmp_path: Path) -> None:
    (tmp_path / "pairs.txt").write_bytes(b"\xef\xbb\xbf1\r\nA 1 2\r\nA 1 B 1\r\n")
    assert len(read_lfw_pairs(tmp_path / "pairs.txt")) == 2
