"""The page "Verification": are two images of one person, and which threshold errs how often."""

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
import polars as pl
import streamlit as st

from ethnoshard.charts import (
    DISTANCES,
    NONE,
    SCORE,
    Curve,
    Mark,
    count,
    curve_of,
    det,
    distances,
    fold_accuracies,
    folds,
    roc,
    share,
)
from ethnoshard.evaluation import PairErrors, RankedPairs
from ethnoshard.results import Evaluation, FoldRate, Interval, RateInterval, Verification

from .. import _show
from .._shelf import Shelf
from .._show import plain, reporting_errors
from ._evaluations import KINDS, PickedEvaluation, list_unreadable, no_evaluation, pick_evaluations
from ._worst_pairs import show_worst

_THRESHOLD = "threshold"


def show(shelf: Shelf) -> None:
    """One report, others beside its curves."""
    picked = pick_evaluations(shelf)
    if picked:
        with reporting_errors(picked[0].name):
            _report(shelf, picked)
    elif not any(summary.kind in KINDS for summary in shelf.reports):
        no_evaluation(shelf, "There is no evaluation yet: pairs of faces, told apart by a model.")
    list_unreadable(shelf)


def _report(shelf: Shelf, picked: Sequence[PickedEvaluation]) -> None:
    first = picked[0]
    st.caption(plain(_about(first.evaluation)))
    for text in shelf.warnings(first.name):
        _show.warn(text)
    _show.tiles_with_ranges(_metrics(first.evaluation.verification))
    pairs = None
    with reporting_errors(f"scores of {first.name}"):
        pairs = shelf.pairs(first.name)
    if pairs is None:
        _curves(picked, None)
    else:
        _moving(shelf, picked, pairs)


def _about(evaluation: Evaluation) -> str:
    verified, pairs = evaluation.verification, evaluation.pairs
    missing = pairs.listed - pairs.scored
    lost = (
        f"{count(missing)} of {count(pairs.listed)} listed pairs could not be scored "
        f"({count(pairs.missing_same or 0)} same, {count(pairs.missing_different or 0)} different)"
        + ("." if pairs.missing_images is None else f"; images without an embedding: {count(pairs.missing_images)}.")
        if missing
        else "No listed pair is missing."
    )
    people = "" if verified.people is None else f" of {count(verified.people)} people"
    return (
        f"{pairs.name}: {count(verified.pairs)} pairs{people}, {count(verified.same)} same and "
        f"{count(verified.different)} different. {lost} Thresholds from {verified.thresholds_from}"
        + (", which flatters." if verified.thresholds_from == "the same pairs" else ".")
        + " Intervals are from draws of people, in which thresholds are chosen again; Wilson's take pairs for "
        "independent and thresholds for known."
    )


def _metrics(verified: Verification) -> list[tuple[str, str, str, str]]:
    several = verified.folds > 1
    over = (
        f"mean of {verified.folds} folds ± their standard deviation, which says how far apart folds are; how sure the "
        "mean is, its standard error says"
        if several
        else "one fold"
    )

    def tile(label: str, measured: FoldRate, ends: str, meaning: str) -> tuple[str, str, str, str]:
        error = measured.standard_error
        spread = "" if error is None else f"± {measured.std:.4f} over folds, standard error {error:.4f}; "
        return label, share(measured.mean), f"{spread}{ends}", meaning

    steps = "searched exactly" if verified.accuracy == verified.accuracy_exact else "in steps"
    tiles = [
        tile(
            "Accuracy",
            verified.accuracy,
            _range(verified, verified.accuracy),
            f"Share of right answers, {over}; thresholds from {verified.thresholds_from}, {steps}.",
        )
    ]
    for at in verified.validation:
        if not at.val:
            reason = at.reason or "not known why"
            tiles.append((f"VAL at FAR {at.far_asked:g}", NONE, "no VAL, see above", reason))
            continue
        tiles.append(
            tile(
                f"VAL at FAR {at.far_asked:g}",
                at.val,
                f"{at.interval_reason or _range(verified, at.val)}; FAR reached {share(at.far.mean)}",
                f"Share of same pairs accepted, {over}, at the threshold that lets {at.far_asked:g} of the different "
                f"pairs of {verified.thresholds_from} in. FAR reached: {at.far.events} of "
                f"{at.far.pairs:,} pairs, {_range(verified, at.far)}.",
            )
        )
    without = f"no interval: {verified.why_no_draws or 'the report is from before it was measured'}"
    auc_range, eer_range = _in_draws(verified.auc_interval), _in_draws(verified.eer_interval)
    return [
        *tiles,
        (
            "AUC",
            share(verified.auc),
            auc_range or without,
            "How often a same pair is more alike than a different one, over all pairs.",
        ),
        (
            "EER",
            share(verified.eer),
            eer_range or without,
            "Error rate of all pairs where FMR and FNMR are equal.",
        ),
    ]


