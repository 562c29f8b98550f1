"""Which parts of a dataset its files are of, by their names."""

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

_SPLIT = re.compile(r"(?:.*[^a-z])?(train|test|val|validation|dev)(?:[^a-z].*)?", re.IGNORECASE)


def splits_of(files: Iterable[Path]) -> str:
    """Of which parts the files are, to go behind their number; "" where they aren't of several.

    >>> splits_of([Path("train-00000-of-00001.parquet"), Path("test-00000-of-00001.parquet")])
    ' (1 of test, 1 of train)'
    """
    found = Counter(split for file in files if (split := _split(file.stem) or _split(file.parent.name)))
    return (
        f" ({', '.join(f'{number:,} of {split}' for split, number in sorted(found.items()))})" if len(found) > 1 else ""
    )


def _split(name: str) -> str | None:
    found = _SPLIT.fullmatch(name)
    return found and found[1].lower()
