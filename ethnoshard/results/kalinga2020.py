"""What Kalinga (2020) published of the same comparison: table 5.1, as printed, and the setting of its clusterings."""

from typing import NamedTuple

SOURCE = "Kalinga 2020, table 5.1"
EPS = 0.4
"""The one eps of DBSCAN that was tried."""


class PublishedRow(NamedTuple):
    """A row of table 5.1, one run each.

    Attributes:
        epoch: after which it was measured.
        batches: "Base" for random batches, "Modified" for those in the dataset's proportions.
        accuracy: on LFW, mean and standard deviation over ten folds.
        val: the same of VAL, with the FAR that was reached.
        auc: area under the ROC curve.
    """

    epoch: str
    batches: str
    accuracy: str
    val: str
    auc: str


TABLE_5_1 = (
    PublishedRow("30", "Base", "0.66733 ± 0.01546", "0.02267 ± 0.00786 @ FAR=0.00167", "0.744"),
    PublishedRow("30", "Modified", "0.65583 ± 0.01401", "0.03333 ± 0.01520 @ FAR=0.00100", "0.659"),
    PublishedRow("50", "Base", "0.68433 ± 0.01236", "0.05400 ± 0.01562 @ FAR=0.00100", "0.718"),
    PublishedRow("50", "Modified", "0.66767 ± 0.02285", "0.04067 ± 0.01569 @ FAR=0.00133", "0.735"),
    PublishedRow("75", "Base", "0.72533 ± 0.01933", "0.07300 ± 0.01676 @ FAR=0.00133", "0.708"),
    PublishedRow("75", "Modified", "0.69433 ± 0.01767", "0.04033 ± 0.00849 @ FAR=0.00100", "0.766"),
)
"""Texts, so that the last digit stands as it was published."""
