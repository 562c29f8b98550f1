"""Paths that a verb is given: of this machine, not URLs, which ``Path`` would take for folders of odd names."""

import functools
import re
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

from ethnoshard.errors import EthnoshardError
from ethnoshard.shards import printable_url

Given = ParamSpec("Given")
Made = TypeVar("Made")

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]+(::[A-Za-z0-9+.\-]+)*:/[^/]")
"""What is left of a URL when ``Path`` has taken away one of its slashes."""


def local(verb: Callable[Given, Made]) -> Callable[Given, Made]:
    """Have a verb refuse URLs where it takes paths."""

    @functools.wraps(verb)
    def checked(*positional: Given.args, **named: Given.kwargs) -> Made:
        for value in named.values():
            for path in value if isinstance(value, list) else [value]:
                if isinstance(path, Path) and _URL.match(str(path)) and not path.exists():
                    url = printable_url(str(path).replace(":/", "://", 1))
                    raise EthnoshardError(
                        f"{url} is a URL; here a file or folder of this machine is meant. Only datasets are read by "
                        "their URL (by info, verify, preview, export-dataset, plan, stream, train, embed and "
                        "look-alikes): copy anything else here first. Datasets, embeddings and reports are written to "
                        "one (by pack, embed, and --out of evaluate, cluster, compare and audit): copy anything else "
                        "to its place afterwards"
                    )
        return verb(*positional, **named)

    return checked
