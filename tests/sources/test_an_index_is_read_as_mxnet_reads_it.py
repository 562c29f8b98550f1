"""What an .idx says of a .rec counts, as for mxnet 1.9.1; what it leaves out or says twice is counted."""

import struct
from pathlib import Path

import pytest
from recordio_writer import MAGIC, image_record, insightface_records, packed, write_records

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources import Reading, Source, identity_starts, open_source
from ethnoshard.sources.recordio._listing import HEADER_RECORD, IDENTITY_RECORD, LEFT_OUT, LISTED_AGAIN

PEOPLE = [(3.0, [b"a1", b"a2", b"a3"]), (1.0, [b"b1", b"b2" + MAGIC * 2]), (2.0, [b"c1"])]


def content(source: Source) -> list[tuple[str, bytes]]:
    with source.open() as reader:
        return [(ref.name, reader.read(ref)) for ref in source.refs]


def counts(source: Source) -> dict[str, int]:
    return {reason: len(names) for reason, names in source.skipped.items()}


@pytest.fixture
def lines(tmp_path: Path) -> list[str]:
    """The index of a set as insightface writes it: six images of three people, header record, three ranges."""
    write_records(tmp_path, insightface_records(PEOPLE))
    return (tmp_path / "train.idx").read_text().splitlines(keepends=True)


def with_index(folder: Path, lines: list[str]) -> Source:
    (folder / "train.idx").write_text("".join(lines))
    return open_source(folder)


def test_of_a_cleaned_set_the_rest_is_read_and_what_was_taken_out_is_counted(tmp_path: Path, lines: list[str]) -> None:
    whole = content(open_source(tmp_path))
    source = with_index(tmp_path, [line for line in lines if line.split()[0] not in ("2", "5")])
    assert content(source) == [each for each in whole if each[0] not in ("3/00000002.jpg", "1/00000005.jpg")]
    assert counts(source) == {HEADER_RECORD: 1, IDENTITY_RECORD: 3, LEFT_OUT: 2}
    assert source.skipped[LEFT_OUT][0] == f"record at byte {lines[2].split()[1]}"
    assert source.smells == ()


def test_a_person_may_go_and_the_sets_own_records_too(tmp_path: Path, lines: list[str]) -> None:
    source = with_index(tmp_path, lines[4:7])
    assert [name for name, _ in content(source)] == ["1/00000004.jpg", "1/00000005.jpg", "2/00000006.jpg"]
    assert counts(source) == {LEFT_OUT: 7} and source.smells == ()


def test_the_promise_of_the_header_record_counts_what_was_taken_out(tmp_path: Path) -> None:
    records = insightface_records(PEOPLE)
    del records[2]
    write_records(tmp_path, records)
    lines = (tmp_path / "train.idx").read_text().splitlines(keepends=True)
    with pytest.raises(EthnoshardError, match="promises 6 images, 5 are there"):
        with_index(tmp_path, [line for line in lines if line.split()[0] != "4"])


def test_of_a_key_that_comes_twice_the_last_place_counts(tmp_path: Path) -> None:
    first, second, third = (packed(image_record(1, data)) for data in (b"first", b"second", b"third"))
    (tmp_path / "train.rec").write_bytes(first + second + third)
    source = with_index(tmp_path, ["7\t0\n", f"8\t{len(first)}\n", f"7\t{len(first + second)}\n"])
    assert content(source) == [("1/00000007.jpg", b"third"), ("1/00000008.jpg", b"second")]
    assert source.skipped == {LISTED_AGAIN: ["record 7"]}


def test_a_line_that_comes_again_takes_nothing_away(tmp_path: Path, lines: list[str]) -> None:
    whole = content(open_source(tmp_path))
    source = with_index(tmp_path, [*lines, *lines, lines[3]])
    assert content(source) == whole
    assert counts(source) == {HEADER_RECORD: 1, IDENTITY_RECORD: 3, LISTED_AGAIN: 11}


