"""Where a training is in the sequence of batches: a value that is read, checked and compared, and a small JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict

from ethnoshard._checks import check_whole
from ethnoshard.errors import EthnoshardError
from ethnoshard.loading._decode import Augmentation
from ethnoshard.mixing import PlanSettings

SEQUENCE = 2
"""Version of the rules by which batches follow from dataset and settings. A state of other rules is refused."""

_OPTIONS = {"crop": "random_crop", "flip": "random_flip", "open_shards": "shards_in_window"}
"""Settings whose names in a state are not those of the loader's options, and the options."""


class LoaderStateJson(TypedDict):
    """A state as JSON holds it; :class:`LoaderState` says what is what."""

    sequence: int
    fingerprint: str
    look_alikes: str | None
    settings: dict[str, object]
    epoch: int
    batches: int


@dataclass(frozen=True, kw_only=True)
class LoaderState:
    """Where a training is in a sequence of batches, and which sequence that is.

    Attributes:
        fingerprint: of the dataset.
        look_alikes: digest of the table of who resembles whom; None without one.
        settings: all that decides the sequence, by name: the plan's settings, crop and flip.
        epoch: from 0.
        batches: how many batches of the epoch were handed out, all ranks together.
    """

    fingerprint: str
    look_alikes: str | None
    settings: Mapping[str, object]
    epoch: int = 0
    batches: int = 0

    @classmethod
    def of(
        cls,
        fingerprint: str,
        settings: PlanSettings,
        augmentation: Augmentation,
        look_alikes: str | None,
        *,
        epoch: int,
        batches: int,
    ) -> "LoaderState":
        """The state of a loader.

        Args:
            fingerprint: of its dataset.
            settings: of its plan.
            augmentation: what happens to each face.
            look_alikes: digest of its table, if it has one.
            epoch: of the last batch handed out.
            batches: of that epoch handed out so far, all ranks together.
        """
        # ``dict`` of a TypedDict, whose names are fixed, so that others can stand beside them.
        named: dict[str, object] = dict(settings.to_json())
        named |= {"crop": augmentation.crop, "flip": augmentation.flip}
        return cls(fingerprint=fingerprint, look_alikes=look_alikes, settings=named, epoch=epoch, batches=batches)

    @classmethod
    def parse(cls, state: object) -> "LoaderState":
        """Read what :meth:`to_json` gave, perhaps long ago.

        Raises:
            EthnoshardError: it is not a state, or one of other rules.
        """
        settings = state.get("settings") if isinstance(state, Mapping) else None
        if not isinstance(state, Mapping) or not isinstance(settings, Mapping):
            raise EthnoshardError("this is not a state of a StratifiedLoader: it has no settings")
        if state.get("sequence") != SEQUENCE:
            raise EthnoshardError(
                f"the state is of another sequence: {state.get('sequence')!r}, while this loader has {SEQUENCE}. The "
                "same settings give other batches now: go on with the version that wrote it, or begin the epoch anew"
            )
        epoch, batches = (check_whole(f"the state's {name}", state.get(name), 0) for name in ("epoch", "batches"))
        named = {str(name): value for name, value in settings.items()}
        if not named.get("hard"):
            # Without look-alikes it decided nothing, and any value of it was taken once.
            named["within"] = "group"
        table = state.get("look_alikes")
        return cls(
            fingerprint=str(state.get("fingerprint")),
            look_alikes=None if table is None else str(table),
            settings=named,
            epoch=epoch,
            batches=batches,
        )

    def to_json(self) -> LoaderStateJson:
        """The state as JSON holds it; :meth:`parse` reads it."""
        return {
            "sequence": SEQUENCE,
            "fingerprint": self.fingerprint,
            "look_alikes": self.look_alikes,
            "settings": dict(self.settings),
            "epoch": self.epoch,
            "batches": self.batches,
        }

    def check_same_sequence(self, own: "LoaderState") -> None:
        """Make sure that this state belongs to the sequence of a loader.

        Args:
            own: a state of that loader, wherever in the sequence.

        Raises:
            EthnoshardError: it is of another dataset, table or setting; the message names it as the loader does.
        """
        _check_same("fingerprint", self.fingerprint, own.fingerprint)
        _check_same("look_alikes", self.look_alikes, own.look_alikes)
        for name in sorted(self.settings.keys() | own.settings.keys()):
            _check_same(_OPTIONS.get(name, name), self.settings.get(name), own.settings.get(name))


def _check_same(name: str, theirs: object, mine: object) -> None:
    if theirs != mine:
        raise EthnoshardError(f"the state is of another {name}: {theirs!r}, while this loader has {mine!r}")
