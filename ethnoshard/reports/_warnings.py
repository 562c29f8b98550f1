"""What a reader must know before the figures of an evaluation."""

from collections.abc import Mapping
from typing import Any


def warnings_of(content: Mapping[str, Any]) -> list[str]:
    """No VAL at the FAR asked for; a collapsed network; people of the test that the model was trained on.

    Args:
        content: of ``report.json``, of the kinds "evaluation" and "scores"; an older one may lack what is looked for.
    """
    said = [f"no VAL at FAR {target}: {reason}" for target, reason in no_val(content["verification"]).items()]
    collapsed = collapse_of(content["verification"])
    if collapsed:
        said.append(f"{collapsed}. {_advice(content.get('model'))}")
    shared = shared_people_text(content.get("trained_on"))
    if shared:
        said.append(shared)
    elif (content.get("model") or {}).get("kind") == "run" and content.get("trained_on", {}) is None:
        said.append(
            "whether the run was trained on people of this test is not known: it keeps no list of its people, and its "
            "dataset is not where it was"
        )
    return said


def no_val(verified: dict[str, Any]) -> dict[str, str]:
    """FAR -> why there is no VAL at it."""
    return {f"{at['target']:g}": at.get("reason") or "not known" for at in verified["validation"] if not at["val"]}


def collapse_of(verified: Any) -> str | None:
    """That embeddings of different people are all alike; None where they aren't, or nothing is known."""
    found = verified.get("similarity") if isinstance(verified, dict) else None
    text = found.get("collapsed") if isinstance(found, dict) else None
    return text if isinstance(text, str) else None


def shared_people_text(found: Any) -> str | None:
    """That a model was trained on people of the test; None where it wasn't, or nothing is known."""
    if not isinstance(found, dict) or not found.get("shared"):
        return None
    numbers = ", but names that are numbers may mean other people there" if found.get("only_numbers") else ""
    return (
        f"trained on people of this test: {found['shared']:,} of its {found['people']:,} people have the name of one "
        f"of the {found['trained_on']:,} of the training{numbers}; its figures flatter"
    )


def _advice(model: dict[str, Any] | None) -> str:
    if not model:
        return "The model is broken, or its faces are aligned or scaled otherwise than it wants"
    if model.get("kind") == "onnx":
        return (
            f"If the model works elsewhere, its pixels are scaled otherwise than it wants, perhaps twice: they were "
            f"given as {model.get('normalise')}; try another --normalise, then --alignment and --crop"
        )
    return "Its training went wrong, or had hardly begun: see its loss; a lower learning_rate may help"
