"""What decides a plan, beside the dataset and the epoch."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, TypeAlias, get_args

from ethnoshard.mixing._errors import MixingError

TargetName: TypeAlias = Literal["base", "natural", "uniform", "placebo", "same-group", "weighted"]
Exhaustion: TypeAlias = Literal["repeat", "stop", "redistribute", "raise"]
Within: TypeAlias = Literal["group", "any"]

TARGETS: tuple[str, ...] = get_args(TargetName)
EXHAUSTIONS: tuple[str, ...] = get_args(Exhaustion)
WITHINS: tuple[str, ...] = get_args(Within)


@dataclass(frozen=True)
class Weighted:
    """A target whose shares hold in expectation only: the group of each place in a batch is drawn by itself.

    Attributes:
        shares: "uniform", "natural", or a mapping group -> share.
    """

    shares: Literal["uniform", "natural"] | Mapping[str, float] = "uniform"

    def __post_init__(self) -> None:
        """Check the shares."""
        if isinstance(self.shares, str):
            if self.shares not in ("uniform", "natural"):
                raise MixingError(
                    f"weighted draws with the shares uniform or natural, or a share for each group; {self.shares!r} is "
                    "neither"
                )
        else:
            object.__setattr__(self, "shares", _checked_shares(self.shares))


Target: TypeAlias = TargetName | Mapping[str, float] | Weighted


@dataclass(frozen=True, kw_only=True)
class PlanSettings:
    """What decides a plan, beside the dataset and the epoch.

    Attributes:
        people_per_batch: P, distinct identities a batch.
        images_per_person: K, faces of each of them.
        target: how the identities of a batch are spread over the groups.

            ============== ==================================================================================
            ``natural``    as the dataset's cells are: a group's share is that of its faces, counted in cells of K
            ``uniform``    every group alike
            a mapping      group -> share; the shares sum to 1, a group left out has none
            ``base``       no quotas: cells of all groups shuffled together; a group's number varies as by chance
            ``placebo``    ``natural`` with the groups permuted among the identities by the seed; true groups vary as
                           by chance
            ``weighted``   shares that hold in expectation only: the group of each place is drawn by itself, as
                           weighted samplers do; those of ``uniform``, or of a :class:`Weighted`
            ``same-group`` each batch from one group; groups take turns as their numbers of batches are
            ============== ==================================================================================

        when_exhausted: what happens when a group runs out before the others, which only ``uniform`` and mappings know:
            ``repeat`` (it begins anew, until every face of every group was used), ``stop`` (the epoch ends; the
            rest is dropped), ``redistribute`` (its quota goes to the others, in proportion) or ``raise``.
        seed: chooses everything that is random.
        min_faces: an identity with fewer is excluded; by default 2, without which there is no pair of it (1 if K is 1).
        together: people of a group come at least so many at once: a batch has none of it, or so many (all of them where
            the group has fewer); their share in the long run stays. For targets with quotas.
        hard: share of the cells that come in sets of look-alikes, 0 to 1; needs a table of who resembles whom.
        within: who is in a set: people of one ``group``, or of ``any``. Of the latter, those who are of other groups
            than most in the set come as far as their quotas let them; how many of a group do, never changes.
        window_mib: how much of the dataset, MiB of shards, cells are shuffled within; a reader holds up to
            about twice as much.
        open_shards: of how many shards of a group, at most, pieces are shuffled together; None for all of them, without
            which people of the same shards meet more often than others, and look-alikes in other shards don't meet.

    Raises:
        MixingError: a value makes no sense; the message has it.
    """

    people_per_batch: int
    images_per_person: int
    target: Target = "natural"
    when_exhausted: Exhaustion = "repeat"
    seed: int = 0
    min_faces: int | None = None
    together: int = 1
    hard: float = 0.0
    within: Within = "group"
    window_mib: int = 64
    open_shards: int | None = None

    def __post_init__(self) -> None:
        """Check the values."""
        for name in ("people_per_batch", "images_per_person", "together", "window_mib"):
            _check_whole(name, getattr(self, name), least=1)
        if self.open_shards is not None:
            _check_whole("open_shards", self.open_shards, least=1)
        _check_whole("seed", self.seed, least=0)
        if self.seed >= 2**63:
            raise MixingError(f"seed must be below 2**63, got {self.seed}")
        if self.min_faces is not None:
            _check_whole("min_faces", self.min_faces, least=1)
        if self.when_exhausted not in EXHAUSTIONS:
            raise MixingError(f"when_exhausted is one of {', '.join(EXHAUSTIONS)}; {self.when_exhausted!r} is not")
        if self.target == "weighted":
            object.__setattr__(self, "target", Weighted())
        elif isinstance(self.target, str):
            if self.target not in TARGETS:
                raise MixingError(
                    f"the target is one of {', '.join(TARGETS)}, or a share for each group; {self.target!r} is not"
                )
        elif not isinstance(self.target, Weighted):
            object.__setattr__(self, "target", _checked_shares(self.target))
        self._check_meetings()

    def _check_meetings(self) -> None:
        """Check what decides who meets whom."""
        if self.together > self.people_per_batch:
            raise MixingError(
                f"together={self.together} people of a group don't fit into a batch of people_per_batch="
                f"{self.people_per_batch}"
            )
        if self.together > 1 and not self.has_quotas:
            raise MixingError(
                f"together={self.together} is about the quotas of groups, of which the target {self.name!r} has none"
            )
        hard = self.hard
        if not _is_number(hard) or not 0 <= hard <= 1:
            raise MixingError(f"hard must be between 0 and 1, got {hard!r}")
        object.__setattr__(self, "hard", float(hard))
        if self.within not in WITHINS:
            raise MixingError(f"within is one of {', '.join(WITHINS)}; {self.within!r} is not")
        if self.within == "any":
            self._check_any()
        if self.is_weighted and self.when_exhausted != "repeat":
            raise MixingError(
                f"weighted draws begin anew with a group that runs out; when_exhausted={self.when_exhausted!r} is for "
                "targets with quotas"
            )

    def _check_any(self) -> None:
        """Check what can't go with sets across groups."""
        if self.target == "same-group":
            raise MixingError(
                "within='any' lets look-alikes of several groups meet; target='same-group' gives each batch one group"
            )
        if self.open_shards is not None:
            raise MixingError(
                f"within='any' needs all shards open, as groups' shards are opened each at its own pace; "
                f"open_shards={self.open_shards} keeps look-alikes of other groups in shards that are closed"
            )

    @property
    def is_weighted(self) -> bool:
        """Whether shares hold in expectation only."""
        return isinstance(self.target, Weighted)

    @property
    def shares(self) -> str | Mapping[str, float]:
        """The shares asked for, or the name of the target that has them."""
        return self.target.shares if isinstance(self.target, Weighted) else self.target

    @property
    def has_quotas(self) -> bool:
        """Whether the number of a group's people in a batch is fixed rather than left to chance."""
        return self.target != "base" and not self.is_weighted

    @property
    def name(self) -> str:
        """The target's name, "shares" for a mapping."""
        if isinstance(self.target, Weighted):
            return "weighted"
        return self.target if isinstance(self.target, str) else "shares"

    @property
    def least_faces(self) -> int:
        """Faces that an identity has at least to take part."""
        return min(2, self.images_per_person) if self.min_faces is None else self.min_faces

    def as_json(self) -> dict[str, Any]:
        """The settings as JSON holds them."""
        target = _plain(self.target)
        return {**self.__dict__, "target": target, "min_faces": self.least_faces}


def _plain(target: Target) -> Any:
    if isinstance(target, Weighted):
        return {"weighted": _plain(target.shares)}
    return target if isinstance(target, str) else dict(target)


def exact_share(share: float) -> Fraction:
    """The fraction meant by a share: 0.1 is a tenth, a third in floating point is a third."""
    return Fraction(share).limit_denominator(1_000_000)


def _check_whole(name: str, value: Any, least: int) -> None:
    """Refuse what is no whole number of at least ``least``; in the words of ``_checks``, which it can't know."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise MixingError(f"{name} must be a whole number, got {value!r}")
    if value < least:
        raise MixingError(f"{name} must be at least {least:,}, got {value:,}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _checked_shares(shares: Any) -> dict[str, float]:
    if not isinstance(shares, Mapping) or not shares:
        raise MixingError(f"a target of your own is a mapping group -> share; {shares!r} is not")
    for group, share in shares.items():
        if not _is_number(share) or share < 0:
            raise MixingError(f"the share of {group!r} must be a number of at least 0, got {share!r}")
    total = math.fsum(shares.values())
    if abs(total - 1) > 0.001:
        raise MixingError(f"the target's shares sum to {total:g}, not to 1")
    return {str(group): float(share) for group, share in sorted(shares.items())}
