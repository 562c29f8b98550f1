"""A listing of a folder, tar or zip is columns, and nobody who asks for its refs, or walks them, can tell."""

import copy
import hashlib
import io
import json
import os
import pickle
import random
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from containers import PackAs, Photos
from hypothesis import given, settings
from hypothesis import strategies as st

from ethnoshard._tar import TarFile
from ethnoshard.sources import ImageRef, Source, identity_starts, look_at, open_source
from ethnoshard.sources import _ref_table as table_module
from ethnoshard.sources._ref_table import RefTable
from ethnoshard.sources._refs import total_bytes
from ethnoshard.sources.containers import _images as images_module
from ethnoshard.sources.containers._images import display
from ethnoshard.sources.containers._inventory import ArchiveInventory, no_image_reason

LATIN = os.fsdecode(b"Jos\xe9")
MOST_BYTES = 260
"""An image, while it is listed and digested; a list of objects took 380 to 840."""

_LISTED = """
import sys
from ethnoshard.sources import open_source

def peak():  # getrusage would begin with that of the process which started this one
    return int(open("/proc/self/status").read().partition("VmHWM:")[2].split()[0]) * 1024

source = open_source(sys.argv[1])
source.digest()
print(len(source.refs), peak())
"""


def name_of(image: int) -> str:
    return f"person {image // 25:06d}/{image % 25:04d}_of_a_face.jpg"


def many_in_a_tar(path: Path, images: int) -> None:
    with path.open("wb") as file:
        tar = TarFile(file)
        tar.add_all((name_of(image), b"") for image in range(images))
        tar.close()


def many_in_a_zip(path: Path, images: int) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for image in range(images):
            archive.writestr(name_of(image), b"")


def many_in_a_folder(path: Path, images: int) -> None:
    for image in range(images):
        if not image % 25:
            (path / name_of(image)).parent.mkdir(parents=True)
        (path / name_of(image)).touch()


@pytest.mark.parametrize(
    ("many", "fewer", "more"),
    [(many_in_a_tar, 100_000, 400_000), (many_in_a_zip, 40_000, 120_000), (many_in_a_folder, 20_000, 80_000)],
    ids=["tar", "zip", "folder"],
)
def test_a_further_image_takes_so_many_bytes_at_most(
    tmp_path: Path, many: Callable[[Path, int], None], fewer: int, more: int
) -> None:
    peaks = []
    for images in (fewer, more):
        many(tmp_path / str(images), images)
        command = [sys.executable, "-c", _LISTED, tmp_path / str(images)]
        run = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        listed, peak = map(int, run.stdout.split())
        assert listed == images
        peaks.append(peak)
    assert peaks[1] - peaks[0] < MOST_BYTES * (more - fewer)


def names_and_bytes(count: int, seed: int = 0) -> Photos:
    """Of people and files whose order by code points is neither that by UTF-16 nor by letters."""
    draw = random.Random(seed)
    people = ["Zoë", "zoe", "Z", "\uffee", "\U0001f600", "a", "é", LATIN, r"Jos\x", "a b", 'q"', "n1", "n10", "n2"]
    files = [*people, *(f"{number:04d}" for number in range(40))]
    return {f"{draw.choice(people)}/{draw.choice(files)}.jpg": draw.randbytes(draw.randrange(60)) for _ in range(count)}


def shown(name: str, at: str | int, data: bytes) -> ImageRef:
    return ImageRef(display(name.partition("/")[0]), display(name), at, len(data))


@pytest.fixture
def source(pack_as: PackAs) -> Source:
    return open_source(pack_as("folder", names_and_bytes(300)))


