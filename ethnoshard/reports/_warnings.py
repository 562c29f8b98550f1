"""What a reader must know before the metrics of an evaluation."""

from ethnoshard.results import Compared, Evaluation, MeanSimilarity, Model, SharedPeople, VerificationSummary


def warnings_of(report: Evaluation | Compared) -> list[str]:
    """Distances given as scores; no VAL at the FAR asked for; a collapsed network; people of the test trained on."""
    warnings = []
    if report.verification is not None:
        reversed_scores = reversed_text(report.verification)
        if reversed_scores:
            warnings.append(reversed_scores)
        warnings += [f"no VAL at FAR {target}: {reason}" for target, reason in no_val(report.verification).items()]
        collapsed = collapse_of(report.verification.similarity)
        if collapsed:
            warnings.append(f"{collapsed}. {_advice(report.model)}")
    shared = shared_people_text(report.trained_on)
    if shared:
        warnings.append(shared)
    elif report.model is not None and report.model.kind == "run" and report.trained_on is None:
        warnings.append(
            "whether the run was trained on people of this test is not known: it keeps no list of its people and its "
            "dataset is not where it was, or nobody looked"
        )
    return warnings


def no_val(verified: VerificationSummary) -> dict[str, str]:
    """FAR -> why there is no VAL at it."""
    return {f"{at.far_asked:g}": at.reason or "not known" for at in verified.validation if at.val is None}


def reversed_text(verified: VerificationSummary) -> str | None:
    """That scores rank pairs the wrong way round; None where they don't, and of embeddings."""
    if verified.metric != "given" or verified.auc >= 0.5:
        return None
    return (
        f"the scores look like distances: AUC is {verified.auc:.3f}, so two people are more alike by them than one "
        "person is to himself; if a lower one means more alike, give the negative"
    )


def collapse_of(similarity: MeanSimilarity | None) -> str | None:
    """That embeddings of different people are all alike; None where they aren't, or nothing is known."""
    return similarity.collapsed if similarity else None


def shared_people_text(found: SharedPeople | None) -> str | None:
    """That a model was trained on people of the test; None where it wasn't, or nothing is known."""
    if found is None or not found.shared:
        return None
    numbers = ", but names that are numbers may mean other people there" if found.only_numbers else ""
    return (
        f"trained on people of this test: {found.shared:,} of its {found.people:,} people have the name of one "
        f"of the {found.trained_on:,} of the training{numbers}; its metrics flatter"
    )


def _advice(model: Model | None) -> str:
    if not model:
        return "The model is broken, or its faces are aligned or scaled otherwise than it wants"
    if model.kind == "onnx":
        return (
            f"If the model works elsewhere, its pixels are scaled otherwise than it wants, perhaps twice: they were "
            f"given as {model.normalise}; try another --normalise, then --alignment and --crop"
        )
    return "Its training went wrong, or had hardly begun: see its loss; a lower learning_rate may help"
