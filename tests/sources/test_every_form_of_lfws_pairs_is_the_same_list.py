"""LFW's list as its makers, Kaggle, opensphere, CALFW and CPLFW would write it: the same pairs, people and folds."""

from pathlib import Path

import numpy as np
import pytest
from pair_lists import csv_lines, lfw_lines, lfw_pairs, two_lines, write

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources import (
    PairList,
    pairs_form,
    read_any_pairs,
    read_label_first_pairs,
    read_lfw_csv_pairs,
    read_lfw_pairs,
    read_two_line_pairs,
)

FOLDS, NUMBER = 10, 6


def sorted_pairs(pairs: PairList) -> list[tuple[object, ...]]:
    assert pairs.first_person is not None and pairs.second_person is not None
    columns = (pairs.fold, pairs.same, pairs.first, pairs.second, pairs.first_person, pairs.second_person)
    rows = zip(*(column.tolist() for column in columns), strict=True)
    return sorted((*row[:2], *(name.rpartition("/")[2] for name in row[2:])) for row in rows)


@pytest.fixture
def published(tmp_path: Path) -> list[tuple[object, ...]]:
    return sorted_pairs(read_lfw_pairs(write(tmp_path / "pairs.txt", lfw_lines(FOLDS, NUMBER))))


def test_kaggles_pairs_csv(tmp_path: Path, published: list[tuple[object, ...]]) -> None:
    path = write(tmp_path / "pairs.csv", csv_lines(FOLDS, NUMBER))
    assert pairs_form([path]) == "lfw-csv"
    found = read_lfw_csv_pairs(path)
    assert sorted_pairs(found) == published
    assert found.first[0] == "Person_0_0/Person_0_0_0001.jpg"


def test_the_label_first(tmp_path: Path, published: list[tuple[object, ...]]) -> None:
    lines = [f"{label} lfw/{one} lfw/{two}" for label, one, two, _ in lfw_pairs(FOLDS, NUMBER)]
    path = write(tmp_path / "lfw_ann.txt", lines)
    assert pairs_form([path]) == "label-first"
    found = read_label_first_pairs(path)
    assert sorted_pairs(found) == published
    assert found.first[0] == "lfw/Person_0_0/Person_0_0_0001.jpg"


@pytest.mark.parametrize("numbered", [True, False], ids=["CALFW", "CPLFW"])
def test_two_lines_a_pair(tmp_path: Path, numbered: bool, published: list[tuple[object, ...]]) -> None:
    path = write(tmp_path / "pairs.txt", two_lines(FOLDS, NUMBER, numbered=numbered))
    assert pairs_form([path]) == "two-line"
    found = read_two_line_pairs(path)
    assert sorted_pairs(found) == published
    assert found.first[0] == "Person_0_0_0001.jpg"


def test_a_fold_that_a_label_names_is_kept_whatever_the_order(tmp_path: Path) -> None:
    lines = two_lines(4, 3, numbered=True)
    turned = [line for row in reversed(range(0, len(lines), 2)) for line in lines[row : row + 2]]
    straight, reverse = (
        read_two_line_pairs(write(tmp_path / name, given)) for name, given in (("a.txt", lines), ("b.txt", turned))
    )
    folds = dict(zip(straight.first[straight.same].tolist(), straight.fold[straight.same].tolist(), strict=True))
    assert folds == dict(zip(reverse.first[reverse.same].tolist(), reverse.fold[reverse.same].tolist(), strict=True))
    assert np.bincount(reverse.fold[~reverse.same]).tolist() == [3] * 4


