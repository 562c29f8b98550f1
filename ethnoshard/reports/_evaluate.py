"""The report on a model's embeddings of a set of pairs, or on scores that any system gave to them."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ethnoshard._files import sha256_of
from ethnoshard.embedding import Embeddings
from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation import (
    identification,
    pair_distances,
    verification,
    verification_by_group,
    verification_of_distances,
)
from ethnoshard.reports._folder import Report
from ethnoshard.reports._groups_of_all_pairs import groups_of_all_pairs
from ethnoshard.reports._groups_of_listed_pairs import (
    groups_of_listed_pairs,
    groups_of_scored_people,
    groups_of_scores,
    listed_groups,
    listed_people,
    lone_group,
)
from ethnoshard.reports._lost import failed_pairs, listed_images
from ethnoshard.reports._pages import evaluation_pages
from ethnoshard.reports._summary import evaluation_summary
from ethnoshard.results import (
    Evaluation,
    EvaluationOptions,
    Identification,
    Images,
    Model,
    Pairs,
    PairScores,
    Reason,
    SharedPeople,
    Source,
    from_json,
)
from ethnoshard.runs import person_key
from ethnoshard.sources import (
    GroupSource,
    MissingImages,
    PairList,
    Remark,
    Remarks,
    ScoredPairs,
    explain_absent,
    find_pairs,
)

OTHER_NAME = "image found under another name than the list's"
NEVER_THERE = "never there"
"""Why an image of a list has no embedding, where no status says it."""


def evaluate_embeddings(
    embeddings: Embeddings,
    pairs: PairList,
    *,
    groups: Sequence[GroupSource] = (),
    options: EvaluationOptions | None = None,
    log: Callable[[str], None] = lambda text: None,
) -> Report:
    """Verification on listed pairs, identification, and errors by group.

    Args:
        embeddings: of at least the images that the pairs name. Of an image with several faces the one that stands
            for it is taken everywhere; the others are counted.
        pairs: the list; pairs whose image has no embedding are counted in the report.
        groups: sources of people's groups, each reported by itself: errors by group of all pairs of images, within
            and across groups. Where the list itself gives groups and there is no source, its own pairs are used.
        options: metric, draws, thresholds and minimums.
        log: takes a line on what is being done.

    Raises:
        EthnoshardError: the list names images that were never there, a fold lacks pairs of one kind, embeddings are
            broken, no source has two groups.
    """
    options = options or EvaluationOptions()
    given = len(embeddings)
    embeddings = embeddings.one_an_image()
    images = find_images(pairs, embeddings, allow_missing=options.allow_missing)
    scored = pairs.select(images.missing.complete)
    rows = embeddings.rows()
    first, second = (
        embeddings.vectors[[rows[images.names[name]] for name in names.tolist()]]
        for names in (scored.first, scored.second)
    )
    people = listed_people(scored)
    log(f"verification of {len(scored):,} pairs")
    verified = verification(
        first, second, scored.same, fold=scored.fold, people=people, metric=options.metric,
        subtract_mean=options.subtract_mean, fars=options.fars, draws=options.draws, seed=options.seed,
    )  # fmt: skip
    distance = pair_distances(
        first, second, fold=scored.fold, metric=options.metric, subtract_mean=options.subtract_mean
    )
    log("identification")
    identified = _identified(embeddings, options)
    if groups:
        log("errors by group of all pairs of images")
        by_group = groups_of_all_pairs(embeddings, groups, options)
        own = None
        alone: tuple[Remark, ...] = ()
    else:
        listed = listed_groups(scored)
        alone = () if listed is None else lone_group(listed)
        by_group = (
            [] if alone else groups_of_listed_pairs(scored, distance, listed_images(pairs, images.status), options)
        )
        own = None if alone or listed is None else verification_by_group(
            distance, scored.same, listed, fold=scored.fold, people=people, metric=options.metric, fars=options.fars,
            draws=options.draws, seed=options.seed,
        )  # fmt: skip
    left_out = dict.fromkeys([*alone, *(each for source in groups for each in source.left_out)])
    named = embeddings.identities[embeddings.identities != ""]
    result = Evaluation(
        model=model_of(embeddings),
        source=source_of(embeddings),
        flip=embeddings.facts.get("flip"),
        trained_on=shared_people(embeddings),
        images=Images(
            statuses=embeddings.statuses(),
            further_faces=given - len(embeddings),
            people=len(np.unique(named)) if len(named) else None,
            embedding=int(embeddings.vectors.shape[1]),
        ),
        options=options,
        pairs=_pair_facts(pairs, images),
        verification=verified,
        identification=identified if isinstance(identified, Identification) else None,
        identification_left_out=identified if isinstance(identified, str) else None,
        groups_left_out=reasons(left_out),
        demographics=tuple(each.errors for each in by_group),
        verification_by_group=own,
    )
    scores = PairScores(
        distance=distance,
        same=scored.same,
        fold=scored.fold,
        images=(scored.first, scored.second),
        people=people,
        groups=listed_groups(scored),
    )
    arrays = {
        "scores": scores.arrays(),
        **{f"groups-{each.name}": each.arrays for each in by_group},
        "embeddings": embeddings.arrays(),
    }
    return Report(
        kind="evaluation",
        result=result,
        arrays=arrays,
        summary=evaluation_summary(result),
        pages=evaluation_pages(result, scores, {each.name: each.histograms for each in by_group}),
    )


class PairImages(NamedTuple):
    """A list's images among those that have an embedding.

    Attributes:
        names: name in the list -> key of the image that it is.
        status: name in the list -> why there is no embedding, of images that have none.
        missing: pairs that can't be scored.
        reasons: why: images of the list without an embedding, by reason; the first of each by the number of its pair,
            for a report names nobody.
        otherwise: images found under another name than the list's, by reason.
    """

    names: dict[str, str]
    status: dict[str, str]
    missing: MissingImages
    reasons: tuple[Remark, ...]
    otherwise: tuple[Remark, ...]


def find_images(pairs: PairList, embeddings: Embeddings, *, allow_missing: bool = False) -> PairImages:
    """Which pairs can be scored, and why the others can't.

    Raises:
        EthnoshardError: the list names images that the source never had, or that could be two, or hardly a pair can be
            scored.
    """
    rows = embeddings.rows()
    status = dict(zip(embeddings.missing_keys.tolist(), embeddings.missing_status.tolist(), strict=True))
    there = rows.keys() | status.keys()
    found = find_pairs(pairs, there)
    missing = pairs.missing({name for name, key in found.names.items() if key in rows})
    if found.absent and not allow_missing:
        raise EthnoshardError(
            f"{explain_absent(pairs, found.absent, there, len(missing.people))}. Is the list of these images? "
            f"--allow-missing goes on without their pairs"
        )
    without = {
        name: NEVER_THERE if name not in found.names else status[found.names[name]]
        for name in {*pairs.first.tolist(), *pairs.second.tolist()}
        if found.names.get(name) not in rows
    }
    reasons, otherwise = _remarks(pairs, found.names, without)
    if 2 * int(missing.complete.sum()) < len(pairs):
        why = "; ".join(map(str, reasons))
        raise EthnoshardError(
            f"of the {len(pairs):,} pairs of {pairs.path} only {int(missing.complete.sum()):,} have an embedding of "
            f"both images; of the others: {why}. Is the list of these images?"
        )
    return PairImages(names=found.names, status=without, missing=missing, reasons=reasons, otherwise=otherwise)


def _remarks(
    pairs: PairList, names: dict[str, str], without: dict[str, str]
) -> tuple[tuple[Remark, ...], tuple[Remark, ...]]:
    """What is to be said of images without an embedding, and of those with another name than the list's."""
    reasons, otherwise = Remarks(), Remarks()
    first: dict[str, int] = {}
    for number, both in enumerate(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True), start=1):
        for name in both:
            first.setdefault(name, number)
    for name, number in first.items():
        key = names.get(name)
        if name in without:
            reasons.add(without[name], f"pair {number:,}")
        if key is not None and key != name:
            otherwise.add(OTHER_NAME, f"pair {number:,}")
    return reasons.by_reason(), otherwise.by_reason()


