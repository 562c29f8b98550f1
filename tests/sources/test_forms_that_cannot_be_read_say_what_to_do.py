import io
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import pytest
from containers import PackAs
from hub_forms import tar_bytes

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources import open_source

LMDB = bytes(16) + b"\xde\xc0\xef\xbe" + bytes(400)
"""The head of a page, then the magic number of a meta page."""
# A record of 5 bytes as TensorFlow frames it; both checksums are those that its own writer gives.
TFRECORD = bytes.fromhex("0500000000000000") + bytes.fromhex("eab2043e") + b"hello" + bytes(4)


def message_of(path: Path) -> str:
    with pytest.raises(EthnoshardError) as caught:
        open_source(path)
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "wanted"),
    [
        ("x.mdb", LMDB, 'is an LMDB database, which isn\'t read here. docs/datasets.md, "LMDB and TFRecord", has the'),
        ("x.bin", TFRECORD, "is a TFRecord file, which isn't read here. docs/datasets.md"),
        ("x y.7z", b"7z\xbc\xaf\x27\x1c rest", "compressed by 7-Zip, .*7z x 'x y.7z' -oFOLDER)"),
        ("x.tar.xz", b"\xfd7zXZ\x00 rest", "(mkdir FOLDER && tar -xJf x.tar.xz -C FOLDER)"),
        ("x.zip.001", b"PK\x03\x04", "Join all pieces and give the whole: cat x.zip.* > x.zip"),
        ("x.7z.002", b"\x00" * 600, "cat x.7z.* > x.7z"),
        ("a b.tar.gz.aa", b"\x1f\x8b", "cat 'a b.tar.gz'.* > 'a b.tar.gz'"),
        ("x.tar.part0", tar_bytes([("a", b"")])[:700], "cat x.tar.part* > x.tar"),
        ("x.tar.part", tar_bytes([("a", b"")])[:700], "cat x.tar.part* > x.tar, if all pieces are there; else"),
        ("x.z01", b"PK\x07\x08", "zip -s 0 x.zip --out x-whole.zip"),
    ],
)
def test_a_file_says_what_it_is_and_the_command(tmp_path: Path, name: str, content: bytes, wanted: str) -> None:
    (tmp_path / name).write_bytes(content)
    said = message_of(tmp_path / name)
    for part in wanted.split(".*"):
        assert part in said
    assert said.startswith(str(tmp_path / name))
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / name).rename(folder / name)
    if name != "x.bin":
        said = message_of(folder)
        assert str(folder) in said and name in said
        for part in wanted.split(".*"):
            assert part in said


def test_pieces_without_an_extension_are_told_by_the_second(tmp_path: Path) -> None:
    whole = tar_bytes([(f"{person}/{n}.jpg", bytes(700)) for person in "abc" for n in range(3)])
    (tmp_path / "glint360k_00").write_bytes(whole[:5000])
    (tmp_path / "glint360k_01").write_bytes(whole[5000:])
    for path in (tmp_path / "glint360k_00", tmp_path / "glint360k_01", tmp_path):
        assert "pieces and give the whole: cat glint360k_* > glint360k.tar" in message_of(path)
    (tmp_path / "glint360k.tar").write_bytes(whole)
    assert len(open_source(tmp_path / "glint360k.tar").refs) == 9
    # Two archives that are each whole are no pieces.
    (tmp_path / "glint360k_01").write_bytes(whole)
    (tmp_path / "glint360k_00").write_bytes(whole)
    assert len(open_source(tmp_path / "glint360k_00").refs) == 9


def test_the_last_piece_of_a_split_zip_is_told_by_the_first(tmp_path: Path) -> None:
    (tmp_path / "x.z01").write_bytes(b"PK\x07\x08")
    (tmp_path / "x.zip").write_bytes(b"PK\x03\x04 rest")
    assert "x.zip is the last piece of an archive. Join all" in message_of(tmp_path / "x.zip")


