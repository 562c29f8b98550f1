"""A form is told by contents, never by luck: what could be two things, and what is none, is refused with what helps."""

import lzma
import pickle
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from pair_lists import bfw_lines, csv_lines, lfw_lines, write, write_cfp, write_rfw

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources import ImagePairs, PairList, pairs_form, read_any_pairs

IMAGES = [b"\xff\xd8%d" % place for place in range(24)]
ANSWERS = [place % 2 == 0 for place in range(12)]


def write_bin(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps((IMAGES, ANSWERS)))
    return path


def test_files(tmp_path: Path) -> None:
    assert pairs_form([write(tmp_path / "a.txt", ["", *lfw_lines(2, 3)])]) == "lfw"
    assert pairs_form([write(tmp_path / "View1.txt", ["3", *lfw_lines(1, 3)[1:]])]) == "lfw"
    assert pairs_form([write(tmp_path / "b.csv", csv_lines(2, 3))]) == "lfw-csv"
    assert pairs_form([write(tmp_path / "c", bfw_lines())]) == "bfw"
    assert pairs_form([write(tmp_path / "d", ["\ufeff1 a/1.jpg a/2.PNG"])]) == "label-first"
    assert pairs_form([write(tmp_path / "e", ["A_0001.jpg\t1"])]) == "two-line"
    assert pairs_form([write_bin(tmp_path / "f.bin")]) == "bin"
    (tmp_path / "without an ending").write_bytes(pickle.dumps((IMAGES, ANSWERS)))
    assert pairs_form([tmp_path / "without an ending"]) == "bin"
    pl.DataFrame({"label": [1]}).write_parquet(tmp_path / "g")
    assert pairs_form([tmp_path / "g"]) == "parquet"


def test_folders(tmp_path: Path) -> None:
    rfw = write_rfw(tmp_path / "rfw", folds=1)
    african = rfw / "txts" / "African"
    assert [pairs_form([path]) for path in (rfw, rfw / "txts", african, african / "African_pairs.txt")] == ["rfw"] * 4
    assert pairs_form([write_bin(tmp_path / "bins" / "African_test.bin").parent]) == "bin"
    (tmp_path / "hub" / "data").mkdir(parents=True)
    pl.DataFrame({"label": [1]}).write_parquet(tmp_path / "hub" / "data" / "lfw-00000-of-00001.parquet")
    assert pairs_form([tmp_path / "hub"]) == "parquet"


