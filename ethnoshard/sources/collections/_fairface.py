"""FairFace (Kärkkäinen and Joo 2021): tables beside the images say race, gender and a range of ages.

Spreadsheets rewrite two of the ranges as dates: 3-9 becomes 9-Mar, 10-19 becomes 19-Oct.
"""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources._reader import ImageRef
from ethnoshard.sources._remarks import Remarks
from ethnoshard.sources.collections._utkface import Person
from ethnoshard.sources.containers._images import display
from ethnoshard.sources.containers._inventory import Inventory
from ethnoshard.sources.pairs._matching import Matches, match_names
from ethnoshard.sources.tables._text import EMPTY_ROW, read_csv_text

UNKNOWN_AGE = -1

FAIRFACE_AGES = {
    "0-2": 0,
    "3-9": 3,
    "10-19": 10,
    "20-29": 20,
    "30-39": 30,
    "40-49": 40,
    "50-59": 50,
    "60-69": 60,
    "more than 70": 70,
}
"""The ranges, and the least age of each."""

_MONTHS = {
    3: "mar märz mär mrz mars março marzo mac mrt maa",
    9: "sep sept set septembre september septiembre setembro settembre",
    10: "oct okt ott out octobre october octubre oktober outubro ottobre",
}
_MONTH_OF = {name: number for number, names in _MONTHS.items() for name in names.split()} | {"march": 3}
_AS_DATE = {frozenset({3, 9}): "3-9", frozenset({10, 19}): "10-19"}
"""Day and month, or month and year, whatever their order. No other range of FairFace's can be taken for a date."""
_DAY_AND_MONTH = 2
_LONGEST = 31
"""Days of a month; what is more is a year."""
_WORD_OR_NUMBER = re.compile(r"[^\W\d_]+|[0-9]+")
_DASHES = str.maketrans({"‐": "-", "‑": "-", "–": "-", "—": "-", "−": "-"})


def age_range(text: str) -> str | None:
    """The range that ``text`` is, but for spaces, case and the kind of dash; None where it is none.

    >>> [age_range(text) for text in ("3-9", "3 – 9", "More than 70", "9-Mar")]
    ['3-9', '3-9', 'more than 70', None]
    """
    plain = re.sub(r"\s*-\s*", "-", " ".join(text.translate(_DASHES).casefold().split()))
    return plain if plain in FAIRFACE_AGES else None


def age_range_of_date(text: str) -> str | None:
    """The range that a spreadsheet made a date of, whatever the order and language; None where that isn't certain.

    >>> [age_range_of_date(text) for text in ("9-Mar", "03-Sep", "Oct-19", "2026-10-19 00:00:00", "9-Apr", "12")]
    ['3-9', '3-9', '10-19', '10-19', None, None]
    """
    text = text.casefold().partition(" 00:00")[0]
    numbers: list[int] = []
    for part in _WORD_OR_NUMBER.findall(text):
        number = int(part) if part.isascii() and part.isdigit() and len(part) <= 4 else _MONTH_OF.get(part)
        if number is None:
            return None
        numbers.append(number)
    years = [number for number in numbers if number > _LONGEST]
    rest = [number for number in numbers if number <= _LONGEST]
    if len(rest) != _DAY_AND_MONTH or len(years) > 1:
        return None
    found = _AS_DATE.get(frozenset(rest))
    if found is None and years and 1 in rest:
        # A month of a year is kept as its first day: October of 2019 is 2019-10-01.
        found = _AS_DATE.get(frozenset({max(rest), years[0] % 100}))
    return found


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
