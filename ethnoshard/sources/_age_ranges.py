"""FairFace's ranges of ages, also as spreadsheets rewrite them: 3-9 becomes 9-Mar, 10-19 becomes 19-Oct."""

import re

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