def model_of(embeddings: Embeddings) -> Model | None:
    """The network, as the embeddings say; None of another program's.

    Raises:
        EthnoshardError: what they say is not a model.
    """
    facts = embeddings.facts.get("model")
    return None if facts is None else from_json(Model, facts, "what the embeddings say of their model")


def source_of(embeddings: Embeddings) -> Source | None:
    """Where the images are from, as the embeddings say; None of another program's.

    Raises:
        EthnoshardError: what they say is not a source.
    """
    facts = embeddings.facts.get("place")
    return None if facts is None else from_json(Source, facts, "what the embeddings say of their images")


def reasons(remarks: Iterable[Remark]) -> tuple[Reason, ...]:
    """Remarks as a report holds them."""
    return tuple(Reason(reason=one.reason, count=one.count, first=one.first) for one in remarks)


def _pair_facts(pairs: PairList, images: PairImages) -> Pairs:
    missing = images.missing
    return Pairs(
        name=pairs.path.name,
        sha256=_digest(pairs.path),
        listed=len(pairs),
        scored=int(missing.complete.sum()),
        missing_same=missing.same,
        missing_different=missing.different,
        missing_images=len(missing.images),
        people_without_image=len(missing.people),
        duplicates=pairs.duplicates,
        reasons=reasons(images.reasons),
        found_otherwise=reasons(images.otherwise),
        left_out=reasons(pairs.left_out),
    )


