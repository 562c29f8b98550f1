"""What decisions make of a work folder's tables before they are laid out: whose each face is, who is left out.

Decisions are about few people. So the tables are gone through part by part, and only the rows of those people are kept.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from ethnoshard.shards._decided_rows import Tables, all_keys, numbered, rows_named
from ethnoshard.shards._decisions import Decisions, Row, WrongRows, described
from ethnoshard.shards._face_rows import COLUMNS
from ethnoshard.shards._manifest import DecisionCounts, DecisionRecord
from ethnoshard.sources import LINE, nearest_name

LEFT_OUT = "decision"
NO_FACE_LEFT = "no face left"
"""Why a dataset doesn't hold an identity: it was decided so, or its faces were all left out or moved one by one."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Decided:
    """A work folder's tables as decisions leave them.

    Attributes:
        moved: rows of everybody whom a decision names, without those that are left out, in the order in which they
            are packed: ``COLUMNS`` and ``begin``, the row of the source where they go. ``identity`` is the one that a
            face goes to, and ``image`` stays the source's, but for further faces of an image that was decided upon by
            itself: these have their key, ``identity/image.jpg#2``.
        named: everybody whom a decision names, whose rows ``moved`` holds.
        labels: the lookup table of the identities that are left, and of new ones, with their numbers of faces.
        left_out: number of identities, and of faces, that decisions left out, by reason.
        record: what was done, for the manifest.
    """

    moved: pl.DataFrame
    named: list[str]
    labels: pl.DataFrame
    left_out: dict[str, dict[str, int]]
    record: DecisionRecord

    def tables(self, tables: Tables) -> Iterator[pl.DataFrame]:
        """The rows of all parts as decisions leave them, ``COLUMNS``, some at a time, in the order of packing.

        Args:
            tables: those that were decided upon.
        """
        named = pl.Series(self.named, dtype=pl.String)
        begins = self.moved["begin"].to_numpy()
        for start, table in numbered(tables):
            others = table.filter(~pl.col("identity").is_in(named.implode()))
            first, end = begins.searchsorted([start, start + len(table)]).tolist()
            if first < end:
                here = self.moved[first:end].rename({"begin": "row"}).select(others.columns)
                # Stable: rows that go to one place keep their order.
                others = pl.concat([others, here]).sort("row", maintain_order=True)
            yield others.select(COLUMNS)


def decide(decisions: Decisions, tables: Tables, labels: pl.DataFrame) -> Decided:
    """Carry out decisions, whatever the order in which they were written down.

    ======================  =============================================================================
    a face goes to          if
    ======================  =============================================================================
    nobody                  its image is left out, or its identity and nothing is decided on the image
    the image's ``to``      its image is moved; to the end of the merges, where ``to`` itself is merged
    the end of the merges   its identity is merged, and nothing is decided on the image
    its identity            otherwise
    ======================  =============================================================================

    An identity's own faces come first, then those of others; both in source order. A new identity stands where the
    first of its images stood.

    Args:
        decisions: of identities and images that must all be in the tables.
        tables: all rows of all parts, in source order, ``COLUMNS`` at least; of an image with several faces the one
            that stands for it first, and all of them in one table. Gone through once here.
        labels: the lookup table.

    Raises:
        EthnoshardError: some decisions can't be carried out; with the first of them and how many there are.
    """
    keyed, people = rows_named(decisions, tables)
    identities = people.join(labels.select("identity", "group", "confidence", "source"), on="identity", how="left")
    decisions = _named_as_there(decisions, keyed, identities)
    table = decisions.table.with_row_index("decision").with_columns(
        # A new identity is nobody's name yet, so that it can't be merged.
        pl.col("to").replace(decisions.merged).alias("end")
    )
    _check_names(decisions, table, keyed, identities, tables)
    named = pl.concat([table["identity"], table.filter(pl.col("action") != "move-to-new")["to"]]).unique().sort()
    faces = _with_owners(keyed.filter(pl.col("identity").is_in(named.implode())), table)
    _check_targets(decisions, table, faces, identities)
    fresh = _new_identities(table, faces, identities)
    own = identities.filter(pl.col("identity").is_in(named.implode()))
    left_out, emptied = _left_out(table, faces, own)
    return Decided(
        moved=_in_order(faces, table, own, fresh).select(*COLUMNS, "begin"),
        named=named.to_list(),
        labels=_labels(labels, people, faces, own, table, emptied, fresh),
        left_out=left_out,
        record=_record(decisions, table, faces, fresh),
    )


