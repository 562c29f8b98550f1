"""Curves of the picked reports, and the titles of ROC and DET."""

from collections.abc import Sequence

from ethnoshard.charts import Curve, curve_of, share

from ._evaluations import Picked


def curves_of(picked: Sequence[Picked]) -> list[Curve]:
    """A curve a report, with its colour and dash."""
    return [curve_of(each.evaluation.verification, each.label, colour=each.colour, dash=each.dash) for each in picked]


def roc_title(picked: Sequence[Picked]) -> str:
    """VAL of each at the first FAR."""
    first = picked[0].evaluation.verification.validation
    if not first:
        return "ROC: same pairs accepted over different pairs accepted"
    target = first[0].target
    values = [
        f"{each.label} {share(at.val.mean if at.val else None)}"
        for each in picked
        for at in each.evaluation.verification.validation
        if at.target == target
    ]
    return f"VAL for a FAR of {target:g}: {', '.join(values)}"


def det_title(picked: Sequence[Picked]) -> str:
    """EER of each."""
    return "EER: " + ", ".join(f"{each.label} {share(each.evaluation.verification.eer)}" for each in picked)
