"""Of a format that isn't known it is said whether it is newer, older or none, and what to do."""

from pathlib import Path
from typing import Any

import pytest

from ethnoshard._formats import check_format
from ethnoshard.errors import EthnoshardError

PATH = Path("x/dataset.json")


@pytest.mark.parametrize(
    ("found", "advice"),
    [
        (4, "is of format 4; this version of ethnoshard reads 2 and 3; a newer version wrote it: update ethnoshard"),
        (1, "is of format 1; this version of ethnoshard reads 2 and 3; an older version wrote it: pack it again"),
        (None, "is of format None; this version of ethnoshard reads 2 and 3; it was not written by ethnoshard"),
        ("3", "is of format '3'; this version of ethnoshard reads 2 and 3; it was not written by ethnoshard"),
        (True, "is of format True; this version of ethnoshard reads 2 and 3; it was not written by ethnoshard"),
    ],
)
def test_the_advice_is_that_of_the_side_it_lies_on(found: Any, advice: str) -> None:
    with pytest.raises(EthnoshardError) as raised:
        check_format(PATH, found, 2, 3, again="pack it again")
    assert str(raised.value) == f"{PATH} {advice}"


@pytest.mark.parametrize("found", [2, 3])
def test_what_is_known_is_read(found: int) -> None:
    check_format(PATH, found, 2, 3, again="pack it again")
