"""What the page "Groups" shows besides errors: TAR at a FAR, similarities, searches, images without an embedding.

None of it moves with the threshold: it is what the report measured at its own.
"""

from collections.abc import Iterable, Sequence

import polars as pl
import streamlit as st

from ethnoshard.charts import NONE, count, group_similarities, interval, number, share, with_interval
from ethnoshard.errors import EthnoshardError
from ethnoshard.results import AcquisitionFailures, GroupErrors, OpenSet, ScoreShift, TarAtFar

from .. import _show
from .._shelf import Shelf
from .._show import plain

TOO_FEW = "too few pairs"


def show_group_details(shelf: Shelf, report: str, sources: Iterable[GroupErrors]) -> None:
    """TAR at FARs, similarities and failures of one report, by each source of labels; nothing of a report of before."""
    for found in sources:
        if any(at.by_group for at in found.tar_at_far):
            _show.table(
                tar_table(found.tar_at_far),
                name=f"tar-{found.source}",
                title=f"TAR at a FAR by {found.whose}: at one threshold for all, and at each group's own",
                how=_thresholds(found.tar_at_far)
                + " A group's own threshold is set on its very pairs, which flatters. Too few pairs: the FAR is less "
                "than one of the group's different pairs"
                + (", of which any two people have one." if found.weighting == "person" else "."),
                height="content",
            )
        if found.score_shift is not None:
            _similarities(shelf, report, found, found.score_shift)
        for at in found.open_set:
            if at.threshold is not None and at.overall is not None:
                _show.table(
                    open_set_table(at),
                    name=f"open-set-{found.source}-{at.fpir_asked:g}",
                    title=f"Searches of a gallery of {count(at.gallery)} people by {found.whose}, where the FPIR of "
                    f"all is {at.fpir_asked:g} at most",
                    how=f"At {at.threshold:.4f}, set on these very searches, which flatters; 95 % intervals take it "
                    "for known. FNIR: mated searches, of every image but the gallery's, that miss the person. FPIR: "
                    "searches of every image, its own person left out of the gallery, that return anybody.",
                    height="content",
                )
        if found.failures is not None and found.failures.any:
            _show.table(
                failure_table(found.failures),
                name=f"failures-{found.source}",
                title=f"Images without an embedding, {found.whose}: {_rates(found.failures)}",
                how=f"At the report's own threshold, {found.threshold:.4f}. With failures, same pairs that are lost by "
                "them count as refused. Wilson's interval takes images for independent, which one person's aren't.",
                height="content",
            )


def _similarities(shelf: Shelf, report: str, found: GroupErrors, shift: ScoreShift) -> None:
    try:
        histograms = shelf.similarity_histograms(report, found.source)
    except EthnoshardError as error:
        st.info(plain(str(error)), icon=":material/info:")
        histograms = None
    if histograms is not None:
        _show.chart(
            group_similarities(histograms, found.threshold, shelf.group_colours),
            name=f"similarities-{found.source}",
            title=f"Where similarities lie, {found.whose}: mean of different pairs {_means(shift)}",
            how=f"Shares of each group's own pairs, weighted by {found.weighting}. Dashed: the report's threshold, "
            f"{found.threshold:.4f}.",
        )
    _show.table(
        shift_table(shift),
        name=f"shift-{found.source}",
        title=f"How far each group's similarities are shifted, {found.whose}",
        how="Shift: mean less that of the pairs within all groups, in standard deviations (root of the mean of both "
        "variances). d': mean of same pairs less that of different ones, in the same unit.",
        height="content",
    )


def tar_table(found: Sequence[TarAtFar]) -> pl.DataFrame:
    """A row a FAR and group, as text."""
    rows = []
    for at in found:
        for group, own in at.by_group.items():
            enough = own.deviation is not None
            rows.append(
                {
                    "FAR": f"{at.far:g}",
                    "group": group,
                    "TAR": share(own.tar),
                    "FMR": share(own.fmr.rate) if enough else TOO_FEW,
                    "FMR against the FAR": TOO_FEW if own.deviation is None else f"{100 * own.deviation:+.0f} %",
                    "own threshold": number(own.own.threshold) if own.own else TOO_FEW,
                    "FMR there": share(own.own.fmr) if own.own else TOO_FEW,
                    "TAR there": share(own.own.tar) if own.own else TOO_FEW,
                }
            )
    return pl.DataFrame(rows)


def _thresholds(found: Sequence[TarAtFar]) -> str:
    """Where those for all are from, and why there is none."""
    return " ".join(
        f"{at.far:g}: {at.reason}."
        if at.threshold is None or at.chosen_on is None
        else f"{at.far:g}: {at.threshold:.4f}, {at.chosen_on.text}."
        for at in found
    )


def shift_table(shift: ScoreShift) -> pl.DataFrame:
    """A row a group, as text."""
    rows = []
    for group, own in {"all, within groups": shift.overall, **shift.by_group}.items():
        row = {"group": group}
        for kind, each in (("same", own.same), ("different", own.different)):
            row |= {
                f"{kind} pairs": count(each.pairs),
                f"{kind}: mean": number(each.mean),
                f"{kind}: median": number(each.median),
                f"{kind}: deviation": number(each.std),
                f"{kind}: shift": number(each.shift),
            }
        rows.append({**row, "d'": number(own.d_prime)})
    return pl.DataFrame(rows)


def open_set_table(found: OpenSet) -> pl.DataFrame:
    """A row a group, as text."""
    everybody = {} if found.overall is None else {"all": found.overall}
    return pl.DataFrame(
        [
            {
                "group": group + (" (too few)" if own.fnir.too_few or own.fpir.too_few else ""),
                "FNIR": with_interval(own.fnir.rate, own.fnir.people_interval),
                "missed": f"{count(own.fnir.errors)} of {count(own.fnir.searches)}",
                "people with mated searches": count(own.fnir.people),
                "FPIR": with_interval(own.fpir.rate, own.fpir.people_interval),
                "returned": f"{count(own.fpir.errors)} of {count(own.fpir.searches)}",
                "people": count(own.fpir.people),
            }
            for group, own in {**everybody, **found.by_group}.items()
        ]
    )


def failure_table(failures: AcquisitionFailures) -> pl.DataFrame:
    """A row a group, as text."""
    return pl.DataFrame(
        [
            {
                "group": group,
                "images": count(own.images),
                "failure to acquire": f"{share(own.rate)} {interval(own.wilson)}",
                "without an embedding": ", ".join(f"{count(each)} {name}" for name, each in own.missing.items()) or "0",
                "people without any": NONE
                if own.people_without is None
                else f"{count(own.people_without)} of {count(own.people)}",
                "same pairs lost": f"{count(own.lost)} of {count(own.same)}",
                "FNMR": share(own.fnmr),
                "FNMR with failures": share(own.fnmr_with_failures),
            }
            for group, own in {"all": failures.overall, **failures.by_group}.items()
        ]
    )


def _rates(failures: AcquisitionFailures) -> str:
    return ", ".join(f"{group} {share(own.rate)}" for group, own in failures.by_group.items())


def _means(shift: ScoreShift) -> str:
    return ", ".join(f"{number(own.different.mean)} ({group})" for group, own in shift.by_group.items())