def _named_as_there(decisions: Decisions, keyed: pl.DataFrame, identities: pl.DataFrame) -> Decisions:
    """The decisions without the blanks about names that no identity or image has."""
    known = {"identity": identities["identity"], "to": identities["identity"], "image": keyed["key"]}
    names = [
        pl.when(pl.col(name).is_in(there.implode())).then(name).otherwise(pl.col(name).str.strip_chars())
        for name, there in known.items()
    ]
    table = decisions.table.with_columns(names)
    # Names that differed by blanks alone may now contradict each other.
    return decisions if table.equals(decisions.table) else Decisions(table, decisions.where, decisions.rows)


def _check_names(
    decisions: Decisions, table: pl.DataFrame, keyed: pl.DataFrame, identities: pl.DataFrame, tables: Tables
) -> None:
    """Everything that is named is there, and what is to be new isn't.

    Raises:
        EthnoshardError: some rows are not so.
    """
    wrong = WrongRows(decisions.where, decisions.rows)
    there = identities.select("identity")

    def advice(name: object, names: pl.Series) -> str:
        near = nearest_name(str(name), names.to_list())
        return f"; the name most like it is {near!r}" if near is not None else ""

    wrong.add(
        table.join(there, on="identity", how="anti"),
        lambda row: (
            f"{row['identity']!r} is no identity of the work folder{advice(row['identity'], identities['identity'])}"
        ),
    )
    of_image = table.filter(pl.col("image") != "")
    owners = keyed.select(pl.col("key").alias("image"), pl.col("identity").alias("owner"))
    wrong.add(
        of_image.join(owners, on="image", how="anti"),
        lambda row: f"{row['image']!r} is no image of the work folder{advice(row['image'], all_keys(tables))}",
    )
    wrong.add(
        of_image.join(owners, on="image", how="inner").filter(pl.col("owner") != pl.col("identity")),
        lambda row: (
            f"{row['image']!r} is an image of {row['owner']!r}, not of {row['identity']!r}; write the one of the two"
        ),
    )
    targets = there.rename({"identity": "to"})
    is_new = pl.col("action") == "move-to-new"
    wrong.add(
        table.filter(~is_new & (pl.col("to") != "")).join(targets, on="to", how="anti"),
        lambda row: (
            f"{described(row)}, but no identity of the work folder is called {row['to']!r}"
            f"{advice(row['to'], identities['identity'])}"
            + ("; for a new identity use move-to-new" if row["action"] == "move-to" else "")
        ),
    )
    wrong.add(
        table.filter(is_new).join(targets, on="to", how="inner"),
        lambda row: (
            f"{described(row)}, but the work folder has an identity {row['to']!r} already; use move-to, or another name"
        ),
    )
    wrong.refuse()