def test_what_could_be_two_things_is_not_guessed(tmp_path: Path) -> None:
    for place in ("", "Protocol"):
        with pytest.raises(
            EthnoshardError, match=r"CFP's two protocols; choose one by --pairs-form cfp-ff .* or cfp-fp"
        ):
            pairs_form([write_cfp(tmp_path / "cfp") / place])
    write_rfw(tmp_path / "both", folds=1)
    write_bin(tmp_path / "both" / "Asian_test.bin")
    with pytest.raises(EthnoshardError, match="lists of the forms bin and rfw; choose one by --pairs-form"):
        pairs_form([tmp_path / "both"])
    bare = write(tmp_path / "African_pairs.txt", ["m.01\t1\t2"])
    with pytest.raises(EthnoshardError, match=r"without a head. RFW's list of a race lies in a folder of its name"):
        pairs_form([bare])
    with pytest.raises(EthnoshardError, match=r"make no one list: a.csv is lfw-csv, b.bin is bin"):
        pairs_form([write(tmp_path / "a.csv", csv_lines(1, 1)), write_bin(tmp_path / "b.bin")])
    first, second = (write(tmp_path / f"{number}.txt", lfw_lines(1, 3)) for number in (1, 2))
    with pytest.raises(
        EthnoshardError, match=r"2 lists of the form lfw are given.*only of the forms lfw-csv, bin, parq"
    ):
        read_any_pairs(first, second)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.html", b"<!DOCTYPE html>", r"it begins with '<!DOCTYPE html>'. Looked for: '10 300' \(lfw\), .*two-line"),
        ("empty", b"", "it begins with ''. Looked for"),
        ("scores.csv", b"score,same,group_a,group_b\n", "it begins with 'score,same"),
        ("image.jpg", b"\xff\xd8\xff\xe0", "byte 0 is no text in UTF-8. Looked for"),
        ("people.txt", b"m.01 x\n", "it begins with 'm.01 x'"),
        ("index.txt", b"1 Person_a Person_b\n", "it begins with '1 Person_a Person_b'"),
        ("lfw.bin.xz", lzma.compress(b"x"), r"compressed by xz; unpack it \(`xz -dk .*lfw.bin.xz`\)"),
        ("lfw.xz", lzma.compress(b"x"), "compressed by xz"),
        ("lfw.bin.gz", b"\x1f\x8b\x08\x00", r"compressed by gzip; unpack it \(`gunzip -k "),
        (
            "bfw.pkl",
            pickle.dumps({"p1": ["a"]}),
            r"never run here. .*pandas.read_pickle\('.*bfw.pkl'\).to_csv\('bfw.csv'",
        ),
        ("bfw.pkl", pickle.dumps({"p1": ["a"]}, 0), r"is a pickle, which is a program"),
    ],
)
def test_what_is_none_is_refused_with_what_helps(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(EthnoshardError, match=message) as caught:
        read_any_pairs(path)
    assert str(path) in str(caught.value)


def test_places_without_a_list(tmp_path: Path) -> None:
    with pytest.raises(EthnoshardError, match="is not there"):
        pairs_form([tmp_path / "pairs.txt"])
    with pytest.raises(EthnoshardError, match=r"holds no list of pairs that is known. Looked for"):
        pairs_form([tmp_path])
    write_bin(tmp_path / "lfw.bin")
    with pytest.raises(EthnoshardError, match=r"it has lfw.bin: give one of them. Looked for"):
        pairs_form([tmp_path])
    with pytest.raises(EthnoshardError, match=r"the form of pairs must be one of lfw, lfw-csv.*got 'ytf'"):
        read_any_pairs(tmp_path / "lfw.bin", form="ytf")


def test_a_folder_above_rfws_lists_is_told_where_they_are(tmp_path: Path) -> None:
    write_rfw(tmp_path / "RFW" / "images" / "test", folds=1)
    with pytest.raises(EthnoshardError) as caught:
        pairs_form([tmp_path / "RFW"])
    given = tmp_path / "RFW" / "images" / "test"
    assert f"the lists lie in {given / 'txts'}: give {given}." in str(caught.value)
    assert pairs_form([given]) == "rfw"


def test_a_list_of_persons_is_no_list_of_pairs(tmp_path: Path) -> None:
    # CelebA's table of identities looks like two lines a pair until the second line.
    celeba = write(tmp_path / "identity_CelebA.txt", ["000001.jpg 2880", "000002.jpg 2937"])
    with pytest.raises(
        EthnoshardError, match="line 2: both lines of a pair have one label, but here 2937 follows on 2880"
    ):
        read_any_pairs(celeba)


def test_rfws_four_bins_are_one_list_with_groups(tmp_path: Path) -> None:
    races = ("African", "Asian", "Caucasian", "Indian")
    files = [write_bin(tmp_path / "RFW_bin" / f"{race}_test.bin") for race in races]
    for found in (read_any_pairs(tmp_path / "RFW_bin"), read_any_pairs(*files)):
        assert isinstance(found, ImagePairs) and found.images == tuple(IMAGES * 4)
        pairs = found.pairs
        assert pairs.first_group is not None and pairs.second_group is not None
        assert pairs.first_group.tolist() == pairs.second_group.tolist() == [race for race in races for _ in range(12)]
        assert pairs.same.tolist() == ANSWERS * 4
        assert pairs.fold.tolist() == [0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9] * 4
        assert (pairs.first[12], pairs.second[47]) == ("000024", "000095")
        assert pairs.left_out == ()
    write_bin(tmp_path / "RFW_bin" / "lfw.bin")
    with_another = read_any_pairs(tmp_path / "RFW_bin")
    assert isinstance(with_another, ImagePairs) and len(with_another.pairs) == 48
    (remark,) = with_another.pairs.left_out
    assert (remark.count, remark.first) == (1, "lfw.bin") and "no group" in remark.reason


def test_bins_of_no_group_or_of_one_twice_are_no_list(tmp_path: Path) -> None:
    lfw, african, empty = write_bin(tmp_path / "lfw.bin"), write_bin(tmp_path / "African_test.bin"), tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(EthnoshardError, match=r"names are <Group>_test.bin, such as African_test.bin; lfw.bin is not"):
        read_any_pairs(african, lfw)
    with pytest.raises(EthnoshardError, match="the group 'African' comes 2 times"):
        read_any_pairs(african, african)
    with pytest.raises(EthnoshardError, match=r"holds no <Group>_test.bin"):
        read_any_pairs(empty, form="bin")


def test_a_text_of_a_form_is_read_by_the_form_that_is_given(tmp_path: Path) -> None:
    path = write(tmp_path / "pairs.txt", lfw_lines(2, 3))
    found = read_any_pairs(path, form="lfw")
    assert isinstance(found, PairList) and np.bincount(found.fold).tolist() == [6, 6]
    with pytest.raises(EthnoshardError, match=r"line 1: .* is no head of LFW's lists as CSV"):
        read_any_pairs(path, form="lfw-csv")
