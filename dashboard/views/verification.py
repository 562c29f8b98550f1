"""The page "Verification": are two images of one person, and which threshold errs how often."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from ethnoshard._stamp import Stamp
from ethnoshard.charts import NONE, Mark, count, det, fold_accuracies, folds, roc, share
from ethnoshard.errors import EthnoshardError
from ethnoshard.reports import warnings_of
from ethnoshard.results import Evaluation, FoldRate, Verification

from .. import _pick, _show
from .._faces import place_of
from .._guard import or_said
from .._shelf import Place, Shelf
from .._text import plain
from ._evaluations import Picked, none_yet, picked, say_unreadable
from ._scores import Errors, Scores
from ._verification_curves import curves_of, det_title, roc_title
from ._verification_folds import folds_table, folds_title
from ._verification_histogram import histogram, histogram_title
from ._verification_worst import show_worst

_THRESHOLD = "threshold"
_NUMBERS = ("5", "10", "20", "50")


def show(shelf: Shelf) -> None:
    """One report, others beside its curves."""
    found = picked(shelf)
    if not found and not any(summary.kind in ("evaluation", "scores") for summary in shelf.reports):
        none_yet(shelf, "There is no evaluation yet: pairs of faces, told apart by a model.")
    elif found:
        with or_said(found[0].name):
            _report(shelf, found)
    say_unreadable(shelf)


def _report(shelf: Shelf, found: Sequence[Picked]) -> None:
    first = found[0]
    verified = first.evaluation.verification
    st.caption(plain(_about(first.evaluation)))
    for text in warnings_of(first.evaluation):
        st.warning(plain(text), icon=":material/warning:")
    _show.tiles_with_ranges(_figures(verified))
    read = _read(shelf, first)
    if read is None:
        _curves(found, None)
        return
    scores, arrays = read
    _moving(shelf, found, scores, arrays, place_of(shelf, first.evaluation.place))


def _read(shelf: Shelf, first: Picked) -> tuple[Scores, Mapping[str, NDArray[Any]]] | None:
    """Scores of a report; None, and it is said, where they can't be had."""
    found = []
    with or_said(f"scores of {first.name}"):
        arrays = shelf.arrays(first.name, "scores")
        metric = str(first.evaluation.verification.metric)
        found.append((_scores(shelf.stamp(first.name, "scores"), metric, arrays), arrays))
    return found[0] if found else None


def _figures(verified: Verification) -> list[tuple[str, str, str, str]]:
    several = verified.folds > 1
    over = f"mean ± standard deviation of {verified.folds} folds" if several else "one fold"

    def tile(label: str, measured: FoldRate, below: str, meaning: str) -> tuple[str, str, str, str]:
        spread = f"± {measured.std:.4f} over folds; " if several else ""
        return label, share(measured.mean), f"{spread}{_range(measured)}{below}", meaning

    tiles = [
        tile(
            "Accuracy",
            verified.accuracy,
            "",
            f"Share of right answers, {over}; thresholds from {verified.thresholds_from}, in steps.",
        )
    ]
    for at in verified.validation:
        if not at.val:
            reason = at.reason or "not known why"
            tiles.append((f"VAL at FAR {at.target:g}", NONE, "no VAL, see above", reason))
            continue
        tiles.append(
            tile(
                f"VAL at FAR {at.target:g}",
                at.val,
                f"; FAR reached {share(at.far.mean)}",
                f"Share of same pairs accepted, {over}, at the threshold that lets {at.target:g} of the different "
                f"pairs of {verified.thresholds_from} in. FAR reached: {at.far.events} of "
                f"{at.far.pairs:,} pairs, {_range(at.far)}.",
            )
        )
    everything = "all pairs, one threshold"
    return [
        *tiles,
        ("AUC", share(verified.auc), everything, "How often a same pair is more alike than a different one."),
        ("EER", share(verified.eer), everything, "Error rate where FMR and FNMR are equal."),
    ]


def _range(measured: FoldRate) -> str:
    low, high = measured.people_interval or (None, None)
    if low is not None and high is not None:
        return f"95 % {low:.4f} to {high:.4f} (people)"
    return f"95 % {measured.wilson.low:.4f} to {measured.wilson.high:.4f} (Wilson)"


def _about(report: Evaluation) -> str:
    verified, pairs = report.verification, report.pairs
    missing = pairs.listed - pairs.scored
    lost = (
        f"{count(missing)} of {count(pairs.listed)} listed pairs could not be scored "
        f"({count(pairs.missing_same)} same, {count(pairs.missing_different)} different); "
        f"images without an embedding: {count(pairs.missing_images)}."
        if missing
        else "No listed pair is missing."
    )
    people = "" if verified.people is None else f" of {count(verified.people)} people"
    return (
        f"{pairs.name}: {count(verified.pairs)} pairs{people}, {count(verified.same)} same and "
        f"{count(verified.different)} different. {lost} Thresholds from {verified.thresholds_from}"
        + (", which flatters." if verified.thresholds_from == "the same pairs" else ".")
        + " Intervals are from draws of people; Wilson's takes pairs for independent, which they aren't."
    )


@st.cache_resource(max_entries=32, show_spinner=False)
def _scores(stamp: Stamp, metric: str, _arrays: Mapping[str, NDArray[Any]]) -> Scores:
    return Scores.of_arrays(_arrays, metric)


