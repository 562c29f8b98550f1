"""An evaluation as Markdown that can be pasted into a paper; the first table has the shape of the study's table 5.1."""

from collections.abc import Iterable

from ethnoshard.charts import NONE, number
from ethnoshard.reports._summary_groups import group_lines
from ethnoshard.reports._texts import epoch_of, interval, mean_std, rate, table
from ethnoshard.reports._warnings import warnings_of
from ethnoshard.results import ClusterReport, Compared, Evaluation, FoldRate, Pairs, Reason, Verification

TABLE_HEAD = ("Epoch No", "Type", "Accuracy", "Validation Rate", "Area Under Curve (AUC)")


def evaluation_summary(found: Evaluation) -> str:
    """Markdown of an evaluation, or of scores."""
    verified, pairs = found.verification, found.pairs
    lines = [
        f"# {found.title} on {pairs.name}",
        "",
        setting_text(found),
        "",
        "## Verification",
        "",
        *table(TABLE_HEAD, [table_row(found, found.title)]),
        *warning_lines(found),
        *_pairs(pairs, verified),
        *_verification(verified),
        "## Identification",
        "",
        *_identification(found),
    ]
    if found.demographics:
        lines += ["## By group", ""]
    for errors in found.demographics:
        lines += group_lines(errors)
    return "\n".join(lines).rstrip() + "\n"


def table_row(found: Evaluation | Compared, title: str) -> list[str]:
    """A row of table 5.1: mean and standard deviation over folds, VAL with the FAR that was reached."""
    verified = found.verification
    if verified is None:
        return [epoch_of(found.model), title, *[NONE] * (len(TABLE_HEAD) - 2)]
    at = verified.validation[0]
    return [
        epoch_of(found.model),
        title,
        mean_std(verified.accuracy.mean, verified.accuracy.std),
        f"{mean_std(at.val.mean, at.val.std)} @ FAR={at.far.mean:.5f}" if at.val else NONE,
        number(verified.auc),
    ]


def warning_lines(found: Evaluation | Compared) -> list[str]:
    """What a reader must know before the figures, each in a paragraph of its own."""
    return [line for text in warnings_of(found) for line in (f"**{text[0].upper()}{text[1:]}.**", "")]


def setting_text(found: Evaluation | ClusterReport | Compared) -> str:
    """The model, how it saw its images, and where these are from, in a sentence or two."""
    model, place, images = found.model, found.place, found.images
    if not model or not place:
        return "Embeddings or scores of another program; nothing is said of model and alignment."
    if model.alignment == "five-point":
        cut = f", {model.template}" if model.template else ""
    else:
        cut = f", {model.crop or place.face} px of {place.face}"
    statuses = images.statuses if images else {}
    further = images.further_faces if images else 0
    without = ", ".join(f"{count:,} {status}" for status, count in statuses.items() if status != "embedded" and count)
    return (
        f"Model {model.name} ({model.kind}, weights {model.digest[:12]}), {model.embedding} numbers from "
        f"{model.side} px; alignment {model.alignment}{cut} (faces: {place.aligner}), pixels "
        f"{model.normalise}"
        f"{', original and mirrored averaged' if found.flip else ''}. Images: {place.name}, "
        f"{statuses.get('embedded', 0):,} embedded"
        + (f", without a face or unreadable: {without}." if without else ", none without a face.")
        + (f" Further faces in them, not taken: {further:,}." if further else "")
    )


def _pairs(pairs: Pairs, verified: Verification) -> list[str]:
    people = "people not known" if verified.people is None else f"{verified.people:,} people"
    text = (
        f"{verified.pairs:,} pairs ({verified.same:,} same, {verified.different:,} different; {people}) in "
        f"{verified.folds} folds; thresholds from {verified.thresholds_from}. Distance: {verified.metric}"
        f"{', mean of the other folds subtracted' if verified.subtract_mean else ''}."
    )
    if pairs.missing_same or pairs.missing_different:
        text += (
            f" Of {pairs.listed:,} pairs listed {pairs.missing_same + pairs.missing_different:,} can't be "
            "scored "
            f"({pairs.missing_same:,} same, {pairs.missing_different:,} different); images without an "
            f"embedding: {pairs.missing_images:,}"
            f"{_reasons(pairs.reasons)}."
        )
    if pairs.found_otherwise:
        text += f" Of the list's images{_reasons(pairs.found_otherwise)}."
    if pairs.left_out:
        text += f" Rows of the list left out{_reasons(pairs.left_out)}."
    return [text, ""]


def _reasons(reasons: Iterable[Reason]) -> str:
    listed = ", ".join(f"{one.count:,} {one.reason} (first {one.first})" for one in reasons)
    return f": {listed}" if listed else ""


def _verification(verified: Verification) -> list[str]:
    rows = []

    def add(name: str, figure: FoldRate) -> None:
        rows.append(
            [
                name,
                mean_std(figure.mean, figure.std),
                interval(figure.people_interval),
                f"{figure.events:,} of {figure.pairs:,} {interval(figure.wilson)}",
                f"{min(figure.thresholds):.4f} to {max(figure.thresholds):.4f}",
            ]
        )

    add("accuracy, thresholds in steps", verified.accuracy)
    add("accuracy, thresholds searched exactly", verified.accuracy_exact)
    for at in verified.validation:
        if at.val:
            add(f"VAL at FAR {at.target:g}", at.val)
        else:
            rows.append([f"VAL at FAR {at.target:g}", NONE, "", "", ""])
        add(f"FAR reached for {at.target:g}", at.far)
    head = ("", "mean ± std over folds", "95 % by drawing people", "pairs, Wilson's 95 %", "thresholds")
    return [
        *table(head, rows),
        f"AUC {number(verified.auc, 5)}, EER {rate(verified.eer)}, of all pairs. Intervals by drawing people: "
        f"{verified.draws:,} draws, seed {verified.seed}. Wilson's takes pairs for independent, which they "
        "aren't.",
        "",
    ]


def _identification(report: Evaluation) -> list[str]:
    found = report.identification
    if found is None:
        return [f"Left out: {report.identification_left_out}.", ""]
    rows = []
    ways = ((found.svc, "linear SVC on one image each"), (found.mean, "mean of the others to one image each"))
    for rates, what in ways:
        for rank, share in rates.items():
            spread = f"{rate(share.least)} to {rate(share.most)}"
            rows.append([f"{what}, {rank.replace('_', '-')}", mean_std(share.mean, share.std), spread])
    return [
        f"{found.people:,} people with more than {found.more_than} images, {found.images:,} images, "
        f"{found.galleries} random galleries of one image each (seed {found.seed}); the SVC classifies "
        f"{found.queries:,} images, of means there is one a person.",
        "",
        *table(("", "mean ± std over galleries", "least to most"), rows),
    ]
