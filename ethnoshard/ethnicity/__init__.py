"""Which group an identity is given, by whom, and how sure they are.

What needs torch is loaded when its name is first used: labels from a file need none.
"""

from typing import TYPE_CHECKING

from ethnoshard._late import late_names
from ethnoshard._progress import Progress, TrainingWatch
from ethnoshard.ethnicity._given_labels import GivenLabels, labels_of_source, read_label_file
from ethnoshard.ethnicity._label_file import label_from_file

if TYPE_CHECKING:
    from ethnoshard.ethnicity._agreement import Agreement, Share, agreement
    from ethnoshard.ethnicity._card import Card, read_card
    from ethnoshard.ethnicity._classifier import SHIPPED, EthnicityClassifier
    from ethnoshard.ethnicity._label_by_classifier import compare_with_classifier, label_by_classifier
    from ethnoshard.ethnicity._label_share import label_missing, label_share
    from ethnoshard.ethnicity._make_classifier import (
        ClassifierReport,
        CollectionPart,
        evaluate_classifier,
        train_classifier,
    )
    from ethnoshard.ethnicity._metrics import ClassifierMetrics
    from ethnoshard.ethnicity._train import TrainSettings
else:
    __getattr__, __dir__ = late_names(
        __name__,
        {
            "SHIPPED": "_classifier",
            "Agreement": "_agreement",
            "Card": "_card",
            "ClassifierMetrics": "_metrics",
            "ClassifierReport": "_make_classifier",
            "CollectionPart": "_make_classifier",
            "EthnicityClassifier": "_classifier",
            "Share": "_agreement",
            "TrainSettings": "_train",
            "agreement": "_agreement",
            "compare_with_classifier": "_label_by_classifier",
            "evaluate_classifier": "_make_classifier",
            "label_by_classifier": "_label_by_classifier",
            "label_missing": "_label_share",
            "label_share": "_label_share",
            "read_card": "_card",
            "train_classifier": "_make_classifier",
        },
    )

__all__ = [
    "SHIPPED",
    "Agreement",
    "Card",
    "ClassifierMetrics",
    "ClassifierReport",
    "CollectionPart",
    "EthnicityClassifier",
    "GivenLabels",
    "Progress",
    "Share",
    "TrainSettings",
    "TrainingWatch",
    "agreement",
    "compare_with_classifier",
    "evaluate_classifier",
    "label_by_classifier",
    "label_from_file",
    "label_missing",
    "label_share",
    "labels_of_source",
    "read_card",
    "read_label_file",
    "train_classifier",
]