def _in_draws(ends: Interval | None) -> str:
    low, high = ends or (None, None)
    return "" if low is None or high is None else f"95 % {low:.4f} to {high:.4f} (people)"


def _range(verified: Verification, measured: FoldRate) -> str:
    why = f": {verified.why_no_draws}" if verified.why_no_draws else ""
    wilson = f"95 % {measured.wilson.low:.4f} to {measured.wilson.high:.4f} (Wilson{why})"
    return _in_draws(measured.people_interval) or wilson


@st.fragment
def _moving(shelf: Shelf, picked: Sequence[PickedEvaluation], pairs: RankedPairs) -> None:
    """What moves with the threshold."""
    scale = pairs.scale
    verified = picked[0].evaluation.verification
    several = verified.folds > 1
    start = scale.nearest(scale.sign * float(np.mean(verified.accuracy.thresholds)))

    def back() -> None:
        st.session_state[_THRESHOLD] = start

    _show.head("One threshold for all pairs")
    slider, button = st.columns([4, 1], vertical_alignment="bottom")
    threshold = slider.slider(
        plain(f"Threshold, {unit_words(pairs)}: a pair {scale.accepts} it is accepted"),
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
    errors = pairs.at(threshold)
    _show.tiles_with_ranges(_errors(errors))
    logarithmic = st.toggle("Logarithmic shares, to see the tails", key="tails", bind="query-params")
    _show.chart(
        histogram(pairs, threshold, logarithmic=logarithmic),
        name="histogram",
        title=histogram_title(errors, scale.text(threshold)),
        how=f"Pairs {scale.accepts} the dashed line are accepted. The less the two heaps overlap, the better the model "
        "tells people apart.",
    )
    _curves(picked, Mark(name=f"threshold {scale.text(threshold)}", fmr=errors.fmr, fnmr=errors.fnmr))
    if several:
        _folds(picked[0])
    show_worst(shelf, picked[0].evaluation.source, pairs, threshold)


def unit_words(pairs: RankedPairs) -> str:
    """What pairs were scored with, with its unit."""
    return DISTANCES.get(pairs.scale.metric, SCORE)


def _errors(errors: PairErrors) -> list[tuple[str, str, str, str]]:
    def wilson(interval: RateInterval) -> str:
        return f"Wilson's 95 % {share(interval.low)} to {share(interval.high)}"

    return [
        (
            "FMR", share(errors.fmr), wilson(errors.fmr_interval),
            f"{count(errors.accepted)} of {count(errors.different)} different pairs accepted.",
        ),
        (
            "FNMR", share(errors.fnmr), wilson(errors.fnmr_interval),
            f"{count(errors.refused)} of {count(errors.same)} same pairs refused.",
        ),
        (
            "Accuracy", share(errors.accuracy), wilson(errors.accuracy_interval),
            f"{count(errors.right)} of {count(errors.same + errors.different)} answers right. "
            "A threshold chosen by looking at these very pairs flatters: the accuracy to report is the one at the top.",
        ),
    ]  # fmt: skip


def histogram(pairs: RankedPairs, threshold: float, *, logarithmic: bool = False) -> go.Figure:
    """Share of pairs over what they were scored with, as its scale has it."""
    scale = pairs.scale
    return distances(
        scale.sign * pairs.of_same,
        scale.sign * pairs.of_different,
        unit=unit_words(pairs),
        threshold=threshold,
        digits=scale.digits,
        logarithmic=logarithmic,
    )


def histogram_title(errors: PairErrors, threshold: str) -> str:
    """How many of each kind are on the wrong side."""
    return (
        f"At {threshold}, {count(errors.accepted)} of {count(errors.different)} different pairs are accepted "
        f"(FMR {share(errors.fmr)}) and {count(errors.refused)} of {count(errors.same)} same pairs refused "
        f"(FNMR {share(errors.fnmr)})"
    )


def _curves(picked: Sequence[PickedEvaluation], mark: Mark | None) -> None:
    origin = picked[0].evaluation.verification.thresholds_from
    how = f"Staircases: all pairs, one threshold for all. Points: thresholds from {origin}, 95 % intervals. "
    if any(each.evaluation.verification.band for each in picked):
        how += "Bands: 95 % at each FMR, of draws of people with thresholds chosen again. "
    curves = curves_of(picked)
    left, right = st.columns(2)
    with left:
        _show.chart(
            roc(curves, mark),
            name="roc",
            title=roc_title(picked),
            how=f"{how}Higher and further left is better; the left edge stands for 0.",
        )
    with right:
        _show.chart(
            det(curves, mark),
            name="det",
            title=det_title(picked),
            how=f"{how}Lower and further left is better; edges stand for 0.",
        )


def curves_of(picked: Sequence[PickedEvaluation]) -> list[Curve]:
    """A curve a report, with its colour and dash."""
    return [curve_of(each.evaluation.verification, each.label, colour=each.colour, dash=each.dash) for each in picked]


def roc_title(picked: Sequence[PickedEvaluation]) -> str:
    """VAL of each at the first FAR."""
    first = picked[0].evaluation.verification.validation
    if not first:
        return "ROC: same pairs accepted over different pairs accepted"
    target = first[0].far_asked
    values = [
        f"{each.label} {share(at.val.mean if at.val else None)}"
        for each in picked
        for at in each.evaluation.verification.validation
        if at.far_asked == target
    ]
    return f"VAL for a FAR of {target:g}: {', '.join(values)}"


def det_title(picked: Sequence[PickedEvaluation]) -> str:
    """EER of each."""
    return "EER: " + ", ".join(f"{each.label} {share(each.evaluation.verification.eer)}" for each in picked)


def _folds(first: PickedEvaluation) -> None:
    verified = first.evaluation.verification
    rows = fold_table(verified)
    left, right = st.columns(2)
    with left:
        _show.chart(
            folds(fold_accuracies(verified), first.colour),
            name="folds",
            title=fold_title(verified),
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


def fold_table(verified: Verification) -> pl.DataFrame:
    """A row a fold: accuracy and threshold, searched in two ways; VAL and the FAR that was reached."""
    columns = [pl.Series("fold", range(1, verified.folds + 1))]
    for way in fold_accuracies(verified):
        columns += [
            pl.Series(f"accuracy, {way.name}", list(way.by_fold)),
            pl.Series(f"threshold, {way.name}", list(way.thresholds)),
        ]
    for at in verified.validation:
        if at.val:
            columns.append(pl.Series(f"VAL at {at.far_asked:g}", list(at.val.by_fold)))
        columns.append(pl.Series(f"FAR reached for {at.far_asked:g}", list(at.far.by_fold)))
    return pl.DataFrame(columns)


def fold_title(verified: Verification) -> str:
    """From the worst fold to the best, and what the exact search changes."""
    steps, exact = verified.accuracy, verified.accuracy_exact
    low, high = min(steps.by_fold), max(steps.by_fold)
    change = exact.mean - steps.mean
    return (
        f"Accuracy from {low:.4f} in the worst fold to {high:.4f} in the best; searching thresholds exactly changes "
        f"the mean by {change:+.4f}"
    )
