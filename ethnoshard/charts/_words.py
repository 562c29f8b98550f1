"""One name for each metric, each method and each axis."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ethnoshard.results import FindingKind, kalinga2020

FMR, FNMR, TAR = (
    "false match rate (share of different pairs accepted)",
    "false non-match rate (share of same pairs refused)",
    "true accept rate (share of same pairs accepted)",
)
"""Titles of axes."""
RATES = MappingProxyType({"fmr": "FMR", "fnmr": "FNMR", "accuracy": "accuracy"})
"""What is measured of each group, as reports call it -> name."""
DISTANCES = MappingProxyType(
    {"euclidean": "squared Euclidean distance (0 to 4)", "cosine": "angle (share of a half turn)"}
)
"""Metrics of distance -> name with unit."""
SCORE = "score (as given)"
"""Of pairs that another program scored; the higher, the more alike."""
GROUP_METRICS = MappingProxyType(
    {
        "max_gap_fmr": ("max gap of FMR", "the highest group's FMR less the lowest's"),
        "max_gap_fnmr": ("max gap of FNMR", "the highest group's FNMR less the lowest's"),
        "fdr": ("FDR", "1 less the two gaps, weighted by alpha: 1 where nobody differs"),
        "ir": ("IR (NIST)", "highest over lowest FMR, times that of FNMR, weighted by alpha"),
        "gini_fmr": ("Gini of FMR", "0: all groups alike; 1: one group has all false matches"),
        "gini_fnmr": ("Gini of FNMR", "0: all groups alike; 1: one group has all false non-matches"),
        "garbe": ("GARBE", "both Gini coefficients, weighted by alpha"),
        "max_over_geomean_fmr": ("max / geometric mean of FMR", "the highest over the geometric mean of all groups"),
        "max_over_geomean_fnmr": ("max / geometric mean of FNMR", "the highest over the geometric mean of all groups"),
        "max_over_min_fmr": ("max / min of FMR", "the highest group's FMR over the lowest's"),
        "max_over_min_fnmr": ("max / min of FNMR", "the highest group's FNMR over the lowest's"),
        "max_over_mean_fmr": ("max / mean of FMR", "the highest group's FMR over the mean of all groups"),
        "max_over_mean_fnmr": ("max / mean of FNMR", "the highest group's FNMR over the mean of all groups"),
        "mad_fmr": ("mean absolute deviation of FMR", "how far groups' FMR are from their mean, on average"),
        "mad_fnmr": ("mean absolute deviation of FNMR", "how far groups' FNMR are from their mean, on average"),
        "equalised_odds": ("equalised-odds difference", "the greater of both gaps"),
        "accuracy_std": (
            "standard deviation of accuracy, %", "standard deviation of the groups' accuracies, in percentage points"
        ),
        "ser": ("SER", "the highest group's error over the lowest's, error being 1 - accuracy"),
    }
)  # fmt: skip
"""How far apart groups are, as reports call it -> name and meaning, after the literature cited in
``ethnoshard.evaluation``."""
AGREEMENT = MappingProxyType(
    {
        "ari": "ARI",
        "nmi": "NMI",
        "v_measure": "V-measure",
        "pairwise_f": "pairwise F",
        "silhouette": "silhouette",
    }
)
"""How well clusters agree with people: 1 is best."""
CLUSTER_METRICS = MappingProxyType({**AGREEMENT, "clusters": "clusters", "left_over": "images in none"})
"""The same, and what is counted of clusters."""
FINDINGS: Mapping[FindingKind, str] = MappingProxyType(
    {
        "stranger": "strangers",
        "same-person": "one person, several identities",
        "several-people": "one identity, several people",
        "same-image": "same image twice",
        "shared": "people shared with another set",
    }
)
"""What an audit looks for -> name."""
KALINGAS_EPS = kalinga2020.EPS
"""The one eps of DBSCAN that Kalinga (2020) tried."""
MAP_SIDE = 20
"""Nodes of a side of the self-organising map."""


@dataclass(frozen=True)
class Method:
    """A way to cluster.

    Attributes:
        name: of the method.
        setting: with what it ran; "" where there is nothing to set.
    """

    name: str
    setting: str = ""

    @property
    def full(self) -> str:
        """Name and setting."""
        return f"{self.name}, {self.setting}" if self.setting else self.name


METHODS = MappingProxyType(
    {
        "dbscan": Method("DBSCAN", f"eps {KALINGAS_EPS}"),
        "dbscan_best": Method("DBSCAN", "its best eps"),
        "kmeans": Method("k-means"),
        "som": Method("self-organising map", f"{MAP_SIDE} x {MAP_SIDE}"),
    }
)
"""Ways to cluster, as reports call them."""


def metric_name(key: str) -> str:
    """Name of what verification measures, as reports call it: ``val_at_0.001`` is "VAL at FAR 0.001"."""
    if key.startswith(("val_at_", "far_at_")):
        what, _, target = key.partition("_at_")
        return f"VAL at FAR {target}" if what == "val" else f"FAR reached for {target}"
    return {"accuracy_exact": "accuracy, thresholds searched exactly", "auc": "AUC", "eer": "EER"}.get(key, key)


def probably(sure: float) -> str:
    """How certain a finding is: ``probably, 97 % of such``, rounded down, as no finding is certain.

    Args:
        sure: share of findings like it that are right, 0 to 1.

    >>> [probably(sure) for sure in (0.973, 1.0, 0.004)]
    ['probably, 97 % of such', 'probably, over 99 % of such', 'perhaps, under 1 % of such']
    """
    # Shares come from files of 32-bit numbers: 0.97 is a little less there.
    whole = math.floor(100 * sure + 1e-4)
    word = "probably" if sure >= 0.5 else "perhaps"
    return f"{word}, {'over 99' if whole >= 100 else whole or 'under 1'} % of such"
