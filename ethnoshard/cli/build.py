"""``ethnoshard build``."""

from pathlib import Path
from typing import Annotated

import typer

from ethnoshard.cli import _options as options
from ethnoshard.cli import align, label, pack


def run(
    source: options.SourceArgument,
    dataset: options.DatasetArgument,
    labels: Annotated[
        Path,
        typer.Option(help="CSV or Parquet with the columns identity,group[,confidence].", metavar="FILE"),
    ],
    work: Annotated[
        Path | None, typer.Option(help="Work folder; by default DATASET with .work behind its name.")
    ] = None,
    groups: options.Groups = None,
    unlabelled: options.Unlabelled = options.UnlabelledOption.DROP,
    size: options.Size = None,
    margin: options.Margin = 44,
    thresholds: options.Thresholds = (0.6, 0.7, 0.7),
    factor: options.Factor = 0.709,
    min_face: options.MinFace = 20,
    faces: options.WhichFaces = options.FacesOption.ONE,
    no_face: options.NoFace = options.NoFaceOption.SKIP,
    aligned: options.Aligned = False,
    quality: options.Quality = 95,
    max_pixels: options.MaxPixels = 20_000_000,
    part_images: options.PartImages = 512,
    shard_mib: options.ShardMib = 64,
    workers: options.Workers = None,
    device: options.Device = "cpu",
) -> None:
    """Align, label and pack in one go. The work folder stays, so that labels and shards can be made anew cheaply.

    Interrupted, run the same command again: it goes on where it was.
    """
    folder = work or dataset.with_name(dataset.name + ".work")
    align.run(
        source,
        folder,
        size=size,
        margin=margin,
        thresholds=thresholds,
        factor=factor,
        min_face=min_face,
        faces=faces,
        no_face=no_face,
        aligned=aligned,
        quality=quality,
        max_pixels=max_pixels,
        part_images=part_images,
        workers=workers,
        device=device,
    )
    label.run(folder, labels=labels, groups=groups, unlabelled=unlabelled)
    pack.run(folder, dataset, shard_mib=shard_mib, workers=workers)
