"""``ethnoshard build``."""

from pathlib import Path
from typing import Annotated

import typer

from ethnoshard.alignment import AlignSettings, DetectorSettings
from ethnoshard.cli import _options as options
from ethnoshard.cli._console import say
from ethnoshard.cli._report import report_alignment, report_labelling, report_packing
from ethnoshard.cli.align import watched_alignment
from ethnoshard.cli.label import split_groups
from ethnoshard.cli.pack import watched_packing
from ethnoshard.ethnicity import label_from_file


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
    margin: options.Margin = options.ALIGN.margin,
    thresholds: options.Thresholds = options.ALIGN.detector.thresholds,
    factor: options.Factor = options.ALIGN.detector.factor,
    min_face: options.MinFace = options.ALIGN.detector.min_face,
    faces: options.WhichFaces = options.FacesOption.ONE,
    no_face: options.NoFace = options.NoFaceOption.SKIP,
    aligned: options.Aligned = False,
    quality: options.Quality = options.ALIGN.quality,
    max_pixels: options.MaxPixels = options.ALIGN.max_pixels,
    part_images: options.PartImages = options.ALIGN.part_images,
    shard_mib: options.ShardMib = options.SHARD_MIB,
    workers: options.Workers = None,
    device: options.Device = "cpu",
) -> None:
    """Align, label and pack in one go. The work folder stays, so that labels and shards can be made anew cheaply.

    Interrupted, run the same command again: it goes on where it was.
    """
    settings = AlignSettings(
        size=size if size is not None or aligned else options.ALIGN.size,
        margin=margin,
        detector=DetectorSettings(thresholds=thresholds, factor=factor, min_face=min_face),
        faces=faces.value,
        no_face=no_face.value,
        aligned=aligned,
        quality=quality,
        max_pixels=max_pixels,
        part_images=part_images,
    )
    folder = work or dataset.with_name(dataset.name + ".work")
    say(f"align {source} into {folder}")
    report_alignment(*watched_alignment(source, folder, settings, workers, device))
    say(f"\nlabel by {labels}")
    report_labelling(label_from_file(folder, labels, groups=split_groups(groups), unlabelled=unlabelled.value))
    say(f"\npack into {dataset}")
    report_packing(watched_packing(folder, dataset, shard_mib, workers))
    say(f"next: ethnoshard verify {dataset}")
