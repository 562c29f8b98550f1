"""``ethnoshard build``."""

from pathlib import Path
from typing import Annotated

import typer

from ethnoshard._command import command
from ethnoshard.alignment import AlignSettings, DetectorSettings
from ethnoshard.cli import _options as options
from ethnoshard.cli._console import say
from ethnoshard.cli._report import report_agreement, report_alignment, report_labelling, report_packing
from ethnoshard.cli.align import watched_alignment
from ethnoshard.cli.label import (
    ClassifierOptions,
    check_groups,
    check_options,
    labels_of,
    model_folder,
    watched_labelling,
)
from ethnoshard.cli.pack import watched_packing
from ethnoshard.ethnicity import labels_of_source
from ethnoshard.shards import read_decisions


def run(
    sources: options.SourcesArgument,
    dataset: options.DatasetArgument,
    labels: options.Labels = None,
    label_columns: options.BuildLabelColumns = None,
    classifier: options.Classifier = None,
    work: Annotated[
        Path | None, typer.Option(help="Work folder; by default DATASET with .work behind its name.")
    ] = None,
    groups: options.Groups = None,
    unlabelled: options.Unlabelled = options.UnlabelledOption.DROP,
    images: options.Images = 10,
    seed: options.Seed = 0,
    min_confidence: options.MinConfidence = 0.0,
    size: options.Size = None,
    margin: options.Margin = options.ALIGN.margin,
    thresholds: options.Thresholds = options.ALIGN.detector.thresholds,
    factor: options.Factor = options.ALIGN.detector.factor,
    min_face: options.MinFace = options.ALIGN.detector.min_face,
    faces: options.WhichFaces = options.FacesOption.ONE,
    no_face: options.NoFace = options.NoFaceOption.SKIP,
    aligned: options.Aligned = False,
    layout: options.LayoutOption = None,
    table: options.ListOption = None,
    columns: options.Columns = None,
    as_it_is: options.AsItIs = False,
    quality: options.Quality = options.ALIGN.quality,
    max_pixels: options.MaxPixels = options.ALIGN.max_pixels,
    part_images: options.PartImages = options.ALIGN.part_images,
    without: options.Without = None,
    shard_mib: options.ShardMib = options.SHARD_MIB,
    workers: options.Workers = None,
    device: options.Device = "cpu",
) -> None:
    """Align, label and pack in one go. The work folder stays, so that labels and shards can be made anew cheaply.

    Without --labels and --classifier the groups are those that the source itself gives, by its folders or a column,
    else the perceived ethnicity that the shipped classifier predicts.
    Interrupted, run the same command again: it goes on where it was.
    """
    alone = labels is None and classifier is None
    if alone:
        classifier = options.SHIPPED
    check_options(labels, label_columns, classifier, min_confidence)
    chosen = (
        None if classifier is None else ClassifierOptions(classifier, images, seed, min_confidence, workers, device)
    )
    if chosen is not None:
        from ethnoshard.ethnicity import EthnicityClassifier

        EthnicityClassifier.load(
            model_folder(chosen.model)
        )  # what is wrong with it should be said before the long step
    given = labels_of(labels, label_columns)
    decisions = None if without is None else read_decisions(without)  # before the long step, too
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
    reading = options.reading(layout, table, columns, as_it_is)
    folder = work or dataset.with_name(dataset.name + ".work")
    say(f"align {', '.join(map(str, sources))} into {folder}")
    report_alignment(*watched_alignment(sources, folder, settings, reading, workers, device))
    say("\nlabel")
    if alone and (given := labels_of_source(folder)) is not None:
        chosen = None
    check_groups(given, groups, unlabelled)
    labelling, agreement = watched_labelling(folder, given, groups, unlabelled, chosen)
    report_labelling(labelling)
    if agreement is not None:
        report_agreement(agreement)
    say(f"\npack into {dataset}")
    report_packing(watched_packing(folder, dataset, decisions, shard_mib, workers))
    say(f"next: {command('verify', dataset)}")