def _digest(path: Path) -> str | None:
    return sha256_of(path) if path.is_file() else None


def _identified(embeddings: Embeddings, options: EvaluationOptions) -> Identification | str:
    """What it came to, or why it is left out."""
    if not (embeddings.identities != "").all():
        return "the people of the images are not known"
    _, counts = np.unique(embeddings.identities, return_counts=True)
    number = int(np.count_nonzero(counts > options.more_than))
    if number < 2:
        return f"{number} people have more than {options.more_than} images; two at least are needed"
    return identification(
        embeddings.vectors,
        embeddings.identities,
        more_than=options.more_than,
        galleries=options.galleries,
        seed=options.seed,
    )


def evaluate_scores(
    scored: ScoredPairs, *, groups: Sequence[GroupSource] = (), options: EvaluationOptions | None = None
) -> Report:
    """Verification and errors by group.

    Thresholds come from the other folds where the table has folds, else from the same pairs.

    Args:
        scored: pairs with a score each, as ``read_scores`` gives them; of those that failed see ``scored``.
        groups: sources of people's groups, each reported by itself, in place of the table's own.
        options: metric, draws, thresholds and minimums.

    Raises:
        EthnoshardError: pairs are of one kind (in a fold too), a person has two groups, or no source has two groups.
    """
    options = options or EvaluationOptions()
    everything, scored = scored, scored.scored(failures_are_errors=options.failures_are_errors)
    try:
        verified = verification_of_distances(
            -scored.score,
            scored.same,
            fold=scored.fold,
            people=scored.people,
            fars=options.fars,
            draws=options.draws,
            seed=options.seed,
        )
        listed = None if groups else scored.groups
        alone = () if listed is None else lone_group(listed)
        own = None if alone or listed is None else verification_by_group(
            -scored.score, scored.same, listed, fold=scored.fold, people=scored.people, fars=options.fars,
            draws=options.draws, seed=options.seed,
        )  # fmt: skip
        if groups:
            by_group = groups_of_scored_people(scored, groups, options, everything=everything)
        else:
            by_group = [] if own is None else [groups_of_scores(scored, options, given_by=scored.path.name)]
    except EthnoshardError as error:
        raise EthnoshardError(f"{scored.path}: {error}") from error
    result = Evaluation(
        model=None,
        source=None,
        flip=None,
        images=None,
        options=options,
        pairs=_scored_facts(everything, options),
        verification=verified,
        identification=None,
        identification_left_out="there are scores only, no embeddings",
        groups_left_out=reasons(dict.fromkeys([*alone, *(each for source in groups for each in source.left_out)])),
        demographics=tuple(each.errors for each in by_group),
        verification_by_group=own,
    )
    scores = PairScores(
        distance=-scored.score, same=scored.same, fold=scored.fold, people=scored.people, groups=scored.groups
    )
    return Report(
        kind="scores",
        result=result,
        arrays={"scores": scores.arrays(), **{f"groups-{each.name}": each.arrays for each in by_group}},
        summary=evaluation_summary(result),
        pages=evaluation_pages(result, scores, {each.name: each.histograms for each in by_group}),
    )


def _scored_facts(scored: ScoredPairs, options: EvaluationOptions) -> Pairs:
    failed, same = scored.failed, scored.same
    return Pairs(
        name=scored.path.name,
        sha256=sha256_of(scored.path),
        listed=len(scored.score),
        scored=len(scored.score) - (0 if failed is None else int(failed.sum())),
        missing_same=None if failed is None else int((failed & same).sum()),
        missing_different=None if failed is None else int((failed & ~same).sum()),
        missing_images=None,
        people_without_image=None,
        duplicates=None,
        left_out=reasons(scored.left_out),
        failures=failed_pairs(scored),
        failures_are_errors=options.failures_are_errors,
    )


def shared_people(embeddings: Embeddings) -> SharedPeople | None:
    """People of the training, of these images, and in both by name.

    None where it isn't known whom the model was trained on: it is not a run, or a run of before whose dataset is gone.
    """
    found = embeddings.facts.get("trained_on")
    if not found:
        return None
    people = set(embeddings.identities.tolist()) - {""}
    shared = people & set(found["shared"])
    return SharedPeople(
        trained_on=int(found["people"]),
        people=len(people),
        shared=len(shared),
        only_numbers=bool(shared) and all(person_key(name).isdecimal() for name in shared),
        by="name: last part of a path, without ending, capitals, or difference between _, -, . and space",
    )
