"""An evaluation as Markdown that can be pasted into a paper; the first table has the shape of the study's table 5.1."""

from collections.abc import Iterable
from typing import Any

from ethnoshard.reports._summary_groups import group_lines
from ethnoshard.reports._texts import NONE, epoch_of, interval, model_name, number, plus_minus, rate, table
from ethnoshard.reports._warnings import warnings_of

TABLE_HEAD = ("Epoch No", "Type", "Accuracy", "Validation Rate", "Area Under Curve (AUC)")


def evaluation_summary(content: dict[str, Any]) -> str:
    """Markdown of ``report.json``'s content, of the kinds "evaluation" and "scores"."""
    verified, pairs = content["verification"], content["pairs"]
    lines = [
        f"# {model_name(content)} on {pairs['name']}",
        "",
        *_setting(content),
        "## Verification",
        "",
        *table(TABLE_HEAD, [table_row(content)]),
        *warning_lines(content),
        *_pairs(pairs, verified),
        *_verification(verified),
        "## Identification",
        "",
        *_identification(content["identification"]),
    ]
    if content["demographics"]:
        lines += ["## By group", ""]
    for found in content["demographics"]:
        lines += group_lines(found)
    return "\n".join(lines).rstrip() + "\n"


def table_row(content: dict[str, Any]) -> list[str]:
    """A row of table 5.1: mean and standard deviation over folds, VAL with the FAR that was reached."""
    verified = content["verification"]
    at = verified["validation"][0]
    return [
        epoch_of(content),
        model_name(content),
        plus_minus(verified["accuracy"]["mean"], verified["accuracy"]["std"]),
        f"{plus_minus(at['val']['mean'], at['val']['std'])} @ FAR={at['far']['mean']:.5f}" if at["val"] else NONE,
        number(verified["auc"]),
    ]


def warning_lines(content: dict[str, Any]) -> list[str]:
    """What a reader must know before the figures, each in a paragraph of its own."""
    return [line for text in warnings_of(content) for line in (f"**{text[0].upper()}{text[1:]}.**", "")]


def setting_text(content: dict[str, Any]) -> str:
    """The model, how it saw its images, and where these are from, in a sentence or two."""
    model, place = content["model"], content["place"]
    if not model or not place:
        return "Embeddings or scores of another program; nothing is said of model and alignment."
    if model["alignment"] == "five-point":
        cut = f", {model['template']}" if "template" in model else ""
    else:
        cut = f", {model['crop'] or place['face']} px of {place['face']}"
    statuses = content["images"]["statuses"] if content.get("images") else {}
    further = content["images"].get("further_faces") if content.get("images") else 0
    without = ", ".join(f"{count:,} {status}" for status, count in statuses.items() if status != "embedded" and count)
    return (
        f"Model {model['name']} ({model['kind']}, weights {model['digest'][:12]}), {model['embedding']} numbers from "
        f"{model['side']} px; alignment {model['alignment']}{cut} (faces: {place['aligner']}), pixels "
        f"{model['normalise']}"
        f"{', original and mirrored averaged' if content['flip'] else ''}. Images: {place['name']}, "
        f"{statuses.get('embedded', 0):,} embedded"
        + (f", without a face or unreadable: {without}." if without else ", none without a face.")
        + (f" Further faces in them, not taken: {further:,}." if further else "")
    )


def _setting(content: dict[str, Any]) -> list[str]:
    return [setting_text(content), ""]


def _pairs(pairs: dict[str, Any], verified: dict[str, Any]) -> list[str]:
    people = "people not known" if verified["people"] is None else f"{verified['people']:,} people"
    text = (
        f"{verified['pairs']:,} pairs ({verified['same']:,} same, {verified['different']:,} different; {people}) in "
        f"{verified['folds']} folds; thresholds from {verified['thresholds_from']}. Distance: {verified['metric']}"
        f"{', mean of the other folds subtracted' if verified['subtract_mean'] else ''}."
    )
    if pairs["missing_same"] or pairs["missing_different"]:
        text += (
            f" Of {pairs['listed']:,} pairs listed {pairs['missing_same'] + pairs['missing_different']:,} can't be "
            "scored "
            f"({pairs['missing_same']:,} same, {pairs['missing_different']:,} different); images without an "
            f"embedding: {pairs['missing_images']:,}"
            f"{_reasons(pairs.get('reasons', ()))}."
        )
    if otherwise := pairs.get("found_otherwise"):
        text += f" Of the list's images{_reasons(otherwise)}."
    if left_out := pairs.get("left_out"):
        text += f" Rows of the list left out{_reasons(left_out)}."
    return [text, ""]


def _reasons(remarks: Iterable[dict[str, Any]]) -> str:
    listed = ", ".join(f"{one['count']:,} {one['reason']} (first {one['first']})" for one in remarks)
    return f": {listed}" if listed else ""


def _verification(verified: dict[str, Any]) -> list[str]:
    rows = []

    def add(name: str, figure: dict[str, Any]) -> None:
        rows.append(
            [
                name,
                plus_minus(figure["mean"], figure["std"]),
                interval(figure["people_interval"]),
                f"{figure['events']:,} of {figure['pairs']:,} {interval(figure['wilson'])}",
                f"{min(figure['thresholds']):.4f} to {max(figure['thresholds']):.4f}",
            ]
        )

    add("accuracy, thresholds in steps", verified["accuracy"])
    add("accuracy, thresholds searched exactly", verified["accuracy_exact"])
    for at in verified["validation"]:
        if at["val"]:
            add(f"VAL at FAR {at['target']:g}", at["val"])
        else:
            rows.append([f"VAL at FAR {at['target']:g}", NONE, "", "", ""])
        add(f"FAR reached for {at['target']:g}", at["far"])
    head = ("", "mean+-std over folds", "95 % by drawing people", "pairs, Wilson's 95 %", "thresholds")
    return [
        *table(head, rows),
        f"AUC {number(verified['auc'], 5)}, EER {rate(verified['eer'])}, of all pairs. Intervals by drawing people: "
        f"{verified['draws']:,} draws, seed {verified['seed']}. Wilson's takes pairs for independent, which they "
        "aren't.",
        "",
    ]


def _identification(found: dict[str, Any]) -> list[str]:
    if "left_out" in found:
        return [f"Left out: {found['left_out']}.", ""]
    rows = []
    for name, what in (("svc", "linear SVC on one image each"), ("mean", "mean of the others to one image each")):
        for rank, figure in found[name].items():
            spread = f"{rate(figure['least'])} to {rate(figure['most'])}"
            rows.append([f"{what}, {rank.replace('_', '-')}", plus_minus(figure["mean"], figure["std"]), spread])
    return [
        f"{found['people']:,} people with more than {found['more_than']} images, {found['images']:,} images, "
        f"{found['galleries']} random galleries of one image each (seed {found['seed']}); the SVC classifies "
        f"{found['queries']:,} images, of means there is one a person.",
        "",
        *table(("", "mean+-std over galleries", "least to most"), rows),
    ]