@pytest.mark.parametrize("at_once", [1, 3, 50, 1 << 16])
@pytest.mark.parametrize("kind", ["folder", "tar", "zip"])
@pytest.mark.parametrize("together", [True, False], ids=["a person's together", "in no order"])
def test_they_are_in_the_order_of_code_points_and_blocks_leave_no_seam(
    pack_as: PackAs, monkeypatch: pytest.MonkeyPatch, kind: str, at_once: int, together: bool
) -> None:
    photos = names_and_bytes(300)
    if together:
        photos = dict(sorted(photos.items(), key=lambda each: display(each[0]).partition("/")[0]))
    if kind == "zip":
        photos = {name: data for name, data in photos.items() if name == display(name)}
    for module, names in (
        (table_module, ("_AT_ONCE", "_TEXTS_AT_ONCE", "_SORTED_AT_ONCE")),
        (images_module, ("_AT_ONCE",)),
    ):
        for name in names:
            monkeypatch.setattr(module, name, at_once)
    source = open_source(pack_as(kind, photos))
    assert isinstance(source.refs, RefTable)
    assert [(ref.identity, ref.name, ref.size) for ref in source.refs] == [
        (ref.identity, ref.name, ref.size) for ref in sorted(shown(name, "", data) for name, data in photos.items())
    ]
    raw = {display(name): data for name, data in photos.items()}
    with source.open() as reader:
        assert all(reader.read(ref) == raw[ref.name] for ref in source.refs)
    lines = "".join(json.dumps([ref.identity, ref.name, ref.size]) + "\n" for ref in list(source.refs))
    assert source.digest() == hashlib.sha256(lines.encode()).hexdigest()


def test_a_path_leads_to_its_file_whatever_its_bytes(pack_as: PackAs) -> None:
    photos: Photos = {f"{LATIN}/{LATIN}.jpg": b"1", f"{LATIN}/plain.jpg": b"2", f"A/{LATIN}.jpg": b"3", "A/é.jpg": b"4"}
    source = open_source(pack_as("folder", photos))
    assert [(ref.name, ref.locator) for ref in source.refs] == [
        (r"A/Jos\xe9.jpg", f"A/{LATIN}.jpg"),
        ("A/é.jpg", "A/é.jpg"),
        (r"Jos\xe9/Jos\xe9.jpg", f"{LATIN}/{LATIN}.jpg"),
        (r"Jos\xe9/plain.jpg", f"{LATIN}/plain.jpg"),
    ]
    for refs in (source.refs, source.refs[1:], source.refs[::-1]):
        with source.open() as reader:
            assert all(reader.read(ref) == photos[str(ref.locator)] for ref in refs)
    in_tar: Photos = {f"B/{LATIN}.jpg": b"5", f"A/2{LATIN}.jpg": b"6"}
    apart: Photos = {f"deep/C/{LATIN}.jpg": b"7", "deep/C/0.jpg": b"8", "deep/A/0.jpg": b"9"}
    several = open_source([pack_as("tar", in_tar), source.path, pack_as("folder", apart)])
    found = photos | in_tar | {name.removeprefix("deep/"): data for name, data in apart.items()}
    with several.open() as reader:
        assert {ref.name: reader.read(ref) for ref in several.refs} == {display(name): found[name] for name in found}


def test_refs_are_a_sequence_as_a_list_is(source: Source) -> None:
    refs, plain = source.refs, list(source.refs)
    count = len(plain)
    assert isinstance(refs, RefTable) and len(refs) == count > 200
    assert refs == plain and plain == refs and refs[3:] != plain
    assert [refs[place] for place in range(-count, count)] == plain + plain
    for places in (slice(3, 9), slice(-5, None), slice(None, None, -7), slice(40, 900), slice(9, 3)):
        assert list(refs[places]) == plain[places] == [refs[places][i] for i in range(len(refs[places]))]
    assert plain[11] in refs and refs.index(plain[11]) == 11 and list(reversed(refs)) == plain[::-1]
    for beyond in (count, -count - 1):
        with pytest.raises(IndexError):
            refs[beyond]
    assert identity_starts(refs).tolist() == identity_starts(plain).tolist()
    assert identity_starts(refs[7:90]).tolist() == identity_starts(plain[7:90]).tolist()
    assert total_bytes(refs) == total_bytes(plain) == look_at(source).image_bytes


@pytest.mark.parametrize("kind", ["folder", "tar"])
def test_a_piece_that_goes_to_another_process_takes_its_own_images_along_and_no_others(
    pack_as: PackAs, kind: str
) -> None:
    source = open_source(pack_as(kind, {f"{who:03d}/{LATIN}{n}.jpg": b"" for who in range(100) for n in range(20)}))
    piece = source.refs[500:520]
    content = pickle.dumps(piece)
    assert len(content) < 20 * 100 + 1000
    assert pickle.loads(content) == copy.deepcopy(piece) == list(source.refs)[500:520]  # noqa: S301 - our own


