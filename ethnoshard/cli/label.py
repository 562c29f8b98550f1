"""``ethnoshard label``."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple, TypeVar

import polars as pl
import typer

from ethnoshard._command import command
from ethnoshard._listed import listed
from ethnoshard._parallel import Executor
from ethnoshard.cli import _machines as machines
from ethnoshard.cli import _options as options
from ethnoshard.cli._console import say, say_json, say_table, tell, watched
from ethnoshard.cli._report import report_agreement, report_labelling
from ethnoshard.errors import EthnoshardError
from ethnoshard.ethnicity import GivenLabels, label_from_file, labels_of_source, read_label_file
from ethnoshard.sources import column_choices, plain
from ethnoshard.work import Labelling, WorkFolder, read_labels

if TYPE_CHECKING:
    from ethnoshard.ethnicity import Agreement

Answer = TypeVar("Answer")


class ClassifierOptions(NamedTuple):
    """A classifier, and which faces it looks at."""

    model: str
    images: int
    seed: int
    min_confidence: float
    workers: int | None
    device: str
    executor: Executor | None = None


def run(
    work: options.WorkArgument,
    labels: options.Labels = None,
    columns: options.LabelColumns = None,
    classifier: options.Classifier = None,
    groups: options.Groups = None,
    unlabelled: options.Unlabelled = options.UnlabelledOption.DROP,
    images: options.Images = 10,
    seed: options.Seed = 0,
    min_confidence: options.MinConfidence = 0.0,
    workers: options.Workers = None,
    device: options.Device = "cpu",
    share: machines.ShareOption = None,
    missing: machines.MissingOption = False,
    shares: machines.SharesOption = None,
    ray: machines.RayOption = None,
    show: Annotated[int, typer.Option(help="Print the first rows of the lookup table.", min=0)] = 0,
    as_json: options.AsJson = False,
) -> None:
    """Give each identity of a work folder its group; or show the lookup table (--show).

    Groups are given by a file (--labels), are the perceived ethnicity that a classifier predicts (--classifier), or,
    without either, are those that the source itself gave when it was aligned: by its folders, or a column. Many
    machines ask the classifier of a --share of the parts each, or are nodes of a --ray cluster.
    """
    check_options(labels, columns, classifier, min_confidence)
    if missing or (classifier is not None and labels is None):
        if missing:
            machines.check_missing(share, ray)
            _say_missing(work, classifier, images, seed, machines.number_of(shares), as_json)
            return
        where = machines.where(share, shares, ray, workers, device)
    else:
        for name, value in (("--share", share), ("--shares", shares)):
            if value is not None:
                raise EthnoshardError(f"{name} is for --classifier without --labels; a file is read in one go")
        where = machines.Where(executor=machines.ray_tasks(ray, workers, device))
    if classifier is None and ray is not None:
        raise EthnoshardError("--ray is for --classifier; a file is read in one go")
    if classifier is not None and not where.share.whole:
        _label_share(work, ClassifierOptions(classifier, images, seed, min_confidence, workers, device), where, as_json)
        return
    given = labels_of(labels, columns)
    if given is None and classifier is None and not show:
        given = labels_of_source(work)
        if given is None:
            raise EthnoshardError(
                "say who gives the groups: a file (--labels FILE.csv) or a classifier (--classifier, of your own: "
                f"--classifier MODEL); or how many rows to --show. The source of {work} gave none itself"
            )
    check_groups(given, groups, unlabelled)
    chosen = (
        None
        if classifier is None
        else ClassifierOptions(classifier, images, seed, min_confidence, workers, device, where.executor)
    )
    labelling = agreement = None
    if given is not None or chosen is not None:
        labelling, agreement = watched_labelling(work, given, groups, unlabelled, chosen)
    table = read_labels(WorkFolder(work)) if labelling is None else labelling.table
    if as_json:
        say_json(_plain(labelling, agreement, table.head(show)))
        return
    if labelling is not None:
        report_labelling(labelling)
    if agreement is not None:
        report_agreement(agreement)
    if show:
        _show(table.head(show))
    elif labelling is not None:
        say(f"next: {command('pack', work, 'DATASET')}")


def check_options(
    labels: Path | None,
    columns: str | None,
    classifier: str | None,
    min_confidence: float,
) -> None:
    """Refuse options that would do nothing.

    Raises:
        EthnoshardError: there is one.
    """
    if labels is None and columns is not None:
        raise EthnoshardError(f"{columns!r} says which columns of a file hold the labels; give --labels FILE.csv")
    if classifier is None and min_confidence:
        raise EthnoshardError("--min-confidence says what becomes of a classifier's labels; give --classifier")


def check_groups(given: GivenLabels | None, groups: str | None, unlabelled: options.UnlabelledOption) -> None:
    """Refuse options of given groups where none are given.

    Raises:
        EthnoshardError: there is such an option.
    """
    if given is None and (groups is not None or unlabelled is not options.UnlabelledOption.DROP):
        raise EthnoshardError("--groups and --unlabelled say what becomes of a file's labels; give --labels FILE.csv")


def labels_of(labels: Path | None, columns: str | None) -> GivenLabels | None:
    """What a file says, read before any long step.

    Raises:
        EthnoshardError: it can't be read, or doesn't say which column is which.
    """
    return None if labels is None else read_label_file(labels, column_choices(options.as_text(columns or "")))


def watched_labelling(
    work: Path,
    labels: GivenLabels | None,
    groups: str | None,
    unlabelled: options.UnlabelledOption,
    chosen: ClassifierOptions | None,
) -> tuple[Labelling, "Agreement | None"]:
    """Label by the file if there is one, else by the classifier; with both, say how far they agree as well."""
    if labels is None:
        assert chosen is not None, "one of the two gives the groups"
        from ethnoshard.ethnicity import label_by_classifier

        return _watched(label_by_classifier, work, chosen), None
    labelling = label_from_file(work, labels, groups=split_groups(groups), unlabelled=unlabelled.value)
    if chosen is None:
        return labelling, None
    from ethnoshard.ethnicity import compare_with_classifier

    return labelling, _watched(compare_with_classifier, work, chosen)


def _watched(ask: Callable[..., Answer], work: Path, chosen: ClassifierOptions) -> Answer:
    with watched("label", "faces") as bar:
        return ask(
            work,
            model_folder(chosen.model),
            images=chosen.images,
            seed=chosen.seed,
            min_confidence=chosen.min_confidence,
            workers=chosen.workers,
            device=chosen.device,
            executor=chosen.executor,
            progress=bar,
            log=tell,
        )


def _label_share(work: Path, chosen: ClassifierOptions, where: machines.Where, as_json: bool) -> None:
    from ethnoshard.ethnicity import label_share

    with watched("label", "faces") as bar:
        lacking = label_share(
            work,
            model_folder(chosen.model),
            share=where.share,
            images=chosen.images,
            seed=chosen.seed,
            workers=chosen.workers,
            device=chosen.device,
            progress=bar,
        )
    if as_json:
        say_json({"share": str(where.share), "parts": lacking.parts, "missing": lacking.missing})
        return
    say(f"share {where.share} of {lacking.parts:,} parts is there; {len(lacking.missing):,} of all parts lack")
    say("next, once none lacks: the same command without --share, outside of an array, writes the lookup table")


def _say_missing(work: Path, classifier: str | None, images: int, seed: int, shares: int, as_json: bool) -> None:
    if classifier is None:
        raise EthnoshardError("--missing speaks of the parts that a classifier is asked of; give --classifier")
    from ethnoshard.ethnicity import label_missing

    machines.report_missing(label_missing(WorkFolder(work), images=images, seed=seed, shares=shares), as_json=as_json)


def model_folder(model: str) -> Path | None:
    """What ``--classifier`` names: None is the shipped one."""
    return None if model == options.SHIPPED else Path(model)


def split_groups(groups: str | None) -> list[str] | None:
    """Take ``--groups A,B`` apart."""
    return None if groups is None else listed(options.as_text(groups))


def _show(table: pl.DataFrame) -> None:
    """The lookup table, as the seed shows it: class, number of images, group, confidence."""
    rows = [
        [
            row["identity"],
            f"{row['faces']:,}",
            row["group"] if row["group"] is not None else "-",
            f"{row['confidence']:.3f}" if row["confidence"] is not None else "-",
            f"{row['agreement']:.2f}" if row["agreement"] is not None else "-",
            row["source"],
        ]
        for row in table.iter_rows(named=True)
    ]
    say_table(["identity", "faces", "group", "confidence", "agree", "source"], rows)


def _plain(labelling: Labelling | None, agreement: "Agreement | None", rows: pl.DataFrame) -> dict[str, object]:
    content: dict[str, object] = {"rows": rows.to_dicts()}
    if labelling is not None:
        counts = labelling.table.drop_nulls("group").group_by("group").len().sort("group").iter_rows()
        content |= {
            "source": labelling.table["source"][0],
            "groups": dict(counts),
            "missing": labelling.missing,
            "extra": labelling.extra,
            "unknown_groups": labelling.unknown_groups,
            "left_out": plain(labelling.left_out),
            "resembling": plain(labelling.resembling),
            "read_as": list(labelling.read_as),
            "kept": plain(labelling.kept),
            "otherwise": plain(labelling.otherwise),
            "undecodable": labelling.undecodable,
        }
    if agreement is not None:
        content["agreement"] = asdict(agreement)
    return content
