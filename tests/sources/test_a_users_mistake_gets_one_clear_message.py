import bz2
import gzip
import lzma
import os
from pathlib import Path

import pytest
from containers import Pack, PackAs, Photos

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources import Place, open_source


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is an empty file; fetch it again"),
        (b"<!DOCTYPE html><p>Quota exceeded", "is not a folder of identity folders.*page of an error"),
        (b"name,images\n", "is not a folder of identity folders"),
        (bz2.compress(b"x"), "compressed by bzip2.*pack it again as .tar or .zip"),
        (lzma.compress(b"x"), "compressed by xz.*pack it again as .tar or .zip"),
        (b"\x28\xb5\x2f\xfd rest", "compressed by Zstandard.*pack it again as .tar or .zip"),
        (b"7z\xbc\xaf\x27\x1c rest", "compressed by 7-Zip.*pack it again as .tar or .zip"),
        (b"Rar!\x1a\x07\x01 rest", "compressed by RAR.*pack it again as .tar or .zip"),
        (gzip.compress(b"name,images\n", mtime=0), "what is inside is not a tar"),
        (gzip.compress(b"", mtime=0), "what is inside is not a tar"),
        (bytes(10240), "holds no image: it is empty.*SOURCE/identity/image.jpg"),
        (b"PK\x05\x06" + bytes(18), "holds no image: it is empty"),
    ],
)
def test_files(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "photographs"
    path.write_bytes(content)
    with pytest.raises(EthnoshardError, match=message) as caught:
        open_source(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("photos", "message"),
    [
        ({"A/labels.csv": b"", "A/.x": b""}, "holds no image; .* 1 x hidden file .*, 1 x no image extension"),
        ({"1.jpg": b"", "2.jpg": b"", "A/1.jpg": b""}, "2 of 3 images lie loose.*give the folder above it"),
    ],
)
def test_layouts(pack: Pack, photos: Photos, message: str) -> None:
    path = pack(photos)
    with pytest.raises(EthnoshardError, match=message) as caught:
        open_source(path)
    assert str(path) in str(caught.value)


def test_an_empty_folder(tmp_path: Path) -> None:
    with pytest.raises(EthnoshardError, match="holds no image: it is empty"):
        open_source(tmp_path)


@pytest.mark.parametrize("name", ["nowhere", "file/below", "n" * 300])
def test_no_such_path(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(EthnoshardError, match=r"does not exist|Not a directory|File name too long"):
        open_source(tmp_path / name)
    with pytest.raises(EthnoshardError, match="can't be opened"):
        Place(kind="tar", path=tmp_path / name).open()


def test_neither_folder_nor_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(EthnoshardError, match="neither a folder nor a file"):
        open_source(tmp_path / "pipe")


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_forbidden_file(pack_as: PackAs) -> None:
    path = pack_as("tar", {"A/1.jpg": b""})
    path.chmod(0)
    with pytest.raises(EthnoshardError, match="can't be read: Permission denied"):
        open_source(path)


def test_a_limit_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 1, not 0"):
        open_source(tmp_path, max_file_bytes=0)
