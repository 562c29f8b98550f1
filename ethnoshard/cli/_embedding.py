"""What the verbs that embed share: options, progress bars, and the way from arguments to embeddings."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeAlias

import typer
from rich.progress import Progress, SpinnerColumn, TextColumn

from ethnoshard._parallel import Executor
from ethnoshard.cli._console import progress_output, tell, warn, watched
from ethnoshard.embedding import (
    NORMALISATIONS,
    Alignment,
    Cache,
    Embeddings,
    FaceModel,
    Faces,
    embed_source,
    load_model,
    open_faces,
)
from ethnoshard.sources import Reading


class AlignmentOption(StrEnum):
    """How faces are aligned for an ONNX file of others."""

    CROP = "crop"
    FIVE_POINT = "five-point"


MODEL_HELP = (
    "Run folder, .safetensors or .onnx file (insightface's and its like too), or facenet-pytorch's vggface2 or "
    "casia-webface."
)
AlignmentChoice: TypeAlias = Annotated[
    AlignmentOption | None,
    typer.Option("--alignment", help="Of an ONNX file of others; by default five-point, as ArcFace's like need."),
]
Normalise: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help=f"Pixels of an ONNX file of others: {', '.join(NORMALISATIONS)}; with -bgr at the end blue comes first "
        "(insightface-bgr for AdaFace). By default as the graph tells, else insightface: -1 to 1.",
    ),
]
Crop: TypeAlias = Annotated[
    int | None,
    typer.Option(help="Side of the square from the middle of a face, if not the one the model was trained with."),
]
Flip: TypeAlias = Annotated[bool, typer.Option("--flip", help="Average each face and its mirror image.")]
SourceOption: TypeAlias = Annotated[
    Path | None,
    typer.Option("--source", metavar="SOURCE", help="Photographs that a work folder was made from, for five-point."),
]
CacheOption: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--cache",
        metavar="FOLDER",
        help="Where aligned photographs, embeddings and digests of files are kept; by default ETHNOSHARD_CACHE, else "
        "ethnoshard in the user's cache folder. Embeddings: 4 GiB at most; delete aligned/ to have its room back.",
    ),
]
NoCache: TypeAlias = Annotated[
    bool, typer.Option("--no-cache", help="Neither take embeddings from there nor keep them.")
]
Device: TypeAlias = Annotated[str, typer.Option(help="Where torch's networks run: cpu, cuda, cuda:1 ...")]


def embedded(
    model: FaceModel,
    faces: Faces,
    *,
    flip: bool,
    cache: Cache | None,
    parts: Path | None = None,
    executor: Executor | None = None,
    load: Callable[[], FaceModel] | None = None,
) -> Embeddings:
    """Embed with a progress bar, and say what has no embedding."""
    with watched("embed", "faces") as bar:
        found = embed_source(
            model, faces, flip=flip, cache=cache, parts=parts, executor=executor, load=load, progress=bar
        )
    lost = {status: count for status, count in found.statuses().items() if status != "embedded"}
    if lost:
        counts = ", ".join(f"{count:,} {status}" for status, count in sorted(lost.items()))
        warn(f"{sum(lost.values()):,} images of {faces.facts['name']} have no embedding: {counts}")
    return found


def opened(place: str, source: Path | None, cache: Cache, workers: int | None, reading: Reading | None = None) -> Faces:
    """Faces of a place; photographs are aligned first, with a progress bar."""
    with watched("align", "images") as bar:
        return open_faces(place, reading=reading, source=source, cache=cache, workers=workers, progress=bar, log=tell)


def chosen_cache(folder: Path | None) -> Cache:
    """The cache given, or the usual one."""
    return Cache(folder) if folder else Cache.usual()


def loaded(
    model: str, alignment: AlignmentOption | None, normalise: str | None, crop: int | None, device: str
) -> FaceModel:
    """Load a model by the options of the command line."""
    return loader(model, alignment, normalise, crop, device)(log=warn)


def loader(
    model: str, alignment: AlignmentOption | None, normalise: str | None, crop: int | None, device: str
) -> Callable[..., FaceModel]:
    """What loads a model by the options of the command line, here or on another machine."""
    chosen: Alignment | None = None
    if alignment is not None:
        chosen = "crop" if alignment == AlignmentOption.CROP else "five-point"
    return functools.partial(load_model, model, alignment=chosen, normalise=normalise, crop=crop, device=device)


@contextmanager
def steps(what: str) -> Iterator["Steps"]:
    """Say which step runs while the block does; a spinner on a terminal, nothing elsewhere."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"))
    with Progress(
        *columns, console=progress_output, disable=not progress_output.is_terminal, transient=True
    ) as progress:
        yield Steps(progress, what)


class Steps:
    """Told of each step."""

    def __init__(self, progress: Progress, what: str) -> None:
        """Show nothing yet."""
        self._progress, self._what = progress, what
        self._task = progress.add_task(what, total=None)

    def __call__(self, step: str) -> None:
        """Another step begins."""
        self._progress.update(self._task, description=f"{self._what}: {step}")
