"""A dataset in the forms that other programs train on: the same JPEGs, byte for byte, written whole or not at all."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias, get_args

import numpy as np
import polars as pl

from ethnoshard._checks import check_choice
from ethnoshard._files import abandoned, disk_error, make_folder, whole_file, whole_folder, write_json
from ethnoshard._progress import SILENT, Progress
from ethnoshard._urls import printable_url
from ethnoshard.errors import EthnoshardError
from ethnoshard.shards._dataset import FaceDataset
from ethnoshard.shards._export_imagefolder import write_imagefolder
from ethnoshard.shards._export_parquet import write_parquet
from ethnoshard.shards._export_recordio import write_recordio
from ethnoshard.shards._exported import Person
from ethnoshard.shards._format import FACES_SCHEMA, FORMAT
from ethnoshard.shards._open_shards import open_shards
from ethnoshard.shards._tables import label_words

ExportForm = Literal["recordio", "imagefolder", "parquet"]
EXPORT_FORMS: tuple[ExportForm, ...] = get_args(ExportForm)
ABOUT = "ethnoshard.json"
"""The file beside the faces that says what they are of."""

_JPEG = b"\xff\xd8"
_Writer: TypeAlias = Callable[[FaceDataset, Iterator[Person], Path, int], "list[str]"]
_WRITERS: dict[ExportForm, _Writer] = {
    "recordio": write_recordio,
    "imagefolder": write_imagefolder,
    "parquet": write_parquet,
}


@dataclass(frozen=True, kw_only=True)
class ExportReport:
    """What was written.

    Attributes:
        form: of ``EXPORT_FORMS``.
        path: the folder.
        faces: number of them.
        identities: number of them; each has the label that is its row in the dataset's table of identities.
        bytes: of the JPEGs.
        faces_by_group: number of faces.
        notes: what went otherwise than a user may think.
    """

    form: ExportForm
    path: str
    faces: int
    identities: int
    bytes: int
    faces_by_group: dict[str, int]
    notes: list[str]


def export_dataset(
    dataset: FaceDataset, out: str | Path, form: str, *, file_bytes: int = 256 * 2**20, progress: Progress = SILENT
) -> ExportReport:
    """Write a dataset anew as RecordIO, as identity folders, or as Parquet.

    ===============  =================================================================================================
    form             what is written, and who reads it
    ===============  =================================================================================================
    ``recordio``     ``train.rec``, ``train.idx``, ``property`` (insightface's trainers); ``train.lst`` with the names
    ``imagefolder``  a folder a person (torchvision's ``ImageFolder``); ``metadata.csv`` (``datasets``) with the names
    ``parquet``      ``data/train-00000-of-00004.parquet`` ... with image, label, group (``datasets``, the Hub)
    ===============  =================================================================================================

    Beside each stand ``identities.csv`` (label, identity, group, confidence, faces) and ``ethnoshard.json``.

    Args:
        dataset: a folder's, or one opened by its URL.
        out: the folder to make.
        form: one of ``EXPORT_FORMS``.
        file_bytes: of ``parquet``, bytes of JPEGs in a file, about.
        progress: told how many faces there are, and how many are done.

    Raises:
        EthnoshardError: the form is unknown, ``out`` is there already or has no room, the dataset is damaged or can't
            be fetched, or the disk is full. Nothing is left behind then.
    """
    chosen: ExportForm = check_choice("the form", form, EXPORT_FORMS)
    folder = Path(out)
    if folder.exists() or folder.is_symlink():
        raise EthnoshardError(f"{folder} is there already; give a folder that isn't, or take it away first")
    faces = checked_faces(dataset)
    size = int(faces["length"].cast(pl.Int64).sum())
    _check_room(folder, size)
    left = [
        f"{path} was left by an export that was killed; delete it, unless another machine is at work on it"
        for path in abandoned(folder)
    ]
    progress.begun(len(faces), 0)
    with whole_folder(folder) as made:
        people = people_of(dataset, faces, progress)
        notes = [*left, *_WRITERS[chosen](dataset, people, made, file_bytes)]
        _write_identities(dataset, made / "identities.csv")
        counted = dataset.identities.group_by("group").agg(pl.col("faces").cast(pl.Int64).sum())
        report = ExportReport(
            form=chosen,
            path=str(folder),
            faces=len(faces),
            identities=len(dataset.identities),
            bytes=size,
            faces_by_group={group: dict(counted.iter_rows())[group] for group in dataset.groups},
            notes=notes,
        )
        write_json(made / ABOUT, _about(dataset, report))
    return report


class _Place(NamedTuple):
    """Where a face lies in its shard."""

    offset: int
    length: int
    source_image: str


def people_of(dataset: FaceDataset, faces: pl.DataFrame, progress: Progress) -> Iterator[Person]:
    """Each person with the files of all faces, in the dataset's order; a person's span is read in one go.

    Raises:
        EthnoshardError: a shard is gone, or holds something else where a face should be.
    """
    ends = np.cumsum(dataset.identities["faces"].to_numpy())
    places = faces.select("offset", "length", "source_image")
    shards = open_shards(dataset)
    last = -1
    try:
        for number, row in enumerate(dataset.identities.iter_rows(named=True)):
            if row["shard"] != last:
                last = row["shard"]
                shards.will_need(range(last, min(last + 2, len(dataset.manifest.shards))))
            span = shards.read(row["shard"], row["offset"], row["length"])
            of_person = places.slice(int(ends[number]) - row["faces"], row["faces"])
            listed = [_Place(*place) for place in of_person.iter_rows()]
            yield Person(
                number=number,
                identity=row["identity"],
                group=row["group"],
                confidence=row["confidence"],
                source_images=[place.source_image for place in listed],
                jpegs=[_jpeg(dataset, row["shard"], span, row["offset"], place) for place in listed],
            )
            del span
            progress.advance(len(listed))
    finally:
        shards.close()


def _jpeg(dataset: FaceDataset, shard: int, span: memoryview, start: int, place: _Place) -> bytes:
    begin = place.offset - start
    jpeg = bytes(span[begin : begin + place.length])
    if begin < 0 or len(jpeg) != place.length or not jpeg.startswith(_JPEG):
        raise EthnoshardError(
            f"{dataset.manifest.shards[shard].name}: at byte {place.offset:,}, where the index has the face "
            f"{place.source_image!r}, is no JPEG; run ethnoshard verify, and pack the dataset again"
        )
    return jpeg


def checked_faces(dataset: FaceDataset) -> pl.DataFrame:
    """The table of faces, if it is that which the table of identities counts.

    Raises:
        EthnoshardError: it is not.
    """
    faces = dataset.faces()
    if faces.schema != FACES_SCHEMA:
        raise EthnoshardError(
            f"{_name(dataset)}: its table of faces has other columns than format {FORMAT} prescribes; run ethnoshard "
            f"verify, and pack the dataset again"
        )
    counted = faces.group_by("identity", maintain_order=True).len().rows()
    if counted != list(enumerate(dataset.identities["faces"])):
        raise EthnoshardError(
            f"{_name(dataset)}: its tables of faces and identities don't go together; run ethnoshard verify, and pack "
            f"the dataset again"
        )
    return faces


def _check_room(folder: Path, size: int) -> None:
    """Refuse what can't fit before hours are spent."""
    make_folder(folder.absolute().parent)
    try:
        free = shutil.disk_usage(folder.absolute().parent).free
    except OSError as error:
        raise disk_error(error, folder) from error
    if size > free:
        raise EthnoshardError(
            f"{folder} needs {size / 2**30:,.1f} GiB for the faces, and {free / 2**30:,.1f} GiB are free there; make "
            f"room or choose another place"
        )


def _write_identities(dataset: FaceDataset, path: Path) -> None:
    table = dataset.identities.with_row_index("label").select("label", "identity", "group", "confidence", "faces")
    # Polars itself takes no path that isn't text.
    with whole_file(path) as file:
        file.write(table.write_csv().encode())


def _about(dataset: FaceDataset, report: ExportReport) -> dict[str, object]:
    """What the faces are of; not where they lay."""
    said = {name: value for name, value in asdict(report).items() if name != "path"}
    return {
        "dataset": {"fingerprint": dataset.fingerprint, "image_size": dataset.image_size},
        "groups": label_words(dataset),
        **said,
    }


def _name(dataset: FaceDataset) -> str:
    return str(dataset.path) if dataset.url is None else printable_url(dataset.url)
