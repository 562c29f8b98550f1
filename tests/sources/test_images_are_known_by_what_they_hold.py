"""Digests of images: the same in every container, read once, and read again whenever a file may have changed."""

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from containers import Pack, PackAs

import ethnoshard._stamp
from ethnoshard._known_digests import KnownDigests
from ethnoshard.sources import ImageRef, Source, contents_digest, image_digests, open_source
from ethnoshard.sources.containers._folder import FolderReader
from ethnoshard.sources.containers._tar import TarReader

PHOTOS = {f"{person}/{number}.jpg": f"{person}{number}".encode() * 100 for person in "AB" for number in range(3)}


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the images that a folder's or a tar's reader read."""
    names: list[str] = []
    for reader in (FolderReader, TarReader):

        def counted(self, ref: ImageRef, original: Callable[..., bytes] = reader.read) -> bytes:
            names.append(ref.name)
            return original(self, ref)

        monkeypatch.setattr(reader, "read", counted)
    return names


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as settled at once, so that no test has to let two seconds pass."""
    monkeypatch.setattr(ethnoshard._stamp, "SETTLED", -(10**18))


def digest_of(source: Source, known: KnownDigests) -> str:
    return contents_digest(source.refs, image_digests(source, known))


def rewrite(path: Path, data: bytes) -> None:
    """Other bytes of the same number, with the old time of change; until the file system's clock has moved on."""
    before = path.stat()
    while True:
        path.write_bytes(data)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        if path.stat().st_ctime_ns != before.st_ctime_ns:
            break
    after = path.stat()
    assert (after.st_size, after.st_mtime_ns, after.st_ino) == (before.st_size, before.st_mtime_ns, before.st_ino)


def test_every_container_gives_the_same_digests(pack: Pack, pack_as: PackAs, tmp_path: Path) -> None:
    known = KnownDigests(tmp_path / "cache")
    source = open_source(pack(PHOTOS))
    found = image_digests(source, known)
    assert found == [hashlib.sha256(PHOTOS[ref.name]).digest() for ref in source.refs]
    assert contents_digest(source.refs, found) == digest_of(open_source(pack_as("folder", PHOTOS)), known)


def test_other_bytes_of_the_same_names_and_sizes_are_told(pack: Pack, tmp_path: Path) -> None:
    known = KnownDigests(tmp_path / "cache")
    one, other = (
        open_source(pack({**PHOTOS, "B/1.jpg": data})) for data in (PHOTOS["B/1.jpg"], PHOTOS["B/1.jpg"][::-1])
    )
    assert one.digest() == other.digest()
    assert digest_of(one, known) != digest_of(other, known)


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("kind", ["folder", "tar"])
def test_what_was_read_once_is_not_read_again(pack_as: PackAs, tmp_path: Path, read: list[str], kind: str) -> None:
    path, known = pack_as(kind, PHOTOS), KnownDigests(tmp_path / "cache")
    first = image_digests(open_source(path), known)
    assert len(read) == 6
    assert image_digests(open_source(path), KnownDigests(tmp_path / "cache")) == first
    assert image_digests(open_source(path), known, open_source(path).refs[4:]) == first[4:]
    assert len(read) == 6


@pytest.mark.usefixtures("settled")
def test_a_file_rewritten_under_its_old_time_is_read_again_and_no_other(
    pack_as: PackAs, tmp_path: Path, read: list[str]
) -> None:
    path, known = pack_as("folder", PHOTOS), KnownDigests(tmp_path / "cache")
    before = digest_of(open_source(path), known)
    rewrite(path / "B" / "1.jpg", PHOTOS["B/1.jpg"][::-1])
    read.clear()
    assert digest_of(open_source(path), known) != before
    assert read == ["B/1.jpg"]


