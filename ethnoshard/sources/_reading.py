"""What a user says of a source where its form doesn't say who is who."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How a source is to be read.

    Attributes:
        layout: a pattern of the images' paths, as ``{group}/{identity}/*``; None: the folder is the identity.
        table: a table that says who is on which image, in place of the folders.
        columns: role -> column of that table: ``image``, ``identity``, ``group``, ``name``; by default the likely ones.
        as_it_is: take the source for what it looks like, whatever is odd about it.
    """

    layout: str | None = None
    table: Path | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    as_it_is: bool = False
