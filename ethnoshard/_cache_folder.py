"""The one folder of the user's in which everything lies that is costly to have again; ``docs/caches.md`` lists it."""

import os
from pathlib import Path

from ethnoshard.errors import EthnoshardError

CACHE_VARIABLE = "ETHNOSHARD_CACHE"
"""The environment variable that names the folder of the cache."""


def cache_folder(given: str | Path | None = None) -> Path:
    """The folder of the cache.

    It is ``given``, else what ``ETHNOSHARD_CACHE`` names, else ``ethnoshard`` in ``XDG_CACHE_HOME`` where that is an
    absolute path (the XDG specification has others ignored), else ``~/.cache/ethnoshard``.

    Raises:
        EthnoshardError: none is named, and there is no home.
    """
    xdg = Path(os.environ.get("XDG_CACHE_HOME", ""))
    try:
        if named := given or os.environ.get(CACHE_VARIABLE):
            return Path(named).expanduser()
        return (xdg if xdg.is_absolute() else Path.home() / ".cache") / "ethnoshard"
    except RuntimeError as error:
        raise EthnoshardError(
            f"the folder of the cache can't be told ({error}); name one by the environment variable {CACHE_VARIABLE}"
        ) from error
