"""What decides a plan, beside the dataset and the epoch."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, TypeAlias, get_args

from ethnoshard.mixing._errors import MixingError

TargetName: TypeAlias = Literal["base", "natural", "uniform", "placebo", "same-group"]
Target: TypeAlias = TargetName | Mapping[str, float]
Exhaustion: TypeAlias = Literal["repeat", "stop", "redistribute", "raise"]

TARGETS: tuple[str, ...] = get_args(TargetName)
EXHAUSTIONS: tuple[str, ...] = get_args(Exhaustion)


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
            ``base``       no quotas: cells of all groups shuffled together
            ``placebo``    ``natural`` with the groups permuted among the identities by the seed
            ``same-group`` each batch from one group; groups take turns as their numbers of batches are
            ============== ==================================================================================

        when_exhausted: what happens when a group runs out before the others, which only ``uniform`` and mappings know:
            ``repeat`` (it begins anew, until every face of every group was used), ``stop`` (the epoch ends; the
            rest is dropped), ``redistribute`` (its quota goes to the others, in proportion) or ``raise``.
        seed: chooses everything that is random.
        min_faces: an identity with fewer is excluded; by default 2, without which there is no pair of it (1 if K is 1).
        window_mib: how much of the dataset, MiB of shards, cells are shuffled within; a reader holds about half.
        open_shards: of how many shards of a group, at most, pieces are shuffled together.

    Raises:
        MixingError: a value makes no sense; the message has it.
    """

    people_per_batch: int
    images_per_person: int
    target: Target = "natural"
    when_exhausted: Exhaustion = "repeat"
    seed: int = 0
    min_faces: int | None = None
    window_mib: int = 64
    open_shards: int = 4

    def __post_init__(self) -> None:
        """Check the values."""
        for name in ("people_per_batch", "images_per_person", "window_mib", "open_shards"):
            _check_whole(name, getattr(self, name), least=1)
        _check_whole("seed", self.seed, least=0)
        if self.seed >= 2**63:
            raise MixingError(f"seed is below 2**63; {self.seed} is not")
        if self.min_faces is not None:
            _check_whole("min_faces", self.min_faces, least=1)
        if self.when_exhausted not in EXHAUSTIONS:
            raise MixingError(f"when_exhausted is one of {', '.join(EXHAUSTIONS)}; {self.when_exhausted!r} is not")
        if isinstance(self.target, str):
            if self.target not in TARGETS:
                raise MixingError(
                    f"the target is one of {', '.join(TARGETS)}, or a share for each group; {self.target!r} is not"
                )
        else:
            object.__setattr__(self, "target", _checked_shares(self.target))

    @property
    def least_faces(self) -> int:
        """Faces that an identity has at least to take part."""
        return min(2, self.images_per_person) if self.min_faces is None else self.min_faces

    def as_json(self) -> dict[str, Any]:
        """The settings as JSON holds them."""
        target = self.target if isinstance(self.target, str) else dict(self.target)
        return {**self.__dict__, "target": target, "min_faces": self.least_faces}


def exact_share(share: float) -> Fraction:
    """The fraction meant by a share: 0.1 is a tenth, a third in floating point is a third."""
    return Fraction(share).limit_denominator(1_000_000)


def _check_whole(name: str, value: Any, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise MixingError(f"{name} is a whole number of at least {least}; {value!r} is not")


def _checked_shares(shares: Any) -> dict[str, float]:
    if not isinstance(shares, Mapping) or not shares:
        raise MixingError(f"a target of your own is a mapping group -> share; {shares!r} is not")
    for group, share in shares.items():
        if isinstance(share, bool) or not isinstance(share, int | float) or not math.isfinite(share) or share < 0:
            raise MixingError(f"the share of {group!r} is a number of at least 0; {share!r} is not")
    total = math.fsum(shares.values())
    if abs(total - 1) > 0.001:
        raise MixingError(f"the target's shares sum to {total:g}, not to 1")
    return {str(group): float(share) for group, share in sorted(shares.items())}
