"""Each group verified by itself, with thresholds of its own: RFW's protocol."""

from dataclasses import dataclass

import numpy as np

from ethnoshard.results._verification import VerificationSummary


@dataclass(frozen=True, kw_only=True, eq=False)
class VerificationByGroup:
    """Verification of each group's pairs by themselves, and how far apart their accuracies are.

    RFW (Wang et al. 2019) is reported so: for each of four lists accuracy over ten folds, each fold's threshold from
    the other folds of the same list. Nobody has one threshold there, so that these accuracies say nothing of errors at
    a threshold that all groups share.

    Attributes:
        by_group: each group's pairs within it.
        mean: of the groups' accuracies; None of fewer than two groups.
        std: of the groups' accuracies, divided by their number (ddof 0).
        std_of_sample: of the groups' accuracies, divided by one less than their number (ddof 1).
        ser: skewed error ratio, the greatest error rate by the least; None where the least is 0.
        left_out: groups that can't be verified by themselves -> why.
    """

    by_group: dict[str, VerificationSummary]
    mean: float | None
    std: float | None
    std_of_sample: float | None
    ser: float | None
    left_out: dict[str, str]

    @classmethod
    def measured(cls, by_group: dict[str, VerificationSummary], left_out: dict[str, str]) -> "VerificationByGroup":
        """With what follows from the groups' accuracies."""
        accuracies = np.array([each.accuracy.mean for each in by_group.values()])
        if len(accuracies) < 2:
            return cls(by_group=by_group, mean=None, std=None, std_of_sample=None, ser=None, left_out=left_out)
        errors = 1 - accuracies
        return cls(
            by_group=by_group,
            mean=float(accuracies.mean()),
            std=float(accuracies.std()),
            std_of_sample=float(accuracies.std(ddof=1)),
            ser=float(errors.max() / errors.min()) if errors.min() > 0 else None,
            left_out=left_out,
        )
