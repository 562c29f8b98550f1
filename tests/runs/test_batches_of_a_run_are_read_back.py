from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ethnoshard.errors import EthnoshardError
from ethnoshard.runs import BATCHES_SCHEMA, Batches, ahead_of_target, read_batches

Step = tuple[int, Sequence[float | None], Sequence[int]]
"""The loader's epoch, what is wanted of each group, and how many people of it there were."""


def meeting(people: Sequence[int], near: bool = False) -> dict[str, Any]:
    """What meets where so many people of each group are in a batch; whose nearest other is there, by halves."""
    pairs = [number * (number - 1) for number in people]
    return {
        "own_pairs": pairs,
        "own_pairs_at_random": [0.25] * len(people),
        "nearest_met": [number // 2 if near else None for number in people],
        "nearest_met_by_chance": [number / 8 if near else None for number in pairs],
    }


def written(path: Path, steps: Sequence[Step], near: bool = False) -> pl.DataFrame:
    """Steps of two groups; each says what is wanted of A and B, and how many people there were."""
    rows = Batches(path)
    for step, (loader_epoch, wanted, people) in enumerate(steps, 1):
        faces = [4 * number for number in people]
        at = {"step": step, "epoch": 0, "loader_epoch": loader_epoch, "groups": ("A", "B"), "wanted": wanted}
        rows.add(**at, people=people, faces=faces, **meeting(people, near))
    rows.write()
    table = read_batches(path)
    assert table is not None
    return table


def test_what_was_written_is_read(tmp_path: Path) -> None:
    table = written(tmp_path / "batches.parquet", [(0, (1.5, 0.5), (2, 0)), (0, (None, None), (1, 1))])
    assert table.schema == BATCHES_SCHEMA
    assert table.rows() == [
        (1, 0, 0, "A", 1.5, 2, 8, 2, 0.25, None, None),
        (1, 0, 0, "B", 0.5, 0, 0, 0, 0.25, None, None),
        (2, 0, 0, "A", None, 1, 4, 0, 0.25, None, None),
        (2, 0, 0, "B", None, 1, 4, 0, 0.25, None, None),
    ]
    table = written(tmp_path / "near.parquet", [(0, (1.5, 0.5), (2, 0))], near=True)
    assert table.select("nearest_met", "nearest_met_by_chance").rows() == [(1, 0.25), (0, 0.0)]


def test_how_far_ahead_is_summed_anew_in_each_of_the_loaders_epochs(tmp_path: Path) -> None:
    half = (1.5, 0.5)
    table = written(tmp_path / "b", [(0, half, (2, 0)), (0, half, (2, 0)), (1, half, (1, 1)), (1, half, (2, 0))])
    assert ahead_of_target(table)["ahead"].to_list() == [0.5, -0.5, 1.0, -1.0, -0.5, 0.5, 0.0, 0.0]
    unasked = written(tmp_path / "c", [(0, (None, None), (2, 0))])
    assert ahead_of_target(unasked)["ahead"].to_list() == [None, None]


def test_rows_after_the_step_gone_on_from_do_not_count(tmp_path: Path) -> None:
    path = tmp_path / "batches.parquet"
    written(path, [(0, (1, 1), (1, 1))] * 3)
    rows = Batches(path)
    rows.truncate_after(2)
    at = {"step": 3, "epoch": 1, "loader_epoch": 1, "groups": ("A", "B"), "wanted": (2, 0)}
    rows.add(**at, people=(2, 0), faces=(8, 0), **meeting((2, 0)))
    rows.write()
    table = read_batches(path)
    assert table["step"].to_list() == [1, 1, 2, 2, 3, 3]
    assert table["epoch"].to_list() == [0, 0, 0, 0, 1, 1]


def test_a_run_without_them_has_none_and_a_damaged_table_is_one_message(tmp_path: Path) -> None:
    path = tmp_path / "batches.parquet"
    assert read_batches(path) is None
    content = written(path, [(0, (1, 1), (1, 1))]).serialize()
    path.write_bytes(content[:20])
    with pytest.raises(EthnoshardError, match=r"batches\.parquet can't be read \(.*\); if it is damaged, take the run"):
        read_batches(path)


def test_a_table_of_another_version_is_read_as_far_as_it_is_known(tmp_path: Path) -> None:
    path = tmp_path / "batches.parquet"
    written(path, [(0, (1, 1), (1, 1))]).drop("loader_epoch").with_columns(later=pl.lit(1)).write_parquet(path)
    table = read_batches(path)
    assert table.schema == BATCHES_SCHEMA
    assert table["loader_epoch"].to_list() == [None, None]


def test_a_table_of_before_who_meets_whom_was_recorded_has_nulls_there(tmp_path: Path) -> None:
    path = tmp_path / "batches.parquet"
    new = list(meeting((1, 1)))
    written(path, [(0, (1, 1), (1, 1))]).drop(new).write_parquet(path)
    table = read_batches(path)
    assert table.schema == BATCHES_SCHEMA
    assert table.select(new).null_count().row(0) == (2, 2, 2, 2)
