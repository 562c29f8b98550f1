"""What a look into a source finds, whatever its form: images, what was left out, what the form says of people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from ethnoshard.sources._reader import ImageRef
from ethnoshard.sources._remarks import Remark

IDENTITY, NAME, GROUP = "identity", "name", "group"
"""Columns of a table of people: who, by which other name lists know them, of which group."""


@dataclass(frozen=True, kw_only=True, eq=False)
class People:
    """What a source says of its people.

    Attributes:
        rows: a row for each identity of which it says something: ``identity``, and texts (null where it says nothing)
            in the columns ``name`` (another name of the identity, which lists may use), ``group``, and others by
            whatever name they have.
        given_by: column -> what gives it, as "the folder names" or "train.lst".
    """

    rows: pl.DataFrame
    given_by: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Smell:
    """Something that suggests that a listing took the source for what it is not.

    Attributes:
        what: what is odd, with the numbers.
        way_out: what to do.
        of_all: whether it is about all images of a source together, so that it says nothing of a piece of one.
    """

    what: str
    way_out: str
    of_all: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Listing:
    """The parts of a :class:`~ethnoshard.sources.Source` that a look into one finds.

    Attributes:
        refs: every image of an identity, identities contiguous.
        skipped: reason -> display names of the entries that are no image of an identity.
        form: what the source was taken for, for people, as "identity folders".
        image_size: side of the square images in pixels where the form states it.
        people: what the form says of people; None where it says nothing.
        smells: what suggests that the form is another one.
        remarks: what was left out of all this, or read otherwise than it is written.
    """

    refs: Sequence[ImageRef]
    skipped: Mapping[str, Sequence[str]] = field(default_factory=dict)
    form: str
    image_size: int | None = None
    people: People | None = None
    smells: tuple[Smell, ...] = ()
    remarks: tuple[Remark, ...] = ()
