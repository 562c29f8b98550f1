"""From paths that the user gives to what lies there."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources._listing import Listing, People, Smell
from ethnoshard.sources._open import Opener
from ethnoshard.sources._place import Place
from ethnoshard.sources._reader import DEFAULT_MAX_FILE_BYTES, ImageRef, SourceReader
from ethnoshard.sources._reading import Reading
from ethnoshard.sources._refs import listing_lines
from ethnoshard.sources._remarks import Remark
from ethnoshard.sources.naming._smells import odd_sizes


@dataclass(frozen=True, kw_only=True, eq=False)
class Source:
    """What a place holds; keeps no file open.

    Attributes:
        place: where the images lie, and what reads them.
        listing: what is there.
        reading: what the user said of who is where.
    """

    place: Place
    listing: Listing
    reading: Reading = field(default_factory=Reading)

    @property
    def path(self) -> Path:
        """The folder or file, as given; of several the first."""
        return self.place.path

    @property
    def kind(self) -> str:
        """See :class:`~ethnoshard.sources.Place`."""
        return self.place.kind

    @property
    def refs(self) -> Sequence[ImageRef]:
        """Every image of an identity, identities contiguous.

        Folders and archives: by identity, then name, in code points. RecordIO: by label, then key, as numbers.
        """
        return self.listing.refs

    @property
    def skipped(self) -> Mapping[str, Sequence[str]]:
        """Reason -> display names of the entries that are no image of an identity."""
        return self.listing.skipped

    @property
    def image_size(self) -> int | None:
        """Side of the square images in pixels where RecordIO's ``property`` states it."""
        return self.listing.image_size

    @property
    def form(self) -> str:
        """What the source was taken for, in words."""
        return self.listing.form

    @property
    def people(self) -> People | None:
        """What the form says of people; None where it says nothing."""
        return self.listing.people

    @property
    def smells(self) -> tuple[Smell, ...]:
        """What suggests that the form is another one."""
        return self.listing.smells

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """What was left out of all this, or read otherwise than it is written."""
        return self.listing.remarks

    def checked(self) -> "Source":
        """The source itself, if nothing suggests that it is not what it was taken for, or it was to be so as it is.

        Raises:
            EthnoshardError: something does; the message has what, the numbers and the way out.
        """
        if self.smells and not self.reading.as_it_is:
            told = "; ".join(f"{smell.what}. Way out: {smell.way_out}" for smell in self.smells)
            raise EthnoshardError(f"{self.path} was taken for {self.form}, which it hardly is: {told}")
        return self

    def digest(self) -> str:
        """Hex SHA-256 over identity, name and size of every ref, in order; the container plays no part.

        A listing has no more. Other photographs may have the same: see :func:`~ethnoshard.sources.image_digests`.
        """
        digest = hashlib.sha256()
        for lines in listing_lines(self.refs):
            digest.update(lines)
        return digest.hexdigest()

    def open(self) -> SourceReader:
        """Return a new reader of these refs.

        Raises:
            EthnoshardError: the source is gone or can't be opened any more.
        """
        return self.place.open()


def open_source(
    path: str | Path | Sequence[str | Path],
    reading: Reading | None = None,
    *,
    max_file_bytes: int = DEFAULT_MAX_FILE_BYTES,
) -> Source:
    """List the photographs at ``path``, whatever it is; what it is is told by content, not by name.

    ===========================================  ==========================================================
    what is at ``path``                          kind
    ===========================================  ==========================================================
    a folder that holds ``train.rec``            ``recordio``
    a folder that holds any image                ``folder``
    a folder that holds a set of another kind    that, or ``several``
    a file of RecordIO (``.rec``)                ``recordio``
    a plain tar, a shard of WebDataset too       ``tar``
    a gzip-compressed tar, a shard too           ``tar.gz``
    a zip                                        ``zip``
    a Parquet file                               ``parquet``
    a pattern such as ``train-{000..099}.tar``   ``several``
    ===========================================  ==========================================================

    The same photographs in a folder, tar, tar.gz or zip give the same identities, names, sizes and order.

    Args:
        path: the folder or file, or several of them, which become one source.
        reading: what the user says of who is where; by default the form itself says it.
        max_file_bytes: an image file larger than this stays in the listing, but reading it fails.

    Raises:
        EthnoshardError: nothing usable is there, it is cut short or damaged, or it can't be read.
        ValueError: ``max_file_bytes`` is not positive, or no path is given.
    """
    if max_file_bytes < 1:
        raise ValueError(f"max_file_bytes must be at least 1, not {max_file_bytes}")
    paths = [Path(path)] if isinstance(path, str | Path) else [Path(each) for each in path]
    if not paths:
        raise ValueError("no path is given")
    reading = reading or Reading()
    if reading.layout is not None and reading.table is not None:
        raise EthnoshardError("--layout and --list both say who is on which image; give one of them")
    place, listing = Opener(reading, max_file_bytes).open(paths)
    if not listing.smells:
        listing = replace(listing, smells=odd_sizes(listing.refs))
    return Source(place=place, listing=listing, reading=reading)
