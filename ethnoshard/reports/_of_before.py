"""Reports of format 1, which have a VAL whatever FAR was reached."""

from typing import Any

from ethnoshard.results import why_no_val_of_before


def without_false_val(content: dict[str, Any]) -> None:
    """Take VAL away, and say why, where the FAR that was reached isn't the one asked for; changes ``content``.

    What is missing or of another kind stays as it is, for those who need it to complain of.
    """
    why: dict[str, dict[str, str]] = {}
    for name, about in {"": content, "base": content.get("base"), "other": content.get("other")}.items():
        if isinstance(about, dict) and isinstance(about.get("verification"), dict):
            why[name] = _checked(about["verification"])
    changes = content.get("verification")
    for which in ("base", "other"):
        for target in why.get(which, {}):
            change = changes.get(f"val_at_{target}") if isinstance(changes, dict) else None
            if isinstance(change, dict):
                change.update({which: None, "difference": None, "people_interval": None})


def _checked(verified: dict[str, Any]) -> dict[str, str]:
    """FAR -> reason of each VAL that was taken away."""
    taken = {}
    validation = verified.get("validation")
    for at in validation if isinstance(validation, list) else ():
        try:
            target, reached, val = float(at["target"]), at["far"], float(at["val"]["mean"])
            events, pairs, folds = int(reached["events"]), int(reached["pairs"]), int(verified["folds"])
            reason = why_no_val_of_before(target, events, pairs, folds, val)
        except (KeyError, TypeError, ValueError, ArithmeticError):
            continue
        at["reason"] = reason
        if reason is not None:
            at["val"] = None
            taken[f"{target:g}"] = reason
    return taken