NAMES = ["A/1.jpg", "./A/1.jpg", "A//1.jpg", "A/1.jpg/.", "A/2.jpg", "B/1.jpg", "1.jpg", "/1.jpg", "A/../1.jpg", ".."]
NAMES += ["A/.h.jpg", ".h/1.jpg", "__MACOSX/1.jpg", ".h/__MACOSX/1.jpg", ".h/@eaDir", "A/x.txt", "", ".", "A/n\0.jpg"]
NAMES += [f"A/{LATIN}.jpg", f"./A/{LATIN}.jpg", r"A/Jos\xe9.jpg", f"{LATIN}/1.jpg", "/", "A/..", "/A/."]
entries = st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from([None, None, None, "link"])), max_size=25)


@settings(max_examples=300)
@given(entries)
def test_the_last_entry_of_a_name_stands_where_the_first_did(met: list[tuple[str, str | None]]) -> None:
    found = ArchiveInventory()
    for number, (name, reason) in enumerate(met):
        found.add(name, number, number + 7, reason)
    inventory = found.finish()
    wanted, skipped = by_a_dictionary(met)
    assert list(inventory.images) == wanted
    assert list(inventory.skipped.items()) == list(skipped.items())


def by_a_dictionary(
    met: list[tuple[str, str | None]],
) -> tuple[list[tuple[str, int, int]], Mapping[str, list[str]]]:
    """What an archive holds, kept entry by entry."""
    systems = {"__MACOSX": "macOS metadata (__MACOSX)", "@eaDir": "thumbnails that a Synology made (@eaDir)"}
    kept: dict[str, tuple[str, int, int] | str] = {}
    skipped: dict[str, list[str]] = {}
    for number, (name, reason) in enumerate(met):
        parts = [part for part in name.split("/") if part not in ("", ".")]
        path = "/".join(parts)
        if name.startswith("/") or ".." in parts or "\0" in name or not parts:
            skipped.setdefault("absolute path or '..' in the name", []).append(display(name))
            continue
        if path in kept:
            skipped.setdefault("replaced by a later entry of the same name", []).append(display(path))
        own = next((systems[part] for part in parts if part in systems), None)
        hidden = "hidden file (a name that begins with a dot)" if any(part[0] == "." for part in parts) else None
        kept[path] = own or hidden or no_image_reason(parts[-1]) or reason or (path, number, number + 7)
    for path, entry in kept.items():
        if isinstance(entry, str):
            skipped.setdefault(entry, []).append(display(path))
    return [entry for entry in kept.values() if not isinstance(entry, str)], skipped


people = st.sampled_from(["A", "B", "a", LATIN, "é"])
files = st.sampled_from(["1.jpg", f"{LATIN}.jpg", "é.png", "10.jpg"])
people_and_files = st.lists(st.tuples(people, files), min_size=1, max_size=12, unique=True)


@settings(max_examples=60)
@given(st.lists(people_and_files, min_size=2, max_size=3))
def test_several_archives_are_in_one_order_and_each_image_is_its_own_members(
    members: list[list[tuple[str, str]]],
) -> None:
    with TemporaryDirectory() as folder:
        wanted = {}
        for number, names in enumerate(members):
            with tarfile.open(Path(folder) / f"{number}.tar", "w", errors="surrogateescape") as archive:
                for who, file in names:
                    member = tarfile.TarInfo(f"{who}/{number}{file}")
                    data = f"{number} {who} {file}".encode("utf-8", "surrogateescape")
                    member.size = len(data)
                    archive.addfile(member, io.BytesIO(data))
                    wanted[display(member.name)] = data
        source = open_source(Path(folder))
        assert [ref.name for ref in source.refs] == [
            name for _, name in sorted((name.partition("/")[0], name) for name in wanted)
        ]
        with source.open() as reader:
            assert {ref.name: reader.read(ref) for ref in source.refs} == wanted
