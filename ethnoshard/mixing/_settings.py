"""What decides a plan, beside the dataset and the epoch."""

from dataclasses import dataclass
from typing import Literal, TypeAlias, TypedDict, get_args

from ethnoshard.mixing._checks import MixingError, check_share, check_whole
from ethnoshard.mixing._target import NATURAL, Target, TargetJson

Exhaustion: TypeAlias = Literal["repeat", "stop", "redistribute", "raise"]
Within: TypeAlias = Literal["group", "any"]

EXHAUSTIONS: tuple[Exhaustion, ...] = get_args(Exhaustion)
WITHINS: tuple[Within, ...] = get_args(Within)


class PlanSettingsJson(TypedDict):
    """Settings of a plan as JSON holds them: by their names, but ``open_shards`` for ``shards_in_window``."""

    people_per_batch: int
    images_per_person: int
    target: TargetJson
    when_exhausted: str
    seed: int
    min_faces: int
    together: int
    hard: float
    within: str
    window_mib: int
    open_shards: int | None


@dataclass(frozen=True, kw_only=True)
class PlanSettings:
    """What decides a plan, beside the dataset and the epoch.

    Attributes:
        people_per_batch: P, distinct identities a batch.
        images_per_person: K, faces of each of them.
        target: how the identities of a batch are spread over the groups; what :meth:`Target.parse` takes is parsed.
        when_exhausted: what happens when a group runs out before the others, which only ``uniform`` and shares of one's
            own know: ``repeat`` (it begins anew, until every face of every group was used), ``stop`` (the epoch ends;
            the rest is dropped), ``redistribute`` (its quota goes to the others, in proportion) or ``raise``.
        seed: chooses everything that is random.
        min_faces: an identity with fewer is excluded; by default 2, without which there is no pair of it (1 if K is 1).
        together: people of a group come at least so many at once: a batch has none of it, or so many (all of them where
            the group has fewer); their share in the long run stays. For targets with quotas.
        hard: share of the cells that come in sets of look-alikes, 0 to 1; needs a table of who resembles whom.
        within: who is in a set: people of one ``group``, or of ``any``. Of the latter, those who are of other groups
            than most in the set come as far as their quotas let them; how many of a group do, never changes.
        window_mib: how much of the dataset, MiB of shards, cells are shuffled within; a reader holds up to
            about twice as much.
        shards_in_window: of how many shards of a group, at most, pieces are shuffled together; None for all of them,
            without which people of the same shards meet more often than others, and look-alikes in other shards don't
            meet.

    Raises:
        MixingError: a value makes no sense; the message has it.
    """

    people_per_batch: int
    images_per_person: int
    target: Target = NATURAL
    when_exhausted: Exhaustion = "repeat"
    seed: int = 0
    min_faces: int | None = None
    together: int = 1
    hard: float = 0.0
    within: Within = "group"
    window_mib: int = 64
    shards_in_window: int | None = None

    def __post_init__(self) -> None:
        """Check the values."""
        object.__setattr__(self, "target", Target.parse(self.target))
        for name in ("people_per_batch", "images_per_person", "together", "window_mib"):
            check_whole(name, getattr(self, name), at_least=1)
        if self.shards_in_window is not None:
            check_whole("shards_in_window", self.shards_in_window, at_least=1)
        check_whole("seed", self.seed, at_least=0)
        if self.seed >= 2**63:
            raise MixingError(f"seed must be below 2**63, got {self.seed}")
        if self.min_faces is not None:
            check_whole("min_faces", self.min_faces, at_least=1)
        if self.when_exhausted not in EXHAUSTIONS:
            raise MixingError(f"when_exhausted must be one of {', '.join(EXHAUSTIONS)}, got {self.when_exhausted!r}")
        if self.target.expected is not None and self.when_exhausted != "repeat":
            raise MixingError(
                f"weighted draws begin anew with a group that runs out; when_exhausted={self.when_exhausted!r} is for "
                "targets with quotas"
            )
        self._check_together()
        self._check_look_alikes()

    def _check_together(self) -> None:
        """Check how many people of a group come at once."""
        if self.together > self.people_per_batch:
            raise MixingError(
                f"together={self.together} people of a group don't fit into a batch of people_per_batch="
                f"{self.people_per_batch}"
            )
        if self.together > 1 and not self.target.has_quotas:
            raise MixingError(
                f"together={self.together} is about the quotas of groups, of which the target {self.target.name!r} has "
                "none"
            )

    def _check_look_alikes(self) -> None:
        """Check how many come in sets of look-alikes, and from where."""
        object.__setattr__(self, "hard", check_share("hard", self.hard))
        if self.within not in WITHINS:
            raise MixingError(f"within must be one of {', '.join(WITHINS)}, got {self.within!r}")
        if self.within == "group":
            return
        if not self.hard:
            raise MixingError(
                "within='any' says who comes in a set of look-alikes, but hard=0 of the cells come in one, so it would "
                "do nothing: name a table of look-alikes and hard above 0, or leave within at 'group'"
            )
        if self.target.name == "same-group":
            raise MixingError(
                "within='any' lets look-alikes of several groups meet; target='same-group' gives each batch one group"
            )
        if self.shards_in_window is not None:
            raise MixingError(
                f"within='any' needs all shards open, as groups' shards are opened each at its own pace; "
                f"shards_in_window={self.shards_in_window} keeps look-alikes of other groups in shards that are closed"
            )

    @property
    def least_faces(self) -> int:
        """Faces that an identity has at least to take part."""
        return min(2, self.images_per_person) if self.min_faces is None else self.min_faces

    def to_json(self) -> PlanSettingsJson:
        """The settings as JSON holds them."""
        return {
            "people_per_batch": self.people_per_batch,
            "images_per_person": self.images_per_person,
            "target": self.target.to_json(),
            "when_exhausted": self.when_exhausted,
            "seed": self.seed,
            "min_faces": self.least_faces,
            "together": self.together,
            "hard": self.hard,
            "within": self.within,
            "window_mib": self.window_mib,
            "open_shards": self.shards_in_window,
        }
