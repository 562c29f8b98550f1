import gzip
import random
from pathlib import Path

import pytest
from containers import Pack, PackAs, Photos
from hub_forms import class_samples, json_bytes, json_samples, tar_bytes, write_shards

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources import Reading, Source, open_source

PEOPLE = ("n1", "n10", "n2")
PHOTOS: Photos = {
    f"{person}/{number}.jpg": random.Random(f"{person}{number}").randbytes(700 + number)
    for number in range(4)
    for person in PEOPLE
}


def read_all(source: Source) -> dict[str, bytes]:
    with source.open() as reader:
        return {ref.name: reader.read(ref) for ref in source.refs}


@pytest.mark.parametrize("number", [1, 3])
@pytest.mark.parametrize("end", [".tar", ".tar.gz"])
def test_people_spread_over_shards_come_together_by_class(tmp_path: Path, number: int, end: str) -> None:
    random.Random(1).shuffle(samples := class_samples(PHOTOS, PEOPLE))
    paths = write_shards(samples, tmp_path / "shards", number, end)
    source = open_source(tmp_path / "shards")
    wanted = {f"{PEOPLE.index(name.partition('/')[0])}/{name.partition('/')[2]}": data for name, data in PHOTOS.items()}
    assert read_all(source) == wanted
    assert [ref.name for ref in source.refs] == sorted(wanted)
    assert source.skipped == {}
    kind = end[1:] if number == 1 else "several"
    assert source.kind == kind
    shards = "a WebDataset shard" if number == 1 else "3 WebDataset shards"
    assert source.form == f"{shards}; identities from .cls"
    if number == 1:
        assert read_all(open_source(paths[0])) == wanted


def test_a_pattern_a_folder_and_the_paths_are_the_same_source(tmp_path: Path) -> None:
    paths = write_shards(class_samples(PHOTOS, PEOPLE), tmp_path / "train", 12)
    sources = [open_source(each) for each in (tmp_path / "train", tmp_path / "train/shard-{0000..0011}.tar", paths)]
    assert len({source.digest() for source in sources}) == 1
    assert [source.smells for source in sources] == [(), (), ()]
    assert read_all(sources[1]) == read_all(sources[0])
    paths[7].unlink()
    with pytest.raises(EthnoshardError, match=r"stands for 12 files, of which 1 are not there, the first .*-0007.tar"):
        open_source(tmp_path / "train/shard-{0000..0011}.tar")


def test_a_key_of_json_names_the_person_and_others_go_to_people(tmp_path: Path) -> None:
    samples = json_samples(PHOTOS, {"n1": "Asian", "n2": "Black"})
    write_shards(samples, tmp_path / "shards", 2)
    source = open_source(tmp_path / "shards")
    assert source.form == "2 WebDataset shards; identities from the key person_id of .json"
    assert {ref.identity for ref in source.refs} == set(PEOPLE)
    assert sorted(read_all(source).values()) == sorted(PHOTOS.values())
    assert source.people is not None
    assert source.people.rows.to_dicts() == [
        {"identity": "n1", "group": "Asian"},
        {"identity": "n10", "group": None},
        {"identity": "n2", "group": "Black"},
    ]
    assert source.people.given_by == {"group": "the key race of .json"}
    by_hand = open_source(tmp_path / "shards", Reading(columns={"identity": "n"}))
    assert {ref.identity for ref in by_hand.refs} == set(map(str, range(12)))


def test_one_key_for_several_images_of_a_person_loses_none(tmp_path: Path) -> None:
    one = [("a.jpg", b"1"), ("a.cls", b"7"), ("a.jpg", b"22"), ("a.cls", b"7"), ("a.jpg", b"333"), ("a.cls", b"8")]
    for number in range(2):
        (tmp_path / f"s{number}.tar").write_bytes(tar_bytes(one))
    source = open_source(tmp_path)
    assert {ref.identity: sum(ref.identity == other.identity for other in source.refs) for ref in source.refs} == {
        "7": 4,
        "8": 2,
    }
    assert len({ref.name for ref in source.refs}) == 6
    read = read_all(source)
    assert sorted(read.values()) == sorted([b"1", b"22", b"333"] * 2)
    assert {name for name in read if name.startswith("8/")} == {"8/s0-a.jpg", "8/s1-a.jpg"}