def _with_owners(keyed: pl.DataFrame, table: pl.DataFrame) -> pl.DataFrame:
    """Rows with ``owner``, null if left out; ``decision``, the number of the face's; ``on image``, if it names it."""
    of_image = table.filter(pl.col("image") != "")
    of_identity = table.filter(pl.col("image") == "")
    joined = keyed.join(
        of_image.select(
            pl.col("image").alias("key"),
            pl.col("action").alias("image action"),
            pl.col("end").alias("image end"),
            pl.col("decision").alias("image decision"),
        ),
        on="key",
        how="left",
        maintain_order="left",
    ).join(
        of_identity.select("identity", "action", "end", "decision"), on="identity", how="left", maintain_order="left"
    )
    on_image = pl.col("image decision").is_not_null()
    action = pl.when(on_image).then("image action").otherwise("action")
    end = pl.when(on_image).then("image end").otherwise("end")
    return joined.with_columns(
        pl.when(action == "leave-out").then(None).otherwise(pl.coalesce(end, "identity")).alias("owner"),
        pl.coalesce("image decision", "decision").alias("decision"),
        on_image.alias("on image"),
    ).drop("image action", "image end", "image decision", "action", "end")


def _check_targets(decisions: Decisions, table: pl.DataFrame, faces: pl.DataFrame, identities: pl.DataFrame) -> None:
    """Who gets faces has a group, and of its own faces one at least isn't left out; a new identity is of one group.

    Raises:
        EthnoshardError: some rows are not so.
    """
    wrong = WrongRows(decisions.where, decisions.rows)
    known = table.filter((pl.col("to") != "") & (pl.col("action") != "move-to-new"))
    ends = identities.rename({"identity": "end", "group": "end group"})
    wrong.add(
        known.join(ends, on="end", how="inner").filter(pl.col("end group").is_null()),
        lambda row: (
            f"{described(row)}, but {row['end']!r} has no group, so that nothing of it is packed; give it one by "
            "`ethnoshard label`, or leave the faces out"
        ),
    )
    emptied = (
        faces.filter(pl.col("length").is_not_null())
        .group_by("identity")
        .agg(pl.col("owner").is_null().all().alias("emptied"))
        .filter("emptied")
        .select(pl.col("identity").alias("to"))
    )
    wrong.add(
        known.join(emptied, on="to", how="inner"),
        lambda row: f"{described(row)}, but every image of {row['to']!r} is left out; keep one, or leave this out too",
    )
    groups = table.filter(pl.col("action") == "move-to-new").join(
        identities.select("identity", "group"), on="identity", how="left"
    )
    first = groups.sort(LINE).unique("to", keep="first")
    first = first.select("to", pl.col("group").alias("first group"), pl.col(LINE).alias("first line"))
    wrong.add(
        groups.join(first, on="to", how="inner").filter(~pl.col("group").eq_missing(pl.col("first group"))),
        lambda row: (
            f"{described(row)}, but this image is of {_group(row, 'group')} and that of line {row['first line']:,} of "
            f"{_group(row, 'first group')}; a new identity has one group: use two names"
        ),
    )
    wrong.refuse()


def _group(row: Row, name: str) -> str:
    return "no group" if row[name] is None else f"group {row[name]!r}"


def _new_identities(table: pl.DataFrame, faces: pl.DataFrame, identities: pl.DataFrame) -> pl.DataFrame:
    """A row a new identity, sorted by name: identity, begin (row of its first image), group, confidence, source."""
    moves = table.filter(pl.col("action") == "move-to-new").select("decision", pl.col("to").alias("new"))
    return (
        faces.join(moves, on="decision", how="inner")
        .select("new", "row", "identity")
        .join(identities.drop("begin", "faces"), on="identity", how="left")
        .sort("row")
        .group_by("new")
        .agg(
            pl.col("row").first().alias("begin"),
            pl.col("group").first(),
            # Of several identities, the label that is the least sure.
            pl.col("confidence").min(),
            pl.col("source").first(),
        )
        .rename({"new": "identity"})
        .sort("identity")
    )


