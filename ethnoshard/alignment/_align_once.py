"""Photographs aligned in the cache, once, whoever asks and wherever they lie."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from ethnoshard._cache_folder import cache_folder
from ethnoshard._known_digests import KnownDigests
from ethnoshard._progress import SILENT, Progress
from ethnoshard.alignment._align import align_source
from ethnoshard.alignment._deciding import chosen_runtime, pixel_deciding
from ethnoshard.alignment._settings import AlignSettings
from ethnoshard.sources import Source, contents_digest, image_digests

ALIGNED = "aligned"
"""Folder of the cache with a work folder for each of what was aligned in it; they stay until somebody deletes them."""


def align_once(
    images: Source,
    settings: AlignSettings,
    cache: Path | None = None,
    *,
    workers: int | None = None,
    progress: Progress = SILENT,
    log: Callable[[str], None] | None = None,
) -> Path:
    """Align photographs into a work folder of the cache, or find them aligned there.

    The folder is known by the content of the photographs with their names and people, the settings, the run-time and
    the versions that decide pixels; not by name or kind of the source. If another process is aligning the same, it is
    waited for, and its result used; what a killed one has finished is gone on with. Call it from a script only under
    ``if __name__ == "__main__":``.

    Args:
        images: the photographs.
        settings: what decides the faces.
        cache: the folder of the cache; by default the user's.
        workers: processes; one a core by default.
        progress: told how many images there are, and how many are done.
        log: told what is waited for, and what takes long.

    Returns:
        The work folder.

    Raises:
        EthnoshardError: as ``align``.
    """
    folder = cache_folder(cache)
    digests = image_digests(images, KnownDigests(folder), log=log)
    runtime = chosen_runtime(settings, None, "cpu", log)
    decides = {
        "photographs": contents_digest(images.refs, digests),
        "settings": asdict(settings),
        **pixel_deciding(settings, runtime),
    }
    work = folder / ALIGNED / hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:20]

    def waiting() -> None:
        if log is not None:
            log(f"another process is aligning the same photographs in {work}; waiting for it")

    align_source(
        images,
        work,
        settings,
        workers=workers,
        runtime=runtime.name,
        digests=digests,
        waiting=waiting,
        progress=progress,
        log=log,
    )
    return work
