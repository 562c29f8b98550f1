"""``with_pictures``: which faces a report keeps, and how the table numbers them."""

from collections.abc import Callable, Iterator

import polars as pl
import pytest

from ethnoshard.audit import Findings, with_pictures
from ethnoshard.results import FINDINGS_SCHEMA

SURE = (0.6, 0.9, 0.7, 0.8)
FACES = (
    (((0, 4), (0, 1)), ((0, 2),)),
    (((0, 1), (0, 5)), ((1, 3), (1, 0))),
    (((0, 1),), ((0, 5),)),
    (((0, 3), (0, 0)), ((1, 1),)),
)
"""Faces of the two sides of each finding: set and row; some are of several findings."""
ROWS = ([1, 3, 5, 7, 9, 11], [3, 2, 1, 0])
"""Which face of its set each row is; the audited set has faces without an embedding too."""


@pytest.fixture
def findings() -> Findings:
    empty = dict.fromkeys(FINDINGS_SCHEMA.names())
    rows = [{**empty, "kind": "shared", "identity": "a", "sure": sure} for sure in SURE]
    return Findings(table=pl.DataFrame(rows, schema=FINDINGS_SCHEMA), faces=FACES, kinds={})


def giving(which: int, number: int) -> Callable[[], Iterator[bytes]]:
    """Faces that say which they are."""
    return lambda: (f"{which}:{face}".encode() for face in range(number))


def said(faces: tuple[tuple[int, int], ...]) -> list[str]:
    return [f"{which}:{ROWS[which][row]}" for which, row in faces]


def kept(table: pl.DataFrame, pictures: list[bytes]) -> list[tuple[list[str], list[str]]]:
    """What the numbers of each finding stand for."""
    return [
        tuple([pictures[number].decode() for number in row[name]] for name in ("faces", "other_faces"))  # type: ignore[misc]
        for row in table.iter_rows(named=True)
    ]


def test_numbers_stand_for_the_faces_of_the_finding_and_each_face_is_kept_once(findings: Findings) -> None:
    table, pictures = with_pictures(findings, [giving(0, 20), giving(1, 4)], ROWS)
    assert kept(table, pictures) == [(said(own), said(other)) for own, other in FACES]
    assert len(pictures) == len(set(pictures)) == 9
    assert table.drop("faces", "other_faces").equals(findings.table.drop("faces", "other_faces"))
    assert table.schema == FINDINGS_SCHEMA


@pytest.mark.parametrize("most", range(11))
def test_a_finding_has_all_of_its_faces_or_none_and_the_surest_come_first(findings: Findings, most: int) -> None:
    table, pictures = with_pictures(findings, [giving(0, 20), giving(1, 4)], ROWS, most=most)
    assert len(pictures) <= most and b"" not in pictures
    shown = kept(table, pictures)
    used: set[str] = set()
    for place in sorted(range(4), key=lambda each: -SURE[each]):
        own, other = map(said, FACES[place])
        fits = len(used | {*own, *other}) <= most
        assert shown[place] == ((own, other) if fits else ([], []))
        used |= {*own, *other} if fits else set()
    assert len(pictures) == len(used)


def test_of_a_set_whose_faces_are_not_at_hand_there_are_none_and_the_others_are_kept(findings: Findings) -> None:
    table, pictures = with_pictures(findings, [giving(0, 20), None], ROWS)
    wanted = [(said(own), said(tuple(face for face in other if face[0] == 0))) for own, other in FACES]
    assert kept(table, pictures) == wanted
    table, pictures = with_pictures(findings, [None, None], ROWS)
    assert pictures == [] and kept(table, pictures) == [([], [])] * 4


def test_faces_are_read_in_order_once_and_no_further_than_needed(findings: Findings) -> None:
    read: list[int] = []

    def faces() -> Iterator[bytes]:
        for face in range(100):
            read.append(face)
            yield str(face).encode()

    with_pictures(findings, [faces, None], ROWS)
    assert read == list(range(12))