def test_a_dot_in_a_key_takes_no_image_for_anothers(tmp_path: Path) -> None:
    members = [("m.0a_1.cls", b"1"), ("m.0a_1.jpg", b"x"), ("m.0b_1.cls", b"2"), ("m.0b_1.jpg", b"yy")]
    (tmp_path / "s.tar").write_bytes(tar_bytes(members))
    assert read_all(open_source(tmp_path / "s.tar")) == {"1/m.0a_1.jpg": b"x", "2/m.0b_1.jpg": b"yy"}


def test_what_cannot_be_had_is_counted_with_the_reason(tmp_path: Path) -> None:
    members = [
        ("a.jpg", b"1"),
        ("a.json", json_bytes(identity="A")),
        ("b.jpg", b"2"),
        ("b.json", b'{"identity": '),
        ("c.jpg", b"3"),
        ("d.json", json_bytes(identity="D")),
        ("e.jpg", b"4"),
        ("e.json", json_bytes(other=1)),
        ("f.jpg", b"5"),
        ("f.json", json_bytes(identity=None)),
        ("g.jpg", b"6"),
        ("g.json", json_bytes(identity="A")),
        ("g.txt", b"a caption"),
        (".h.jpg", b"7"),
        ("../i.jpg", b"8"),
    ]
    (tmp_path / "s.tar").write_bytes(tar_bytes(members))
    source = open_source(tmp_path / "s.tar")
    assert read_all(source) == {"A/a.jpg": b"1", "A/g.jpg": b"6"}
    assert source.skipped == {
        "image whose .cls or .json is damaged": ["b.jpg"],
        "image without a .cls or .json that says whose it is": ["c.jpg"],
        ".cls or .json without an image": ["d.json"],
        "image whose .cls or .json doesn't say whose it is": ["e.jpg", "f.jpg"],
        "no image extension (.txt)": ["g.txt"],
        "hidden file (a name that begins with a dot)": [".h.jpg"],
        "absolute path or '..' in the name": ["../i.jpg"],
    }


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"a\nb", b"x" * 300])
def test_a_damaged_class_is_counted(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "s.tar").write_bytes(
        tar_bytes([("a.jpg", b"1"), ("a.cls", b" 3\n"), ("b.jpg", b"2"), ("b.cls", content)])
    )
    source = open_source(tmp_path / "s.tar")
    assert read_all(source) == {"3/a.jpg": b"1"}
    assert source.skipped == {"image whose .cls or .json is damaged": ["b.jpg"]}


def test_identity_folders_with_other_json_stay_identity_folders(pack_archive: Pack) -> None:
    names = [f"{person}/{number}" for person in "AB" for number in range(3)]
    content = {}
    for number, name in enumerate(names):
        content |= {f"{name}.jpg": b"x", f"{name}.json": json_bytes(label=number, id=number)}
    source = open_source(pack_archive(content))
    assert {ref.identity for ref in source.refs} == {"A", "B"}
    assert source.skipped == {"no image extension (.json)": [f"{name}.json" for name in names]}


@pytest.mark.parametrize("content", [b"", b"[1]", b'"A"', b'{"identity": "\xff"}', b'{"ide\xff": 1}', b"[" * 100_000])
def test_a_damaged_object_is_counted(tmp_path: Path, content: bytes) -> None:
    members = [("a.jpg", b"1"), ("a.json", json_bytes(identity="A")), ("b.jpg", b"2"), ("b.json", content)]
    (tmp_path / "s.tar").write_bytes(tar_bytes(members))
    source = open_source(tmp_path / "s.tar")
    assert read_all(source) == {"A/a.jpg": b"1"}
    assert source.skipped == {"image whose .cls or .json is damaged": ["b.jpg"]}


