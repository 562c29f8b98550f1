"""Where a training is in the sequence of batches: a small JSON."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from ethnoshard._checks import check_whole
from ethnoshard.errors import EthnoshardError
from ethnoshard.loading._decode import Augmentation
from ethnoshard.mixing import PlanSettings

SEQUENCE = 2
"""Version of the rules by which batches follow from dataset and settings. A state of other rules is refused."""


def state_of(
    fingerprint: str,
    settings: PlanSettings,
    augmentation: Augmentation,
    look_alikes: str | None,
    epoch: int,
    batches: int,
) -> dict[str, Any]:
    """The state after ``batches`` batches of an epoch, all ranks together."""
    return {
        "sequence": SEQUENCE,
        "fingerprint": fingerprint,
        "look_alikes": look_alikes,
        "settings": settings.as_json() | asdict(augmentation),
        "epoch": epoch,
        "batches": batches,
    }


def check_state(
    state: Any, fingerprint: str, settings: PlanSettings, augmentation: Augmentation, look_alikes: str | None
) -> tuple[int, int]:
    """Epoch and number of batches of a state that belongs to this dataset and these settings.

    Raises:
        EthnoshardError: it does not, or it is no state; the message names the field.
    """
    ours = state_of(fingerprint, settings, augmentation, look_alikes, 0, 0)
    if not isinstance(state, Mapping) or not isinstance(state.get("settings"), Mapping):
        raise EthnoshardError("this is no state of a StratifiedLoader: it has no settings")
    if state.get("sequence") != SEQUENCE:
        raise EthnoshardError(
            f"the state is of another sequence: {state.get('sequence')!r}, while this loader has {SEQUENCE}. The same "
            "settings give other batches now: go on with the version that wrote it, or begin the epoch anew"
        )
    for name in ("fingerprint", "look_alikes"):
        _same(name, state.get(name), ours[name])
    for name in sorted(ours["settings"].keys() | state["settings"].keys()):
        _same(name, state["settings"].get(name), ours["settings"].get(name))
    epoch, batches = (check_whole(f"the state's {name}", state.get(name), 0) for name in ("epoch", "batches"))
    return epoch, batches


def _same(name: str, theirs: Any, mine: Any) -> None:
    if theirs != mine:
        raise EthnoshardError(f"the state is of another {name}: {theirs!r}, while this loader has {mine!r}")
