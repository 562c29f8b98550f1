"""What a batch holds of each group: how its number varies, how many pairs of its own people meet, and look-alikes.

Triplet loss finds negatives in the batch, and the hardest are of the same group. The ordered pairs of a group's people
in a batch of n of them are n (n - 1), whose mean is mean^2 - mean + variance of n. A quota leaves no variance: a group
with one person a batch has no pair left, where people at random would have had nearly one a batch.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ethnoshard.mixing._epoch import EpochPlan
from ethnoshard.mixing._identities import Resemblance

MOST_BATCHES = 2_000
"""Batches that are looked at for who meets whom, evenly over the epoch."""


_NOTHING = 1e-9
_MOST_EPOCHS = 20


@dataclass(frozen=True, kw_only=True)
class GroupMeetings:
    """What batches hold of a group.

    At random means: as many people of it on average, but each batch drawn by chance, of different people, each as
    often as he is drawn in the epoch.

    Attributes:
        group: its name; "" for all people together.
        people: how many of it a batch has, mean.
        dispersion: variance of that number over that at random; 1 is random, 0 a quota; None where nothing can vary.
        pairs: ordered pairs of its people in a batch, mean: the negatives of its own.
        pairs_at_random: the same at random.
        none: share of batches without anybody of it.
        none_at_random: the same at random.
        distinct: different people that come in the epoch.
        effective: people who, each coming as often, would vary as little: (sum of cells)^2 / sum of squares (Kish).
        nearest: share of its draws whose nearest other person of the group is in the batch; None without a table.
        nearest_by_chance: the same if those who meet were anybody of the group.
        ten_nearest: of the ten nearest, the share that is in the batch.
        nearest_of_all: share of its draws whose nearest other person of any group is in the batch; None where the table
            doesn't say who that is.
        nearest_of_all_by_chance: the same if those who meet were anybody.
        apart: pairs of its people that are probably one person; for all people together, those of two groups as well.
        apart_met: how often such a pair was in a batch all the same, of the batches looked at.
    """

    group: str
    people: float
    dispersion: float | None
    pairs: float
    pairs_at_random: float
    none: float
    none_at_random: float
    distinct: int
    effective: float
    nearest: float | None = None
    nearest_by_chance: float | None = None
    ten_nearest: float | None = None
    nearest_of_all: float | None = None
    nearest_of_all_by_chance: float | None = None
    apart: int | None = None
    apart_met: int | None = None


@dataclass(frozen=True, kw_only=True)
class Meetings:
    """What batches hold.

    Attributes:
        groups: one for each group of the dataset, in its order.
        everybody: for all people together.
        epochs: whose batches they are.
        batches: batches of which who meets whom was looked at, 0 without a table.
    """

    groups: tuple[GroupMeetings, ...]
    everybody: GroupMeetings
    epochs: int
    batches: int

    def __str__(self) -> str:
        """A table: people a batch, variance over that at random, own pairs and at random, nearest and by chance."""
        head = ["group", "people", "variance", "own pairs", "at random"]
        rows = [*self.groups, self.everybody]
        cells = [
            [
                row.group or "all",
                f"{row.people:.2f}",
                "" if row.dispersion is None else f"{row.dispersion:.2f}",
                f"{row.pairs:,.2f}",
                f"{row.pairs_at_random:,.2f}",
            ]
            for row in rows
        ]
        if self.everybody.nearest is not None:
            head += ["nearest", "by chance"]
            for row, line in zip(rows, cells, strict=True):
                line += [f"{row.nearest or 0:.1%}", f"{row.nearest_by_chance or 0:.2%}"]
        widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
        return "\n".join(
            "  ".join(text.rjust(width) if place else text.ljust(width) for place, (text, width) in enumerate(line))
            for line in (list(zip(each, widths, strict=True)) for each in (head, *cells))
        )


def meetings(
    epoch: EpochPlan, near: Resemblance | None = None, *, most: int = MOST_BATCHES, epochs: int | None = None
) -> Meetings:
    """What the batches of an epoch hold, and of the epochs after it as long as there are few batches.

    Args:
        epoch: planned.
        near: who resembles whom; by default the plan's table, if it has one.
        most: batches that are looked at for who meets whom.
        epochs: how many, from this one on, variances are taken of; by default as many as have some thousand batches.
    """
    plan = epoch.plan
    near = near or plan.near
    if near is not None and near.is_empty:
        near = None
    if epochs is None:
        epochs = min(_MOST_EPOCHS, max(1, round(MOST_BATCHES / plan.batches)))
    every = [epoch, *(plan.epoch(epoch.number + further) for further in range(1, epochs))]
    counts = np.concatenate([each.people_of_groups() for each in every])
    draws = epoch.draws()
    table = _LookAlikeCounts(epoch, near, most) if near is not None else None
    rows = []
    names = plan.identities.groups
    chance = np.minimum(draws / plan.batches, 1)
    variances = chance * (1 - chance)
    of = plan.identities.group
    of_group = np.bincount(of, variances, minlength=len(names))
    for number, name in enumerate(names):
        own = draws[of == number]
        n = counts[:, number].astype(np.float64)
        mean = float(n.mean())
        at_random = float(of_group[number] - of_group[number] ** 2 / of_group.sum()) if of_group.sum() else 0.0
        row = GroupMeetings(
            group=name,
            people=mean,
            dispersion=float(n.var()) / at_random if at_random > _NOTHING else None,
            pairs=float((n * (n - 1)).mean()),
            pairs_at_random=max(0.0, mean * mean - mean + at_random),
            none=float((n == 0).mean()),
            none_at_random=_none(mean, at_random),
            distinct=int(np.count_nonzero(own)),
            effective=_effective(own),
        )
        rows.append(table.added_to(row, number) if table else row)
    everybody = GroupMeetings(
        group="",
        people=float(plan.settings.people_per_batch),
        dispersion=None,
        pairs=sum(row.pairs for row in rows),
        pairs_at_random=sum(row.pairs_at_random for row in rows),
        none=0.0,
        none_at_random=0.0,
        distinct=int(np.count_nonzero(draws)),
        effective=_effective(draws),
    )
    return Meetings(
        groups=tuple(rows),
        everybody=table.added_to(everybody, None) if table else everybody,
        epochs=epochs,
        batches=table.batches if table else 0,
    )


def _effective(drawn: npt.NDArray[np.int64]) -> float:
    squares = float((drawn.astype(np.float64) ** 2).sum())
    return float(drawn.sum()) ** 2 / squares if squares else 0.0


def _none(mean: float, variance: float) -> float:
    """How likely nobody is drawn, of a binomial distribution with this mean and variance."""
    if mean <= 0:
        return 1.0
    rest = min(max(variance / mean, 0.0), 1.0)
    if rest > 1 - 1e-6:
        return float(np.exp(-mean))
    return float(rest ** (mean / (1 - rest)))


class _LookAlikeCounts:
    """How often people's look-alikes are in their batch, by group, in batches spread evenly over an epoch."""

    def __init__(self, epoch: EpochPlan, near: Resemblance, most: int) -> None:
        plan = epoch.plan
        self.batches = min(most, plan.batches)
        groups = len(plan.identities.groups)
        of = plan.identities.group
        there = np.zeros(len(of), np.bool_)
        self._people, self._nearest, self._ten, self._chance, self._of_all = (np.zeros(groups) for _ in range(5))
        self._pairs, self._met = np.zeros(groups + 1, np.int64), np.zeros(groups + 1, np.int64)
        width = min(10, near.nearest.shape[1])
        others = np.maximum(np.bincount(of[plan.included], minlength=groups) - 1, 1)
        pairs = near.apart[plan.included[near.apart].all(axis=1)]
        # Pairs of two groups come after those of the groups.
        across = np.where(of[pairs[:, 0]] == of[pairs[:, 1]], of[pairs[:, 0]], groups)
        self._pairs = np.bincount(across, minlength=groups + 1)
        self._knows_all = near.nearest_of_all is not None
        self._anybody = (plan.settings.people_per_batch - 1) / max(int(np.count_nonzero(plan.included)) - 1, 1)
        for number in np.linspace(0, plan.batches - 1, self.batches).astype(int).tolist():
            who = epoch.people(number)
            there[who] = True
            near_by = np.asarray(near.nearest[who, :width])
            found = there[near_by] & (near_by >= 0)
            group = of[who]
            own = np.bincount(group, minlength=groups)
            self._people += own
            self._nearest += np.bincount(group, found[:, 0], minlength=groups)
            self._ten += np.bincount(group, found.mean(axis=1), minlength=groups)
            self._chance += own * (own - 1) / others
            self._met += np.bincount(across[there[pairs].all(axis=1)], minlength=groups + 1)
            if near.nearest_of_all is not None:
                one = np.asarray(near.nearest_of_all[who, 0])
                self._of_all += np.bincount(group, there[one] & (one >= 0), minlength=groups)
            there[who] = False

    def added_to(self, row: GroupMeetings, group: int | None) -> GroupMeetings:
        """A row with what the table of look-alikes says of a group, or of everybody."""
        chosen = slice(None) if group is None else slice(group, group + 1)
        people = max(float(self._people[chosen].sum()), 1.0)
        return replace(
            row,
            nearest=float(self._nearest[chosen].sum()) / people,
            nearest_by_chance=float(self._chance[chosen].sum()) / people,
            ten_nearest=float(self._ten[chosen].sum()) / people,
            nearest_of_all=float(self._of_all[chosen].sum()) / people if self._knows_all else None,
            nearest_of_all_by_chance=self._anybody if self._knows_all else None,
            apart=int(self._pairs[chosen].sum()),
            apart_met=int(self._met[chosen].sum()),
        )
