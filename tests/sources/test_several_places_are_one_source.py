import random
from pathlib import Path

import pytest
from containers import PackAs, Photos
from hub_forms import write_class_parquet, write_shards
from recordio_writer import insightface_records, write_records

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources import Reading, Source, open_source

PHOTOS: Photos = {
    f"{person}/{n}.png": random.Random(person * 9 + n).randbytes(900 + n) for person in range(8) for n in range(4)
}


def read_all(source: Source) -> dict[str, bytes]:
    with source.open() as reader:
        return {ref.name: reader.read(ref) for ref in source.refs}


def put(pack_as: PackAs, kind: str, photos: Photos, where: Path) -> Path:
    where.parent.mkdir(parents=True, exist_ok=True)
    return pack_as(kind, photos).rename(where)


def some(people: range, wrapper: str = "") -> Photos:
    return {wrapper + name: data for name, data in PHOTOS.items() if int(name.partition("/")[0]) in people}


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
def test_a_folder_of_archives_is_the_whole_set(tmp_path: Path, pack_as: PackAs, kind: str) -> None:
    folder = tmp_path / "set"
    for first in (0, 4):
        put(pack_as, kind, some(range(first, first + 4), "WebFace260M/" * first), folder / f"subjects_{first}.{kind}")
    (folder / "README.md").write_text("eight archives")
    source = open_source(folder)
    assert read_all(source) == PHOTOS
    assert [ref.name for ref in source.refs] == sorted(PHOTOS)
    assert source.kind == "several"
    assert source.form == "2 archives as one source: identity folders"
    assert source.smells == ()
    assert source.digest() == open_source(pack_as("folder", PHOTOS)).digest()


def test_what_lies_beside_the_archives_of_a_folder_is_counted(tmp_path: Path, pack_as: PackAs) -> None:
    folder = tmp_path / "set"
    put(pack_as, "zip", some(range(4)), folder / "0.zip")
    put(pack_as, "zip", some(range(4, 8)), folder / "more" / "1.zip")
    for name in ("2.7z", "3.zip.part", "more/4.tar.xz"):
        (folder / name).write_bytes(b"not read")
    source = open_source(folder)
    assert read_all(source) == PHOTOS
    assert source.skipped == {
        "no image extension (.7z)": ["2.7z"],
        "no image extension (.part)": ["3.zip.part"],
        "no image extension (.xz)": ["more/4.tar.xz"],
    }


def test_what_a_system_laid_beside_archives_is_none_of_them(tmp_path: Path, pack_as: PackAs) -> None:
    put(pack_as, "zip", PHOTOS, tmp_path / "set" / "0.zip")
    for name in ("__MACOSX/0.zip", "._0.zip", ".cache/1.zip"):
        (tmp_path / "set" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "set" / name).write_bytes(b"no archive")
    source = open_source(tmp_path / "set")
    assert read_all(source) == PHOTOS
    assert sum(map(len, source.skipped.values())) == 3


def test_an_archive_beside_records_is_counted(tmp_path: Path, pack_as: PackAs) -> None:
    put(pack_as, "zip", PHOTOS, tmp_path / "set" / "0.zip")
    write_records(tmp_path / "set" / "ms1m", insightface_records([(0, [b"a"]), (1, [b"b"])]))
    assert open_source(tmp_path / "set").skipped["archive or Parquet file beside RecordIO"] == ["0.zip"]


