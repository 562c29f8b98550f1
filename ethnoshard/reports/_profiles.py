"""What a report shows of all that it holds: everything, or what RFW's papers, NIST's tables or ISO/IEC 19795-10 ask."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from ethnoshard.results import Profile

Section = Literal["identification", "alone", "rates", "metrics", "across", "tar", "shift", "failures", "open_set"]


@dataclass(frozen=True, kw_only=True)
class Shown:
    """Parts of a report.

    Attributes:
        sections: of summary and pages: identification; each group alone with thresholds of its own; rates, metrics,
            pairs across groups, TAR at a FAR, score shift, failures and searches of a gallery by group.
        metrics: fairness metrics, by name; None for all.
        note: what the profile asks for and an evaluation of pairs can't give; empty if nothing.
    """

    sections: frozenset[Section]
    metrics: frozenset[str] | None = None
    note: str = ""

    def __contains__(self, section: Section) -> bool:
        """Whether a section is shown."""
        return section in self.sections

    def shows(self, metric: str) -> bool:
        """Whether a fairness metric is shown."""
        return self.metrics is None or metric in self.metrics


PROFILES: Mapping[Profile, Shown] = MappingProxyType({
    "all": Shown(
        sections=frozenset({
            "identification", "alone", "rates", "metrics", "across", "tar", "shift", "failures", "open_set",
        })
    ),
    # Accuracy of each list by itself, STD and SER (Wang et al. 2019; Wang and Deng 2020).
    "rfw": Shown(sections=frozenset({"alone", "rates", "metrics"}), metrics=frozenset({"accuracy_std", "ser"})),
    # The columns of the table of demographic effects of NIST's Face Recognition Technology Evaluation, 1:1.
    "nist": Shown(
        sections=frozenset({"rates", "metrics", "across", "tar"}),
        metrics=frozenset(
            f"{name}_{rate}"
            for name in ("max_gap", "max_over_min", "max_over_mean", "max_over_geomean", "gini")
            for rate in ("fmr", "fnmr")
        ),
    ),
    # What the scope of ISO/IEC 19795-10:2024 names: failures to acquire, shifts of scores, error rates, their spread.
    "iso19795-10": Shown(
        sections=frozenset({"rates", "metrics", "tar", "shift", "failures", "open_set"}),
        metrics=frozenset({
            "max_gap_fmr", "max_gap_fnmr", "max_over_min_fmr", "max_over_min_fnmr", "mad_fmr", "mad_fnmr",
            "equalised_odds",
        }),
        note="Of what ISO/IEC 19795-10 asks for, response and processing time by group and differential outcome are "
        "left out: pairs of stored images have no transaction that takes time, and decide nothing for anybody.",
    ),
})  # fmt: skip
