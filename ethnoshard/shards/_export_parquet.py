"""A dataset as Parquet files, as Hugging Face's ``datasets`` and hub have image sets."""

import json
from collections.abc import Iterator
from pathlib import Path

from ethnoshard._files import make_folder, whole_file
from ethnoshard.errors import EthnoshardError
from ethnoshard.shards._dataset import FaceDataset
from ethnoshard.shards._exported import Person
from ethnoshard.shards._format import sample_key

_AT_ONCE = 32 * 2**20
"""Bytes of a row group, which a reader takes at once."""
_NAMES = ("image", "label", "group", "confidence", "source_image")


def write_parquet(dataset: FaceDataset, people: Iterator[Person], folder: Path, file_bytes: int) -> list[str]:
    """Write ``data/train-00000-of-00004.parquet`` and its like.

    Columns are image (a struct of bytes and path), label (of a ClassLabel whose names, the identities, stand in the
    schema's metadata), group, confidence and source_image. A person's faces are in one file.

    Raises:
        EthnoshardError: pyarrow is not installed. Polars can't put the names where ``datasets`` looks for them.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise EthnoshardError(
            "writing Parquet for datasets needs pyarrow, which comes with it: pip install datasets"
        ) from error
    image = pyarrow.struct([("bytes", pyarrow.binary()), ("path", pyarrow.string())])
    types = (image, pyarrow.int64(), pyarrow.string(), pyarrow.float32(), pyarrow.string())
    features = json.dumps({"info": {"features": _features(dataset)}}, ensure_ascii=False)
    schema = pyarrow.schema(list(zip(_NAMES, types, strict=True)), {"huggingface": features})
    data = folder / "data"
    make_folder(data)
    files: list[Path] = []
    waiting = next(people, None)
    while waiting is not None:
        files.append(data / f"{len(files):05d}.parquet")
        # JPEGs don't get smaller.
        with (
            whole_file(files[-1]) as file,
            parquet.ParquetWriter(file, schema, compression="none") as writer,
        ):
            written = 0
            while waiting is not None and written < file_bytes:
                rows: dict[str, list[object]] = {name: [] for name in _NAMES}
                group_bytes = 0
                while waiting is not None and group_bytes < min(_AT_ONCE, file_bytes - written):
                    group_bytes += _add(rows, waiting)
                    waiting = next(people, None)
                writer.write_table(pyarrow.Table.from_pydict(rows, schema))
                written += group_bytes
    # How many there are is known only now.
    for place, path in enumerate(files):
        path.rename(data / f"train-{place:05d}-of-{len(files):05d}.parquet")
    return []


def _add(rows: dict[str, list[object]], person: Person) -> int:
    """Add a person's faces; returns their bytes."""
    size = 0
    for face, (jpeg, image) in enumerate(zip(person.jpegs, person.source_images, strict=True)):
        file = {"bytes": jpeg, "path": f"{sample_key(person.number, face)}.jpg"}
        said = (file, person.number, person.group, person.confidence, image)
        for name, value in zip(_NAMES, said, strict=True):
            rows[name].append(value)
        size += len(jpeg)
    return size


def _features(dataset: FaceDataset) -> dict[str, object]:
    """Types of the columns as ``datasets`` writes them."""
    return {
        "image": {"_type": "Image"},
        "label": {"names": dataset.identities["identity"].to_list(), "_type": "ClassLabel"},
        "group": {"dtype": "string", "_type": "Value"},
        "confidence": {"dtype": "float32", "_type": "Value"},
        "source_image": {"dtype": "string", "_type": "Value"},
    }
