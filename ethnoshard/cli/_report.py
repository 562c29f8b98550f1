"""What the verbs that make something say when they are done."""

from typing import TYPE_CHECKING

import polars as pl

from ethnoshard.alignment import AlignReport
from ethnoshard.cli._console import counted, say, say_table, size, warn, warn_of
from ethnoshard.shards import DecisionRecord, PackReport
from ethnoshard.work import BY_CLASSIFIER, Labelling

if TYPE_CHECKING:
    from ethnoshard.ethnicity import Agreement, Share

_SHARE_WORTH_A_WARNING = 0.1


def report_alignment(report: AlignReport, seconds: float) -> None:
    """Counts by status and the reasons behind them."""
    rows = [[status, f"{number:,}", f"{number / report.images:.2%}"] for status, number in report.statuses.items()]
    say_table(["status", "images", "share"], [*rows, ["all", f"{report.images:,}", ""]])
    for reason, number in report.reasons.items():
        say(f"  {number:,} x {reason}")
    rate = f", {report.made / seconds:,.0f} images/s" if report.made and seconds > 0 else ""
    say(f"{report.faces:,} faces of {report.identities:,} identities; {report.made:,} images done now{rate}")
    for reason, names in report.skipped.items():
        warn(f"skipped in the source, {reason}: {counted(names)}")
    lost = 1 - report.statuses["aligned"] / report.images
    if lost > _SHARE_WORTH_A_WARNING:
        warn(f"{lost:.0%} of the images gave no face; see the reasons above")


def report_labelling(labelling: Labelling) -> None:
    """Counts by group and what didn't fit."""
    table = labelling.table
    source = table["source"][0]
    if source.startswith(BY_CLASSIFIER):
        _report_prediction(table, source)
    else:
        read_as = f" ({', '.join(labelling.read_as)})" if labelling.read_as else ""
        say(f"groups as given by {source}{read_as}")
        counts = table.drop_nulls("group").group_by("group").len().sort("group").iter_rows()
        say_table(["group", "identities"], [[group, f"{number:,}"] for group, number in counts])
    fate = "left out of datasets" if labelling.unlabelled == "drop" else 'put into the group "unknown"'
    if labelling.missing:
        warn(f"without a group, {fate}: {counted(labelling.missing)} of {len(table):,} identities")
    if labelling.extra:
        warn(f"labelled but not among the faces: {counted(labelling.extra)}")
    warn_of("names that look like identities of the faces", labelling.resembling)
    warn_of("labels", labelling.otherwise)
    warn_of("labels", labelling.kept)
    warn_of("left out of the labels", labelling.left_out)
    for group, number in labelling.unknown_groups.items():
        warn(f"group {group!r} is not one of --groups: {number:,} identities of the file count as without a group")
    if labelling.undecodable:
        warn(
            f"faces that could not be decoded, others were taken where there were any: {counted(labelling.undecodable)}"
        )


def _report_prediction(table: pl.DataFrame, source: str) -> None:
    say(f"perceived ethnicity as predicted by {source}, from {table['faces_used'].sum():,} faces")
    groups = table.drop_nulls("group").group_by("group").agg(pl.len(), pl.mean("confidence"), pl.mean("agreement"))
    rows = [
        [group, f"{number:,}", *(f"{mean:.3f}" for mean in means)]
        for group, number, *means in groups.sort("group").iter_rows()
    ]
    say_table(["group", "identities", "mean confidence", "faces that agree"], rows)


def report_agreement(agreement: "Agreement") -> None:
    """How far a file's groups and a classifier's agree."""
    equal, (given, predicted) = agreement.equal, agreement.sources
    say(f"\ngroups as given by {given} (rows) and as predicted by {predicted} (columns)")
    shares = {group: _percent(share) for group, share in agreement.by_group.items()}
    rows = [
        [group, *(f"{agreement.matrix[group][other]:,}" for other in agreement.groups), shares[group]]
        for group in agreement.groups
        if group in shares
    ]
    say_table(["given \\ predicted", *agreement.groups, "equal"], rows)
    kappa = "not defined" if agreement.kappa is None else f"{agreement.kappa:.3f}"
    say(
        f"{equal.of:,} identities compared: {_percent(equal)} equal (95 % interval {equal.low:.1%} to "
        f"{equal.high:.1%}), Cohen's kappa {kappa}; {agreement.left_out:,} have no group from one or both"
    )
    for names, who in ((agreement.only_a, given), (agreement.only_b, predicted)):
        if names:
            say(f"only {who} has: {', '.join(names)}")


def _percent(share: "Share") -> str:
    return "-" if share.rate is None else f"{share.rate:.1%}"


def report_decisions(record: DecisionRecord | None) -> None:
    """How many identities and faces each kind of decision concerned; nothing where nothing was decided."""
    if record is None:
        return
    new = f", {record.new_identities:,} new identities" if record.new_identities else ""
    say(f"{record.decisions:,} decisions of {record.name} carried out{new}")
    rows = [
        [name, f"{counts.decisions:,}", f"{counts.identities:,}", f"{counts.faces:,}"]
        for name, counts in (
            *record.by_action.items(),
            *((f"of kind {kind}", own) for kind, own in record.by_kind.items()),
        )
    ]
    say_table(["decided", "decisions", "whole identities", "faces"], rows)


def report_packing(report: PackReport) -> None:
    """What lies in the dataset folder."""
    manifest = report.manifest
    for reason, counts in report.left_out.items():
        warn(f"left out, {reason}: {counts['identities']:,} identities with {counts['faces']:,} faces")
    report_decisions(manifest.decisions)
    say(
        f"{manifest.faces:,} faces of {manifest.identities:,} identities in {len(manifest.shards)} shards of "
        f"{len(manifest.groups)} groups, {size(manifest.bytes)}"
        + ("" if report.written else " (it was packed before; nothing to do)")
    )
    say(f"fingerprint {manifest.fingerprint}")
