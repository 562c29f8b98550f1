"""The report on a model's embeddings of a set of pairs."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ethnoshard._files import sha256_of
from ethnoshard.embedding import Embeddings
from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation import identification, pair_distances, verification
from ethnoshard.reports._evaluation_figures import evaluation_figures
from ethnoshard.reports._folder import Arrays, Report
from ethnoshard.reports._groups import groups_of_all_pairs, groups_of_listed_pairs
from ethnoshard.reports._options import EvaluationOptions
from ethnoshard.reports._shared_people import shared_people
from ethnoshard.reports._summary import evaluation_summary
from ethnoshard.sources import GroupSource, MissingImages, PairList


def evaluate_embeddings(
    embeddings: Embeddings,
    pairs: PairList,
    *,
    groups: Sequence[GroupSource] = (),
    options: EvaluationOptions | None = None,
    said: Callable[[str], None] = lambda text: None,
) -> Report:
    """Verification on listed pairs, identification, and errors by group.

    Args:
        embeddings: of at least the images that the pairs name.
        pairs: the list; pairs whose image has no embedding are counted in the report.
        groups: sources of people's groups, each reported by itself: errors by group of all pairs of images, within
            and across groups. Where the list itself gives groups and there is no source, its own pairs are used.
        options: see there.
        said: told what is being done.

    Raises:
        EthnoshardError: the list names images that were never there, a fold lacks pairs of one kind, embeddings are
            broken, no source has two groups.
    """
    options = options or EvaluationOptions()
    missing = check_pairs(pairs, embeddings, allow_missing=options.allow_missing)
    scored = pairs.select(missing.complete)
    rows = embeddings.rows()
    first, second = (embeddings.vectors[[rows[key] for key in keys.tolist()]] for keys in (scored.first, scored.second))
    people = _people(scored)
    said(f"verification of {len(scored):,} pairs")
    verified = verification(
        first, second, scored.same, fold=scored.fold, people=people, metric=options.metric,
        subtract_mean=options.subtract_mean, fars=options.fars, draws=options.draws, seed=options.seed,
    )  # fmt: skip
    distance = pair_distances(
        first, second, fold=scored.fold, metric=options.metric, subtract_mean=options.subtract_mean
    )
    said("identification")
    identified = _identified(embeddings, options)
    if groups:
        said("errors by group of all pairs of images")
        by_group = groups_of_all_pairs(embeddings, groups, options)
    else:
        by_group = groups_of_listed_pairs(scored, distance, options)
    content = {
        **_about(embeddings),
        "options": options.to_dict(),
        "pairs": _pair_facts(pairs, missing),
        "verification": verified.to_dict(),
        "identification": identified,
        "demographics": [result.content for result in by_group],
    }
    arrays = {
        "scores": score_arrays(scored, distance),
        **{f"groups-{result.name}": result.arrays for result in by_group},
        "embeddings": embeddings.arrays(),
    }
    return Report(
        kind="evaluation",
        content=content,
        arrays=arrays,
        summary=evaluation_summary(content),
        figures=evaluation_figures(content, arrays["scores"]),
    )


def check_pairs(pairs: PairList, embeddings: Embeddings, *, allow_missing: bool = False) -> MissingImages:
    """Which pairs can be scored.

    Raises:
        EthnoshardError: the list names images that the place never had, or hardly a pair can be scored.
    """
    missing = pairs.missing(embeddings.rows())
    known = set(embeddings.missing_keys.tolist())
    never = [image for image in missing.images if image not in known]
    if never and not allow_missing:
        people = f", {len(missing.people):,} people with none at all" if missing.people else ""
        raise EthnoshardError(
            f"{pairs.path} names {len(never):,} images that were never there{people}; {never[0]!r} is the first. Is "
            "the "
            "list of these images? --allow-missing goes on without their pairs"
        )
    if 2 * int(missing.complete.sum()) < len(pairs):
        raise EthnoshardError(
            f"of the {len(pairs):,} pairs of {pairs.path} only {int(missing.complete.sum()):,} have an embedding of "
            "both "
            "images; is the list of these images?"
        )
    return missing


def score_arrays(pairs: PairList, distance: NDArray[np.float64]) -> Arrays:
    """What a comparison, or anybody, needs to measure again."""
    names = ("first", "second", "same", "fold", "first_person", "second_person", "first_group", "second_group")
    found = {name: getattr(pairs, name) for name in names}
    return {"distance": distance, **{name: value for name, value in found.items() if value is not None}}


def _people(pairs: PairList) -> tuple[NDArray[np.str_], NDArray[np.str_]] | None:
    if pairs.first_person is None or pairs.second_person is None:
        return None
    return pairs.first_person, pairs.second_person


def _about(embeddings: Embeddings) -> dict[str, Any]:
    facts = embeddings.facts
    named = embeddings.identities[embeddings.identities != ""]
    return {
        "model": facts.get("model"),
        "place": facts.get("place"),
        "flip": facts.get("flip"),
        "trained_on": shared_people(embeddings),
        "images": {
            "statuses": embeddings.statuses(),
            "people": len(np.unique(named)) if len(named) else None,
            "embedding": int(embeddings.vectors.shape[1]),
        },
    }


def _pair_facts(pairs: PairList, missing: MissingImages) -> dict[str, Any]:
    return {
        "name": pairs.path.name,
        "sha256": _digest(pairs.path),
        "listed": len(pairs),
        "scored": int(missing.complete.sum()),
        "missing_same": missing.same,
        "missing_different": missing.different,
        "missing_images": len(missing.images),
        "people_without_image": len(missing.people),
        "duplicates": pairs.duplicates,
    }


def _digest(path: Path) -> str | None:
    return sha256_of(path) if path.is_file() else None


def _identified(embeddings: Embeddings, options: EvaluationOptions) -> dict[str, Any]:
    """Figures, or why there are none."""
    if not (embeddings.identities != "").all():
        return {"left_out": "the people of the images are not known"}
    _, counts = np.unique(embeddings.identities, return_counts=True)
    number = int(np.count_nonzero(counts > options.more_than))
    if number < 2:
        return {"left_out": f"{number} people have more than {options.more_than} images; two at least are needed"}
    return identification(
        embeddings.vectors,
        embeddings.identities,
        more_than=options.more_than,
        galleries=options.galleries,
        seed=options.seed,
    ).to_dict()
