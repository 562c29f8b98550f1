import struct
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recordio_writer import MAGIC, image_record, insightface_records, packed, write_records

from ethnoshard.errors import EthnoshardError, UnreadableImageError
from ethnoshard.sources import Source, open_source
from ethnoshard.sources.recordio._listing import HEADER_RECORD, IDENTITY_RECORD
from tests.kit.examples import usual_examples

Spoil = Callable[[Path], object]

PEOPLE = [(10.0, [b"a1", b"a22" * 50, b"a3"]), (2.0, [b"b1"]), (10.0, [b"later"]), (0.0, [b"c" * 999])]
EXPECTED = [
    ("0", "0/00000006.jpg", b"c" * 999),
    ("2", "2/00000004.jpg", b"b1"),
    ("10", "10/00000001.jpg", b"a1"),
    ("10", "10/00000002.jpg", b"a22" * 50),
    ("10", "10/00000003.jpg", b"a3"),
    ("10", "10/00000005.jpg", b"later"),
]


def content(source: Source) -> list[tuple[str, str, bytes]]:
    with source.open() as reader:
        return [(ref.identity, ref.name, reader.read(ref)) for ref in source.refs]


@pytest.mark.parametrize("index", [True, False], ids=["indexed", "scanned"])
def test_an_insightface_set(tmp_path: Path, index: bool) -> None:
    write_records(tmp_path, insightface_records(PEOPLE), index=index)
    (tmp_path / "property").write_text("4,112,112\n6\n")
    source = open_source(tmp_path)

    assert content(source) == EXPECTED
    assert source.kind == "recordio"
    assert source.image_size == 112
    assert all(ref.size == len(data) for ref, (_, _, data) in zip(source.refs, EXPECTED, strict=True))
    assert source.skipped == {
        HEADER_RECORD: ["record 0"],
        IDENTITY_RECORD: [f"record {key}" for key in range(7, 11)],
    }
    assert open_source(tmp_path / "train.rec").digest() == source.digest()


@pytest.mark.parametrize("index", [True, False], ids=["indexed", "scanned"])
def test_a_set_without_a_header_record(tmp_path: Path, index: bool) -> None:
    write_records(tmp_path, {i: image_record(i % 2, b"face" * i) for i in range(5)}, index=index)
    source = open_source(tmp_path)
    assert content(source) == [(str(i % 2), f"{i % 2}/{i:08d}.jpg", b"face" * i) for i in (0, 2, 4, 1, 3)]
    assert source.image_size is None
    assert source.skipped == {}


def test_the_index_alone_says_where_a_key_lies(tmp_path: Path) -> None:
    records = insightface_records(PEOPLE)
    write_records(tmp_path, dict(reversed(records.items())))
    assert content(open_source(tmp_path)) == EXPECTED


pieces_with_magic = st.lists(st.one_of(st.just(MAGIC), st.binary(max_size=9))).map(b"".join)
labels = st.one_of(st.integers(0, 2**24), st.lists(st.integers(0, 2**24), min_size=1, max_size=3).map(tuple))


@settings(max_examples=usual_examples(0.6))
@given(
    st.lists(st.tuples(labels, pieces_with_magic.filter(len)), min_size=1, max_size=6),
    st.booleans(),
)
def test_what_is_written_is_read(records: list[tuple[int | tuple[int, ...], bytes]], index: bool) -> None:
    with TemporaryDirectory() as folder:
        write_records(Path(folder), {i: image_record(*record) for i, record in enumerate(records)}, index=index)
        read = content(open_source(folder))
    people = [record[0][0] if isinstance(record[0], tuple) else record[0] for record in records]
    expected = sorted((label, i) for i, label in enumerate(people))
    assert read == [(str(label), f"{label}/{i:08d}.jpg", records[i][1]) for label, i in expected]


def test_the_magic_word_inside_an_image_and_its_header(tmp_path: Path) -> None:
    image = MAGIC + b"xxxx" + MAGIC + MAGIC + b"x" + MAGIC + MAGIC
    in_the_id = struct.pack("<If", 0, 7.0) + MAGIC + bytes(12) + image
    assert packed(in_the_id).count(MAGIC) > 4
    write_records(tmp_path, {1: image_record(7, image), 2: in_the_id})
    assert content(open_source(tmp_path)) == [("7", "7/00000001.jpg", image), ("7", "7/00000002.jpg", image)]


@pytest.mark.parametrize("index", [True, False], ids=["indexed", "scanned"])
def test_every_cut_is_refused(tmp_path: Path, index: bool) -> None:
    write_records(tmp_path, insightface_records([(1.0, [b"one", MAGIC * 2, b"three"])]), index=index)
    rec = tmp_path / "train.rec"
    whole = rec.read_bytes()
    images_end = len(whole) - len(packed(image_record((1.0, 4.0), b"")))
    for length in range(4, len(whole) if index else images_end):
        rec.write_bytes(whole[:length])
        with pytest.raises(EthnoshardError, match=r"etch (it|both)") as caught:
            open_source(tmp_path)
        assert str(rec) in str(caught.value)


