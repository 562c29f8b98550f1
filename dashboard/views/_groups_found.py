"""Errors by group of reports, at their own threshold or at others that they keep."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from ethnoshard._stamp import Stamp
from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation import GroupCurves
from ethnoshard.reports import read_curves
from ethnoshard.results import ErrorsAtThreshold, GroupErrors

from .._shelf import Shelf
from ._evaluations import Picked


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """Errors by group by one source of labels.

    Attributes:
        picked: the report.
        own: of the source in ``report.json``, at the report's own threshold.
        curves: at all thresholds kept; None where none are.
        reason: why none are.
        stamp: of the file of arrays; None where it can't be read.
    """

    picked: Picked
    own: GroupErrors
    curves: GroupCurves | None
    reason: str | None
    stamp: Stamp | None

    @property
    def source(self) -> str:
        """Name of the source."""
        return self.own.source

    @property
    def labels(self) -> str:
        """Whose labels, in words."""
        return f"perceived ethnicity {self.own.labels}"

    @property
    def thresholds(self) -> list[float]:
        """All that there are, rising."""
        return [self.own.threshold] if self.curves is None else self.curves.thresholds.tolist()

    @property
    def own_place(self) -> int:
        """Which of them is the report's own."""
        return self.nearest(self.own.threshold)

    def text(self, place: int) -> str:
        """A threshold, with as many digits as tell all apart: models that put everybody in one place need many."""
        digits = next((number for number in range(4, 17) if _apart(self.thresholds, number)), 17)
        return f"{self.thresholds[place]:.{digits}f}"

    def nearest(self, threshold: float) -> int:
        """Which is nearest to ``threshold``."""
        return int(np.argmin(np.abs(np.array(self.thresholds) - threshold)))

    def as_strict(self, fmr: float) -> int:
        """Which gives all pairs together the FMR nearest to ``fmr``, by the ratio."""
        if self.curves is None:
            return 0
        tiny = np.finfo(np.float64).tiny
        rates = np.maximum(self.curves.overall_fmr[:, 0], tiny)
        return int(np.argmin(np.abs(np.log(rates) - np.log(max(fmr, tiny)))))

    def at(self, place: int) -> GroupErrors:
        """Everything at one of the thresholds."""
        if self.curves is None or self.stamp is None:
            return self.own
        return replace(self.own, **vars(_at(self.stamp, place, self.curves)))


@dataclass(frozen=True, kw_only=True, eq=False)
class Shown:
    """Errors by group at the threshold at which they are shown.

    Attributes:
        found: of which report and source.
        place: of its thresholds.
        rates: at this threshold.
    """

    found: Found
    place: int
    rates: GroupErrors

    @property
    def threshold(self) -> float:
        """The one for all groups."""
        return self.rates.threshold

    @property
    def text(self) -> str:
        """The same in words."""
        return self.found.text(self.place)


def find(shelf: Shelf, picked: Sequence[Picked]) -> list[list[Found]]:
    """For each source of the first report, what it found and what those beside it found by the same source."""
    sources = [own.source for own in picked[0].evaluation.demographics]
    return [
        [_found(shelf, each, own) for each in picked for own in each.evaluation.demographics if own.source == source]
        for source in sources
    ]


def move(found: Sequence[Sequence[Found]], threshold: float) -> list[list[Shown]]:
    """What is shown when a threshold is chosen among those of the first report's first source.

    Other sources stand at their nearest; other reports, whose similarities are others, where all pairs together have
    the FMR nearest to the first report's. At the first report's own threshold all are at their own.
    """
    own = threshold == found[0][0].thresholds[found[0][0].own_place]
    rows = []
    for first, *others in found:
        place = first.own_place if own else first.nearest(threshold)
        shown = [Shown(found=first, place=place, rates=first.at(place))]
        fmr = shown[0].rates.overall.fmr.rate or 0.0
        for other in others:
            place = other.own_place if own else other.as_strict(fmr)
            shown.append(Shown(found=other, place=place, rates=other.at(place)))
        rows.append(shown)
    return rows


def _apart(thresholds: Sequence[float], digits: int) -> bool:
    return len({f"{threshold:.{digits}f}" for threshold in thresholds}) == len(thresholds)


def _found(shelf: Shelf, picked: Picked, own: GroupErrors) -> Found:
    try:
        file = f"groups-{own.source}"
        if file not in picked.report.array_names():
            # A source's name is from a file: it may not lead to another folder.
            raise EthnoshardError(f"{picked.report.path} holds no {file}.npz; run ethnoshard evaluate again")
        stamp = shelf.stamp(picked.name, file)
        curves = _curves(stamp, shelf.arrays(picked.name, file))
    except EthnoshardError as error:
        return Found(picked=picked, own=own, curves=None, reason=str(error), stamp=None)
    return Found(picked=picked, own=own, curves=curves, reason=None, stamp=stamp)


@st.cache_resource(max_entries=32, show_spinner=False)
def _curves(stamp: Stamp, _arrays: Mapping[str, NDArray[Any]]) -> GroupCurves:
    return read_curves(dict(_arrays))


@st.cache_resource(max_entries=2048, show_spinner=False)
def _at(stamp: Stamp, place: int, _curves: GroupCurves) -> ErrorsAtThreshold:
    return _curves.at(place).errors()
