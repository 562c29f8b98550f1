"""Who met whom in a run's batches: how a group's number varies, its own pairs, look-alikes."""

import polars as pl

from ethnoshard.results import Encounters
from ethnoshard.runs._record import PlannedCompany, RunRecord

PAIR_COLUMNS = ("own_pairs", "own_pairs_at_random", "nearest_met", "nearest_met_by_chance")
"""Columns of a run's batches that say it, step by step."""
_NO_VARIANCE = 1e-9


def encounters_of(record: RunRecord, batches: pl.DataFrame, epoch: int | None = None) -> list[Encounters]:
    """What the batches held of each group, in the order of the table; without steps of which it is not on record.

    Args:
        record: of the run.
        batches: as :func:`read_batches` gives it.
        epoch: of the training, from 0; None for all.
    """
    batches = batches.with_columns(ranks=pl.Series(record.ranks_at(batches["step"].to_numpy()), dtype=pl.Int64))
    planned = {company.group: company for company in record.planned_meetings}
    # At random is a fact of the plan: steps from before it was recorded have what the others have.
    at_random = dict(batches.group_by("group").agg((pl.col("own_pairs_at_random") / pl.col("ranks")).max()).iter_rows())
    table = with_own_pairs(batches, record.most_ranks)
    if epoch is not None:
        table = table.filter(pl.col("epoch") == epoch)
    table = table.filter(pl.col("own_pairs").is_not_null())
    return [
        _of_group(str(group), rows, at_random[str(group)], planned.get(str(group)))
        for (group,), rows in table.group_by("group", maintain_order=True)
    ]


def with_own_pairs(batches: pl.DataFrame, ranks: int) -> pl.DataFrame:
    """The table with the own pairs that follow from the people of a step, where a step is one batch."""
    if ranks > 1:
        return batches
    follow = pl.col("people") * (pl.col("people") - 1)
    return batches.with_columns(pl.col("own_pairs").fill_null(follow))


def missing_encounters(record: RunRecord, batches: pl.DataFrame) -> str | None:
    """What a run's record lacks of who met whom, as a sentence; None if it has all."""
    steps = batches.filter(pl.col("own_pairs").is_null())["step"].n_unique()
    if not steps:
        return None
    which = "" if steps == batches["step"].n_unique() else f" of {steps:,} of its steps"
    if record.most_ranks > 1:
        return f"own pairs{which} and whose look-alikes met are not on record: ranks' batches were counted together"
    if which:
        return f"whose look-alikes met is not on record{which}"
    return (
        "what people drawn at random would have, how many different people there were and whose look-alikes met are "
        "not on record"
    )


def _of_group(group: str, rows: pl.DataFrame, at_random: float | None, planned: PlannedCompany | None) -> Encounters:
    batches = int(rows["ranks"].sum())
    people, pairs = float(rows["people"].sum()), float(rows["own_pairs"].sum())
    mean = people / batches
    planned_mean = mean if planned is None or planned.people is None else planned.people
    looked_at = rows.filter(pl.col("nearest_met").is_not_null())
    draws = float(looked_at["people"].sum())
    return Encounters(
        group=group,
        people=mean,
        dispersion=_dispersion((pairs + people) / batches - mean * mean, at_random, planned_mean),
        pairs=pairs / batches,
        pairs_at_random=at_random,
        none=float((rows["people"] == 0).sum()) / len(rows) if batches == len(rows) else None,
        none_at_random=planned.none_at_random if planned else None,
        nearest=float(looked_at["nearest_met"].sum()) / draws if draws else None,
        nearest_by_chance=float(looked_at["nearest_met_by_chance"].sum()) / draws if draws else None,
        distinct=planned.distinct if planned else None,
        effective=planned.effective if planned else None,
    )


def _dispersion(variance: float, pairs_at_random: float | None, people: float) -> float | None:
    """Variance over that at random, which follows from the pairs at random of so many people."""
    if pairs_at_random is None:
        return None
    at_random = pairs_at_random - people * people + people
    return max(variance, 0.0) / at_random if at_random > _NO_VARIANCE else None
