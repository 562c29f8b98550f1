"""Damage to a file, decided by a seed alone."""

import re

import numpy as np

_NUMBER = re.compile(rb"[0-9]+")
_TEXTS = (b"0", b"1", b"-1", b"4294967296", b"9223372036854775808", b"1" * 400, b"1e999", b"nan", b"0x10", b"")
_WORDS = (0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 0x7FFFFFFFFFFFFFFF, 0xFFFFFFFFFFFFFFFF)
_BYTES = (
    b"\x00",
    b"\xff",
    b'"',
    b"\n",
    b"\r",
    b",",
    b"/",
    b"../",
    b"\\",
    b"\xef\xbb\xbf",
    b"{",
    b"[" * 200,
    b"\x80\x04",
)
_FEW, _MANY = 8, 64
"""Changes of a file, bytes of a longer one."""


def mutated(content: bytes, seed: int) -> bytes:
    """The file with one change, or two or three.

    Args:
        content: a whole file.
        seed: decides what is done to it.
    """
    rng = np.random.default_rng(seed)
    for _ in range(max(1, int(rng.integers(-2, 4)))):
        content = _CHANGES[int(rng.integers(len(_CHANGES)))](content, rng)
    return content


def _place(content: bytes, rng: np.random.Generator) -> int:
    """Anywhere, and often near the begin or the end, where headers and indexes lie."""
    where = int(rng.integers(6))
    if where == 0:
        return int(rng.integers(min(len(content), _MANY) + 1))
    if where == 1:
        return len(content) - int(rng.integers(min(len(content), 4 * _MANY) + 1))
    return int(rng.integers(len(content) + 1))


def _flipped(content: bytes, rng: np.random.Generator) -> bytes:
    changed = bytearray(content)
    for _ in range(int(rng.integers(1, _FEW))):
        if changed:
            changed[min(_place(content, rng), len(changed) - 1)] ^= 1 << int(rng.integers(8))
    return bytes(changed)


def _cut(content: bytes, rng: np.random.Generator) -> bytes:
    return content[: _place(content, rng)]


def _inserted(content: bytes, rng: np.random.Generator) -> bytes:
    place = _place(content, rng)
    some = _BYTES[int(rng.integers(len(_BYTES)))] if rng.integers(2) else rng.bytes(int(rng.integers(1, _MANY)))
    return content[:place] + some + content[place:]


def _spliced(content: bytes, rng: np.random.Generator) -> bytes:
    """A piece of the file over or beside another."""
    start, place = _place(content, rng), _place(content, rng)
    piece = content[start : start + int(rng.integers(1, 16 * _MANY))]
    return content[:place] + piece + content[place + (len(piece) if rng.integers(2) else 0) :]


def _removed(content: bytes, rng: np.random.Generator) -> bytes:
    place = _place(content, rng)
    return content[:place] + content[place + int(rng.integers(1, _MANY)) :]


def _text_number(content: bytes, rng: np.random.Generator) -> bytes:
    """Another number in place of one that stands in the text."""
    place = _place(content, rng)
    found = _NUMBER.search(content, place) or _NUMBER.search(content)
    if found is None:
        return _flipped(content, rng)
    return content[: found.start()] + _TEXTS[int(rng.integers(len(_TEXTS)))] + content[found.end() :]


def _binary_number(content: bytes, rng: np.random.Generator) -> bytes:
    """An extreme number in place of 1, 2, 4 or 8 bytes."""
    width = 1 << int(rng.integers(4))
    word = _WORDS[int(rng.integers(len(_WORDS)))] & ((1 << 8 * width) - 1)
    place = _place(content, rng)
    return content[:place] + word.to_bytes(width, "little" if rng.integers(4) else "big") + content[place + width :]


# What leaves a file nearly as it was gets further into its reader.
_CHANGES = (
    _flipped, _flipped, _cut, _inserted, _spliced, _removed, _text_number, _text_number, _text_number, _binary_number,
    _binary_number,
)  # fmt: skip
