"""Pairs as Hugging Face's ``datasets`` writes them: its own files, the same pairs and bytes, or one clear message."""

from pathlib import Path
from typing import Any

import datasets
import polars as pl
import pytest

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources import read_parquet_pairs

IMAGES = [b"\xff\xd8%d" % place for place in range(48)]
SAME = [place % 2 == 0 for place in range(24)]


def table(label: Any = None, *, named: bool = False) -> datasets.Dataset:
    image = datasets.Image(decode=False)
    label = label or datasets.Value("int64")
    columns = {
        "label": [int(same) for same in SAME],
        "image1": [{"bytes": one, "path": f"{row}.jpg" if named else None} for row, one in enumerate(IMAGES[0::2])],
        "image2": [{"bytes": other, "path": None} for other in IMAGES[1::2]],
    }
    return datasets.Dataset.from_dict(
        columns, features=datasets.Features({"label": label, "image1": image, "image2": image})
    )


def write_shards(folder: Path, split: str, number: int) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    whole = table()
    paths = [folder / f"{split}-{place:05d}-of-{number:05d}.parquet" for place in range(number)]
    for place, path in enumerate(paths):
        whole.shard(number, place, contiguous=True).to_parquet(path)
    return paths


@pytest.mark.parametrize(
    "label", [datasets.Value("int64"), datasets.Value("bool"), datasets.ClassLabel(names=["different", "same"])]
)
def test_labels_of_every_type(tmp_path: Path, label: Any) -> None:
    table(label, named=True).to_parquet(tmp_path / "lfw.parquet")
    found = read_parquet_pairs(tmp_path / "lfw.parquet")
    assert found.images == tuple(IMAGES) and found.kind == "parquet pairs"
    assert found.pairs.same.tolist() == SAME
    assert (found.pairs.first[23], found.pairs.second[23]) == ("000046", "000047")
    assert found.pairs.fold.tolist() == [row // 2 * 10 // 12 for row in range(24)]


def test_the_files_of_a_split_are_one_list_in_their_order(tmp_path: Path) -> None:
    files = write_shards(tmp_path / "data", "lfw", 3)
    for given in ([tmp_path], [tmp_path / "data"], files, files[::-1]):
        found = read_parquet_pairs(*given)
        assert found.images == tuple(IMAGES) and found.pairs.same.tolist() == SAME


def test_part_of_a_split_and_several_splits_are_no_list(tmp_path: Path) -> None:
    files = write_shards(tmp_path / "data", "lfw", 3)
    for given in (files[:1], files[:2], [*files, files[0]]):
        with pytest.raises(EthnoshardError, match=r"of the 3 files of 'lfw' [123] are given"):
            read_parquet_pairs(*given)
    write_shards(tmp_path / "data", "calfw", 1)
    with pytest.raises(EthnoshardError, match="holds 2 sets of pairs, calfw, lfw; give the files of one of them"):
        read_parquet_pairs(tmp_path)


def test_a_pair_without_its_bytes_is_left_out_and_counted(tmp_path: Path) -> None:
    whole = pl.from_arrow(table().data.table)
    assert isinstance(whole, pl.DataFrame)
    lost = whole.with_columns(
        image2=pl.when(pl.int_range(pl.len()).is_in([3, 7])).then(None).otherwise(pl.col("image2"))
    )
    lost.write_parquet(tmp_path / "lfw.parquet")
    found = read_parquet_pairs(tmp_path / "lfw.parquet")
    assert len(found.pairs) == 22 and len(found.images) == 44
    (remark,) = found.pairs.left_out
    assert (remark.count, remark.first) == (2, "row 4")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"label": pl.lit(2)}, r"row 1: the label is 2; it is to be 1 \(one person\) or 0 \(two\); 24 of 24"),
        ({"label": pl.lit(None, pl.Int64)}, r"row 1: the label is None"),
        ({"label": pl.lit("same")}, "the column label is of String"),
        ({"label": pl.lit(1)}, "all of its 24 pairs are of one person"),
        ({"image1": pl.lit("a.jpg")}, "the column image1 is of String; it is to hold images"),
    ],
)
def test_columns_of_something_else(tmp_path: Path, changed: dict[str, pl.Expr], message: str) -> None:
    whole = pl.from_arrow(table().data.table)
    assert isinstance(whole, pl.DataFrame)
    whole.with_columns(**changed).write_parquet(tmp_path / "lfw.parquet")
    with pytest.raises(EthnoshardError, match=message) as caught:
        read_parquet_pairs(tmp_path / "lfw.parquet")
    assert "lfw.parquet" in str(caught.value)


def test_files_of_something_else(tmp_path: Path) -> None:
    path = tmp_path / "train.parquet"
    pl.DataFrame({"image": [b"x"], "label": [1]}).write_parquet(path)
    with pytest.raises(EthnoshardError, match="lacks the column image1 and image2; it has image, label"):
        read_parquet_pairs(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(EthnoshardError, match=r"train.parquet is not a whole Parquet file"):
        read_parquet_pairs(path)
    with pytest.raises(EthnoshardError, match="is not there"):
        read_parquet_pairs(tmp_path / "other.parquet")
