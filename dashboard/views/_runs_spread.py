"""Whether arms differ more than the seeds of one arm do."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ethnoshard.charts import KNOWN_ARMS, RunPoint
from ethnoshard.reports import WorstGroup

from ._runs_lines import Ends, Line


@dataclass(frozen=True)
class Measure:
    """A figure that runs are compared by.

    Attributes:
        label: as axes say it.
        value: of a line; None if it was not measured.
        ends: its interval, of people drawn anew.
        digits: that its interval deserves.
    """

    label: str
    value: Callable[[Line], float | None]
    ends: Callable[[Line], Ends | None] = lambda line: None
    digits: int = 3


def _rate(worst: WorstGroup | None) -> float | None:
    return None if worst is None else worst.rate


MEASURES: Mapping[str, Measure] = {
    "accuracy": Measure("Accuracy", lambda line: line.accuracy and line.accuracy[0], lambda line: line.accuracy_ends),
    "VAL": Measure("VAL", lambda line: line.val and line.val[0], lambda line: line.val_ends),
    "AUC": Measure("AUC", lambda line: line.auc),
    "EER": Measure("EER", lambda line: line.eer),
    "highest FNMR of a group": Measure(
        "Highest FNMR of a group", lambda line: _rate(line.worst_fnmr)
    ),
    "highest FMR of a group": Measure(
        "Highest FMR of a group", lambda line: _rate(line.worst_fmr), digits=5
    ),
}  # fmt: skip


def by_arm(lines: Sequence[Line], measure: Measure) -> dict[str, list[Line]]:
    """Runs by arm, those for which the figure was measured; known arms first, by seed."""
    measured = [line for line in lines if line.is_run and line.arm is not None and measure.value(line) is not None]
    arms = sorted({str(line.arm) for line in measured}, key=lambda arm: (_place(arm), arm))
    return {arm: sorted((x for x in measured if x.arm == arm), key=lambda x: (x.seed or 0, x.name)) for arm in arms}


def title(arms: Mapping[str, Sequence[Line]], measure: Measure) -> str:
    """Whether arms lie farther apart than the seeds of one arm."""
    values = {arm: [float(measure.value(line) or 0.0) for line in lines] for arm, lines in arms.items()}
    means = {arm: sum(each) / len(each) for arm, each in values.items()}
    within = max((max(each) - min(each) for each in values.values() if len(each) > 1), default=None)
    number = f".{measure.digits}f"
    if len(means) == 1:
        arm, mean = next(iter(means.items()))
        if within is None:
            return f"{measure.label} of {arm}: {mean:{number}}, one run"
        return f"{measure.label} of {arm}: {mean:{number}} on average, its runs lie up to {within:{number}} apart"
    between = max(means.values()) - min(means.values())
    if within is None:
        return f"{measure.label}: arms lie {between:{number}} apart; with one run each, chance may do as much"
    more = "farther apart than" if between > within else "no farther apart than"
    return (
        f"{measure.label}: arms lie {more} runs of one arm: {between:{number}} between means, "
        f"up to {within:{number}} within an arm"
    )


def points_of(arms: Mapping[str, Sequence[Line]], measure: Measure) -> dict[str, list[RunPoint]]:
    """As the chart takes them."""
    return {
        arm: [
            RunPoint(
                name=line.name,
                value=float(measure.value(line) or 0.0),
                seed=line.seed,
                interval=measure.ends(line),
                origin=line.origin,
            )
            for line in lines
        ]
        for arm, lines in arms.items()
    }


def _place(arm: str) -> int:
    return KNOWN_ARMS.index(arm) if arm in KNOWN_ARMS else len(KNOWN_ARMS)


def by_chance(arms: Mapping[str, Sequence[Line]]) -> str:
    """In how many orders of its points two arms don't mix, as a sentence; "" for other than two arms."""
    if len(arms) != 2:
        return ""
    one, other = (len(lines) for lines in arms.values())
    return f" Chance alone keeps {one} and {other} runs apart in 2 of {math.comb(one + other, one):,} orders."
