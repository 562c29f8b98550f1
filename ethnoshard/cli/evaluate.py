"""``ethnoshard evaluate``."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, get_args

import typer

from ethnoshard import results
from ethnoshard._listed import listed
from ethnoshard.cli import _embedding as embedding
from ethnoshard.cli import _options as options
from ethnoshard.cli._console import warn, warn_of
from ethnoshard.cli._shown import show_report
from ethnoshard.embedding import Embeddings, faces_of_image_pairs
from ethnoshard.errors import EthnoshardError
from ethnoshard.reports import EvaluationOptions, Report, check_out, read_groups, warnings_of
from ethnoshard.sources import (
    WITH_IMAGES,
    ImagePairs,
    PairList,
    column_choices,
    pairs_form,
    read_any_pairs,
    read_scores,
)

_USUAL = EvaluationOptions()
_USUAL_FARS = ",".join(f"{far:g}" for far in _USUAL.fars)


class PairsForm(StrEnum):
    """Whose pair list it is."""

    AUTO = "auto"
    LFW = "lfw"
    LFW_CSV = "lfw-csv"
    LABEL_FIRST = "label-first"
    TWO_LINE = "two-line"
    CFP_FF = "cfp-ff"
    CFP_FP = "cfp-fp"
    RFW = "rfw"
    BFW = "bfw"
    BIN = "bin"
    PARQUET = "parquet"


class MetricOption(StrEnum):
    """Distance of verification."""

    EUCLIDEAN = "euclidean"
    COSINE = "cosine"


class WeightingOption(StrEnum):
    """What counts alike in errors by group."""

    PERSON = "person"
    PAIR = "pair"


class ProfileOption(StrEnum):
    """What summary and pages show."""

    ALL = "all"
    RFW = "rfw"
    NIST = "nist"
    ISO = "iso19795-10"


class FailuresOption(StrEnum):
    """What becomes of comparisons without a score."""

    REFUSE = "refuse"
    COUNT = "count"
    ERROR = "error"


def run(
    model: Annotated[str | None, typer.Argument(metavar="[MODEL]", help=embedding.MODEL_HELP)] = None,
    images: Annotated[
        str | None,
        typer.Option("--lfw", "--images", metavar="FACES", help="LFW, or another set: photographs or a work folder."),
    ] = None,
    pairs: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Which images to compare: pairs.txt, or a list of another form, or its folder; repeated for those in "
            "several files, such as RFW's .bin.",
        ),
    ] = None,
    form: Annotated[
        PairsForm, typer.Option("--pairs-form", help="Whose form the pair list has; by default told by what it holds.")
    ] = PairsForm.AUTO,
    groups: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Errors by group of all pairs of images, or of those that --scores lists: a table of "
            "identity,group[,attribute...], or lfw_groups.csv; "
            "may be repeated.",
        ),
    ] = None,
    group_columns: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help="Columns that are groups, by commas; by default all of 2 to 24 values."),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(metavar="identity=COLUMN", help="Column of --groups that names the people."),
    ] = None,
    matched_on: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Leave out pairs of people known to differ in this, such as sex."),
    ] = None,
    embeddings: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Instead of MODEL and images: what embed wrote, or any .npz.")
    ] = None,
    scores: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Instead of all these: any system's scores, CSV of score,same,group_a,group_b[,person_a,person_b]"
            "[,fold]; with --groups of score,same,person_a,person_b[,fold].",
        ),
    ] = None,
    failures: Annotated[
        FailuresOption,
        typer.Option(
            help="Of --scores, rows without a score: refuse the table, count them by group and leave them out, or "
            "count those of one person as refused, too (error)."
        ),
    ] = FailuresOption.REFUSE,
    out: options.ReportOption = None,
    source: embedding.SourceOption = None,
    alignment: embedding.AlignmentChoice = None,
    normalise: embedding.Normalise = None,
    crop: embedding.Crop = None,
    flip: embedding.Flip = False,
    metric: Annotated[MetricOption, typer.Option(help="Distance of verification.")] = MetricOption.EUCLIDEAN,
    subtract_mean: Annotated[
        bool, typer.Option("--subtract-mean", help="Subtract the mean of the other folds' embeddings.")
    ] = _USUAL.subtract_mean,
    fars: Annotated[str, typer.Option(metavar="FARS", help="FARs to give VAL at, by commas: 1e-3,1e-4.")] = _USUAL_FARS,
    threshold: Annotated[
        str | None,
        typer.Option(
            metavar="eer|accuracy|NUMBER",
            help="By group: similarity (or score) from which a pair is accepted, or the rule that sets it. By default "
            "from --fmr.",
        ),
    ] = None,
    fmr: Annotated[float, typer.Option(help="By group: FMR that the threshold gives to people outside the test.")] = (
        _USUAL.fmr
    ),
    weighting: Annotated[
        WeightingOption | None,
        typer.Option(help="By group: each two people count alike, or each pair. By default people where known."),
    ] = None,
    alpha: Annotated[
        float, typer.Option(help="By group: weight of FMR against FNMR in FDR, IR and GARBE, 0 to 1.")
    ] = _USUAL.alpha,
    draws: Annotated[int, typer.Option(help="Draws of people, and of groups, behind the intervals.")] = _USUAL.draws,
    seed: Annotated[int, typer.Option(help="Of draws and galleries.")] = _USUAL.seed,
    more_than: Annotated[int, typer.Option(help="Identification: of people with more images than this.")] = (
        _USUAL.more_than
    ),
    galleries: Annotated[int, typer.Option(help="Identification: random galleries.")] = _USUAL.galleries,
    min_people: Annotated[int, typer.Option(help="A group's rate from fewer people is grey.")] = _USUAL.min_people,
    min_pairs: Annotated[int, typer.Option(help="A group's rate from fewer pairs is grey.")] = _USUAL.min_pairs,
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Go on though the list names images that were never there.")
    ] = False,
    profile: Annotated[
        ProfileOption,
        typer.Option(
            help="What summary and pages show by group: everything, or what RFW's papers, NIST's tables or ISO/IEC "
            "19795-10 ask for. report.json holds everything."
        ),
    ] = ProfileOption.ALL,
    cache: embedding.CacheOption = None,
    no_cache: embedding.NoCache = False,
    workers: options.Workers = None,
    device: embedding.Device = "cpu",
    as_json: options.AsJson = False,
) -> None:
    """Verification, identification and errors by group, with intervals; a report as JSON, arrays, Markdown and pages.

    Of a model on images and pairs, of embeddings on pairs, or of scores alone.
    """
    decided = EvaluationOptions(
        metric=metric.value, subtract_mean=subtract_mean, fars=_numbers(fars), threshold=_threshold_of(threshold),
        fmr=fmr, weighting=None if weighting is None else weighting.value, alpha=alpha, draws=draws, seed=seed,
        more_than=more_than, galleries=galleries, min_people=min_people, min_pairs=min_pairs,
        allow_missing=allow_missing, failures_are_errors=failures == FailuresOption.ERROR,
        profile=profile.value,
    )  # fmt: skip
    tables = groups or []
    if not tables and any(option is not None for option in (group_columns, matched_on, columns)):
        raise EthnoshardError(
            "--group-columns, --matched-on and --columns are of a table of groups; pass --groups FILE"
        )
    roles = column_choices(options.as_text(columns or ""))
    if set(roles) - {"identity"}:
        raise EthnoshardError("--columns says which column of --groups is the identity; --group-columns are its groups")
    lists = pairs or []
    _check_inputs(model, images, lists, embeddings, scores)
    chosen = form.value if form != PairsForm.AUTO or not lists else pairs_form(lists)
    _check_images(model, images, lists, with_images=chosen in WITH_IMAGES)
    if out is not None:
        check_out(out)
    from ethnoshard.reports import evaluate_embeddings, evaluate_scores

    # Whatever is wrong with the small files is said before the long work begins.
    named = listed(options.as_text(group_columns or ""))
    by_group = read_groups(*tables, columns=named, matched_on=matched_on, roles=roles)
    if scores is not None:
        table = read_scores(scores, allow_failures=failures != FailuresOption.REFUSE, groups_apart=bool(by_group))
        report = evaluate_scores(table, groups=by_group, options=decided)
    else:
        given = read_any_pairs(*lists, form=chosen)
        pair_list = given.pairs if isinstance(given, ImagePairs) else given
        if embeddings is not None:
            found = Embeddings.load(embeddings)
        else:
            assert model is not None, "checked above"
            found = _of_model(
                model,
                images,
                given,
                (source, alignment, normalise, crop, device),
                flip=flip,
                cache=cache,
                no_cache=no_cache,
                workers=workers,
            )
        with embedding.steps("evaluate") as log:
            report = evaluate_embeddings(found, pair_list, groups=by_group, options=decided, log=log)
    _show(report, out, as_json=as_json)


def _numbers(text: str) -> tuple[float, ...]:
    """Numbers by commas.

    Raises:
        EthnoshardError: one is none.
    """
    try:
        return tuple(float(part) for part in listed(text))
    except ValueError as error:
        raise EthnoshardError(f"--fars must be numbers by commas, such as 1e-3,1e-4, got {text!r}") from error


def _threshold_of(text: str | None) -> float | results.ThresholdRule | None:
    """A number, or the name of a rule.

    Raises:
        EthnoshardError: it is neither.
    """
    if text is None:
        return None
    for rule in get_args(results.ThresholdRule):
        if text == rule:
            chosen: results.ThresholdRule = rule
            return chosen
    try:
        return float(text)
    except ValueError as error:
        raise EthnoshardError(f"--threshold must be eer, accuracy or a number, got {text!r}") from error


def _check_inputs(
    model: str | None,
    images: str | None,
    pairs: list[Path],
    embeddings: Path | None,
    scores: Path | None,
) -> None:
    """Refuse what doesn't go together.

    Raises:
        EthnoshardError: what is too much or missing.
    """
    given = [name for name, value in (("MODEL", model), ("--embeddings", embeddings), ("--scores", scores)) if value]
    if len(given) != 1:
        what = " and ".join(given) or "none of them"
        raise EthnoshardError(f"give one of MODEL, --embeddings FILE and --scores FILE; this has {what}")
    if scores is not None and (pairs or images):
        raise EthnoshardError("--scores holds pairs itself; leave out --pairs and --lfw")
    if scores is None and not pairs:
        raise EthnoshardError(f"{given[0]} needs --pairs FILE: which images to compare")
    if embeddings is not None and images is not None:
        raise EthnoshardError("--embeddings are of images already; leave out --lfw")


def _check_images(model: str | None, images: str | None, pairs: list[Path], *, with_images: bool) -> None:
    """Refuse images beside pairs that hold theirs, and pairs of a model without any.

    Raises:
        EthnoshardError: what is too much or missing.
    """
    if model is None or (images is None) == with_images:
        return
    if images is not None:
        raise EthnoshardError(f"{pairs[0]} holds its images; leave out --lfw")
    raise EthnoshardError("MODEL needs --lfw FACES (or --images): the images that the pairs name")


def _of_model(
    model: str,
    images: str | None,
    pairs: PairList | ImagePairs,
    choices: tuple[Path | None, embedding.AlignmentOption | None, str | None, int | None, str],
    *,
    flip: bool,
    cache: Path | None,
    no_cache: bool,
    workers: int | None,
) -> Embeddings:
    source, alignment, normalise, crop, device = choices
    known = embedding.loaded(model, alignment, normalise, crop, device)
    store = embedding.chosen_cache(cache)
    if isinstance(pairs, ImagePairs):
        faces = faces_of_image_pairs(pairs)
    else:
        assert images is not None, "checked above"
        faces = embedding.opened(images, source, store, workers)
    return embedding.embedded(known, faces, flip=flip, cache=None if no_cache else store)


def _show(report: Report, out: str | None, *, as_json: bool) -> None:
    found = report.result
    assert isinstance(found, results.Evaluation)
    pairs = found.pairs
    lost = pairs.listed - pairs.scored
    if lost:
        reasons = [f"{each.count:,} {each.reason} (first: {each.first})" for each in pairs.reasons]
        images = (
            "they have no score"
            if pairs.missing_images is None
            else f"images without an embedding: {', '.join(reasons) or format(pairs.missing_images, ',')}"
        )
        warn(f"{lost:,} of {pairs.listed:,} pairs can't be scored; {images}")
    warn_of("pair list", pairs.found_otherwise)
    warn_of("left out of the list", pairs.left_out)
    warn_of("left out of the groups", found.groups_left_out)
    for text in warnings_of(found):
        warn(text)
    further = found.images.further_faces if found.images else 0
    if further:
        warn(
            f"{further:,} further faces of images with several are left out; the one that align keeps by default stands"
        )
    show_report(report, out, as_json=as_json, arrays=", arrays in *.npz")
