import io
import random
import tarfile
from pathlib import Path

import pytest

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources.containers._tar import members_of

FORMATS = {"v7 and ustar": tarfile.USTAR_FORMAT, "GNU": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}
NAMES = ["a.jpg", "é" * 40 + ".jpg", "deep/" * 30 + "b.jpg", "n" * 180 + ".jpg", "odd\udce9.jpg", "space x.cls", "last"]


def tar_of(form: int, seed: int = 0) -> bytes:
    """Files, folders, links and times with fractions, names of every kind that the format takes."""
    draw = random.Random(seed)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form, encoding="utf-8", errors="surrogateescape") as archive:
        for name in draw.choices(NAMES, k=12):
            member = tarfile.TarInfo(name)
            member.mtime = draw.choice([0, 1234.5])
            # The old type of a file only where no name is cut: the library takes one cut at a "/" for a folder.
            old = tarfile.AREGTYPE if form == tarfile.USTAR_FORMAT else tarfile.REGTYPE
            member.type = draw.choice([tarfile.REGTYPE] * 6 + [old, tarfile.DIRTYPE, tarfile.SYMTYPE])
            member.linkname = "a.jpg" if member.issym() else ""
            member.size = draw.choice([0, 1, 511, 512, 513, 3000]) if member.isreg() else 0
            if form == tarfile.PAX_FORMAT and draw.random() < 0.3:
                key = draw.choice(["comment", "SCHILY.xattr.a"])
                member.pax_headers = {key: "x"}
            try:
                archive.addfile(member, io.BytesIO(draw.randbytes(member.size)))
            except ValueError:
                continue  # a name that ustar can't hold
    return buffer.getvalue()


def by_the_library(content: bytes) -> list[tuple[str, int, int, bool]]:
    with tarfile.open(fileobj=io.BytesIO(content), encoding="utf-8", errors="surrogateescape") as archive:
        return [
            (each.name, each.offset_data, each.size, each.isreg()) for each in archive.getmembers() if not each.isdir()
        ]


def ours(content: bytes) -> list[tuple[str, int, int, bool]]:
    found = members_of(Path("x.tar"), io.BytesIO(content))
    return [(member.name, member.offset, member.size, member.reason is None) for member in found]


@pytest.mark.parametrize("form", FORMATS)
def test_names_places_and_sizes_are_the_same(form: str) -> None:
    for seed in range(60):
        content = tar_of(FORMATS[form], seed)
        assert ours(content) == by_the_library(content)


@pytest.mark.parametrize("form", FORMATS)
def test_a_header_changed_anywhere_is_an_error_or_what_the_library_reads(form: str) -> None:
    draw = random.Random(2)
    refused = 0
    for seed in range(200):
        content = bytearray(tar_of(FORMATS[form], seed))
        with tarfile.open(fileobj=io.BytesIO(content), errors="surrogateescape") as archive:
            header = draw.choice(archive.getmembers()).offset
        place = header + draw.choice([0, 3, 100, 124, 135, 148, 154, 156, 257, 345])
        content[place] = draw.choice(b"0 19-/\xff")
        if draw.random() < 0.3:
            del content[draw.randrange(512, len(content)) :]
        try:
            found = ours(bytes(content))
        except EthnoshardError:
            refused += 1
            continue
        assert found == by_the_library(bytes(content))
    assert refused > 100


def test_a_size_that_stands_in_an_extended_header_counts() -> None:
    """As of files above 8 GiB, whose header has no room for it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name in ("a.jpg", "b.jpg"):
            member = tarfile.TarInfo(name)
            member.size, member.pax_headers = 700, {"size": "700"}
            archive.addfile(member, io.BytesIO(bytes(700)))
    content = buffer.getvalue()
    without = tarfile.TarInfo("a.jpg").tobuf(tarfile.USTAR_FORMAT)
    content = content[:1024] + without + content[1536:]
    assert ours(content) == by_the_library(content)
    assert [size for _, _, size, _ in ours(content)] == [700, 700]


@pytest.mark.parametrize("length", [b"99999999999999999999", b"0"])
def test_a_length_that_no_record_has_is_an_error(length: bytes) -> None:
    record = length + b" path=a\n"
    member = tarfile.TarInfo("././@PaxHeader")
    member.type, member.size = tarfile.XHDTYPE, len(record)
    content = member.tobuf(tarfile.USTAR_FORMAT) + record.ljust(512, b"\0") + tar_of(tarfile.USTAR_FORMAT)
    with pytest.raises(EthnoshardError, match=r"x\.tar is (cut short or )?damaged"):
        ours(content)
