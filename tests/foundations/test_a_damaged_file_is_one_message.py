"""Damage that ``benchmarks.fuzz`` found to end otherwise: of Parquet, of arrays, of a zip, of the index of faces."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from benchmarks.fuzz._mutations import mutated
from ethnoshard import FaceDataset
from ethnoshard._arrays import read_arrays, write_arrays
from ethnoshard._files import read_table, write_table
from ethnoshard.alignment import AlignSettings, align
from ethnoshard.embedding import Embeddings
from ethnoshard.embedding._aligned import AlignedFaces
from ethnoshard.errors import EthnoshardError, UnreadableImageError
from ethnoshard.ethnicity._label_file import read_label_file
from ethnoshard.lookalikes import LookAlikes, make_look_alikes
from ethnoshard.shards import export_dataset
from ethnoshard.sources import open_source, read_lfw_groups
from tests.kit.datasets import pattern_jpeg, write_dataset


def test_parquet_that_polars_panics_at_is_an_error_of_polars(tmp_path: Path) -> None:
    write_table(tmp_path / "whole", pl.DataFrame({"identity": [f"p{n}" for n in range(40)], "faces": [*range(40)]}))
    whole, ends = (tmp_path / "whole").read_bytes(), {"read": 0, "refused": 0, "panicked": 0}
    for seed in range(600):
        (tmp_path / "damaged").write_bytes(mutated(whole, seed))
        try:
            read_table(tmp_path / "damaged")
        except (pl.exceptions.PolarsError, OSError) as error:
            ends["panicked" if "its pages are not those" in str(error) else "refused"] += 1
        else:
            ends["read"] += 1
    assert ends["read"] and ends["refused"] and ends["panicked"], ends


def with_entry(content: bytes, offset: int, value: int) -> bytes:
    """An archive whose first entry has two other bytes, in its own head and in the directory at the end."""
    changed = bytearray(content)
    for magic, more in ((b"PK\x03\x04", 0), (b"PK\x01\x02", 2)):
        at = content.index(magic) + offset + more
        changed[at : at + 2] = value.to_bytes(2, "little")
    return bytes(changed)


@pytest.mark.parametrize(("offset", "value"), [(4, 255), (8, 99), (6, 1)], ids=["version", "method", "encrypted"])
def test_arrays_in_a_zip_that_python_does_not_unpack(tmp_path: Path, offset: int, value: int) -> None:
    path = tmp_path / "a.npz"
    write_arrays(path, {"embeddings": np.zeros((2, 3), np.float32), "keys": np.array(["a", "b"])})
    path.write_bytes(with_entry(path.read_bytes(), offset, value))
    for read in (read_arrays, Embeddings.load):
        with pytest.raises(EthnoshardError, match=r"a.npz is no .npz file of plain arrays, or is damaged"):
            read(path)


def test_an_array_that_says_it_is_larger_than_memory(tmp_path: Path) -> None:
    array = io.BytesIO()
    np.lib.format.write_array_header_1_0(array, {"descr": "<f8", "fortran_order": False, "shape": (10**15,)})
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("keys.npy", array.getvalue())
    with pytest.raises(EthnoshardError, match=r"a.npz is no .npz file of plain arrays, or is damaged"):
        read_arrays(tmp_path / "a.npz")


def test_an_array_of_look_alikes_whose_head_is_no_text_of_python(tmp_path: Path) -> None:
    dataset = FaceDataset.open(write_dataset(tmp_path / "dataset", [[2, 2, 2]]))
    owners = dataset.faces()["identity"].to_numpy()
    vectors = np.eye(6, dtype=np.float32)
    make_look_alikes(tmp_path / "near", dataset=dataset, vectors=vectors, owners=owners, model_facts={}, k=2)
    path = tmp_path / "near" / "nearest.npy"
    path.write_bytes(path.read_bytes().replace(b"}", b"(", 1))
    with pytest.raises(EthnoshardError, match=r"nearest.npy is damaged: it is not an array, or was cut short"):
        LookAlikes.open(tmp_path / "near")


def test_an_entry_of_a_zip_that_calls_itself_otherwise_is_one_unreadable_image(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in ("é/0.jpg", "é/1.jpg"):
            archive.writestr(name, pattern_jpeg(0, 0))
    content = (tmp_path / "a.zip").read_bytes()
    at = content.index("é".encode())
    (tmp_path / "a.zip").write_bytes(content[:at] + b"\xff\xff" + content[at + 2 :])
    source = open_source(tmp_path / "a.zip")
    with source.open() as reader:
        with pytest.raises(UnreadableImageError, match="the entry is damaged"):
            reader.read(source.refs[0])
        assert reader.read(source.refs[1]) == pattern_jpeg(0, 0)


@pytest.mark.parametrize(
    ("column", "damaged", "message"),
    [
        ("image", None, "00000.parquet is damaged .it lacks the column image"),
        (
            "image",
            pl.col("image").cast(pl.Binary),
            "00000.parquet is damaged .it lacks the column image, or has another",
        ),
        ("length", pl.lit(2**31 - 1, pl.Int32), "00000.tar has no bytes .*, where its table places a face"),
        ("offset", pl.lit(-1, pl.Int64), "00000.tar has no bytes .*, where its table places a face"),
    ],
    ids=["no column", "another type", "length", "offset"],
)
@pytest.mark.usefixtures("here")
def test_a_part_whose_table_is_damaged(
    column: str, damaged: pl.Expr | None, message: str, tmp_path: Path, make_noise: Callable[..., Path]
) -> None:
    photos = make_noise(tmp_path / "photos", 2, 2)
    align(photos / "faces", tmp_path / "work", AlignSettings(aligned=True, size=None), workers=1)
    path = tmp_path / "work" / "parts" / "00000.parquet"
    table = pl.read_parquet(path)
    write_table(path, table.drop(column) if damaged is None else table.with_columns(damaged.alias(column)))
    with pytest.raises(EthnoshardError, match=message):
        faces = AlignedFaces(tmp_path / "work")
        list(faces.jpegs(faces.keys()))


@pytest.mark.parametrize(("offset", "length"), [(0, 2**40), (2**40, 512), (-512, 1024)])
def test_an_index_that_places_faces_outside_their_shard(tmp_path: Path, offset: int, length: int) -> None:
    folder = write_dataset(tmp_path / "dataset", [[2, 2]])
    table = pl.read_parquet(folder / "identities.parquet")
    write_table(
        folder / "identities.parquet",
        table.with_columns(pl.lit(offset, pl.Int64).alias("offset"), pl.lit(length, pl.Int64).alias("length")),
    )
    with pytest.raises(EthnoshardError, match=r"a-000000.tar has [0-9,]+ bytes, but the index places something at"):
        export_dataset(FaceDataset.open(folder), tmp_path / "out", "recordio")


def test_a_table_of_labels_that_polars_panics_at_is_one_message(tmp_path: Path) -> None:
    write_table(tmp_path / "whole", pl.DataFrame({"identity": [f"p{n}" for n in range(6)], "group": [*"ABABAB"]}))
    whole, refused = (tmp_path / "whole").read_bytes(), []
    for seed in range(400):
        (tmp_path / "labels.parquet").write_bytes(mutated(whole, seed))
        try:
            read_label_file(tmp_path / "labels.parquet")
        except EthnoshardError as error:
            refused.append(str(error))
    assert any("its pages are not those" in text for text in refused)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"identity,images,usc_label\rA,1,x\r", "in line 1 stands a carriage return"),
        (b'identity,"images,usc_label\nA,1,x\nB,1,y\nC,2,z\nD,3,w\n', r"lacks the column .*'images,usc_label.n"),
    ],
    ids=["lines of an old Mac", "a quote without an end"],
)
def test_a_table_whose_head_does_not_end_is_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(EthnoshardError, match=message) as caught:
        read_lfw_groups(tmp_path / "a.csv")
    assert len(str(caught.value).splitlines()) == 1


def test_a_table_of_faces_with_another_column_is_not_written_for_others(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path / "dataset", [[2, 2]])
    table = pl.read_parquet(folder / "faces.parquet")
    write_table(folder / "faces.parquet", table.rename({"source_image": "sourae_image"}))
    with pytest.raises(EthnoshardError, match="table of faces has other columns than format 1 prescribes"):
        export_dataset(FaceDataset.open(folder), tmp_path / "out", "recordio")
