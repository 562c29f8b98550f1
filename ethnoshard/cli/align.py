"""``ethnoshard align``."""

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from ethnoshard._runtime import RuntimeName
from ethnoshard.alignment import AlignReport, AlignSettings, DetectorSettings, align_source, missing_parts
from ethnoshard.cli import _machines as machines
from ethnoshard.cli import _options as options
from ethnoshard.cli._console import say, say_json, tell, warn_of, watched
from ethnoshard.cli._report import report_alignment
from ethnoshard.sources import Reading, look_at, open_source
from ethnoshard.work import WorkFolder, ways_to_label


def run(
    sources: options.SourcesArgument,
    work: options.WorkArgument,
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
    workers: options.Workers = None,
    device: options.Device = "cpu",
    runtime: options.Runtime = None,
    share: machines.ShareOption = None,
    missing: machines.MissingOption = False,
    shares: machines.SharesOption = None,
    ray: machines.RayOption = None,
    as_json: options.AsJson = False,
) -> None:
    """Find the faces of a source with MTCNN, crop them, and keep them in a work folder.

    Interrupted, run the same command again: it goes on where it was. Many machines make a --share of the parts each,
    or are nodes of a --ray cluster; docs/clusters.md shows both.
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
    reading = options.reading(layout, table, columns, as_it_is)
    if missing:
        machines.check_missing(share, ray)
        lacking = missing_parts(
            WorkFolder(work),
            lambda: open_source(sources, reading, max_file_bytes=settings.max_file_bytes),
            settings,
            machines.number_of(shares),
        )
        machines.report_missing(lacking, as_json=as_json)
        return
    where = machines.where(share, shares, ray, workers, device)
    chosen: RuntimeName | None = None
    if runtime is not None:
        chosen = "openvino" if runtime == options.RuntimeOption.OPENVINO else "torch"
    report, seconds = watched_alignment(
        sources, work, settings, reading, workers, device, None if as_json else say, runtime=chosen, where=where
    )
    if as_json:
        say_json({**asdict(report), "skipped": {reason: list(names) for reason, names in report.skipped.items()}})
    elif not where.share.whole:
        say(f"share {report.share} of {report.parts:,} parts: {report.made:,} images done now")
        if not report.finished:
            say(
                f"next, once no part lacks (--missing says which do): the same command without --share, outside of an "
                f"array, finishes {work}"
            )
    else:
        report_alignment(report, seconds)
        say(f"next: {', or '.join(ways_to_label(WorkFolder(work)))}")


def watched_alignment(
    sources: list[Path],
    work: Path,
    settings: AlignSettings,
    reading: Reading,
    workers: int | None,
    device: str,
    say_first: Callable[[str], None] | None = say,
    *,
    runtime: RuntimeName | None = None,
    where: machines.Where = machines.HERE,
) -> tuple[AlignReport, float]:
    """Say what the source was taken for, then align with a progress bar; returns the seconds it took as well.

    Raises:
        EthnoshardError: as ``align`` does.
    """
    images = open_source(sources, reading, max_file_bytes=settings.max_file_bytes)
    if say_first is not None:
        say_first(str(look_at(images)))
        warn_of("of what it says", images.remarks)
    images.checked()
    started = time.perf_counter()
    with watched("align", "images") as bar:
        report = align_source(
            images,
            work,
            settings,
            workers=workers,
            device=device,
            runtime=runtime,
            share=where.share,
            executor=where.executor,
            progress=bar,
            log=tell,
        )
    return report, time.perf_counter() - started