@pytest.mark.usefixtures("settled")
def test_an_archive_rewritten_under_its_old_time_is_read_again(
    pack_as: PackAs, tmp_path: Path, read: list[str]
) -> None:
    path, known = pack_as("tar", PHOTOS), KnownDigests(tmp_path / "cache")
    other = pack_as("tar", {**PHOTOS, "B/1.jpg": PHOTOS["B/1.jpg"][::-1]})
    before = digest_of(open_source(path), known)
    rewrite(path, other.read_bytes())
    read.clear()
    assert digest_of(open_source(path), known) == digest_of(open_source(other), KnownDigests(tmp_path / "none"))
    assert digest_of(open_source(path), known) != before and len(read) > 6


def test_nothing_is_kept_of_a_file_that_may_change_unseen(
    pack_as: PackAs, tmp_path: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ethnoshard._stamp, "SETTLED", 10**18)
    path, known = pack_as("folder", PHOTOS), KnownDigests(tmp_path / "cache")
    for times in (1, 2):
        digest_of(open_source(path), known)
        assert len(read) == 6 * times


@pytest.mark.usefixtures("settled")
def test_a_file_that_changes_while_it_is_read_is_not_kept(
    pack_as: PackAs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, known = pack_as("folder", {"A/1.jpg": b"one"}), KnownDigests(tmp_path / "cache")
    real = FolderReader.read

    def meanwhile(self, ref: ImageRef) -> bytes:
        data = real(self, ref)
        rewrite(path / "A" / "1.jpg", b"two")
        return data

    with monkeypatch.context() as patch:
        patch.setattr(FolderReader, "read", meanwhile)
        assert image_digests(open_source(path), known) == [hashlib.sha256(b"one").digest()]
    assert image_digests(open_source(path), known) == [hashlib.sha256(b"two").digest()]


@pytest.mark.usefixtures("settled")
def test_what_cannot_be_read_has_no_digest_even_if_it_had_one(pack_as: PackAs, tmp_path: Path) -> None:
    path, known = pack_as("folder", {"A/1.jpg": bytes(1001), "A/2.jpg": b"x", "A/3.jpg": b"yz"}), KnownDigests(tmp_path)
    assert None not in image_digests(open_source(path), known)
    source = open_source(path, max_file_bytes=1000)
    (path / "A" / "2.jpg").unlink()
    (path / "A" / "3.jpg").write_bytes(b"grown")
    assert image_digests(source, known) == [None, None, None]


def test_a_table_that_is_damaged_or_cannot_be_made_only_costs_reading(
    pack_as: PackAs, tmp_path: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ethnoshard._stamp, "SETTLED", -(10**18))
    path, folder = pack_as("folder", PHOTOS), tmp_path / "cache"
    first = digest_of(open_source(path), KnownDigests(folder))
    (table,) = folder.iterdir()
    table.write_bytes(b"no table" * 1000)
    for _ in range(2):
        assert digest_of(open_source(path), KnownDigests(folder)) == first
    assert digest_of(open_source(path), KnownDigests(folder)) == first
    assert len(read) < 24  # mended, and of use again
    shutil.rmtree(folder)
    folder.write_text("a file where the folder should be")
    assert digest_of(open_source(path), KnownDigests(folder)) == first
    assert folder.read_text() == "a file where the folder should be"


@pytest.mark.usefixtures("settled")
def test_many_images_are_not_read_without_a_word(
    pack_as: PackAs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ethnoshard.sources._contents._MANY", 6)
    path, known, said = pack_as("folder", PHOTOS), KnownDigests(tmp_path / "cache"), []
    image_digests(open_source(path), known, log=said.append)
    assert len(said) == 1 and said[0].startswith("reading 6 images of ")
    image_digests(open_source(path), known, log=said.append)
    assert len(said) == 1


@pytest.mark.usefixtures("settled")
def test_whole_files_are_remembered_likewise(tmp_path: Path) -> None:
    known, path = KnownDigests(tmp_path / "cache"), tmp_path / "part.tar"
    path.write_bytes(b"one")
    for data in (b"one", b"two"):
        if data != b"one":
            rewrite(path, data)
        assert known.of_files([path]) == [hashlib.sha256(data).hexdigest()] == known.of_files([path])