def _curves(found: Sequence[Picked], mark: Mark | None) -> None:
    origin = found[0].evaluation.verification.thresholds_from
    how = f"Staircases: all pairs, one threshold for all. Points: thresholds from {origin}, 95 % intervals. "
    curves = curves_of(found)
    for column, name, drawn, title, more in zip(
        st.columns(2),
        ("roc", "det"),
        (roc, det),
        (roc_title(found), det_title(found)),
        (
            "Higher and further left is better; the left edge stands for 0.",
            "Lower and further left is better; edges stand for 0.",
        ),
        strict=True,
    ):
        with column:
            _show.chart(drawn(curves, mark), name=name, title=title, how=how + more)


@st.fragment
def _moving(
    shelf: Shelf,
    found: Sequence[Picked],
    scores: Scores,
    arrays: Mapping[str, NDArray[Any]],
    place: Place | None,
) -> None:
    """What moves with the threshold."""
    scale = scores.scale
    verified = found[0].evaluation.verification
    several = verified.folds > 1
    start = scale.nearest(scale.sign * float(np.mean(verified.accuracy.thresholds)))

    def back() -> None:
        st.session_state[_THRESHOLD] = start

    _show.head("One threshold for all pairs")
    slider, button = st.columns([4, 1], vertical_alignment="bottom")
    threshold = slider.slider(
        plain(f"Threshold, {scale.name}: a pair {scale.accepts} it is accepted"),
        scale.low,
        scale.high,
        value=start,
        step=scale.step,
        format=f"%.{scale.digits}f",
        key=_THRESHOLD,
        bind="query-params",
    )
    button.button(
        plain(f"{'The folds’ mean' if several else 'The report’s'}: {scale.text(start)}"),
        on_click=back,
        disabled=threshold == start,
        icon=":material/restart_alt:",
        width="stretch",
    )
    errors = scores.at(threshold)
    _show.tiles_with_ranges(_at(errors))
    logarithmic = st.toggle("Logarithmic shares, to see the tails", key="tails", bind="query-params")
    _show.chart(
        histogram(scores, threshold, logarithmic=logarithmic),
        name="histogram",
        title=histogram_title(errors, scale.text(threshold)),
        how=f"Pairs {scale.accepts} the dashed line are accepted. The less the two heaps overlap, the better the model "
        "tells people apart.",
    )
    _curves(found, Mark(name=f"threshold {scale.text(threshold)}", fmr=errors.fmr, fnmr=errors.fnmr))
    if several:
        _folds(found[0])
    _worst(shelf, found[0], scores, arrays, place, threshold)


def _at(errors: Errors) -> list[tuple[str, str, str, str]]:
    ends = errors.intervals()

    def wilson(name: str) -> str:
        low, high = ends[name]
        return f"Wilson's 95 % {share(low)} to {share(high)}"

    return [
        (
            "FMR", share(errors.fmr), wilson("fmr"),
            f"{count(errors.accepted)} of {count(errors.different)} different pairs accepted.",
        ),
        (
            "FNMR", share(errors.fnmr), wilson("fnmr"),
            f"{count(errors.refused)} of {count(errors.same)} same pairs refused.",
        ),
        (
            "Accuracy", share(errors.accuracy), wilson("accuracy"),
            f"{count(errors.right)} of {count(errors.same + errors.different)} answers right. "
            "A threshold chosen by looking at these very pairs flatters: the accuracy to report is the one at the top.",
        ),
    ]  # fmt: skip


def _worst(
    shelf: Shelf,
    first: Picked,
    scores: Scores,
    arrays: Mapping[str, NDArray[Any]],
    place: Place | None,
    threshold: float,
) -> None:
    _show.head("The worst pairs")
    with st.columns([1, 4])[0]:
        number = int(_pick.one("Pairs of each kind", _NUMBERS, key="worst", start="5"))
    if place is None:
        origin = first.evaluation.place
        if origin is not None and origin.source_digest:
            st.info(
                plain(
                    f"No given dataset holds these faces. Give the one packed from {origin.name} (source digest "
                    f"{origin.source_digest[:12]}…): ethnoshard dashboard {shelf.given.runs} --dataset DATASET"
                ),
                icon=":material/face:",
            )
        else:
            st.info("The report does not say which images these are, so no faces are shown.", icon=":material/face:")
    try:
        show_worst(shelf, scores, arrays, place, number, threshold)
    except EthnoshardError as error:
        # A dataset whose shards went away: the pairs still say something.
        st.warning(plain(error), icon=":material/warning:")
        show_worst(shelf, scores, arrays, None, number, threshold)


def _folds(first: Picked) -> None:
    verified = first.evaluation.verification
    rows = folds_table(verified)
    left, right = st.columns(2)
    with left:
        _show.chart(
            folds(fold_accuracies(verified), first.colour),
            name="folds",
            title=folds_title(verified),
            how="Each fold's threshold comes from the other folds: the best of even steps, or searched exactly over "
            f"their scores. In a fold of {verified.pairs // verified.folds} pairs one answer is a step of "
            f"{verified.folds / verified.pairs:.4f}.",
        )
    with right:
        _show.table(
            rows,
            name="folds-table",
            title="What each fold measured, and at which threshold",
            columns={name: st.column_config.NumberColumn(format="%.4f") for name in rows.columns if name != "fold"},
            height="content",
        )
