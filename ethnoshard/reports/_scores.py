"""The report on scores that any system gave to pairs."""

from ethnoshard._files import sha256_of
from ethnoshard.errors import EthnoshardError
from ethnoshard.evaluation import verification_of_distances
from ethnoshard.reports._evaluate import reasons
from ethnoshard.reports._evaluation_figures import evaluation_figures
from ethnoshard.reports._folder import Report
from ethnoshard.reports._groups import groups_of_scores, lone_group
from ethnoshard.reports._summary import evaluation_summary
from ethnoshard.results import Evaluation, EvaluationOptions, Pairs, PairScores
from ethnoshard.sources import ScoredPairs


def evaluate_scores(scored: ScoredPairs, *, options: EvaluationOptions | None = None) -> Report:
    """Verification in one fold, whose thresholds come from the same pairs, and errors by group.

    Args:
        scored: see ``read_scores``.
        options: see there.

    Raises:
        EthnoshardError: pairs are of one kind or groups only one, a person has two groups.
    """
    options = options or EvaluationOptions()
    try:
        verified = verification_of_distances(
            -scored.score, scored.same, people=scored.people, fars=options.fars, draws=options.draws, seed=options.seed
        )
        alone = lone_group(scored.groups)
        by_group = [] if alone else [groups_of_scores(scored, options, labels=f"as given by {scored.path.name}")]
    except EthnoshardError as error:
        raise EthnoshardError(f"{scored.path}: {error}") from error
    result = Evaluation(
        model=None,
        place=None,
        flip=None,
        images=None,
        options=options,
        pairs=Pairs(
            name=scored.path.name,
            sha256=sha256_of(scored.path),
            listed=len(scored.score),
            scored=len(scored.score),
            missing_same=0,
            missing_different=0,
            missing_images=0,
            left_out=reasons(scored.left_out),
        ),
        verification=verified,
        identification=None,
        identification_left_out="there are scores only, no embeddings",
        groups_left_out=reasons(alone),
        demographics=tuple(each.errors for each in by_group),
    )
    scores = PairScores(distance=-scored.score, same=scored.same, people=scored.people, groups=scored.groups)
    return Report(
        kind="scores",
        result=result,
        arrays={"scores": scores.arrays(), **{f"groups-{each.name}": each.arrays for each in by_group}},
        summary=evaluation_summary(result),
        figures=evaluation_figures(result, scores),
    )
