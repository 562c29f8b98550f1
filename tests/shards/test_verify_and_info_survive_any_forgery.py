"""Whatever stands in the index or the manifest, verify names a fault or one message refuses it."""

import contextlib
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from ethnoshard._files import sha256_of
from ethnoshard.errors import EthnoshardError
from ethnoshard.shards import FaceDataset, describe, verify
from ethnoshard.shards._format import FACES_SCHEMA, IDENTITIES_SCHEMA, fingerprint
from ethnoshard.shards._manifest import ShardEntry

# WebDataset leaves closing its files to the garbage collector, which warns; that is not what is tested here.
pytestmark = [
    pytest.mark.usefixtures("here"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"),
]

NARRATIVE = {"plan", "align", "label", "pack", "left_out"}
"""What the manifest tells of the dataset's making, which nothing in the folder can confirm."""


@pytest.fixture
def dataset(noise_dataset: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(noise_dataset, tmp_path / "dataset"))


def found(folder: Path) -> bool:
    """Whether the forgery is seen. Nothing but our own error may come out of either verb."""
    try:
        describe(FaceDataset.open(folder))
        return bool(verify(folder, workers=1).faults)
    except EthnoshardError:
        return True


def vouch(folder: Path) -> None:
    """Make manifest and fingerprint agree with the forged tables, as a careful forger would."""
    manifest = json.loads((folder / "dataset.json").read_text())
    manifest["index"] = {name: sha256_of(folder / name) for name in manifest["index"]}
    groups = [group["name"] for group in manifest["groups"]]
    shards = [ShardEntry(**shard) for shard in manifest["shards"]]
    tables = [pl.read_parquet(folder / name) for name in manifest["index"]]
    manifest["fingerprint"] = fingerprint(groups, manifest["image_size"], shards, *tables)
    (folder / "dataset.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        (table, column, value)
        for table, schema in (("identities", IDENTITIES_SCHEMA), ("faces", FACES_SCHEMA))
        for column, kind in schema.items()
        if column != "probability"  # the detector's word, which stands nowhere else
        for value in ((None, "zz") if kind == pl.String else (None, 0.123) if kind.is_float() else (None, -1, 10**6))
    ],
)
def test_a_forged_cell_of_the_index(table: str, column: str, value: object, dataset: Path) -> None:
    path = dataset / f"{table}.parquet"
    before = pl.read_parquet(path)
    forged = pl.when(pl.int_range(pl.len()) == 4).then(pl.lit(value)).otherwise(pl.col(column))
    after = before.with_columns(forged.cast(before.schema[column]).alias(column))
    assert not after.equals(before)
    after.write_parquet(path)
    # A table of which no fingerprint can be made is left as it is, with the old one.
    with contextlib.suppress(TypeError, ValueError, pl.exceptions.PolarsError):
        vouch(dataset)
    assert found(dataset)


def places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place of a JSON document; of a list the first item stands for all."""
    if above:
        yield above
    for key in value if isinstance(value, dict) else range(min(1, len(value))) if isinstance(value, list) else ():
        yield from places(value[key], (*above, key))


def changed(document: Any, place: tuple[Any, ...], change: Callable[[Any], None]) -> Any:
    copy = json.loads(json.dumps(document))
    inner = copy
    for key in place[:-1]:
        inner = inner[key]
    change(inner)
    return copy


def test_any_value_of_the_manifest_gone_or_replaced(dataset: Path) -> None:
    path = dataset / "dataset.json"
    manifest = json.loads(path.read_text())
    unseen, tried = [], 0
    for place in places(manifest):
        last = place[-1]
        forgeries = [changed(manifest, place, lambda inner, key=last: inner.pop(key))]
        for value in (None, 5, "q", [], {}):
            forgeries.append(changed(manifest, place, lambda inner, key=last, new=value: inner.__setitem__(key, new)))
        for forgery in forgeries:
            if forgery == manifest or (place[0] in NARRATIVE and len(place) > 2):
                continue
            path.write_text(json.dumps(forgery))
            tried += 1
            if place[0] in NARRATIVE:
                found(dataset)  # it must not crash; whether it is true can't be known
            elif not found(dataset):
                unseen.append((place, forgery))
    assert tried > 100 and unseen == []
