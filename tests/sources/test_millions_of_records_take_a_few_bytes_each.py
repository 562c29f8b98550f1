"""A listing of RecordIO is columns of numbers, and nobody who asks for its refs, or walks them, can tell."""

import copy
import hashlib
import itertools
import json
import pickle
import random
import struct
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recordio_writer import MAGIC, image_record, insightface_records, packed, write_records

from ethnoshard.alignment._source_parts import part_spans
from ethnoshard.errors import EthnoshardError
from ethnoshard.sources import ImageRef, Source, identity_starts, look_at, open_source
from ethnoshard.sources.recordio import _index as index_module
from ethnoshard.sources.recordio import _refs as refs_module
from ethnoshard.sources.recordio._refs import RecordRefs
from tests.kit.examples import usual_examples


def as_list(source: Source) -> Source:
    return replace(source, listing=replace(source.listing, refs=list(source.refs)))


def listed(folder: Path, records: dict[int, tuple[float, bytes]]) -> Source:
    write_records(folder, {key: image_record(label, data, key) for key, (label, data) in records.items()})
    return open_source(folder)


@pytest.fixture
def source(tmp_path: Path) -> Source:
    numbers = random.Random(0)
    keys = numbers.sample(range(1000), 50)
    return listed(tmp_path, {key: (float(numbers.randrange(-3, 9)), bytes(numbers.randrange(90))) for key in keys})


def test_refs_are_a_sequence_as_a_list_is(source: Source) -> None:
    refs, plain = source.refs, list(source.refs)
    assert isinstance(refs, RecordRefs) and len(refs) == 50 == len(plain)
    assert [refs[place] for place in range(-50, 50)] == plain + plain
    assert all(type(ref.locator) is int and type(ref.size) is int for ref in (*refs, refs[7]))
    for places in (slice(3, 9), slice(-5, None), slice(None, None, -7), slice(40, 90), slice(9, 3)):
        assert list(refs[places]) == plain[places] == [refs[places][i] for i in range(len(refs[places]))]
    assert plain[11] in refs and refs.index(plain[11]) == 11 and list(reversed(refs)) == plain[::-1]
    for beyond in (50, -51):
        with pytest.raises(IndexError):
            refs[beyond]


