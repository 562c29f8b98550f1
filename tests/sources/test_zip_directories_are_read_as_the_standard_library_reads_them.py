import io
import random
import stat
import struct
import warnings
import zipfile
from pathlib import Path

import pytest

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources import Reading, open_source
from ethnoshard.sources.containers import _zip_directory as directory_module
from ethnoshard.sources.containers._zip_directory import OddZipError, ZipDirectory

NAMES = ["a.jpg", "é" * 40 + ".jpg", "deep/" * 30 + "b.jpg", "n" * 180 + ".jpg", "folder/", "x\\y.jpg", 'q"u.png', ""]
FACTS = ("orig_filename", "filename", "flag_bits", "compress_type", "create_system")
FACTS += ("compress_size", "file_size", "header_offset", "CRC")


def zip_of(seed: int, entries: int = 100) -> bytes:
    """Files and folders by several methods, with extra fields, comments, bytes before and behind."""
    draw = random.Random(seed)
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w") as archive:
        warnings.simplefilter("ignore")  # names come again
        for name in draw.choices(NAMES, k=entries):
            info = zipfile.ZipInfo(name)
            info.compress_type = draw.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
            info.create_system = draw.choice([0, 3])
            info.external_attr = draw.choice([0, stat.S_IFREG << 16, stat.S_IFLNK << 16])
            info.comment = b"c" * draw.choice([0, 0, 9])
            info.extra = draw.choice([b"", struct.pack("<2H5x", 0x5455, 5)])
            archive.writestr(info, draw.randbytes(draw.choice([0, 1, 600])))
        archive.comment = b"of all" * draw.choice([0, 0, 1])
    return bytes(draw.choice([0, 0, 7])) + buffer.getvalue()


def by_the_library(path: Path) -> list[tuple[object, ...]]:
    with zipfile.ZipFile(path) as archive:
        return [tuple(getattr(info, fact) for fact in FACTS) for info in archive.infolist()]


def ours(path: Path) -> list[tuple[object, ...]]:
    with ZipDirectory(path) as directory:
        walked = list(directory.walk())
        order = random.Random(0).sample(range(len(walked)), len(walked))
        found = {index: directory.info(index) for index in order}
    assert [found[index].file_size for index in range(len(walked))] == [entry.size for entry in walked]
    return [tuple(getattr(found[index], fact) for fact in FACTS) for index in range(len(walked))]


@pytest.mark.parametrize("at_once", [50, 700, 1 << 20], ids=["an entry is longer", "some entries", "all entries"])
def test_every_entry_is_the_same_and_is_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(directory_module, "_AT_ONCE", at_once)
    monkeypatch.setattr(directory_module, "_FEW_AT_ONCE", at_once)
    path = tmp_path / "x.zip"
    for seed in range(30):
        path.write_bytes(zip_of(seed))
        assert ours(path) == by_the_library(path)


def test_more_entries_than_16_bits_count_and_members_beyond_4_gib_are_found(tmp_path: Path) -> None:
    """Of a file with holes, which take no room on the disk."""
    path, far = tmp_path / "x.zip", 5 << 30
    content = zip_of(1, entries=70_000)
    with path.open("wb") as file:
        file.write(b"PK\x03\x04")
        file.seek(far)
        file.write(content)
    with ZipDirectory(path) as directory:
        assert sum(1 for _ in directory.walk()) == 70_000 and not directory.outside
        assert directory.info(69_999).header_offset > far
    with zipfile.ZipFile(path, "a", allowZip64=True) as archive:
        archive.writestr("A/last.jpg", b"far")  # its offset, and the directory's, stand in extra fields
    assert path.stat().st_blocks * 512 < far
    with ZipDirectory(path) as directory:
        count = sum(1 for _ in directory.walk())
        last = directory.info(count - 1)
    with zipfile.ZipFile(path) as archive:
        assert (last.header_offset, last.file_size) == (archive.infolist()[-1].header_offset, 3)
    source = open_source(path, Reading(layout="{identity}/*"))
    with source.open() as reader:
        assert reader.read(next(ref for ref in source.refs if ref.name == "A/last.jpg")) == b"far"


def test_a_directory_changed_anywhere_is_an_error_or_what_the_library_reads(tmp_path: Path) -> None:
    draw = random.Random(3)
    path, left, read = tmp_path / "x.zip", 0, 0
    for seed in range(400):
        content = bytearray(zip_of(seed, entries=3))
        start = content.index(b"PK\x01\x02")
        for _ in range(draw.choice([1, 2])):
            content[draw.randrange(start, len(content))] = draw.choice(b"\0\x01PK\x05\xff")
        if draw.random() < 0.2:
            del content[draw.randrange(start, len(content)) :]
        path.write_bytes(content)
        try:
            found = ours(path)
        except OddZipError:
            left += 1  # to the library, whatever it makes of it
            continue
        assert found == by_the_library(path)
        read += 1
    assert left > 50 and read > 50


def test_a_name_that_is_not_the_utf8_that_it_says_is_left_to_the_library(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("é/1.jpg", b"x")
    path.write_bytes(path.read_bytes().replace("é".encode(), b"\xe9\xe9"))
    with pytest.raises(OddZipError), ZipDirectory(path) as directory:
        list(directory.walk())
    with pytest.raises(EthnoshardError, match="says that its names are UTF-8"):
        open_source(path)


def test_members_that_overlap_are_left_to_the_library(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/1.jpg", bytes(1000))
        # A second entry for the same bytes: harmless, but so are bombs made.
        again = zipfile.ZipInfo("a/2.jpg")
        again.CRC, again.header_offset = archive.infolist()[0].CRC, 0
        again.file_size = again.compress_size = 1000
        archive.filelist.append(again)
    with ZipDirectory(path) as directory, pytest.raises(OddZipError):
        list(directory.walk())
    assert [ref.name for ref in open_source(path).refs] == ["a/1.jpg", "a/2.jpg"]
