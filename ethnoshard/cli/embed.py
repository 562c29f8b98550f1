"""``ethnoshard embed``."""

import shutil
from pathlib import Path
from typing import Annotated

import typer

from ethnoshard._command import command
from ethnoshard._part_share import Missing
from ethnoshard._upload import check_file
from ethnoshard._urls import place_of, printable_url
from ethnoshard.cli import _embedding as embedding
from ethnoshard.cli import _machines as machines
from ethnoshard.cli import _options as options
from ethnoshard.cli._console import say, say_json, watched
from ethnoshard.embedding import Embeddings, embed_missing, embed_share
from ethnoshard.errors import EthnoshardError


def run(
    model: Annotated[str, typer.Argument(metavar="MODEL", help=embedding.MODEL_HELP)],
    place: Annotated[
        str, typer.Argument(metavar="FACES", help="Photographs (as for align), a work folder, or a dataset or its URL.")
    ],
    out: Annotated[str, typer.Argument(metavar="OUT", help="File to write, .npz, or its URL: s3://, gs://.")],
    layout: options.LayoutOption = None,
    table: options.ListOption = None,
    columns: options.Columns = None,
    as_it_is: options.AsItIs = False,
    source: embedding.SourceOption = None,
    alignment: embedding.AlignmentChoice = None,
    normalise: embedding.Normalise = None,
    crop: embedding.Crop = None,
    flip: embedding.Flip = False,
    cache: embedding.CacheOption = None,
    no_cache: embedding.NoCache = False,
    workers: options.Workers = None,
    device: embedding.Device = "cpu",
    share: machines.ShareOption = None,
    missing: machines.MissingOption = False,
    shares: machines.SharesOption = None,
    ray: machines.RayOption = None,
    as_json: options.AsJson = False,
) -> None:
    """Embed every face: vectors of length 1 with the names of their images, in a .npz file without a pickle.

    Photographs are aligned first, once. What was computed before is taken from the cache. Many machines embed a --share
    of a work folder's or a dataset's faces each, or are nodes of a --ray cluster.
    """
    file = place_of(out)
    shown = printable_url(str(file))
    if not shown.endswith(".npz"):
        raise EthnoshardError(f"{shown} should end in .npz")
    if isinstance(file, Path) and not file.parent.is_dir():
        raise EthnoshardError(f"the folder {file.parent} is not there; make it first")
    parts, where = file.with_name(f"{file.name}.parts") if isinstance(file, Path) else None, machines.HERE
    if missing:
        machines.check_missing(share, ray)
        # The call that writes the file takes the parts away.
        if isinstance(file, Path) and file.exists() and parts and not parts.exists():
            machines.report_missing(Missing(parts=0, missing=[], shares=0, finished=True), as_json=as_json)
            return
    else:
        where = machines.where(share, shares, ray, workers, device)
    if missing or where != machines.HERE:
        _check_aligned(place)
        if parts is None:
            raise EthnoshardError(
                f"what many machines embed lies beside the file until that is whole, so {shown} can't be it; give a "
                f"file that all machines see, and copy it afterwards"
            )
    if not isinstance(file, Path):
        check_file(file)  # before the long work
    store = embedding.chosen_cache(cache)
    reading = options.reading(layout, table, columns, as_it_is)
    if missing and parts:
        faces = embedding.opened(place, source, store, workers, reading)
        machines.report_missing(embed_missing(faces, parts, shares=machines.number_of(shares)), as_json=as_json)
        return
    load = embedding.loader(model, alignment, normalise, crop, device)
    known = embedding.loaded(model, alignment, normalise, crop, device)
    faces = embedding.opened(place, source, store, workers, reading)
    if parts and not where.share.whole:
        with watched("embed", "faces") as bar:
            lacking = embed_share(known, faces, parts, share=where.share, flip=flip, progress=bar)
        if as_json:
            say_json({"share": str(where.share), "parts": lacking.parts, "missing": lacking.missing})
            return
        say(f"share {where.share} of {lacking.parts:,} parts is there; {len(lacking.missing):,} of all parts lack")
        say(f"next, once none lacks: the same command without --share, outside of an array, writes {shown}")
        return
    found = embedding.embedded(
        known,
        faces,
        flip=flip,
        cache=None if no_cache else store,
        parts=parts,
        executor=where.executor,
        load=load,
    )
    found.save(file)
    if parts:
        shutil.rmtree(parts, ignore_errors=True)
    if as_json:
        say_json({"out": shown, "statuses": found.statuses(), **found.facts})
        return
    people = len(set(found.identities.tolist()))
    say(
        f"{shown}: {_number(found)} of {people:,} people, {known.embedding} numbers each; {known.name}, alignment "
        f"{known.alignment}, pixels {known.normalise}{', original and mirrored averaged' if flip else ''}"
    )


def _check_aligned(place: str) -> None:
    """Refuse photographs where many machines are to embed: each of them would align all of them first.

    Raises:
        EthnoshardError: it is neither a work folder nor a dataset.
    """
    if "://" not in place and not any((Path(place) / name).is_file() for name in ("align.json", "dataset.json")):
        raise EthnoshardError(
            f"{place} is neither a work folder nor a dataset, and photographs are aligned first: "
            f"`{command('align', place, 'WORK')}` does so on many machines, too; then give WORK, for a model that "
            f"needs the five-point alignment with --source"
        )


def _number(found: Embeddings) -> str:
    images = len(found.one_an_image())
    return f"{len(found):,} images" if images == len(found) else f"{len(found):,} faces in {images:,} images"
