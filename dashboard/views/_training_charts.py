"""Which figures of a training are drawn, and the titles that say what they came to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ._training_series import Training, at_the_end, at_the_highest

_NAMED = 3
PERCENT = "\N{NO-BREAK SPACE}%"


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A figure along the training.

    Attributes:
        name: of the chart and its files.
        column: of ``Training.table``.
        what: begins the title.
        y: title of the axis.
        how: to read it.
        unit: after each number of the title.
        digits: that the figure deserves.
        chance: column with the same by chance.
        points: whether it was measured at a few steps only.
        smooth: whether it jumps from step to step.
        log: whether the axis is logarithmic.
        from_zero: whether it begins at 0.
        highest: whether the title says how high it was, not where it ended.
    """

    name: str
    column: str
    what: str
    y: str
    how: str
    unit: str = ""
    digits: int = 3
    chance: str | None = None
    points: bool = False
    smooth: bool = True
    log: bool = False
    from_zero: bool = False
    highest: bool = False

    def title(self, arms: Mapping[str, Sequence[Training]]) -> str:
        """What it came to, by arm."""
        ends = (at_the_highest if self.highest else at_the_end)(arms, self.column)
        chances = at_the_end(arms, self.chance) if self.chance else {}
        said = {
            arm: f"{_number(value, self.digits)}{self.unit}"
            + (f" (by chance {_number(chances[arm], self.digits)}{self.unit})" if arm in chances else "")
            for arm, value in ends.items()
        }
        if not said:
            return f"{self.what}: not measured"
        if len(said) > _NAMED:
            least, most = min(ends, key=lambda arm: ends[arm]), max(ends, key=lambda arm: ends[arm])
            return f"{self.what}: from {least} {said[least]} to {most} {said[most]}"
        return f"{self.what}: {', '.join(f'{arm} {value}' for arm, value in said.items())}"


CHARTS = (
    Chart(
        name="loss",
        column="loss",
        what="Loss ends at",
        y="Triplet loss",
        how="Mean over active triplets; mining keeps it up.",
    ),
    Chart(
        name="lfw-accuracy",
        column="accuracy",
        what="LFW accuracy at the end",
        y="Accuracy",
        how="Mean over the folds, after the epochs at which it was evaluated.",
        points=True,
    ),
    Chart(
        name="lfw-val",
        column="val",
        what="LFW VAL at the end",
        y="VAL at FAR near 0.001",
        how="Share of same-person pairs accepted; few pairs decide it, so it jumps.",
        points=True,
    ),
    Chart(
        name="lfw-auc", column="auc", what="LFW AUC at the end", y="AUC", how="Area under the ROC curve.", points=True
    ),
    Chart(
        name="similarity",
        column="similarity",
        what="Similarity of different people at the end",
        y="Mean cosine of different people",
        how="Of the last batch of each epoch. Near 1 all people are alike: the network has hardly begun, or collapsed.",
        points=True,
    ),
    Chart(
        name="in-group",
        column="in_group",
        what="In-group negatives end at",
        y="In-group, % of active triplets",
        how="Active triplets whose negative is of the anchor's group; dotted: among all possible ones, by chance.",
        unit=PERCENT,
        digits=0,
        chance="by_chance",
    ),
    Chart(
        name="active",
        column="active",
        what="Active triplets end at",
        y="Active, % of mined",
        how="Mined triplets that still violate the margin.",
        unit=PERCENT,
        digits=1,
    ),
    Chart(
        name="mined",
        column="mined",
        what="Mined triplets end at",
        y="Mined, % of possible",
        how="Triplets that mining chose, of all that a batch could form.",
        unit=PERCENT,
        digits=3,
    ),
    Chart(
        name="gradient-norm",
        column="gradient_norm",
        what="Gradient norm ends at",
        y="Gradient norm, before clipping",
        how="Jumps mean instability. Logarithmic axis.",
        digits=1,
        log=True,
    ),
    Chart(
        name="learning-rate",
        column="learning_rate",
        what="Learning rate at its highest",
        y="Learning rate",
        how="As scheduled.",
        digits=5,
        smooth=False,
        from_zero=True,
        highest=True,
    ),
    Chart(
        name="speed",
        column="speed",
        what="Images a second in the last epoch",
        y="Images a second",
        how="All ranks together.",
        digits=0,
        from_zero=True,
    ),
)


def _number(value: float, digits: int) -> str:
    return f"{value:,.{digits}f}"
