"""What is written quickly is what the standard library writes, for every name and size that it takes."""

import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ethnoshard._tar import TarFile, member_header

NAMES = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=100)


@given(NAMES, st.integers(0, 8**11 - 1))
def test_a_header_is_that_of_tarfile(name: str, size: int) -> None:
    expected = tarfile.TarInfo(name)
    expected.size = size
    assert member_header(name, size) == expected.tobuf(tarfile.USTAR_FORMAT)


def test_a_name_or_a_size_beyond_a_header_is_left_to_tarfile() -> None:
    long = f"{'folder' * 10}/{'x' * 60}"
    expected = tarfile.TarInfo(long)
    assert member_header(long, 0) == expected.tobuf(tarfile.USTAR_FORMAT)
    with pytest.raises(ValueError, match="overflow"):
        member_header("x", 8**11)


@given(st.lists(st.tuples(NAMES, st.binary(max_size=1100)), max_size=5))
def test_members_are_read_back_from_where_they_were_put(members: list[tuple[str, bytes]]) -> None:
    file = io.BytesIO()
    tar = TarFile(file)
    offsets = [tar.add(name, content) for name, content in members]
    assert tar.end == file.tell()
    tar.close()
    with tarfile.open(fileobj=io.BytesIO(file.getvalue()), format=tarfile.USTAR_FORMAT) as read:
        found = read.getmembers()
        assert [member.offset_data for member in found] == offsets
        assert [(read.extractfile(member) or file).read() for member in found] == [content for _, content in members]
