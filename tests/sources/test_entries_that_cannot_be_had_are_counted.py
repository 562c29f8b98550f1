import io
import os
import struct
import tarfile
import warnings
import zipfile
from pathlib import Path
from typing import Literal

import pytest
from containers import Pack, PackAs

from ethnoshard.errors import UnreadableImageError
from ethnoshard.sources import open_source

UNSAFE = "absolute path or '..' in the name"
REPLACED = "replaced by a later entry of the same name"


def test_unsafe_paths(pack_archive: Pack) -> None:
    source = open_source(pack_archive({"/etc/1.jpg": b"x", "A/../../2.jpg": b"x", "A/3.jpg": b"y"}))
    assert [ref.name for ref in source.refs] == ["A/3.jpg"]
    assert source.skipped == {UNSAFE: ["/etc/1.jpg", "A/../../2.jpg"]}


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_the_last_of_a_name_wins_in_a_tar(tmp_path: Path, mode: Literal["w", "w:gz"]) -> None:
    path = tmp_path / "a"
    with tarfile.open(path, mode) as archive:
        for name, data in [("A/1.jpg", b"old"), ("A/2.jpg", b"kept"), ("./A/1.jpg", b"newer")]:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    source = open_source(path)
    assert source.skipped == {REPLACED: ["A/1.jpg"]}
    with source.open() as reader:
        assert [reader.read(ref) for ref in source.refs] == [b"newer", b"kept"]


def test_the_last_of_a_name_wins_in_a_zip(tmp_path: Path) -> None:
    with warnings.catch_warnings(), zipfile.ZipFile(tmp_path / "a", "w") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("A/1.jpg", b"old")
        archive.writestr("A/1.jpg", b"newer")
    source = open_source(tmp_path / "a")
    assert source.skipped == {REPLACED: ["A/1.jpg"]}
    with source.open() as reader:
        assert [reader.read(ref) for ref in source.refs] == [b"newer"]


def test_links_devices_and_sparse_files_in_a_tar(tmp_path: Path) -> None:
    kinds = {
        "A/sym.jpg": tarfile.SYMTYPE,
        "A/hard.jpg": tarfile.LNKTYPE,
        "A/pipe.jpg": tarfile.FIFOTYPE,
        "A/disk.jpg": tarfile.BLKTYPE,
        "A/sparse.jpg": tarfile.GNUTYPE_SPARSE,
        "A/1.jpg": tarfile.REGTYPE,
    }
    with tarfile.open(tmp_path / "a", "w", format=tarfile.GNU_FORMAT) as archive:
        for name, kind in kinds.items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "1.jpg" if kind in (b"1", b"2") else ""
            archive.addfile(member)
    source = open_source(tmp_path / "a")
    assert [ref.name for ref in source.refs] == ["A/1.jpg"]
    assert source.skipped == {
        "link inside an archive": ["A/sym.jpg", "A/hard.jpg"],
        "device, pipe or socket": ["A/pipe.jpg", "A/disk.jpg"],
        "sparse file inside an archive": ["A/sparse.jpg"],
    }


def patched(content: bytearray, name: bytes, offset: int, form: str, value: int) -> None:
    """Change a field of the central directory's entry ``name``, whose fixed part of 46 bytes is before it."""
    struct.pack_into(form, content, content.rindex(name) - 46 + offset, value)


def test_links_encryption_and_unknown_methods_in_a_zip(tmp_path: Path, pack_as: PackAs) -> None:
    names = ["A/1.jpg", "A/secret.jpg", "A/odd.jpg", "A/link.jpg"]
    path = pack_as("zip", dict.fromkeys(names, b"x"))
    content = bytearray(path.read_bytes())
    patched(content, b"A/secret.jpg", 8, "<H", 1)
    patched(content, b"A/odd.jpg", 10, "<H", 99)
    patched(content, b"A/link.jpg", 38, "<I", 0o120777 << 16)
    path.write_bytes(content)
    source = open_source(path)
    assert [ref.name for ref in source.refs] == ["A/1.jpg"]
    assert source.skipped == {
        "encrypted": ["A/secret.jpg"],
        "compressed by a method that can't be read here": ["A/odd.jpg"],
        "link inside an archive": ["A/link.jpg"],
    }


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_member_larger_than_it_says_is_unreadable(tmp_path: Path, method: int) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("A/bomb.jpg", bytes(50 * 2**20))
    content = bytearray(path.read_bytes())
    patched(content, b"A/bomb.jpg", 24, "<I", 1000)
    path.write_bytes(content)
    source = open_source(path)
    with source.open() as reader, pytest.raises(UnreadableImageError, match="damaged"):
        reader.read(source.refs[0])


def test_folders_in_an_archive_are_no_entries(tmp_path: Path, pack_as: PackAs) -> None:
    root = pack_as("folder", {"A/1.jpg": b"x"})
    (root / "empty").mkdir()
    with tarfile.open(tmp_path / "a", "w") as archive:
        archive.add(root, arcname=".")
    with zipfile.ZipFile(tmp_path / "b", "w") as archive:
        for path in [root / "A", root / "empty", root / "A" / "1.jpg"]:
            archive.write(path, os.path.relpath(path, root))
    for name in "ab":
        source = open_source(tmp_path / name)
        assert [ref.name for ref in source.refs] == ["A/1.jpg"]
        assert source.skipped == {}
