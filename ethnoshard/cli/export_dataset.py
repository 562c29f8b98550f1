"""``ethnoshard export-dataset``."""

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ethnoshard._checks import check_number
from ethnoshard.cli import _options as options
from ethnoshard.cli._console import say, say_json, say_table, size, warn, watched
from ethnoshard.shards import FaceDataset, export_dataset


class FormOption(StrEnum):
    """Whose form it is."""

    RECORDIO = "recordio"
    IMAGEFOLDER = "imagefolder"
    PARQUET = "parquet"


def run(
    dataset: options.DatasetOrUrl,
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder to make.")],
    form: Annotated[
        FormOption,
        typer.Option(
            "--as",
            help="recordio: insightface's train.rec; imagefolder: a folder a person, for torchvision; parquet: for "
            "Hugging Face's datasets.",
        ),
    ],
    file_mib: Annotated[float, typer.Option(help="Of parquet: MiB of faces in a file, about.")] = 256,
    as_json: options.AsJson = False,
) -> None:
    """Write a dataset in the form of another program: the same JPEGs, byte for byte, all or nothing."""
    check_number("file-mib", file_mib, above=0, unit="MiB")
    with watched("export", "faces") as progress:
        report = export_dataset(
            FaceDataset.open(dataset), out, form.value, file_bytes=int(file_mib * 2**20), progress=progress
        )
    for note in report.notes:
        warn(note)
    if as_json:
        say_json(asdict(report))
        return
    say_table(["group", "faces"], [[group, f"{faces:,}"] for group, faces in report.faces_by_group.items()])
    say(f"{out}: {report.faces:,} faces of {report.identities:,} identities as {report.form}, {size(report.bytes)}")
