"""Several places as one source: each is listed by itself, then all are put in one order."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import polars as pl

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources._listing import IDENTITY, Listing, People, Smell
from ethnoshard.sources._place import SEVERAL, Place, member_of
from ethnoshard.sources._reader import DEFAULT_MAX_FILE_BYTES, ImageRef
from ethnoshard.sources._ref_table import MEMBER, RefTable, table_of
from ethnoshard.sources.naming._people import SAID, PeopleOfImages
from ethnoshard.sources.naming._smells import odd_sizes


class Opened(NamedTuple):
    """A place, and what is there."""

    place: Place
    listing: Listing


def join(parts: Sequence[Opened], path: Path, *, one_set: bool, max_file_bytes: int = DEFAULT_MAX_FILE_BYTES) -> Opened:
    """Make one source of several.

    Args:
        parts: at least one.
        path: of the folder that holds them, or the first.
        one_set: whether they are pieces of one set, so that an identity of one name in two of them is one person, which
            the form says; else it is a smell.
        max_file_bytes: as of a place.

    Raises:
        EthnoshardError: two of them have an image of one name.
    """
    refs, spread = _merged([part.listing.refs for part in parts], [part.place.path for part in parts])
    skipped: dict[str, list[str]] = {}
    for part in parts:
        for reason, names in part.listing.skipped.items():
            skipped.setdefault(reason, []).extend(f"{part.place.path.name}/{name}" for name in names)
    sizes = {part.listing.image_size for part in parts}
    listing = Listing(
        refs=refs,
        skipped=skipped,
        form=_form(parts, spread, one_set=one_set),
        image_size=sizes.pop() if len(sizes) == 1 else None,
        people=_people(part.listing.people for part in parts),
        smells=(
            *dict.fromkeys(smell for part in parts for smell in part.listing.smells if not smell.of_all),
            *odd_sizes(refs),
            *([] if one_set or not spread else [_same_people(spread, parts)]),
        ),
        remarks=tuple(remark for part in parts for remark in part.listing.remarks),
    )
    members = tuple(part.place for part in parts)
    return Opened(Place(kind=SEVERAL, path=path, members=members, max_file_bytes=max_file_bytes), listing)


_TWO_SETS = "align each into a work folder of its own, since the same label is somebody else in each"
"""Records have no folders that could be renamed."""


class _Spread(NamedTuple):
    """Identities of one name in several places.

    Attributes:
        number: of them.
        identity: the first.
        members: two places that have it.
    """

    number: int
    identity: str
    members: tuple[int, int]

    def __bool__(self) -> bool:
        """Whether there is any."""
        return self.number > 0


def _merged(all_refs: Sequence[Sequence[ImageRef]], paths: Sequence[Path]) -> tuple[Sequence[ImageRef], _Spread]:
    """The images of all members in one order, and which identities are in several."""
    numbers = all(isinstance(refs[0].locator, int) for refs in all_refs)
    tables = [table_of(refs) for refs in all_refs]
    people = pl.concat(
        [
            pl.DataFrame([table.people.alias(IDENTITY)]).with_columns(pl.lit(member).alias(MEMBER))
            for member, table in enumerate(tables)
        ]
    )
    same = people.group_by(IDENTITY).agg(pl.len(), pl.col(MEMBER)).filter(pl.col("len") > 1).sort(IDENTITY)
    spread = _Spread(0, "", (0, 0))
    if same.height:
        two = same[MEMBER][0].sort()
        spread = _Spread(same.height, same[IDENTITY][0], (int(two[0]), int(two[1])))
    refs = RefTable.joined(tables)
    if twice := refs.first_twice():
        places = [paths[member_of(ref)[0]] for ref in twice]
        raise _same_image(twice[0].name, places, _TWO_SETS if numbers else "rename one's folders")
    return refs, spread


def _same_image(name: str, paths: Sequence[Path], advice: str) -> EthnoshardError:
    first, second, *_ = paths
    return EthnoshardError(
        f"{first} and {second} both have the image {name!r}. If they hold the same images, give one of them; else "
        f"{advice}"
    )


def _same_people(spread: _Spread, parts: Sequence[Opened]) -> Smell:
    first, second = (parts[member].place.path for member in spread.members)
    return Smell(
        what=f"{spread.number:,} identities are in several of the {len(parts):,} places, as {spread.identity!r} in "
        f"{first} and {second}: each would be one person",
        way_out="if they are different people who happen to have one name, as numbers mostly do, rename the folders of "
        "one; if they are the same people, pass --as-it-is",
    )


def _form(parts: Sequence[Opened], spread: _Spread, *, one_set: bool) -> str:
    forms = dict.fromkeys(part.listing.form for part in parts)
    shown = "; ".join(list(forms)[:3]) + ("; ..." if len(forms) > 3 else "")
    what = "archives" if one_set else "places"
    text = f"{len(parts):,} {what} as one source: {shown}"
    if one_set and spread:
        text += f"; {spread.number:,} identities are in several archives, each of them one person"
    return text


def _people(all_people: Iterable[People | None]) -> People | None:
    """What the members say of people; where two say different things of one, it is as if two of his images did."""
    tables = [people for people in all_people if people is not None]
    given_by: dict[str, str] = {}
    for people in tables:
        given_by = people.given_by | given_by
    gathered = PeopleOfImages(given_by)
    for people in tables:
        said = [
            (pl.col(name) if name in people.rows.columns else pl.lit(None, pl.String)).alias(SAID + name)
            for name in gathered.columns
        ]
        gathered.add(people.rows.select(IDENTITY, *said))
    return gathered.people()
