"""``ethnoshard label``."""

from typing import Annotated

import polars as pl
import typer

from ethnoshard.cli import _options as options
from ethnoshard.cli._console import say, say_json, say_table
from ethnoshard.cli._report import report_labelling
from ethnoshard.errors import EthnoshardError
from ethnoshard.ethnicity import label_from_file
from ethnoshard.work import Labelling, WorkFolder, read_labels


def run(
    work: options.WorkArgument,
    labels: options.Labels = None,
    groups: options.Groups = None,
    unlabelled: options.Unlabelled = options.UnlabelledOption.DROP,
    show: Annotated[int, typer.Option(help="Print the first rows of the lookup table.", min=0)] = 0,
    as_json: options.AsJson = False,
) -> None:
    """Give each identity of a work folder its group; or show the lookup table (--show)."""
    if labels is None and not show:
        raise EthnoshardError("say who gives the groups (--labels FILE.csv), or how many rows to --show")
    labelling = None
    if labels is not None:
        labelling = label_from_file(work, labels, groups=split_groups(groups), unlabelled=unlabelled.value)
    table = read_labels(WorkFolder(work)) if labelling is None else labelling.table
    if as_json:
        say_json(_plain(labelling, table.head(show)))
        return
    if labelling is not None:
        report_labelling(labelling)
    if show:
        _show(table.head(show))
    elif labelling is not None:
        say(f"next: ethnoshard pack {work} DATASET")


def split_groups(groups: str | None) -> list[str] | None:
    """Take ``--groups A,B`` apart."""
    return None if groups is None else [name.strip() for name in groups.split(",") if name.strip()]


def _show(table: pl.DataFrame) -> None:
    """The lookup table, as the seed shows it: class, number of images, group, confidence."""
    rows = [
        [
            row["identity"],
            f"{row['faces']:,}",
            row["group"] if row["group"] is not None else "-",
            f"{row['confidence']:.3f}" if row["confidence"] is not None else "-",
            row["source"],
        ]
        for row in table.iter_rows(named=True)
    ]
    say_table(["identity", "faces", "group", "confidence", "source"], rows)


def _plain(labelling: Labelling | None, rows: pl.DataFrame) -> dict[str, object]:
    content: dict[str, object] = {"rows": rows.to_dicts()}
    if labelling is not None:
        counts = labelling.table.drop_nulls("group").group_by("group").len().sort("group").iter_rows()
        content |= {
            "groups": dict(counts),
            "missing": labelling.missing,
            "extra": labelling.extra,
            "unknown_groups": labelling.unknown_groups,
        }
    return content