def test_a_cut_says_how_much_is_missing(tmp_path: Path) -> None:
    write_records(tmp_path, {i: image_record(0, bytes(972)) for i in range(10)})  # 1,004 bytes each
    rec = tmp_path / "train.rec"
    rec.write_bytes(rec.read_bytes()[:6500])
    with pytest.raises(EthnoshardError, match="4 of 10 records lie beyond its end at byte 6500"):
        open_source(tmp_path)
    (tmp_path / "train.idx").unlink()
    with pytest.raises(EthnoshardError, match=r"record 6, at byte 6024, .* the 6 records before it are whole"):
        open_source(tmp_path)


def spoil_index(text: str) -> Spoil:
    def spoil(folder: Path) -> None:
        (folder / "train.idx").write_text(text)

    return spoil


def spoil_property(text: str) -> Spoil:
    def spoil(folder: Path) -> None:
        (folder / "property").write_text(text)

    return spoil


def write_rec(content: bytes) -> Spoil:
    def write(folder: Path) -> None:
        (folder / "train.idx").unlink()
        (folder / "train.rec").write_bytes(content)

    return write


def replace(records: dict[int, bytes]) -> Spoil:
    return lambda folder: write_records(folder, records)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (spoil_index(""), "lists no records"),
        (spoil_index("0\t0\n1"), "its last line is cut"),
        (spoil_index("0\tzero\n"), "not an index of lines"),
        (spoil_index("0\t-4\n"), "not an index of lines"),
        (spoil_index(f"0\t{10**30}\n"), "not an index of lines"),
        (spoil_index("0\t0\n1\t40\n2\t99999\n"), "1 of 3 records lie beyond"),
        (spoil_index("0\t0\n1\t4\n2\t1\n"), "at 2 of 3 places .* no record begins"),
        (spoil_property("2,112,96"), "112 x 96 pixels; only square"),
        (spoil_property("112"), "should begin with 'classes,height,width'"),
        (spoil_property("a,b,c"), "should begin with 'classes,height,width'"),
        (spoil_property("2,0,0"), "only square"),
        (replace({0: image_record(0.5, b"x"), 1: image_record(1, b"x")}), "1 of 2 labels are not integers"),
        (replace({0: image_record(float("nan"), b"x")}), "1 of 1 labels are not integers"),
        (replace({0: image_record(float("inf"), b"x")}), "1 of 1 labels are not integers"),
        (replace({0: b"short"}), "1 of 1 records are shorter than their headers say"),
        (replace({0: struct.pack("<IfQQ", 2**31, 0, 0, 0)}), "1 of 1 records are shorter than their headers"),
        (replace({0: MAGIC}), "is damaged"),
        (replace(insightface_records([])), "holds 1 records but no image"),
        (
            replace({k: v for k, v in insightface_records(PEOPLE).items() if k != 3}),
            "promises 6 images, 5 are there",
        ),
        (write_rec(MAGIC + struct.pack("<I", 1 << 29) + packed(b"whole")), "no further piece begins"),
        (write_rec(packed(b"whole")[:4] + struct.pack("<I", 3 << 29)), "no record begins at byte 0"),
        (write_rec(b""), "is an empty file"),
        (write_rec(b"<html></html>"), "no record begins at byte 0"),
    ],
)
def test_a_set_that_is_not_right(tmp_path: Path, spoil: Spoil, message: str) -> None:
    write_records(tmp_path, {i: image_record(i, b"1234") for i in range(3)})
    spoil(tmp_path)
    with pytest.raises(EthnoshardError, match=message):
        open_source(tmp_path)


def test_a_record_that_changed_after_the_listing_is_unreadable(tmp_path: Path) -> None:
    write_records(tmp_path, {i: image_record(i, b"1234") for i in range(2)})
    source = open_source(tmp_path)
    with (tmp_path / "train.rec").open("r+b") as rec:
        rec.write(b"????")
    with source.open() as reader:
        with pytest.raises(UnreadableImageError, match="no record begins at byte 0"):
            reader.read(source.refs[0])
        assert reader.read(source.refs[1]) == b"1234"
        with pytest.raises(UnreadableImageError, match="not the 5 that were listed"):
            reader.read(source.refs[1]._replace(size=5))


def test_an_image_over_the_limit_stays_listed_but_is_not_read(tmp_path: Path) -> None:
    write_records(tmp_path, {0: image_record(0, bytes(1001))})
    source = open_source(tmp_path, max_file_bytes=1000)
    with source.open() as reader, pytest.raises(UnreadableImageError, match="more than the limit"):
        reader.read(source.refs[0])
