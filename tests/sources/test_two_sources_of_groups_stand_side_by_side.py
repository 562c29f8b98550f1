"""Each source gives a group where it names one alone; who is left out, and why, is counted."""

from pathlib import Path

import pytest
from pair_lists import write

from ethnoshard.errors import EthnoshardError
from ethnoshard.sources import read_lfw_groups

HEAD = "identity,images,usc_label,kumar_white,kumar_black,kumar_asian,kumar_indian"
ROWS = [
    "a,4,caucasian,4,0,0,0",
    "b,4,african,0,2,0,0",
    "c,4,eastasian,1,0,1,0",
    'd,4,"african,caucasian",0,1,0,0',
    "e,4,,0,0,3,0",
    "f,4,asianindian,0,0,0,4",
    "g,4,latino,0,0,0,0",
    "h,4,,2,2,0,0",
]


def test_groups_and_reasons(tmp_path: Path) -> None:
    usc, kumar = read_lfw_groups(write(tmp_path / "groups.csv", [HEAD, *ROWS]))
    assert (usc.name, usc.groups) == ("usc_label", {"a": "White", "b": "Black", "c": "Asian"})
    assert usc.without == {"another group": 1, "no label": 2, "several labels": 1, "the group Indian is left out": 1}
    assert (kumar.name, kumar.groups) == ("kumar", {"a": "White", "b": "Black", "e": "Asian"})
    assert kumar.without == {
        "no label": 1,
        "several labels, or on too few images": 3,
        "the group Indian is left out": 1,
    }
    assert len(kumar.groups) + sum(kumar.without.values()) == len(ROWS)


def test_the_least_share_is_the_readers_to_choose(tmp_path: Path) -> None:
    path = write(tmp_path / "groups.csv", [HEAD, *ROWS])
    assert read_lfw_groups(path, least_share=0.25)[1].groups["d"] == "Black"
    assert "b" not in read_lfw_groups(path, least_share=0.75)[1].groups


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([HEAD.replace("usc_label", "usc"), *ROWS], "lacks the column usc_label"),
        ([HEAD, "a,x,,0,0,0,0"], "line 2: identity is a name; images and kumar_"),
        ([HEAD, *ROWS, ROWS[0]], "1 people in more than one row"),
        ([HEAD], "has no row"),
    ],
)
def test_refused(tmp_path: Path, rows: list[str], message: str) -> None:
    with pytest.raises(EthnoshardError, match=message):
        read_lfw_groups(write(tmp_path / "groups.csv", rows))
    with pytest.raises(EthnoshardError, match="least_share must be above 0"):
        read_lfw_groups(tmp_path / "groups.csv", least_share=0)


@pytest.mark.realdata
def test_the_real_table(real_data: Path) -> None:
    for source in read_lfw_groups(real_data / "lfw" / "lfw_groups.csv"):
        assert len(source.groups) + sum(source.without.values()) == 5749
        assert set(source.groups.values()) == {"White", "Black", "Asian"}
