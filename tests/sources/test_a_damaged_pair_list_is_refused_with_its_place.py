"""A list that is short, malformed, doubled or contradictory never becomes other pairs than were published."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pair_lists import bfw_lines, csv_lines, lfw_lines, lfw_pairs, two_lines, write, write_cfp, write_rfw

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources import (
    read_bfw_pairs,
    read_cfp_pairs,
    read_label_first_pairs,
    read_lfw_csv_pairs,
    read_lfw_pairs,
    read_rfw_pairs,
    read_two_line_pairs,
)

Edit = Callable[[list[str]], list[str]]


def put(place: int, line: str) -> Edit:
    return lambda lines: [*lines[:place], line, *lines[place + 1 :]]


def drop(place: int) -> Edit:
    return lambda lines: [line for number, line in enumerate(lines) if number != place % len(lines)]


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (drop(-1), r"has 23 pairs; 3 folds of 4 .* make 24; fold 3 is short with 4 same and 3 different"),
        (lambda lines: lines[:10], r"has 9 pairs.*fold 2 is short with 1 same and 0 different"),
        (drop(2), r"line 5: fold 1 has 4 same .* at its 4\. pair, stands a different one"),
        (lambda lines: [*lines, "A\t1\tB\t2"], r"has 25 pairs; 3 folds .* make 24\. Fetch it again"),
        (put(3, "Person_0_2\t1"), r"line 4: 'Person_0_2\\t1' is neither 'name number number'"),
        (put(3, "Person_0_2\t0\t3"), r"line 4: .* is neither"),
        (put(3, "Person_0_2\t1\t-3"), r"line 4: .* is neither"),
        (put(3, "Person_0_2\t1\tPerson_0_2\t3"), r"line 4: .* with two names"),
        (put(3, "Person_0_2\t1\t1"), r"line 4: an image is paired with itself .*; 1 pairs are so"),
        (put(3, "Person_0_1\t3\t1"), r"line 4: a pair comes a second time; 1 of 24 pairs do"),
        (put(0, "<html>"), r"line 1: '<html>' is not the number of folds and of pairs"),
        (lambda lines: [], r"line 1: '' is not the number of folds"),
        (put(0, "0\t4"), r"line 1: .* is not the number"),
    ],
)
def test_lfw(tmp_path: Path, edit: Edit, message: str) -> None:
    path = write(tmp_path / "pairs.txt", edit(lfw_lines(3, 4)))
    with pytest.raises(EthnoshardError, match=message) as caught:
        read_lfw_pairs(path)
    assert str(path) in str(caught.value)


def test_duplicates_that_were_published_are_kept_and_counted(tmp_path: Path) -> None:
    path = write(tmp_path / "pairs.txt", put(3, "Person_0_1\t3\t1")(lfw_lines(3, 4)))
    pairs = read_lfw_pairs(path, allow_duplicates=True)
    assert (len(pairs), pairs.duplicates) == (24, 1)


@pytest.mark.parametrize(
    ("content", "message"), [(b"10\t300\n\xff\xfe", "not a text file: byte 7 is no UTF-8"), (None, "is not there")]
)
def test_files(tmp_path: Path, content: bytes | None, message: str) -> None:
    path = tmp_path / "pairs.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(EthnoshardError, match=message):
        read_lfw_pairs(path)
    with pytest.raises(EthnoshardError, match="can't be read"):
        read_lfw_pairs(tmp_path)


@pytest.mark.parametrize(
    ("file", "edit", "message"),
    [
        ("Split/FP/02/diff.txt", drop(0), r"02.diff\.txt has 3 pairs where others have 4; the fold is short"),
        ("Split/FP/01/same.txt", put(1, "5,8"), r"same\.txt, line 2: '5,8' is a pair of two people"),
        ("Split/FP/01/diff.txt", put(1, "5,3"), r"diff\.txt, line 2: '5,3' is a pair of one person"),
        ("Split/FP/01/diff.txt", put(1, "5,9"), r"diff\.txt, line 2: '5,9' names an image that no list has"),
        ("Split/FP/01/diff.txt", put(1, "5 3"), r"diff\.txt, line 2: '5 3' is not two numbers"),
        ("Split/FP/02/diff.txt", put(1, "2,3"), r"a pair comes a second time; 1 of 16"),
        ("Pair_list_P.txt", put(2, "3 03.jpg"), r"Pair_list_P\.txt, line 3: .* is not a number of its own and"),
        ("Pair_list_P.txt", put(2, "2 ../Data/Images/002/profile/01.jpg"), r"line 3: .* is not a number of its own"),
    ],
)
def test_cfp(tmp_path: Path, file: str, edit: Edit, message: str) -> None:
    path = write_cfp(tmp_path) / "Protocol" / file
    write(path, edit(path.read_text().splitlines()))
    with pytest.raises(EthnoshardError, match=message):
        read_cfp_pairs(tmp_path, "FP")


def test_cfp_without_its_files(tmp_path: Path) -> None:
    with pytest.raises(EthnoshardError, match=r"Pair_list_F\.txt is not there"):
        read_cfp_pairs(tmp_path, "FF")
    write(tmp_path / "Pair_list_F.txt", ["1 ../Data/Images/001/frontal/01.jpg"])
    with pytest.raises(EthnoshardError, match="holds no folder of a fold"):
        read_cfp_pairs(tmp_path, "FF")
    with pytest.raises(EthnoshardError, match="protocols are FF and FP; 'PP' is not one"):
        read_cfp_pairs(tmp_path, "PP")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (drop(-1), r"has 1,199 pairs.*fold 2 is short"),
        (put(3, "Person_0_2\t1\tPerson_0_9\t1"), r"fold 1 has 299 same and 301 different pairs, not 300 of each"),
        (put(3, "nonsense"), r"line 4: 'nonsense' is neither"),
        (put(3, "Person_0_1\t1\t3"), r"line 4: a pair comes a second time"),
    ],
)
def test_rfw(tmp_path: Path, edit: Edit, message: str) -> None:
    path = write_rfw(tmp_path) / "txts" / "Asian" / "Asian_pairs.txt"
    write(path, edit(path.read_text().splitlines()))
    with pytest.raises(EthnoshardError, match=message) as caught:
        read_rfw_pairs(tmp_path)
    assert "Asian_pairs.txt" in str(caught.value)


def test_rfw_elsewhere(tmp_path: Path) -> None:
    with pytest.raises(EthnoshardError, match=r"holds no txts/<Race>/<Race>_pairs\.txt"):
        read_rfw_pairs(tmp_path)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (put(0, "fold,p1,p2,label,a,b,c,d,e"), "lacks the column att1 and att2; it has fold, p1, p2, label, a"),
        (put(2, "1,a.jpg,x/b.jpg,0,1,2,g,g,0"), r"line 3: .*; 1 of 24 rows are not so"),
        (put(2, "1,x/a.jpg,y/b.jpg,2,1,2,g,g,0"), r"line 3: fold is a whole number, label 0 or 1"),
        (put(2, "1,x/a.jpg,y/b.jpg,0,1,2,,g,0"), r"line 3"),
        (put(2, "one,x/a.jpg,y/b.jpg,0,1,2,g,g,0"), r"line 3"),
        (put(2, "1,x/a.jpg,x/b.jpg,0,1,2,g,g,0"), r"line 3: the label says different, the folders .* the reverse"),
        (lambda lines: [line for line in lines if not line.startswith("2,") or "0.9" in line], "fold 2 is short"),
        (lambda lines: [*lines, lines[1]], "line 26: a pair comes a second time; 1 of 25"),
        (lambda lines: lines[:1], "has no row below its head"),
    ],
)
def test_bfw(tmp_path: Path, edit: Edit, message: str) -> None:
    path = write(tmp_path / "bfw.csv", edit(bfw_lines()))
    with pytest.raises(EthnoshardError, match=message) as caught:
        read_bfw_pairs(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (put(3, "Person_0_2,1"), r"line 4: 'Person_0_2,1' is not 'name,number,number' or 'name,number,name,number'"),
        (put(3, "Person_0_2,1,x,"), r"line 4"),
        (put(3, "Person_0_2,1,Person_0_2,3"), r"line 4: .* with two names, as below 'name,imagenum1,imagenum2,'"),
        (put(3, ",1,3,"), r"line 4"),
        (put(3, "Person_0_1,3,1,"), r"line 4: a pair comes a second time; 1 of 24 pairs do"),
        (put(3, "Person_0_2,1,1,"), r"line 4: an image is paired with itself"),
        (put(0, "name,number"), r"line 1: 'name,number' is no head of LFW's lists as CSV, 'name,imagenum1,imagenum2,'"),
        (put(0, "name,imagenum1,name,imagenum2"), r"line 2: 'Person_0_0,1,3,' is not 'name,number,name,number'"),
        (lambda lines: lines[:1], "lists no pair"),
        (lambda lines: lines[:5], "all of its 4 pairs are of one person"),
    ],
)
def test_lfw_as_csv(tmp_path: Path, edit: Edit, message: str) -> None:
    path = write(tmp_path / "pairs.csv", edit(csv_lines(3, 4)))
    with pytest.raises(EthnoshardError, match=message) as caught:
        read_lfw_csv_pairs(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (put(3, "2 a/1.jpg a/2.jpg"), r"line 4: '2 a/1.jpg a/2.jpg' is not 0 or 1 and two paths of images"),
        (put(3, "1 a/1.jpg"), r"line 4"),
        (put(3, "1 a/1.jpg a/2.jpg b/1.jpg"), r"line 4"),
        (put(3, "1 a b"), r"line 4"),
        (put(3, "1 a/1.jpg ./a/1.jpg"), r"line 4: an image is paired with itself"),
        (lambda lines: [*lines, lines[0]], r"line 25: a pair comes a second time"),
        (lambda lines: [line for line in lines if line[0] == "0"], "all of its 12 pairs are of two people"),
        (lambda lines: [], "lists no pair"),
    ],
)
def test_the_label_first(tmp_path: Path, edit: Edit, message: str) -> None:
    lines = [f"{label} {one} {two}" for label, one, two, _ in lfw_pairs(3, 4)]
    path = write(tmp_path / "ann.txt", edit(lines))
    with pytest.raises(EthnoshardError, match=message) as caught:
        read_label_first_pairs(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (drop(-1), r"has 47 lines; two make a pair, so one is missing"),
        (drop(6), r"line 8: both lines of a pair have one label, but here 2 follows on 1; a line is missing"),
        (put(3, "Person_0_2_0001.jpg"), r"line 4: .* is not a file and a number"),
        (put(3, "Person_0_2_0001.jpg -1"), r"line 4"),
        (put(3, "Person_0_2 1"), r"line 4"),
        (lambda lines: [line.replace("jpg 2", "jpg 5") for line in lines], "labels up to 5, .* but no pair .* has 2"),
        (lambda lines: lines[:26], "labels up to 3, .* there are fewer pairs of two people"),
        (lambda lines: lines[:24], "all of its 12 pairs are of one person"),
        (lambda lines: [*lines, *lines[:2]], r"line 49: a pair comes a second time"),
    ],
)
def test_two_lines_a_pair(tmp_path: Path, edit: Edit, message: str) -> None:
    path = write(tmp_path / "pairs_CALFW.txt", edit(two_lines(3, 4, numbered=True)))
    with pytest.raises(EthnoshardError, match=message) as caught:
        read_two_line_pairs(path)
    assert str(path) in str(caught.value)
