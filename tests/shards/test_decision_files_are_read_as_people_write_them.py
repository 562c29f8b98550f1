"""Files of decisions survive spreadsheets and hands, and any name survives being written and read."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ethnoshard.errors import EthnoshardError
from ethnoshard.shards import Decision, Decisions, read_decisions, write_decisions
from ethnoshard.sources import LINE
from tests.kit.examples import usual_examples

PLAIN = "kind,identity,image,action,to,reason\nstranger,a,a/1.jpg,move-to,b,looks like b\n,c,,leave-out,,\n"


def rows(decisions: Decisions) -> list[tuple[str, ...]]:
    return decisions.table.select("kind", "identity", "image", "action", "to").rows()


WANTED = [("stranger", "a", "a/1.jpg", "move-to", "b"), ("by hand", "c", "", "leave-out", "")]

WRITINGS = {
    "plain": PLAIN.encode(),
    "with a byte order mark": b"\xef\xbb\xbf" + PLAIN.encode(),
    "UTF-16, tabs": PLAIN.replace(",", "\t").encode("utf-16"),
    "semicolons, Windows line ends": PLAIN.replace(",", ";").replace("\n", "\r\n").encode(),
    "empty rows": PLAIN.replace("\n", "\n,,,,,\n\n", 1).encode(),
    "blanks about words and nothing": b"kind , identity,image , action,to,reason\n"
    b" stranger ,a,a/1.jpg, move-to ,b,\n,c,  , leave-out ,  ,\n",
    "further columns in another order": b"action,image,note,to,identity,kind,\n"
    b"move-to,a/1.jpg,x,b,a,stranger,\nleave-out,,y,,c,by hand,\n",
    "the same row twice, and of another kind": PLAIN.replace(
        "stranger", "zz,a,a/1.jpg,move-to,b,\nstranger,a,a/1.jpg,move-to,b,\nstranger"
    ).encode(),
}


@pytest.mark.parametrize("writing", WRITINGS)
def test_it_says_the_same_in_every_writing(writing: str, tmp_path: Path) -> None:
    (tmp_path / "by hand.csv").write_bytes(WRITINGS[writing])
    found = read_decisions(tmp_path / "by hand.csv")
    assert rows(found) == WANTED and found.name == "by hand.csv"
    (tmp_path / "plain.csv").write_bytes(PLAIN.encode())
    assert found.digest == read_decisions(tmp_path / "plain.csv").digest


def test_columns_that_no_row_needs_may_lack(tmp_path: Path) -> None:
    (tmp_path / "short.csv").write_text("identity,image,action\nc,,leave-out\n")
    assert rows(read_decisions(tmp_path / "short.csv")) == WANTED[1:]
    (tmp_path / "short.csv").write_text("identity,image,action\nc,,merge-into\n")
    with pytest.raises(EthnoshardError, match="merge-into needs an identity in the column to"):
        read_decisions(tmp_path / "short.csv")


def test_without_the_column_of_images_nobody_is_left_out_as_a_whole(tmp_path: Path) -> None:
    (tmp_path / "short.csv").write_text("identity,img,action\nc,c/1.jpg,leave-out\n")
    with pytest.raises(EthnoshardError, match=r"lacks the column image; .* kind,identity,image,action,to,reason"):
        read_decisions(tmp_path / "short.csv")


NAMES = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from('=+-@,;"\t '), min_size=1, max_size=12
).filter(str.strip)


@settings(max_examples=usual_examples(2))
@given(st.lists(st.tuples(NAMES, NAMES, NAMES, st.sampled_from(["=1+1", "+a", "-", "@x", "", "it's, so"])), min_size=1))
def test_any_name_survives(tmp_path_factory: pytest.TempPathFactory, drawn: list[tuple[str, str, str, str]]) -> None:
    decisions = [
        Decision(
            identity=identity,
            image=f"{identity}/{number}{image}",
            action="move-to-new",
            to=f"{number}{to}",
            reason=reason,
        )
        for number, (identity, image, to, reason) in enumerate(drawn)
    ]
    path = tmp_path_factory.mktemp("written") / "decisions.csv"
    write_decisions(path, decisions)
    found, wanted = read_decisions(path), Decisions.of(decisions, str(path))
    reasons = pl.col("reason").str.strip_chars()
    assert found.table.with_columns(reasons).equals(wanted.table.with_columns(reasons))
    assert found.digest == wanted.digest and found.table[LINE].min() == 2