def test_a_piece_that_goes_to_another_process_takes_its_own_images_along_and_no_others(tmp_path: Path) -> None:
    source = listed(tmp_path, {key: (float(key // 7), b"x") for key in range(30_000)})
    whole, piece = (len(pickle.dumps(refs)) for refs in (source.refs, source.refs[500:600]))
    assert whole < 30_000 * 20 + 1000 and piece < 100 * 20 + 1000
    assert list(copy.deepcopy(source.refs[500:600])) == list(source.refs)[500:600]


@pytest.mark.parametrize("at_once", [1, 7, 4096])
def test_the_digest_is_that_of_the_same_refs_in_a_list(
    source: Source, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(refs_module, "_AT_ONCE", at_once)
    lines = "".join(json.dumps([ref.identity, ref.name, ref.size]) + "\n" for ref in list(source.refs))
    assert source.digest() == as_list(source).digest() == hashlib.sha256(lines.encode()).hexdigest()


def test_who_walks_them_counts_the_same(source: Source) -> None:
    plain = as_list(source)
    assert identity_starts(source.refs).tolist() == identity_starts(plain.refs).tolist()
    assert len(identity_starts(source.refs)) == len({ref.identity for ref in source.refs})
    assert look_at(source) == look_at(plain)
    assert identity_starts([]).tolist() == identity_starts(source.refs[:0]).tolist() == []


def test_a_look_counts_the_images_of_everybody(tmp_path: Path) -> None:
    source = listed(tmp_path, dict(enumerate([(1.0, b"abc"), *[(2.0, b"de")] * 2, *[(10.0, b"")] * 6])))
    look = look_at(source)
    assert (look.images, look.identities, look.image_bytes) == (9, 3, 7)
    assert (look.least, look.middle, look.most) == (1, 2, 6)
    assert look.examples == ("1/00000000.jpg", "2/00000001.jpg", "10/00000003.jpg")


@given(st.lists(st.integers(1, 5), min_size=1, max_size=12), st.integers(1, 12))
def test_parts_are_cut_where_an_identity_ends(sizes: list[int], images: int) -> None:
    refs = [ImageRef(str(who), f"{who}/{i}.jpg", 0, 1) for who, size in enumerate(sizes) for i in range(size)]
    parts = [refs[slice(*span)] for span in part_spans(refs, images)]
    assert [ref for part in parts for ref in part] == refs
    for part in parts:
        without_its_last = [ref for ref in part if ref.identity != part[-1].identity]
        assert len(without_its_last) < images <= (len(part) if part is not parts[-1] else images)
    assert all(one[-1].identity != other[0].identity for one, other in itertools.pairwise(parts))


keys_of_any_size = st.one_of(st.integers(0, 40), st.integers(2**31 - 3, 2**31 + 3), st.integers(2**33, 2**62))
labels_of_any_size = st.one_of(st.integers(-3, 5), st.sampled_from([2**31, -(2**31), 2**40]))


@settings(max_examples=usual_examples(0.8))
@given(st.lists(st.tuples(keys_of_any_size, labels_of_any_size), min_size=1, max_size=20, unique_by=lambda it: it[0]))
def test_labels_and_keys_of_any_size_come_in_order(records: list[tuple[int, int]]) -> None:
    with TemporaryDirectory() as folder:
        source = listed(Path(folder), {key: (float(label), b"%d" % key) for key, label in records})
        with source.open() as reader:
            found = [(ref.identity, ref.name, reader.read(ref)) for ref in source.refs]
    wanted = sorted((label, key) for key, label in records)
    assert found == [(str(label), f"{label}/{key:08d}.jpg", b"%d" % key) for label, key in wanted]


@pytest.mark.parametrize("index", [True, False], ids=["indexed", "scanned"])
def test_blocks_leave_no_seam(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, index: bool) -> None:
    records = insightface_records([(float(i % 7), [bytes([i]) * i] * (i % 4)) for i in range(30)])
    write_records(tmp_path, dict(random.Random(0).sample(list(records.items()), len(records))), index=index)
    if not index:
        write_records(tmp_path, records, index=False)
    source = open_source(tmp_path)
    for name, at_once in (("_TEXT_AT_ONCE", 11), ("_RECORDS_AT_ONCE", 3)):
        monkeypatch.setattr(index_module, name, at_once)
    again = open_source(tmp_path)
    assert list(again.refs) == list(source.refs) and again.skipped == source.skipped


@pytest.mark.parametrize("label", [2.0**63, -(2.0**63), 1e30])
def test_a_label_that_is_no_number_of_a_person_is_refused(tmp_path: Path, label: float) -> None:
    with pytest.raises(EthnoshardError, match=r"1 of 2 labels are not integers \(record 1: "):
        listed(tmp_path, {0: (1.0, b"x"), 1: (label, b"x")})


def test_places_beyond_4_gib_are_found(tmp_path: Path) -> None:
    """Of a file with holes, which take no room on the disk."""
    far, apart = 6 << 30, 1 << 28
    begins = range(0, far, apart)
    near = packed(image_record(3, b"far")), packed(image_record(2, b"x"))
    with (tmp_path / "train.rec").open("wb") as rec:
        for begin in begins:
            rec.seek(begin)
            rec.write(MAGIC + struct.pack("<I", apart - 8) + image_record(1, b""))
        rec.seek(far)
        rec.write(near[0] + near[1])
    offsets = [*begins, far, far + len(near[0])]
    (tmp_path / "train.idx").write_text("".join(f"{key}\t{offset}\n" for key, offset in enumerate(offsets)))
    source = open_source(tmp_path)
    assert [(ref.identity, ref.locator) for ref in source.refs[-2:]] == [("2", offsets[-1]), ("3", far)]
    with source.open() as reader:
        assert reader.read(source.refs[-1]) == b"far"
