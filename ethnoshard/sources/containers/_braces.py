"""Patterns such as ``train-{0000..0099}.tar``, by which sets of shards are named."""

import itertools
import re
from collections.abc import Sequence

from ethnoshard.errors import EthnoshardError

_BRACES = re.compile(r"\{([^{}]*)\}")
_RANGE = re.compile(r"(\d+)\.\.(\d+)")
_MOST = 100_000


def expanded(pattern: str) -> list[str]:
    """The paths that a pattern stands for; itself, where it has neither a range nor a list in braces.

    >>> expanded("a-{08..10}.tar"), expanded("{train,val}.tar"), expanded("{identity}")
    (['a-08.tar', 'a-09.tar', 'a-10.tar'], ['train.tar', 'val.tar'], ['{identity}'])

    Raises:
        EthnoshardError: it stands for more than 100,000.
    """
    pieces = [_choices(text) if number % 2 else [text] for number, text in enumerate(_BRACES.split(pattern))]
    number = 1
    for choices in pieces:
        number *= len(choices)
    if number > _MOST:
        raise EthnoshardError(f"{pattern} stands for {number:,} files, more than {_MOST:,}; check the numbers")
    return ["".join(chosen) for chosen in itertools.product(*pieces)]


def _choices(text: str) -> Sequence[str]:
    found = _RANGE.fullmatch(text)
    if found is None:
        return text.split(",") if "," in text else [f"{{{text}}}"]
    first, last = int(found[1]), int(found[2])
    if abs(last - first) >= _MOST:
        raise EthnoshardError(f"{{{text}}} stands for more than {_MOST:,} files; check the numbers")
    width = max(len(found[1]), len(found[2])) if found[1].startswith("0") or found[2].startswith("0") else 0
    step = 1 if last >= first else -1
    return [f"{number:0{width}d}" for number in range(first, last + step, step)]