def test_kaggles_view_1_is_two_files_and_a_name_twice_in_a_head_is_two_people(tmp_path: Path) -> None:
    rows = [line.replace("\t", ",") for line in lfw_lines(1, 5)[1:]]
    same = write(tmp_path / "matchpairsDevTest.csv", ["name,imagenum1,imagenum2", *rows[:5]])
    different = write(tmp_path / "mismatchpairsDevTest.csv", ["name,imagenum1,name,imagenum2", *rows[5:]])
    whole = read_lfw_pairs(write(tmp_path / "pairsDevTest.txt", ["5", *lfw_lines(1, 5)[1:]]))
    for found in (read_any_pairs(same, different), read_any_pairs(different, same)):
        assert isinstance(found, PairList) and sorted_pairs(found) == sorted_pairs(whole)
        assert found.fold.tolist() == [0] * 10
    for alone, kind in ((same, "one person"), (different, "two people")):
        with pytest.raises(
            EthnoshardError, match=f"all of its 5 pairs are of {kind}; give the file with the others too"
        ):
            read_any_pairs(alone)


def test_people_are_unknown_where_names_contradict_a_label(tmp_path: Path) -> None:
    lines = [f"{label} {one} {two}" for label, one, two, _ in lfw_pairs(3, 4)]
    known = read_label_first_pairs(write(tmp_path / "a.txt", lines))
    assert known.first_person is not None and known.first_person[0] == "Person_0_0"
    wrong = read_label_first_pairs(write(tmp_path / "b.txt", [lines[0].replace("1 ", "0 ", 1), *lines[1:]]))
    assert wrong.first_person is None and wrong.second_person is None
    numbers = [f"{place % 2} agedb/{place}.jpg agedb/{place + 100}.jpg" for place in range(40)]
    assert read_label_first_pairs(write(tmp_path / "c.txt", numbers)).first_person is None


def test_pairs_that_come_twice_are_counted_by_whoever_reads_any_form(tmp_path: Path) -> None:
    lines = [f"{label} {one} {two}" for label, one, two, _ in lfw_pairs(3, 4)]
    path = write(tmp_path / "ann.txt", [*lines, lines[0]])
    with pytest.raises(EthnoshardError, match="line 25: a pair comes a second time"):
        read_label_first_pairs(path)
    found = read_any_pairs(path)
    assert isinstance(found, PairList) and found.duplicates == 1


@pytest.mark.parametrize(("same", "different", "folds"), [(30, 30, 10), (4, 30, 4), (1, 7, 1)])
def test_folds_that_no_list_names_hold_both_kinds(tmp_path: Path, same: int, different: int, folds: int) -> None:
    lines = [f"1 a{place}/1.jpg a{place}/2.jpg" for place in range(same)]
    lines += [f"0 a{place}/1.jpg b{place}/2.jpg" for place in range(different)]
    pairs = read_label_first_pairs(write(tmp_path / "ann.txt", lines))
    assert sorted(set(pairs.fold.tolist())) == list(range(folds))
    for fold in range(folds):
        assert len(set(pairs.same[pairs.fold == fold].tolist())) == 2


@pytest.mark.realdata
def test_the_real_list_in_every_form(real_data: Path, tmp_path: Path) -> None:
    view_2 = read_lfw_pairs(real_data / "lfw" / "pairs.txt")
    rows = [line.split("\t") for line in (real_data / "lfw" / "pairs.txt").read_text().splitlines()[1:]]
    rows_csv = [",".join(row if len(row) == 4 else [*row, ""]) for row in rows]
    as_csv = read_lfw_csv_pairs(write(tmp_path / "pairs.csv", ["name,imagenum1,imagenum2,", *rows_csv]))
    listed = zip(view_2.same.tolist(), view_2.first.tolist(), view_2.second.tolist(), strict=True)
    ann = read_any_pairs(write(tmp_path / "ann.txt", [f"{int(label)} {one} {two}" for label, one, two in listed]))
    assert isinstance(ann, PairList) and ann.first_person is not None and view_2.first_person is not None
    for found in (as_csv, ann):
        np.testing.assert_array_equal(found.fold, view_2.fold)
        np.testing.assert_array_equal(found.first, view_2.first)
    np.testing.assert_array_equal(ann.first_person, view_2.first_person)
