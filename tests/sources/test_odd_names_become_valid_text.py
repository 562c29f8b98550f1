import os
import struct
import zipfile
from pathlib import Path

import pytest
from containers import PackAs

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources import open_source

LATIN = os.fsdecode(b"Jos\xe9")


def zip_with_raw_name(path: Path, name: bytes) -> Path:
    """A zip whose only name is these bytes, without the UTF-8 flag, as many writers make them."""
    stand_in = "z" * len(name)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(stand_in, b"x")
    path.write_bytes(path.read_bytes().replace(stand_in.encode(), name))
    return path


@pytest.mark.parametrize("kind", ["folder", "tar", "tar.gz"])
def test_bytes_that_are_not_utf8_are_written_out(pack_as: PackAs, kind: str) -> None:
    source = open_source(pack_as(kind, {f"{LATIN}/{LATIN}.jpg": b"x", "A/1.jpg": b"y"}))

    assert [ref.name for ref in source.refs] == ["A/1.jpg", r"Jos\xe9/Jos\xe9.jpg"]
    with source.open() as reader:
        assert reader.read(source.refs[1]) == b"x"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [(b"Jos\xe9/1.jpg", r"Jos\xe9/1.jpg"), ("José/1.jpg".encode(), "José/1.jpg")],
)
def test_zip_names_without_the_utf8_flag(tmp_path: Path, raw: bytes, shown: str) -> None:
    source = open_source(zip_with_raw_name(tmp_path / "a.zip", raw))

    assert [ref.name for ref in source.refs] == [shown]
    with source.open() as reader:
        assert reader.read(source.refs[0]) == b"x"


def test_backslashes_are_separators_only_where_windows_wrote_the_zip(tmp_path: Path) -> None:
    raw = zip_with_raw_name(tmp_path / "a.zip", rb"set\A\1.jpg")
    with pytest.raises(EthnoshardError, match="1 of 1 images lie loose"):
        open_source(raw)
    content = bytearray(raw.read_bytes())
    content[content.index(b"PK\x01\x02") + 5] = 0  # made by MS-DOS
    raw.write_bytes(content)
    assert [ref.name for ref in open_source(raw).refs] == ["A/1.jpg"]


def test_a_zip_that_says_utf8_and_is_not_is_refused(tmp_path: Path) -> None:
    raw = zip_with_raw_name(tmp_path / "a.zip", b"Jos\xe9/1.jpg")
    content = bytearray(raw.read_bytes())
    struct.pack_into("<H", content, content.index(b"PK\x01\x02") + 8, 0x800)
    raw.write_bytes(content)
    with pytest.raises(EthnoshardError, match="names are UTF-8"):
        open_source(raw)


@pytest.mark.parametrize("kind", ["folder", "tar"])
@pytest.mark.parametrize("other", [r"Jos\xe9/2.jpg", LATIN + "/" + r"Jos\xe9.jpg"], ids=["identity", "file"])
def test_two_names_that_read_the_same_are_refused(pack_as: PackAs, kind: str, other: str) -> None:
    photos = {f"{LATIN}/{LATIN}.jpg": b"x", other: b"y"}
    with pytest.raises(EthnoshardError, match=r"more than one .* that reads"):
        open_source(pack_as(kind, photos))