def _left_out(
    table: pl.DataFrame, faces: pl.DataFrame, identities: pl.DataFrame
) -> tuple[dict[str, dict[str, int]], pl.DataFrame]:
    """What decisions left out, by reason; and the identities that have no face any more, in the column ``identity``."""
    whole = table.filter((pl.col("image") == "") & (pl.col("action") != "merge-into"))
    merged = table.filter(pl.col("action") == "merge-into")
    with_face = faces.filter(pl.col("length").is_not_null())
    emptied = (
        identities.filter(pl.col("faces") > 0)
        .select("identity")
        .join(with_face.select(pl.col("owner").alias("identity")), on="identity", how="anti")
        .join(whole, on="identity", how="anti")
        .join(merged, on="identity", how="anti")
    )
    counts = {
        LEFT_OUT: {"identities": len(whole), "faces": int(with_face["owner"].null_count())},
        NO_FACE_LEFT: {"identities": len(emptied), "faces": 0},
    }
    return {reason: count for reason, count in counts.items() if any(count.values())}, emptied


def _in_order(faces: pl.DataFrame, table: pl.DataFrame, identities: pl.DataFrame, fresh: pl.DataFrame) -> pl.DataFrame:
    """Rows that stay, with their owner as ``identity``, in the order in which they are packed."""
    begins = pl.concat(
        [
            identities.select("identity", "begin", pl.lit(False).alias("new")),
            fresh.select("identity", "begin", pl.lit(True).alias("new")),
        ]
    )
    split = faces.filter("on image").select("image").unique()
    numbered = pl.col("image").is_in(split["image"].implode()) & (pl.col("number") > 1)
    return (
        faces.filter(pl.col("owner").is_not_null())
        .join(begins.rename({"identity": "owner"}), on="owner", how="left", maintain_order="left")
        .sort("begin", "new", pl.col("identity") != pl.col("owner"), "row")
        .with_columns(
            pl.col("owner").alias("identity"),
            # Beside the image's first face such a name would be numbered anew, and mean another face.
            pl.when(numbered).then("key").otherwise("image").alias("image"),
        )
    )


def _labels(
    labels: pl.DataFrame,
    people: pl.DataFrame,
    faces: pl.DataFrame,
    own: pl.DataFrame,
    table: pl.DataFrame,
    emptied: pl.DataFrame,
    fresh: pl.DataFrame,
) -> pl.DataFrame:
    """The lookup table of who is left."""
    gone = pl.concat([table.filter(pl.col("image") == "").select("identity"), emptied])
    added = fresh.select(
        pl.col(name) if name in fresh.columns else pl.lit(0 if name == "faces_used" else None, kind).alias(name)
        for name, kind in labels.schema.items()
    )
    untouched = people.join(own, on="identity", how="anti").select("identity", pl.col("faces").alias("now"))
    counts = faces.group_by(pl.col("owner").alias("identity")).agg(pl.col("length").count().alias("now"))
    return (
        pl.concat([labels.join(gone, on="identity", how="anti", maintain_order="left"), added])
        .join(pl.concat([untouched, counts]), on="identity", how="left", maintain_order="left")
        .with_columns(pl.col("now").fill_null(0).cast(labels.schema["faces"]).alias("faces"))
        .select(labels.columns)
    )


def _record(decisions: Decisions, table: pl.DataFrame, faces: pl.DataFrame, fresh: pl.DataFrame) -> DecisionRecord:
    """How much was done, by action and by kind; each face counts for one decision, that on its image first."""
    done = (
        faces.filter(pl.col("decision").is_not_null()).group_by("decision").agg(pl.col("length").count().alias("faces"))
    )
    counted = table.join(done, on="decision", how="left").with_columns(
        pl.col("faces").fill_null(0), (pl.col("image") == "").alias("whole")
    )

    def by(column: str) -> dict[str, DecisionCounts]:
        sums = counted.group_by(column).agg(pl.len(), pl.col("whole").sum(), pl.col("faces").sum()).sort(column)
        return {
            name: DecisionCounts(decisions=number, identities=whole, faces=own)
            for name, number, whole, own in sums.iter_rows()
        }

    return DecisionRecord(
        name=decisions.name,
        digest=decisions.digest,
        decisions=len(table),
        new_identities=len(fresh),
        by_action=by("action"),
        by_kind=by("kind"),
    )
