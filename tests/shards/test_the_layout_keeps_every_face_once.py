"""Which face goes where: every kept face once, an identity in one shard, a shard of one group, within its size."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ethnoshard.errors import EthnoshardError
from ethnoshard.shards._layout import Layout, file_names, lay_out
from ethnoshard.work import LABELS_SCHEMA, PART_SCHEMA
from tests.kit.examples import usual_examples

NOMINAL = 3 * 512


def tables(people: list[tuple[str | None, list[int | None]]]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Part rows and labels of people given as (group, lengths of their faces; None is an image without a face)."""
    rows, labels = [], []
    for number, (group, lengths) in enumerate(people):
        identity = f"p{number:04d}"
        for image, length in enumerate(lengths):
            rows.append({"identity": identity, "image": f"{identity}/{image}", "length": length, "offset": 512 * image})
        faces = sum(length is not None for length in lengths)
        labels.append({"identity": identity, "group": group, "faces": faces, "source": "file x"})
    part_rows = pl.DataFrame([{**dict.fromkeys(PART_SCHEMA), **row} for row in rows], schema=PART_SCHEMA)
    with_part = part_rows.with_columns(pl.lit(0, pl.Int32).alias("part"))
    return with_part, pl.DataFrame([{**dict.fromkeys(LABELS_SCHEMA), **row} for row in labels], schema=LABELS_SCHEMA)


def laid_out(people: list[tuple[str | None, list[int | None]]], shard_bytes: int) -> Layout:
    """The layout of rows that come in tables of three."""
    rows, labels = tables(people)
    return lay_out(rows.iter_slices(3), labels, shard_bytes)


PEOPLE = st.lists(
    st.tuples(
        st.sampled_from(["A", "B", "C c", None]),
        st.lists(st.one_of(st.integers(1, 40_000), st.none()), min_size=1, max_size=6),
    ),
    min_size=1,
    max_size=40,
)


def size_of(length: int) -> int:
    return -(-length // 512) * 512 + NOMINAL


@settings(max_examples=usual_examples(1.5))
@given(PEOPLE, st.integers(2**16, 2**18))
def test_the_layout(people: list[tuple[str | None, list[int | None]]], shard_bytes: int) -> None:
    kept = [(group, [length for length in lengths if length]) for group, lengths in people]
    if not any(group and lengths for group, lengths in kept):
        with pytest.raises(EthnoshardError, match="nothing to pack"):
            laid_out(people, shard_bytes)
        return
    layout = laid_out(people, shard_bytes)
    check_faces(layout, people)
    sizes = pl.Series([size_of(length) for length in layout.faces.table()["length"]])
    by_face = layout.faces.table().with_columns(
        layout.identities["shard"].gather(layout.faces.table()["identity"]).alias("shard"), sizes.alias("size")
    )
    for (shard,), faces in by_face.group_by("shard"):
        owners = layout.identities[faces["identity"].unique()]
        assert owners["group"].unique().to_list() == [layout.shards[shard]["group"]]
        assert faces["size"].sum() <= shard_bytes or len(owners) == 1
    check_pieces(layout)
    assert layout.identities["shard"].is_sorted()
    assert layout.identities["shard"].unique().to_list() == list(range(len(layout.shards)))
    assert len({shard["name"] for shard in layout.shards}) == len(layout.shards)


def check_faces(layout: Layout, people: list[tuple[str | None, list[int | None]]]) -> None:
    """Every face of a person with a group is there once, in the source's order."""
    names = layout.identities["identity"].gather(layout.faces.table()["identity"])
    for number, (group, lengths) in enumerate(people):
        identity = f"p{number:04d}"
        images = layout.faces.table().filter(names == identity)["source_image"].to_list()
        expected = [f"{identity}/{image}" for image, length in enumerate(lengths) if length is not None]
        assert images == (expected if group else [])
    left = sum(counts["identities"] for counts in layout.left_out.values())
    assert left + len(layout.identities) == len(people), "nobody is lost, nobody is counted twice"


def check_pieces(layout: Layout) -> None:
    """Some faces at a time are all faces, wherever one cuts."""
    whole = layout.faces.table()
    assert len(whole) == len(layout.faces) and whole["identity"].is_sorted()
    pieces = [layout.faces.table(start, min(start + 3, len(whole))) for start in range(0, len(whole), 3)]
    assert pl.concat(pieces).equals(whole)
    for name in whole.columns:
        assert pl.concat(list(layout.faces.column(name))).to_list() == whole[name].to_list()


def test_shards_of_a_group_are_about_equal() -> None:
    people = [("A", [9_000])] * 41
    layout = laid_out(people, 10 * size_of(9_000))
    counts = layout.identities["shard"].value_counts().sort("shard")["count"].to_list()
    assert sum(counts) == 41 and len(counts) == 5 and max(counts) - min(counts) <= 1


@pytest.mark.parametrize(
    ("groups", "names"),
    [
        (["East Asian", "White"], ["east-asian", "white"]),
        (["a b", "a/b", "A B"], ["a-b", "a-b-1", "a-b-2"]),
        (["../x", "黒人", "?"], ["x", "group-1", "group-2"]),
        (["a-1", "a", "A"], ["a-1", "a", "a-2"]),
    ],
)
def test_a_shards_name_is_safe_and_its_own(groups: list[str], names: list[str]) -> None:
    assert list(file_names(groups).values()) == names
