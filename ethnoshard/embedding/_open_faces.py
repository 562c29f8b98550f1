"""From a path that the user gives to faces: photographs are aligned first, once, in the cache."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ethnoshard._cache_folder import cache_folder
from ethnoshard._known_digests import KnownDigests
from ethnoshard._progress import SILENT, Progress
from ethnoshard.alignment import AlignSettings, align_once
from ethnoshard.embedding._aligned import AlignedFaces
from ethnoshard.embedding._cache import Cache
from ethnoshard.embedding._places import Faces, faces_of_aligned, faces_of_dataset, faces_of_work
from ethnoshard.errors import EthnoshardError
from ethnoshard.sources import open_source


def open_faces(
    place: str | Path,
    *,
    source: Path | None = None,
    cache: Cache | None = None,
    workers: int | None = None,
    progress: Progress = SILENT,
    said: Callable[[str], None] | None = None,
) -> Faces:
    """Faces of a work folder, a dataset (or its URL), or photographs.

    Photographs are aligned with the usual settings into a work folder of the cache, which stays until somebody deletes
    it; the second time it is found there, whatever the place is called by then. Call it from a script only under
    ``if __name__ == "__main__":``.

    Args:
        place: what holds the faces.
        source: photographs that a work folder was made from.
        cache: where aligned photographs go.
        workers: processes that align.
        progress: told how many images there are, and how many are done.
        said: told that another process, which aligns the same, is waited for, and what takes long.

    Raises:
        EthnoshardError: there is nothing of the kind, or the source doesn't belong to the work folder.
    """
    path, folder = Path(place), cache.path if cache else None
    if (path / "align.json").is_file():
        return faces_of_work(path, source, cache=folder)
    if source is not None:
        raise EthnoshardError(f"--source goes with a work folder, and {place} is none; give the photographs alone")
    if "://" in str(place) or (path / "dataset.json").is_file():
        return faces_of_dataset(str(place))
    images = open_source(path)
    work = align_once(images, AlignSettings(), folder, workers=workers, progress=progress, said=said)
    aligned = AlignedFaces(work)
    faces = faces_of_aligned(aligned, images, KnownDigests(cache_folder(folder)))
    # The folder's record tells of whoever was first.
    return replace(faces, facts={**faces.facts, "kind": "photographs", "name": images.path.name})
