import gzip
import io
import random
import tarfile
from pathlib import Path

import pytest
from containers import Pack, PackAs

from ethnoshard.errors import EthnoshardError, UnreadableImageError
from ethnoshard.sources import open_source

PHOTOS = {f"{person}/{i}.jpg": random.Random(i).randbytes(3000) for person in "ABC" for i in range(4)}


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_cut_anywhere(pack_archive: Pack, share: float) -> None:
    path = pack_archive(PHOTOS)
    content = path.read_bytes()
    # A tar's padding may go: only what is before the end mark belongs to the photographs.
    whole = len(content.rstrip(b"\0")) if content[:2] not in (b"PK", b"\x1f\x8b") else len(content)
    path.write_bytes(content[: int(whole * share)])
    with pytest.raises(EthnoshardError, match="fetch it again") as caught:
        open_source(path)
    assert str(path) in str(caught.value)


def test_every_cut_of_a_tar_at_a_block(pack_as: PackAs, tmp_path: Path) -> None:
    path = pack_as("tar", {"A/1.jpg": b"x" * 600, "B/1.jpg": b"y"})
    content = path.read_bytes()
    end_mark = 512 * (1 + 2 + 1 + 1)
    for length in range(512, end_mark + 1, 512):
        path.write_bytes(content[:length])
        with pytest.raises(EthnoshardError, match="cut short"):
            open_source(path)
    path.write_bytes(content[: end_mark + 512])
    assert len(open_source(path).refs) == 2


def test_a_cut_between_members_inside_a_whole_gzip(pack_as: PackAs, tmp_path: Path) -> None:
    content = pack_as("tar", {"A/1.jpg": b"x", "B/1.jpg": b"y"}).read_bytes()
    path = tmp_path / "cut.tgz"
    path.write_bytes(gzip.compress(content[:1024]))
    with pytest.raises(EthnoshardError, match="without the end mark"):
        open_source(path)


@pytest.mark.parametrize("from_the_end", [1, 5])
def test_a_wrong_gzip_checksum_or_length(pack_as: PackAs, from_the_end: int) -> None:
    path = pack_as("tar.gz", PHOTOS)
    content = bytearray(path.read_bytes())
    content[-from_the_end] ^= 1
    path.write_bytes(content)
    with pytest.raises(EthnoshardError, match=r"damaged.*fetch it again"):
        open_source(path)


def test_a_damaged_tar_header(pack_as: PackAs) -> None:
    path = pack_as("tar", PHOTOS)
    content = bytearray(path.read_bytes())
    content[content.index(b"B/0.jpg")] = ord("X")
    path.write_bytes(content)
    with pytest.raises(EthnoshardError, match=r"damaged: no tar header at byte"):
        open_source(path)


@pytest.mark.parametrize("kind", ["tar", "tar.gz"])
@pytest.mark.parametrize("more", [b"", bytes(2**21)], ids=["joined archives", "unfinished download"])
def test_what_follows_the_end_mark_is_not_ignored(pack_as: PackAs, tmp_path: Path, kind: str, more: bytes) -> None:
    content = pack_as("tar", PHOTOS).read_bytes()
    path = tmp_path / "joined"
    path.write_bytes(b"")
    joined = content + (more or content)
    path.write_bytes(gzip.compress(joined) if kind == "tar.gz" else joined)
    with pytest.raises(EthnoshardError, match="goes on after the end mark"):
        open_source(path)


def test_a_gzip_of_several_members_is_one_archive(pack_as: PackAs, tmp_path: Path) -> None:
    content = pack_as("tar", PHOTOS).read_bytes()
    path = tmp_path / "joined.tar.gz"
    path.write_bytes(gzip.compress(content[:5000]) + gzip.compress(content[5000:]))
    source = open_source(path)
    with source.open() as reader:
        assert {ref.name: reader.read(ref) for ref in source.refs} == PHOTOS


def test_a_zip_without_its_beginning(pack_as: PackAs) -> None:
    path = pack_as("zip", PHOTOS)
    content = path.read_bytes()
    path.write_bytes(content[:30] + content[9000:])
    with pytest.raises(EthnoshardError, match="fetch it again"):
        open_source(path)


def test_one_damaged_zip_member_costs_only_itself(pack_as: PackAs) -> None:
    path = pack_as("zip", PHOTOS)
    content = bytearray(path.read_bytes())
    content[content.index(b"B/0.jpg") + 1000] ^= 1
    path.write_bytes(content)
    source = open_source(path)
    unreadable = []
    with source.open() as reader:
        for ref in source.refs:
            try:
                assert reader.read(ref) == PHOTOS[ref.name]
            except UnreadableImageError as error:
                unreadable.append((ref.name, str(error)))
    assert [name for name, _ in unreadable] == ["B/0.jpg"]
    assert "damaged" in unreadable[0][1]


@pytest.mark.parametrize("kind", ["tar", "tar.gz", "zip"])
def test_an_archive_that_shrank_after_the_listing(pack_as: PackAs, kind: str) -> None:
    path = pack_as(kind, PHOTOS)
    source = open_source(path)
    with source.open() as reader:
        content = path.read_bytes()
        path.write_bytes(content[:2000])
        with pytest.raises(UnreadableImageError):
            reader.read(source.refs[-1])


@pytest.mark.parametrize("inner", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
def test_every_tar_dialect_with_long_names(tmp_path: Path, inner: int) -> None:
    name = "w" * 90 + "/" + "n" * 60 + "/1.jpg"
    path = tmp_path / "a"
    with tarfile.open(path, "w", format=inner) as archive:
        member = tarfile.TarInfo(name)
        member.size = 3
        archive.addfile(member, io.BytesIO(b"abc"))
    source = open_source(path)
    with source.open() as reader:
        assert [(ref.name, reader.read(ref)) for ref in source.refs] == [("n" * 60 + "/1.jpg", b"abc")]
