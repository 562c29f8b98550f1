"""From a path that the user gives to faces: photographs are aligned first, once, in the cache."""

import hashlib
import json
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

from ethnoshard.alignment import PIXEL_DECIDING, AlignSettings, align_source
from ethnoshard.embedding._cache import Cache
from ethnoshard.embedding._places import Faces, faces_of_dataset, faces_of_work
from ethnoshard.errors import EthnoshardError
from ethnoshard.sources import open_source

Progress = Callable[[int], None]


def open_faces(
    place: str | Path,
    *,
    source: Path | None = None,
    cache: Cache | None = None,
    workers: int | None = None,
    begun: Callable[[int, int], None] | None = None,
    advance: Progress | None = None,
) -> Faces:
    """Faces of a work folder, a dataset (or its URL), or photographs.

    Photographs are aligned with the usual settings into a work folder of the cache, which stays until somebody deletes
    it; the second time it is found there. Call it from a script only under ``if __name__ == "__main__":``.

    Args:
        place: what holds the faces.
        source: photographs that a work folder was made from.
        cache: where aligned photographs go.
        workers: processes that align.
        begun: told how many images there are to align, and how many are aligned already.
        advance: told how many images were aligned.

    Raises:
        EthnoshardError: there is nothing of the kind, or the source doesn't belong to the work folder.
    """
    path = Path(place)
    if (path / "align.json").is_file():
        return faces_of_work(path, source)
    if source is not None:
        raise EthnoshardError(f"--source goes with a work folder, and {place} is none; give the photographs alone")
    if "://" in str(place) or (path / "dataset.json").is_file():
        return faces_of_dataset(str(place))
    images = open_source(path)
    settings = AlignSettings()
    decides = [images.digest(), repr(settings), {name: version(name) for name in PIXEL_DECIDING}]
    name = hashlib.sha256(json.dumps(decides).encode()).hexdigest()[:20]
    work = (cache or Cache.usual()).aligned / name
    align_source(images, work, settings, workers=workers, begun=begun, advance=advance)
    return faces_of_work(work, path)
