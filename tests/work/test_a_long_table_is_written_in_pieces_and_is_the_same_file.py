"""A table that nobody holds as a whole is the very file that it would be in one piece; a full disk is still told."""

import errno
import os
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from ethnoshard._files import TEMPORARY, write_long_table, write_table
from ethnoshard.errors import EthnoshardError

ROW_GROUP = 122_880


def table(rows: int) -> pl.DataFrame:
    """Numbers, names and gaps."""
    number = pl.int_range(rows, dtype=pl.Int32, eager=True)
    return pl.DataFrame(
        {
            "identity": number // 7,
            "offset": number.cast(pl.Int64) * 1536,
            "source_image": pl.select(pl.format("p{}/{}.jpg", number // 7, number % 7)).to_series(),
            "probability": pl.select(pl.when(number % 5 > 0).then(number / rows).cast(pl.Float32)).to_series(),
        }
    )


@pytest.mark.parametrize("rows", [0, 1, 163_840, 163_841, 294_913, 294_914, 430_003])
def test_the_bytes_are_those_of_the_whole_table(rows: int, tmp_path: Path) -> None:
    whole, longest = table(rows), 0

    def some(start: int, stop: int) -> pl.DataFrame:
        nonlocal longest
        longest = max(longest, stop - start)
        return whole[start:stop]

    write_table(tmp_path / "whole.parquet", whole)
    write_long_table(tmp_path / "pieces.parquet", rows, some)
    assert (tmp_path / "pieces.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes()
    assert longest <= 163_840
    assert pl.read_parquet(tmp_path / "pieces.parquet").equals(whole)


def test_a_full_disk_leaves_nothing_and_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Path.open

    def full(path: Path, *given: Any, **options: Any) -> Any:
        file = opened(path, *given, **options)
        if not path.name.endswith(TEMPORARY):
            return file

        class Full:
            def __enter__(self) -> "Full":
                return self

            def __exit__(self, *_: object) -> None:
                file.close()

            def write(self, content: bytes) -> int:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        return Full()

    rng = np.random.default_rng(0)
    whole = pl.DataFrame({"number": rng.integers(0, 2**60, 2 * ROW_GROUP)})
    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(EthnoshardError, match=r"the disk is full: .*long\.parquet"):
        write_long_table(tmp_path / "long.parquet", len(whole), lambda start, stop: whole[start:stop])
    assert not list(tmp_path.iterdir())
