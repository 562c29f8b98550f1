"""Faces of findings: which are kept to be looked at, and their numbers in the table."""

from collections.abc import Callable, Iterator, Sequence

import polars as pl

from ethnoshard.audit._audit import Findings
from ethnoshard.results import FINDINGS_SCHEMA

MOST = 6000
"""Faces that are kept, about 12 KiB each; those of the surest findings come first."""

Jpegs = Callable[[], Iterator[bytes]]


def with_pictures(
    findings: Findings, jpegs: Sequence[Jpegs | None], rows: Sequence[Sequence[int]], *, most: int = MOST
) -> tuple[pl.DataFrame, list[bytes]]:
    """The table with numbers of pictures, and the pictures.

    Each set's faces are gone through once, in their order, whichever are wanted.

    Args:
        findings: what was found.
        jpegs: of each set, the audited one first, what gives its faces one behind the other; None where not at hand.
        rows: of each set, which of these faces each row of its embeddings is.
        most: pictures that are kept, at most. A finding has all of its faces or none.
    """
    wanted: dict[tuple[int, int], int] = {}
    numbers: list[tuple[list[int], list[int]]] = [([], []) for _ in findings.faces]
    sure = findings.table["sure"].to_list()
    for place in sorted(range(len(sure)), key=lambda each: -sure[each]):
        both = findings.faces[place]
        new = {face for side in both for face in side if face not in wanted and jpegs[face[0]] is not None}
        if len(wanted) + len(new) > most:
            continue
        for face in (face for side in both for face in side if face in new):
            wanted.setdefault(face, len(wanted))
        one, other = ([wanted[face] for face in side if face in wanted] for side in both)
        numbers[place] = (one, other)
    pictures = [b""] * len(wanted)
    for which, give in enumerate(jpegs):
        mine: dict[int, int] = {int(rows[which][row]): number for (of, row), number in wanted.items() if of == which}
        if give is None or not mine:
            continue
        last = max(mine)
        for place, jpeg in enumerate(give()):
            if place in mine:
                pictures[mine[place]] = jpeg
            if place == last:
                break
    kind = FINDINGS_SCHEMA["faces"]
    table = findings.table.with_columns(
        pl.Series("faces", [one for one, _ in numbers], kind),
        pl.Series("other_faces", [other for _, other in numbers], kind),
    )
    return table, pictures