@pytest.mark.parametrize("compressed", [False, True])
def test_a_shard_cut_short_is_refused(tmp_path: Path, compressed: bool) -> None:
    paths = write_shards(class_samples(PHOTOS, PEOPLE), tmp_path / "shards", 2)
    whole = paths[1].read_bytes()
    if compressed:
        whole = gzip.compress(whole)
    paths[1].write_bytes(whole[: len(whole) // 2])
    with pytest.raises(EthnoshardError, match=r"shard-0001.tar is cut short.*fetch it again"):
        open_source(tmp_path / "shards")


def test_parts_of_a_set_are_said_and_other_archives_counted(tmp_path: Path, pack_as: PackAs) -> None:
    for part, photos in (("train", dict(list(PHOTOS.items())[:8])), ("val", dict(list(PHOTOS.items())[8:]))):
        (shard,) = write_shards(class_samples(photos, PEOPLE), tmp_path / part)
        (tmp_path / "all").mkdir(exist_ok=True)
        shard.rename(tmp_path / "all" / f"{part}-0000.tar")
    pack_as("zip", {"notes/a.txt": b"x"}).rename(tmp_path / "all" / "notes.zip")
    source = open_source(tmp_path / "all")
    assert source.form == "2 WebDataset shards (1 of train, 1 of val); identities from .cls"
    assert len(source.refs) == len(PHOTOS)
    assert source.skipped == {"archive that is no shard, beside shards of WebDataset": ["notes.zip"]}


def test_one_class_for_all_is_a_smell(tmp_path: Path) -> None:
    (path,) = write_shards([{**sample, "cls": 0} for sample in class_samples(PHOTOS, PEOPLE)], tmp_path / "shards")
    (smell,) = open_source(path).smells
    assert smell.what == "all 12 images would be of one identity, '0'"


def test_many_compressed_shards_with_people_spread_over_them_are_a_smell(tmp_path: Path) -> None:
    samples = [{"__key__": f"{n:04d}", "jpg": b"x", "cls": n % 7} for n in range(40)]
    write_shards(samples, tmp_path / "spread", 10, ".tar.gz")
    (smell,) = open_source(tmp_path / "spread").smells
    assert smell.what.startswith("10 shards are compressed by gzip, and the images of 7 people are spread over several")
    assert smell.way_out.startswith("run gunzip on them first")
    write_shards([{**sample, "cls": n % 10} for n, sample in enumerate(samples)], tmp_path / "apart", 10, ".tar.gz")
    write_shards(samples, tmp_path / "plain", 10)
    write_shards(samples, tmp_path / "few", 8, ".tar.gz")
    assert [open_source(tmp_path / name).smells for name in ("apart", "plain", "few")] == [(), (), ()]


def test_json_without_a_person_is_refused_with_its_keys(tmp_path: Path) -> None:
    samples = [{"__key__": f"{n:03d}", "jpg": b"x", "json": {"who_is_it": f"p{n}", "width": 112}} for n in range(4)]
    (path,) = write_shards(samples, tmp_path / "shards")
    with pytest.raises(EthnoshardError, match=r"it has who_is_it, width. Say which key does by --columns identity=KEY"):
        open_source(path)
    assert len(open_source(path, Reading(columns={"identity": "who_is_it"})).refs) == 4


def test_a_key_of_json_is_refused_where_there_is_only_cls(tmp_path: Path) -> None:
    (path,) = write_shards(class_samples(PHOTOS, PEOPLE), tmp_path / "shards")
    with pytest.raises(EthnoshardError, match=r"no \.json, so that --columns identity=person names nothing in it"):
        open_source(path, Reading(columns={"identity": "person"}))
