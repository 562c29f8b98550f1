"""What reports of older formats say and no longer mean."""

from dataclasses import dataclass

from ethnoshard.errors import EthnoshardError
from ethnoshard.results import from_json, why_no_val_of_before


def without_false_val(content: dict[str, object]) -> None:
    """Take VAL away, and say why, where the FAR that was reached isn't the one asked for; changes ``content``.

    So in reports of format 1, which have a VAL whatever FAR was reached. What is missing or of another type stays as it
    is, for those who need it to complain of.
    """
    why: dict[str, dict[str, str]] = {}
    for name, about in {"": content, "base": content.get("base"), "other": content.get("other")}.items():
        verified = about.get("verification") if isinstance(about, dict) else None
        if isinstance(verified, dict):
            why[name] = _checked(verified)
    changes = content.get("verification")
    for which in ("base", "other"):
        for target in why.get(which, {}):
            change = changes.get(f"val_at_{target}") if isinstance(changes, dict) else None
            if isinstance(change, dict):
                change.update({which: None, "difference": None, "people_interval": None})


def _checked(verified: dict[str, object]) -> dict[str, str]:
    """FAR -> reason of each VAL that was taken away."""
    reasons: dict[str, str] = {}
    validation, folds = verified.get("validation"), verified.get("folds")
    if not isinstance(validation, list) or not isinstance(folds, int):
        return reasons
    for at in validation:
        try:
            old = from_json(_OldValidation, at, "a report of before")
            reason = why_no_val_of_before(old.target, old.far.events, old.far.pairs, folds, old.val.mean)
        except (EthnoshardError, ArithmeticError):
            continue
        at["reason"] = reason
        if reason is not None:
            at["val"] = None
            reasons[f"{old.target:g}"] = reason
    return reasons


@dataclass(frozen=True)
class _OldFar:
    """Different pairs accepted, of how many."""

    events: int
    pairs: int


@dataclass(frozen=True)
class _OldVal:
    """Share of same pairs accepted."""

    mean: float


@dataclass(frozen=True)
class _OldValidation:
    """What a report of format 1 says of a VAL, as far as it is needed to tell whether it is one."""

    target: float
    far: _OldFar
    val: _OldVal