def test_ends_of_lines_and_empty_lines_are_as_they_may_be(tmp_path: Path, lines: list[str]) -> None:
    whole = content(open_source(tmp_path))
    (tmp_path / "train.idx").write_bytes(b"\r\n" + "".join(lines).replace("\n", "\r\n\r\n").encode() + b"\n \n")
    assert content(open_source(tmp_path)) == whole
    (tmp_path / "train.idx").write_bytes("".join(lines).rstrip().encode())
    assert content(open_source(tmp_path)) == whole


def test_an_index_cut_anywhere_is_refused_or_smells(tmp_path: Path, lines: list[str]) -> None:
    text = "".join(lines)
    for length in range(len(text) - 1):
        try:
            source = with_index(tmp_path, [text[:length]])
        except EthnoshardError as error:
            assert "etch" in str(error)
            continue
        assert text[length - 1] == "\n" or text[length] == "\n"
        assert source.skipped[LEFT_OUT]
        assert bool(source.smells) == (len(source.refs) < 5)
    for kept in range(2, 5):
        source = with_index(tmp_path, lines[:kept])
        assert [f"leaves out the last {7 - kept}" in smell.what for smell in source.smells] == [True]
        with pytest.raises(EthnoshardError, match=r"Way out: fetch the index again, or take it away"):
            source.checked()


def test_a_list_of_who_is_where_says_nothing_of_a_cut_index(tmp_path: Path) -> None:
    write_records(tmp_path, {key: image_record(0, b"x") for key in range(6)})
    lines = (tmp_path / "train.idx").read_text().splitlines(keepends=True)
    (tmp_path / "train.idx").write_text("".join(lines[:4]))
    (tmp_path / "list.txt").write_text("".join(f"{key}\t{key // 2}/{key}.jpg\n" for key in range(6)))
    source = open_source(tmp_path, Reading(table=tmp_path / "list.txt"))
    assert len(identity_starts(source.refs)) == 2
    assert ["leaves out the last 2" in smell.what for smell in source.smells] == [True]


def test_an_index_that_ends_within_a_number_is_refused(tmp_path: Path) -> None:
    """3600, of the record at byte 3,600, is cut to 36, where another begins."""
    write_records(tmp_path, {key: image_record(1, bytes(4)) for key in range(101)})
    lines = (tmp_path / "train.idx").read_text().splitlines(keepends=True)
    assert lines[-1] == "100\t3600\n"
    for last in ("100\t36", "100\t0", "100", "10"):
        with pytest.raises(EthnoshardError, match="last line is cut"):
            with_index(tmp_path, [*lines[:-1], last])
    in_the_middle = [*lines[:50], *lines[51:], "50\t180"]  # cut from 1800
    with pytest.raises(
        EthnoshardError, match="last line is cut, it seems: it has no end and names the place of another"
    ):
        with_index(tmp_path, in_the_middle)
    assert len(with_index(tmp_path, in_the_middle[:-1]).refs) == 100
    with pytest.raises(EthnoshardError, match="the last 1 of the records are not listed"):
        with_index(tmp_path, [*lines[:-2], lines[-2].rstrip()])


def test_an_index_of_another_file_is_refused(tmp_path: Path, lines: list[str]) -> None:
    rec = (tmp_path / "train.rec").read_bytes()
    (tmp_path / "train.rec").write_bytes(rec + b"something else..")
    with pytest.raises(EthnoshardError, match=r"no whole records are \(no record begins at byte"):
        open_source(tmp_path)
    length = struct.pack("<I", struct.unpack_from("<I", rec, 4)[0] + 4)
    (tmp_path / "train.rec").write_bytes(rec[:4] + length + rec[8:])
    with pytest.raises(EthnoshardError, match=r"the record at byte 0 runs beyond byte 40"):
        with_index(tmp_path, lines[1:])
    (tmp_path / "train.rec").write_bytes(rec)
    with pytest.raises(EthnoshardError, match="at 1 of 10 places that its index names no record begins"):
        with_index(tmp_path, [*lines[:-1], f"9\t{int(lines[-1].split()[1]) + 4}\n"])