def test_two_sets_of_records_are_not_told_to_rename_folders(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_records(tmp_path / name, insightface_records([(0, [b"a"]), (1, [b"b"])]))
    with pytest.raises(EthnoshardError, match="align each into a work folder of its own"):
        open_source([tmp_path / "a", tmp_path / "b"])


def test_a_person_in_two_archives_of_a_folder_is_one_and_the_form_says_so(tmp_path: Path, pack_as: PackAs) -> None:
    halves = ({}, {})
    for number, (name, data) in enumerate(PHOTOS.items()):
        halves[number % 2][name] = data
    for number, half in enumerate(halves):
        put(pack_as, "zip", half, tmp_path / "set" / f"0_{number}.zip")
    source = open_source(tmp_path / "set")
    assert read_all(source) == PHOTOS
    assert source.form.endswith("; 8 identities are in several archives, each of them one person")
    assert source.smells == ()
    # As a shell makes them of set/*.zip.
    assert open_source(sorted((tmp_path / "set").iterdir())).digest() == source.digest()


def test_a_person_in_two_places_given_is_a_smell(tmp_path: Path, pack_as: PackAs) -> None:
    first = put(pack_as, "zip", {"a/1.jpg": b"1", "b/1.jpg": b"2"}, tmp_path / "one" / "x.zip")
    second = put(pack_as, "folder", {"a/2.jpg": b"3", "c/1.jpg": b"4"}, tmp_path / "two")
    source = open_source([first, second])
    assert read_all(source) == {"a/1.jpg": b"1", "a/2.jpg": b"3", "b/1.jpg": b"2", "c/1.jpg": b"4"}
    (smell,) = source.smells
    assert (
        smell.what
        == f"1 identities are in several of the 2 places, as 'a' in {first} and {second}: each would be one person"
    )
    with pytest.raises(EthnoshardError, match=r"pass --as-it-is$"):
        source.checked()
    assert open_source([first, second], Reading(as_it_is=True)).checked().refs == source.refs


@pytest.mark.parametrize("kinds", [("zip", "tar"), ("zip", "folder")])
def test_two_images_of_one_name_are_refused_with_both_places(
    tmp_path: Path, pack_as: PackAs, kinds: tuple[str, str]
) -> None:
    places = [put(pack_as, kind, {"a/1.jpg": kind.encode()}, tmp_path / f"p-{kind}") for kind in kinds]
    with pytest.raises(EthnoshardError, match=rf"{places[0]} and {places[1]} both have the image 'a/1.jpg'"):
        open_source(places)


def test_places_of_any_kinds_stand_together(tmp_path: Path, pack_as: PackAs) -> None:
    write_records(tmp_path / "rec", insightface_records([(50.0, [b"r0", b"r1"]), (51.0, [b"r2"])]))
    table = write_class_parquet({"m0/0.jpg": b"p0", "n/1.jpg": b""}, tmp_path / "faces.parquet")
    (shard,) = write_shards([{"__key__": "x", "jpg": b"s", "cls": 77}], tmp_path / "wds")
    folder = put(pack_as, "folder", {"who/é.jpg": b"f"}, tmp_path / "folder")
    source = open_source([tmp_path / "rec", table, shard, folder])
    read = read_all(source)
    assert sorted(read.values()) == [b"", b"f", b"p0", b"r0", b"r1", b"r2", b"s"]
    assert read["who/é.jpg"] == b"f" and read["77/x.jpg"] == b"s" and read["m0/0.jpg"] == b"p0"
    assert [ref.name for ref in source.refs] == sorted(read)


def test_what_members_leave_out_is_counted_with_their_names(tmp_path: Path, pack_as: PackAs) -> None:
    put(pack_as, "zip", some(range(4)) | {"0/notes.txt": b""}, tmp_path / "set" / "a.zip")
    put(pack_as, "zip", some(range(4, 8)), tmp_path / "set" / "b.zip")
    put(pack_as, "tar", {"landmarks.csv": b""}, tmp_path / "set" / "c.tar")
    source = open_source(tmp_path / "set")
    assert source.skipped == {"no image extension (.txt)": ["a.zip/0/notes.txt"], "archive without an image": ["c.tar"]}


def test_a_person_alone_in_an_archive_is_no_smell_but_one_in_all_is(tmp_path: Path, pack_as: PackAs) -> None:
    for person in range(8):
        own = some(range(person, person + 1))
        put(pack_as, "zip", own, tmp_path / "set" / f"{person}.zip")
        put(pack_as, "zip", {f"0/{person}-{n}.jpg": b"" for n in range(4)}, tmp_path / "one" / f"{person}.zip")
    assert open_source(tmp_path / "set").smells == ()
    (smell,) = open_source(tmp_path / "one").smells
    assert smell.what == "all 32 images would be of one identity, '0'"


def test_a_layout_and_a_list_speak_of_all_members(tmp_path: Path, pack_as: PackAs) -> None:
    for number, people in enumerate((range(4), range(4, 8))):
        own = {f"Asian/{name}": data for name, data in some(people).items()}
        put(pack_as, "zip", own, tmp_path / "set" / f"{number}.zip")
    source = open_source(tmp_path / "set", Reading(layout="{group}/{identity}/*"))
    assert read_all(source) == PHOTOS
    assert source.people is not None
    assert source.people.rows["group"].to_list() == ["Asian"] * 8
    rows = [f"{name},new{name.partition('/')[0]}" for name in PHOTOS]
    (tmp_path / "list.csv").write_text("\n".join(["image,identity", *rows]))
    source = open_source(tmp_path / "set", Reading(table=tmp_path / "list.csv"))
    assert sorted(read_all(source).values()) == sorted(PHOTOS.values())
    assert {ref.identity for ref in source.refs} == {f"new{person}" for person in range(8)}


def test_an_empty_archive_in_the_set_is_refused(tmp_path: Path, pack_as: PackAs) -> None:
    put(pack_as, "zip", some(range(4)), tmp_path / "set" / "a.zip")
    (tmp_path / "set" / "b.zip").write_bytes(b"")
    with pytest.raises(EthnoshardError, match=r"b.zip is an empty file; fetch it again"):
        open_source(tmp_path / "set")


def test_records_some_folders_down_are_found(tmp_path: Path, pack_as: PackAs) -> None:
    write_records(tmp_path / "down" / "X" / "faces_emore", insightface_records([(0.0, [b"a", b"b"]), (1.0, [b"c"])]))
    (tmp_path / "down" / "lfw.bin").write_bytes(b"x")
    source = open_source(tmp_path / "down")
    assert (source.kind, source.path) == ("recordio", tmp_path / "down" / "X" / "faces_emore")
    assert list(read_all(source).values()) == [b"a", b"b", b"c"]
    write_records(tmp_path / "down" / "Y", insightface_records([(0.0, [b"a"])]))
    with pytest.raises(EthnoshardError, match=r"holds 2 sets of RecordIO: .*faces_emore, .*Y; give one of them"):
        open_source(tmp_path / "down")
