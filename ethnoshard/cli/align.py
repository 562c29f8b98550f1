"""``ethnoshard align``."""

import time
from dataclasses import asdict

from ethnoshard.alignment import AlignSettings, DetectorSettings, align
from ethnoshard.cli import _options as options
from ethnoshard.cli._console import say, say_json, watched
from ethnoshard.cli._report import report_alignment


def run(
    source: options.SourceArgument,
    work: options.WorkArgument,
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
    workers: options.Workers = None,
    device: options.Device = "cpu",
    as_json: options.AsJson = False,
) -> None:
    """Find the faces of a source with MTCNN, crop them, and keep them in a work folder.

    Interrupted, run the same command again: it goes on where it was.
    """
    settings = AlignSettings(
        size=size or (None if aligned else 182),
        margin=margin,
        detector=DetectorSettings(thresholds=thresholds, factor=factor, min_face=min_face),
        faces=faces.value,
        no_face=no_face.value,
        aligned=aligned,
        quality=quality,
        max_pixels=max_pixels,
        part_images=part_images,
    )
    started = time.perf_counter()
    with watched("align", "images") as progress:
        report = align(source, work, settings, workers=workers, device=device, begun=progress.begun, advance=progress.advance)
    if as_json:
        say_json(asdict(report))
    else:
        report_alignment(report, time.perf_counter() - started)
        say(f"next: ethnoshard label {work} --labels FILE.csv")
