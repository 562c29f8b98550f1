"""FairFace (Kärkkäinen and Joo 2021): tables beside the images say race, gender and a range of ages."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources._age_ranges import FAIRFACE_AGES, UNKNOWN_AGE, age_range, age_range_of_date
from ethnoshard.sources._inventory import Inventory, display
from ethnoshard.sources._matching import Matches, match_names
from ethnoshard.sources._reader import ImageRef
from ethnoshard.sources._remarks import Remarks
from ethnoshard.sources._table import EMPTY_ROW, read_csv_text
from ethnoshard.sources._utkface import Person

FAIRFACE_TABLE = re.compile(r"fairface_label_\w+\.csv")
FAIRFACE_RACES = ("White", "Black", "Latino_Hispanic", "East Asian", "Southeast Asian", "Indian", "Middle Eastern")

NO_ROW = "no row in the tables given"
NO_IMAGE = "the row's image is not there"
TWO_IMAGES = "the row could mean more than one image"
UNKNOWN_RACE = "unknown race"
ROW_AGAIN = "the image has a row before"
AGE_UNKNOWN = "kept without an age: the row's is none of FairFace's"
AGE_AS_DATE = "age that a spreadsheet made a date of, read as the range that it was"
GENDER_UNKNOWN = "kept without a gender: the row's is neither Male nor Female"
OTHER_NAME = "image found under another name than the row's"

UNKNOWN_GENDER = -1
_COLUMNS = ("file", "age", "gender", "race")
_GENDERS = {"male": 0, "female": 1}
_RACE_OF = {name.casefold(): number for number, name in enumerate(FAIRFACE_RACES)}


class Listed(NamedTuple):
    """A collection's people, and what is to be said of the rest.

    Attributes:
        people: one for each usable row.
        malformed: the other rows, each with its reason in brackets.
        left_out: these, counted by reason.
        kept: rows that are used though something in them is not as it should be.
    """

    people: list[Person]
    malformed: list[str]
    left_out: Remarks
    kept: Remarks


class _Row(NamedTuple):
    place: str
    file: str
    age: str
    gender: str
    race: str


def list_fairface(inventory: Inventory, tables: list[Path]) -> Listed:
    """The people of all rows with a race and an image; images without a row go to ``inventory.skipped``.

    Age and gender serve figures by age and gender alone, so a row without one of them is kept.

    Raises:
        EthnoshardError: a table can't be read or lacks a column.
    """
    images = {display(found.path): found for found in inventory.images}
    listed = Listed([], [], Remarks(), Remarks())
    rows = [row for table in tables for row in _rows(table, listed.left_out)]
    matches = match_names([row.file for row in rows], images)
    named: set[str] = set()
    for row in rows:
        again = row.file in named
        named.add(row.file)
        if fault := _fault(row, matches, again=again):
            reason, value = fault
            listed.malformed.append(f"{row.file} ({reason}{value})")
            listed.left_out.add(reason, f"{row.place}: {row.file}{value}")
            continue
        found = images[matches.found[row.file]]
        if row.file != display(found.path):
            listed.kept.add(OTHER_NAME, f"{row.place}: {row.file} is {display(found.path)}")
        ref = ImageRef("", row.file, found.locator, found.size)
        age, gender = _age(row, listed.kept), _gender(row, listed.kept)
        listed.people.append(Person(ref, _RACE_OF[row.race.casefold()], age, gender))
    meant = set(matches.found.values()).union(*matches.ambiguous.values())
    for name in images:
        if name not in meant:
            inventory.skip(NO_ROW, name)
    return listed


def _fault(row: _Row, matches: Matches, *, again: bool) -> tuple[str, str] | None:
    """Why a row can't be used and what of it is the reason, or None."""
    if again:
        return ROW_AGAIN, ""
    if row.file in matches.ambiguous:
        return TWO_IMAGES, f", {' or '.join(matches.ambiguous[row.file][:2])}"
    if row.file not in matches.found:
        return NO_IMAGE, ""
    if row.race.casefold() not in _RACE_OF:
        return UNKNOWN_RACE, f", {row.race!r}"
    return None


def _age(row: _Row, kept: Remarks) -> int:
    if (found := age_range(row.age)) is not None:
        return FAIRFACE_AGES[found]
    if (found := age_range_of_date(row.age)) is not None:
        kept.add(AGE_AS_DATE, f"{row.place}: {row.age!r} is {found}")
        return FAIRFACE_AGES[found]
    kept.add(AGE_UNKNOWN, f"{row.place}: {row.age!r}")
    return UNKNOWN_AGE


def _gender(row: _Row, kept: Remarks) -> int:
    number = _GENDERS.get(row.gender.casefold())
    if number is None:
        kept.add(GENDER_UNKNOWN, f"{row.place}: {row.gender!r}")
        return UNKNOWN_GENDER
    return number


def _rows(table: Path, left_out: Remarks) -> Iterator[_Row]:
    text, separator = read_csv_text(table, _COLUMNS)
    try:
        # Strict, or a quote that is never closed would swallow the rows after it.
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        reader.fieldnames = [name.strip() for name in reader.fieldnames or []]
        lacking = [name for name in _COLUMNS if name not in reader.fieldnames]
        if lacking:
            raise EthnoshardError(
                f"{table} lacks the column {' and '.join(lacking)}; FairFace's tables have file,age,gender,race"
            )
        for row in reader:
            place = f"{table.name}, line {reader.line_num:,}"
            values = [(row[name] or "").strip() for name in _COLUMNS]
            if any(values):
                yield _Row(place, *values)
            else:
                left_out.add(EMPTY_ROW, place)
    except csv.Error as error:
        raise EthnoshardError(f"{table} can't be read as a table of FairFace: {error}; fetch it again") from error
