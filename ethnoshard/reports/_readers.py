"""Readers for lists of pairs and tables of groups, by the name or the head of their form."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources import (
    PAIRS_FORMS,
    AttributeTable,
    GroupSource,
    ImagePairs,
    PairList,
    column_names,
    file_part,
    read_any_pairs,
    read_attributes,
    read_lfw_groups,
)

PAIR_FORMATS = PAIRS_FORMS
"""LFW's pairs.txt and as CSV, lists of ``label path path`` and of two lines a pair, CFP's Protocol folder
(frontal-frontal, frontal-profile), RFW's txts, BFW's table, insightface's .bin, Parquet with images."""


def read_pairs(*paths: str | Path, form: str = "auto") -> PairList:
    """Read a pair list; see ``sources.read_any_pairs``, which gives the images too, where the form holds them.

    Args:
        paths: the file or folder, or the several files that make one list.
        form: one of ``PAIR_FORMATS``, or "auto": told by what the list holds.

    Raises:
        EthnoshardError: the form is unknown, or the list can't be read or is malformed.
    """
    found = read_any_pairs(*paths, form=form)
    return found.pairs if isinstance(found, ImagePairs) else found


_OF_LFW = ("usc_label", "kumar_white", "kumar_black", "kumar_asian", "kumar_indian")


def read_groups(
    *paths: str | Path,
    columns: Sequence[str] = (),
    matched_on: str | None = None,
    roles: Mapping[str, str] | None = None,
) -> tuple[GroupSource, ...]:
    """Read tables of people's groups, each column of each a source of labels.

    Args:
        paths: text, with or without a head, or Parquet: a table with the columns ``identity`` and ``group``, as
            ``label`` takes and writes it, or with any attributes of people instead; or ``lfw_groups.csv``, with its two
            sources, ``usc_label`` and ``kumar``.
        columns: those that are sources; without, ``group`` and every column of text that has 2 to 24 values.
        roles: ``identity`` -> the column that names the people in the tables, where likely names don't tell.
        matched_on: a column, such as sex: pairs of people known to differ in it are left out.

    Raises:
        EthnoshardError: a file can't be read, has no such column, or says two different things of a person.
    """
    sources: list[GroupSource] = []
    matched: dict[str, str] = {}
    has: dict[Path, list[str]] = {}
    for path in map(Path, paths):
        if _is_lfws(path):
            both = read_lfw_groups(path)
            has[path] = [source.name for source in both]
            sources += [source for source in both if not columns or source.name in columns]
            continue
        table = read_attributes(path, roles)
        has[path] = table.columns
        own = [name for name in columns if name in table.columns]
        if own or not columns:
            sources += table.sources(own, apart_from=matched_on)
        if matched_on in table.columns:
            matched |= _agreeing(matched, table, matched_on)
    wanted = {*columns, *([matched_on] if matched_on else [])}
    lacking = wanted - {name for names in has.values() for name in names}
    if lacking:
        there = "; ".join(f"{path}: {', '.join(names)}" for path, names in has.items())
        raise EthnoshardError(f"no table of groups has the column {' nor '.join(sorted(lacking))}. There are {there}")
    if paths and not sources:
        raise EthnoshardError(f"{' and '.join(map(str, paths))} name no groups, but what to match people on")
    if matched_on is not None and not matched:
        raise EthnoshardError(f"{matched_on} can't be matched on: no table gives it to anybody")
    return _apart([replace(source, matched_on=matched_on, matched=matched) for source in sources])


def _agreeing(matched: dict[str, str], table: AttributeTable, column: str) -> dict[str, str]:
    """A column's values, unless another table has other ones."""
    found = table.values(column)
    differing = [who for who, value in found.items() if matched.get(who, value) != value]
    if differing:
        raise EthnoshardError(
            f"{table.path} has another {column} for {len(differing):,} people than a table before it, {differing[0]!r} "
            "the first; keep one of the two"
        )
    return found


def _apart(sources: Sequence[GroupSource]) -> tuple[GroupSource, ...]:
    """The same, no two of them with one name."""
    often = Counter(source.name for source in sources)
    names: set[str] = set()
    result = []
    for source in sources:
        name = source.name if often[source.name] == 1 else file_part(source.given_by or source.name)
        first = name
        number = 2
        while name in names:
            name, number = f"{first}-{number}", number + 1
        names.add(name)
        result.append(replace(source, name=name))
    return tuple(result)


def _is_lfws(path: Path) -> bool:
    """Whether a CSV has the columns of LFW's table; not so of a file that isn't there, which its reader will say."""
    try:
        head = column_names(path, ("identity", "group", "confidence", *_OF_LFW))
    except EthnoshardError:
        return False
    return "group" not in head and any(name in head for name in _OF_LFW)
