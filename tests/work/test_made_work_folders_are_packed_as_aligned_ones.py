"""Work folders that the benchmarks make, so that no photograph is aligned, are packed as those of ``align`` are."""

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks import packing, scale
from ethnoshard.shards import pack, verify


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("make_work", [packing.make_work, scale.make_work])
def test_a_made_work_folder_is_packed_whole(make_work: Callable[[Path, int], object], tmp_path: Path) -> None:
    make_work(tmp_path / "work", 200)
    assert pack(tmp_path / "work", tmp_path / "dataset", workers=1).manifest.faces == 200
    assert verify(tmp_path / "dataset", decode=True).faults == []
