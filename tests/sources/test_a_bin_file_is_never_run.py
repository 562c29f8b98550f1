"""A .bin file is a pickle, and a pickle is a program: whatever it asks for, nothing of it happens."""

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources import read_bin_pairs
from ethnoshard.sources.pairs._plain_pickle import read_plain_pickle


class Calls:
    """Pickles to a call."""

    def __init__(self, called: Callable[..., Any], *arguments: object) -> None:
        self.call = called, arguments

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_malicious_file_is_refused_and_nothing_runs(tmp_path: Path, protocol: int) -> None:
    trace, path = tmp_path / "trace", tmp_path / "set.bin"
    path.write_bytes(pickle.dumps(([Calls(open, str(trace), "w")] * 20, [True] * 10), protocol))
    with pytest.raises(
        EthnoshardError, match=r"is not a \.bin file of insightface: it (asks for|holds something other)"
    ):
        read_bin_pairs(path)
    assert not trace.exists()


@pytest.mark.parametrize(
    "value",
    [
        Calls(eval, "1"),
        Calls(bytes, 10**12),
        Calls(bytearray, b"x"),
        np.True_,
        np.zeros(2),
        {"a": 1},
        {1},
        1,
        1.5,
        None,
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("protocol", [0, 2, 5])
def test_only_bytes_bools_lists_and_tuples_are_read(tmp_path: Path, value: object, protocol: int) -> None:
    path = tmp_path / "set.bin"
    path.write_bytes(pickle.dumps(([b"image"] * 19 + [value], [True] * 10), protocol))
    with pytest.raises(EthnoshardError):
        read_bin_pairs(path)


@pytest.mark.parametrize(
    "content",
    [
        b"cos\nsystem\n(S'true'\ntR.",
        b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00aX\x04\x00\x00\x00zlib\x86R.",
        b"\x80\x02c_codecs\nencode\n.",
        b"\x80\x04\x8c\x02os\x8c\x06system\x93.",
        b"\x82\x01.",
        b"cos\nsystem\n}b.",
    ],
    ids=["system", "another codec", "the stand-in itself", "protocol 4", "extension", "state"],
)
def test_by_hand(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "set.bin"
    path.write_bytes(content)
    with pytest.raises(EthnoshardError, match=r"is not a \.bin file of insightface"):
        read_bin_pairs(path)


@pytest.mark.parametrize(
    "content",
    [
        b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00aX\x04\x00\x00\x00zlib\x86R.",
        b"\x80\x02c__builtin__\nbytes\nX\x01\x00\x00\x00aX\x06\x00\x00\x00latin1\x86R.",
        b"\x80\x02c_codecs\nencode\n)R.",
        b"\x80\x02X\x01\x00\x00\x00a)R.",
    ],
    ids=["another codec", "bytes of arguments", "encode of nothing", "what is no function"],
)
def test_only_the_two_calls_that_make_bytes_are_known(content: bytes) -> None:
    with pytest.raises(EthnoshardError, match=r"other than bytes, lists, tuples and bools \(a call\)"):
        read_plain_pickle(content)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_the_advice_for_arrays_of_numpy_works_and_ones_are_true(tmp_path: Path, protocol: int) -> None:
    path = tmp_path / "set.bin"
    images, answers = [np.frombuffer(b"\xff\xd8x", np.uint8)] * 20, np.arange(10) % 2 == 0
    with path.open("wb") as file:
        pickle.dump(([bytes(image) for image in images], [bool(answer) for answer in answers]), file, protocol)
    found = read_bin_pairs(path)
    assert found.images == (b"\xff\xd8x",) * 20 and found.pairs.same.tolist() == answers.tolist()
    path.write_bytes(pickle.dumps(([b"x"] * 20, [int(answer) for answer in answers]), protocol))
    assert read_bin_pairs(path).pairs.same.tolist() == answers.tolist()


IMAGES = [b"\xff\xd8%d" % place for place in range(20)]


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    "answers",
    [
        [np.bool_(place % 3 == 0) for place in range(10)],
        np.arange(10) % 3 == 0,
        [int(place % 3 == 0) for place in range(10)],
        [np.int32(place % 3 == 0) for place in range(10)],
        (np.arange(10) % 3 == 0).astype(">i2"),
        (np.arange(10) % 3 == 0).astype(np.int64)[:, None],
    ],
    ids=["bools of numpy", "an array", "0 and 1", "numbers of numpy", "an array, big-endian", "a column"],
)
@pytest.mark.parametrize("images", ["bytes", "arrays", "columns"])
def test_what_people_write_with_numpy_is_read_as_the_same(
    tmp_path: Path, images: str, answers: Any, protocol: int
) -> None:
    path = tmp_path / "set.bin"
    rows = [np.frombuffer(image, np.uint8) for image in IMAGES]
    given: list[Any] = {"bytes": IMAGES, "arrays": rows, "columns": [row[:, None] for row in rows]}[images]
    path.write_bytes(pickle.dumps((given, answers), protocol))
    found = read_bin_pairs(path)
    assert found.images == tuple(IMAGES)
    assert found.pairs.same.tolist() == [place % 3 == 0 for place in range(10)]


def test_numpy_1_and_python_2_name_numpys_parts_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "set.bin"
    content = pickle.dumps((IMAGES, [np.bool_(place < 5) for place in range(10)]), 2)
    path.write_bytes(content.replace(b"numpy._core.", b"numpy.core."))
    assert read_bin_pairs(path).pairs.same.tolist() == [True] * 5 + [False] * 5


@pytest.mark.parametrize(
    "content",
    [
        b"\x80\x03cnumpy.core.multiarray\n_reconstruct\ncnumpy\ndtype\nK\x00\x85C\x01b\x87R.",
        b"\x80\x02cnumpy\ndtype\nX\x02\x00\x00\x00O8\x89\x88\x87R.",
        b"\x80\x02cnumpy\nload\nX\x01\x00\x00\x00x\x85R.",
        b"\x80\x02cnumpy.core.multiarray\nscalar\n)R.",
        b"\x80\x02]K\x01b.",
    ],
    ids=["of another class", "of objects", "load", "of nothing", "state of a list"],
)
def test_numpys_names_are_known_for_bools_and_numbers_only(content: bytes) -> None:
    with pytest.raises(EthnoshardError):
        read_plain_pickle(content)


plain = st.recursive(
    st.binary(max_size=300) | st.booleans() | st.integers(-3, 300),
    lambda inner: st.lists(inner, max_size=5) | st.lists(inner).map(tuple),
)


@given(value=plain, protocol=st.integers(0, pickle.HIGHEST_PROTOCOL))
def test_what_is_plain_comes_back_as_it_was(value: object, protocol: int) -> None:
    assert read_plain_pickle(pickle.dumps(value, protocol)) == value


@given(value=plain, protocol=st.integers(0, 5), data=st.data())
def test_a_damaged_one_is_one_message(value: object, protocol: int, data: st.DataObject) -> None:
    content = bytearray(pickle.dumps(value, protocol))
    place = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        del content[place:]
    else:
        content[place] = data.draw(st.integers(0, 255))
    try:
        read_plain_pickle(bytes(content))
    except EthnoshardError as error:
        assert str(error)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (([b"x"] * 19, [True] * 10), "has 19 images and 10 answers; there are two images for each answer"),
        (([b"x"] * 18, [True] * 9), "has 18 images and 9 answers.*at least 10 answers"),
        (([b"x"] * 20, [b"y"] * 10), "or an answer is not a bool"),
        (([b"x"] * 20, [2] * 10), "or an answer is not a bool"),
        (([np.zeros((2, 2, 3), np.uint8)] * 20, [True] * 10), "array of 2 x 2 x 3 numbers, which are pixels"),
        (([np.zeros(2)] * 20, [True] * 10), r"arrays or numbers of numpy .*pickle\.dump\(\(\[bytes"),
        (([b"x"] * 20, [np.float64(1)] * 10), r"arrays or numbers of numpy .*\[bool\(answer\) for answer"),
        (([b"x"] * 20, np.full(10, 2)), "or an answer is not a bool"),
        (([b"x"] * 20, np.ones(9, bool)), "has 20 images and 9 answers"),
        (([True, *[b"x"] * 19], [True] * 10), "1 of its 20 images are no bytes"),
        ([True, False], "which is a pair of lists, encoded images and bools; it holds another thing"),
        ((), "it holds another thing"),
    ],
)
def test_numbers_that_do_not_fit(tmp_path: Path, value: object, message: str) -> None:
    path = tmp_path / "set.bin"
    path.write_bytes(pickle.dumps(value))
    with pytest.raises(EthnoshardError, match=message):
        read_bin_pairs(path)
    with pytest.raises(EthnoshardError, match="is not there"):
        read_bin_pairs(tmp_path / "other.bin")
