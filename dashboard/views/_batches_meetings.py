"""What batches hold of each group: how its number varies, its own pairs, look-alikes; of a run, or as planned."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from ethnoshard.charts import Encounters
from ethnoshard.mixing import GroupMeetings, Meetings

FORMULA = (
    "Own pairs: ordered pairs of two people of the group in a batch, its own negatives. Of n people their mean is "
    "E[n(n-1)] = mean\u00b2 - mean + variance, so that an exact quota, which leaves no variance, takes a rare group's "
    "own negatives away."
)
PAIRS = ("own_pairs", "own_pairs_at_random", "nearest_met", "nearest_met_by_chance")
"""Columns of a run's table that hold it, step by step."""
_NOTHING = 1e-9


def as_planned(found: Meetings) -> list[Encounters]:
    """Of a plan: the groups in the dataset's order, then all people together."""
    return [*map(_of_group, found.groups), _of_group(found.everybody)]


def _of_group(row: GroupMeetings) -> Encounters:
    return Encounters(**{name: getattr(row, name) for name in Encounters.__dataclass_fields__})


def of_run(record: Mapping[str, Any], batches: pl.DataFrame, epoch: int | None) -> list[Encounters]:
    """Of the batches that a run was given: a row a group, in the order of the table.

    Args:
        record: of the run.
        batches: its table, as ``read_batches`` gives it.
        epoch: of the training, from 0; None for all.

    Raises:
        KeyError, TypeError, ValueError: they hold something else than they should.
    """
    ranks = int(record.get("ranks", 1))
    planned = {str(group["group"]): group for group in _planned(record)}
    # At random is a fact of the plan: steps from before it was recorded have what the others have.
    at_random = {group: value for group, value in batches.group_by("group").agg(_at_random(ranks)).iter_rows()}
    table = with_pairs(batches, ranks)
    if epoch is not None:
        table = table.filter(pl.col("epoch") == epoch)
    table = table.filter(pl.col("own_pairs").is_not_null())
    return [
        _delivered(str(group), rows, ranks, at_random[str(group)], planned.get(str(group), {}))
        for (group,), rows in table.group_by("group", maintain_order=True)
    ]


def with_pairs(batches: pl.DataFrame, ranks: int) -> pl.DataFrame:
    """The table with the pairs that follow from the people of a step, where it is one batch."""
    if ranks > 1:
        return batches
    follow = pl.col("people") * (pl.col("people") - 1)
    return batches.with_columns(pl.col("own_pairs").fill_null(follow))


def missing(record: Mapping[str, Any], batches: pl.DataFrame) -> str | None:
    """What a run's record lacks of all this, as a sentence; None if it has all."""
    steps = batches.filter(pl.col("own_pairs").is_null())["step"].n_unique()
    if not steps:
        return None
    which = "" if steps == batches["step"].n_unique() else f" of {steps:,} of its steps"
    if int(record.get("ranks", 1)) > 1:
        return f"own pairs{which} and whose look-alikes met are not on record: ranks' batches were counted together"
    if which:
        return f"whose look-alikes met is not on record{which}"
    return (
        "what people drawn at random would have, how many different people there were and whose look-alikes met are "
        "not on record"
    )


def _planned(record: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = ((record.get("plan") or {}).get("meetings") or {}).get("groups", [])
    return found


def _at_random(ranks: int) -> pl.Expr:
    return pl.col("own_pairs_at_random").max() / ranks


def _delivered(
    group: str, rows: pl.DataFrame, ranks: int, at_random: float | None, planned: Mapping[str, Any]
) -> Encounters:
    batches = len(rows) * ranks
    people, pairs = float(rows["people"].sum()), float(rows["own_pairs"].sum())
    mean = people / batches
    looked = rows.filter(pl.col("nearest_met").is_not_null())
    draws = float(looked["people"].sum())
    return Encounters(
        group=group,
        people=mean,
        dispersion=_dispersion((pairs + people) / batches - mean * mean, at_random, float(planned.get("people", mean))),
        pairs=pairs / batches,
        pairs_at_random=at_random,
        none=float((rows["people"] == 0).sum()) / len(rows) if ranks == 1 else None,
        none_at_random=planned.get("none_at_random"),
        nearest=float(looked["nearest_met"].sum()) / draws if draws else None,
        nearest_by_chance=float(looked["nearest_met_by_chance"].sum()) / draws if draws else None,
        distinct=planned.get("distinct"),
        effective=planned.get("effective"),
    )


def _dispersion(variance: float, pairs_at_random: float | None, people: float) -> float | None:
    """Variance over that at random, which the pairs at random of so many people tell."""
    if pairs_at_random is None:
        return None
    at_random = pairs_at_random - people * people + people
    return max(variance, 0.0) / at_random if at_random > _NOTHING else None