def encrypted_zip(path: Path) -> Path:
    """A zip whose entries have the flag of encryption; what they hold doesn't matter, since nothing reads it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for person in "ab":
            archive.writestr(f"faces/{person}/1.jpg", b"secret")
    content = bytearray(buffer.getvalue())
    place = -1
    while (place := content.find(b"PK\x01\x02", place + 1)) >= 0:
        content[place + 8] |= 1
    path.write_bytes(content)
    return path


def test_an_encrypted_zip_says_how_the_password_is_given(tmp_path: Path) -> None:
    path = encrypted_zip(tmp_path / "web face.zip")
    wanted = "its 2 images are encrypted. Unpack it with the password that came with the licence, and give the folder: "
    for given in (path, tmp_path):
        said = message_of(given)
        assert f"{path}: {wanted}unzip -P PASSWORD 'web face.zip' -d FOLDER" in said
        assert "7z x -pPASSWORD -oFOLDER 'web face.zip'" in said


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
@pytest.mark.parametrize("inside", ["casia/train.rec", "data/train-0.parquet", "part.tar.gz"])
def test_a_set_inside_an_archive_is_to_be_unpacked(pack_as: PackAs, kind: str, inside: str) -> None:
    path = pack_as(kind, {inside: b"x", "casia/lfw.bin": b""})
    said = message_of(path)
    assert f"{path} holds no image, but {inside}, which can't be read inside an archive; unpack {path.name}" in said


@pytest.mark.parametrize(
    ("name", "wanted"), [("data.mdb", "an LMDB database"), ("tf-00000.tfrecord", "a TFRecord file")]
)
def test_a_folder_of_another_form_names_the_file(tmp_path: Path, name: str, wanted: str) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / name).write_bytes(b"x")
    assert f"holds no image, but deep/{name}, {wanted}" in message_of(tmp_path)


def test_parquet_beside_archives_is_for_the_user_to_choose(tmp_path: Path, pack_as: PackAs) -> None:
    pack_as("zip", {"a/1.jpg": b""}).rename(tmp_path / "a.zip")
    (tmp_path / "b.parquet").write_bytes(b"PAR1")
    assert "1 Parquet files, as b.parquet, and 1 archives, as a.zip; give those that hold" in message_of(tmp_path)


def test_the_checksum_that_tells_a_tfrecord_is_the_published_one() -> None:
    # RFC 3720, B.4: 32 bytes of zeros have the CRC-32C 8a9136aa; and it isn't zlib's CRC-32.
    from ethnoshard.sources.containers._refusals import _crc32c

    assert _crc32c(bytes(32)) == 0x8A9136AA
    assert _crc32c(bytes(32)) != zlib.crc32(bytes(32))
    assert struct.unpack("<Q", TFRECORD[:8]) == (5,)


def test_the_documents_eight_lines_turn_a_tfrecord_into_identity_folders(tmp_path: Path) -> None:
    document = Path(__file__).parents[2] / "docs" / "datasets.md"
    section = document.read_text().partition("### LMDB and TFRecord\n")[2].partition("\n## ")[0]
    program = section.split("```text\n")[2].partition("```")[0]
    images = {f"p{n // 2}/{n}.jpg": b"\xff\xd8" + bytes([n]) * (50 + n) for n in range(4)}
    with (tmp_path / "TFR-MS1M-00000.tfrecord").open("wb") as file, (tmp_path / "TFR-MS1M.index").open("w") as index:
        for name, image in images.items():
            index.write(f"/data/ms1m/{name}\t0\t{file.tell()}\n")
            record = b"\x0a\x05image" + image
            file.write(struct.pack("<Q4x", len(record)) + record + bytes(4))
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], cwd=tmp_path, check=True)
    source = open_source(tmp_path / "faces")
    with source.open() as reader:
        assert {ref.name: reader.read(ref) for ref in source.refs} == images
