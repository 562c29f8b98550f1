"""``ethnoshard embed``."""

from pathlib import Path
from typing import Annotated

import typer

from ethnoshard.cli import _embedding as embedding
from ethnoshard.cli import _options as options
from ethnoshard.cli._console import say, say_json
from ethnoshard.embedding import Embeddings
from ethnoshard.errors import EthnoshardError


def run(
    model: Annotated[str, typer.Argument(metavar="MODEL", help=embedding.MODEL_HELP)],
    place: Annotated[
        str, typer.Argument(metavar="FACES", help="Photographs (as for align), a work folder, or a dataset or its URL.")
    ],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="File to write: .npz.")],
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
    as_json: options.AsJson = False,
) -> None:
    """Embed every face: vectors of length 1 with the names of their images, in a .npz file without a pickle.

    Photographs are aligned first, once. What was computed before is taken from the cache.
    """
    if out.suffix != ".npz":
        raise EthnoshardError(f"{out} should end in .npz")
    if not out.parent.is_dir():
        raise EthnoshardError(f"the folder {out.parent} is not there; make it first")
    known = embedding.loaded(model, alignment, normalise, crop, device)
    store = embedding.chosen_cache(cache)
    faces = embedding.opened(place, source, store, workers, options.reading(layout, table, columns, as_it_is))
    found = embedding.embedded(known, faces, flip=flip, cache=None if no_cache else store)
    found.save(out)
    if as_json:
        say_json({"out": str(out), "statuses": found.statuses(), **found.facts})
        return
    people = len(set(found.identities.tolist()))
    say(
        f"{out}: {_number(found)} of {people:,} people, {known.embedding} numbers each; {known.name}, alignment "
        f"{known.alignment}, pixels {known.normalise}{', original and mirrored averaged' if flip else ''}"
    )


def _number(found: Embeddings) -> str:
    images = len(found.one_an_image())
    return f"{len(found):,} images" if images == len(found) else f"{len(found):,} faces in {images:,} images"
