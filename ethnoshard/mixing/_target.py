"""The wanted distribution over the groups: read from text or a mapping, and checked, once."""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, TypeAlias

from ethnoshard.mixing._checks import MixingError, is_number

TargetJson: TypeAlias = str | dict[str, float] | dict[str, str | dict[str, float]]
"""A target as JSON holds it: a name, shares by group, or ``{"weighted": a name or shares}``."""

TargetLike: TypeAlias = "str | Mapping[str, float] | Target"
"""What :meth:`Target.parse` takes: a name, shares as text or as a mapping, or a target."""

_WEIGHTED = "weighted:"
"""Before shares that hold in expectation only, in text."""


@dataclass(frozen=True)
class Target:
    """How the identities of a batch are spread over the groups; :meth:`parse` makes one.

    ============== ==================================================================================
    ``natural``    as the dataset's cells are: a group's share is that of its faces, counted in cells of K
    ``uniform``    every group alike
    ``shares``     a share for each group; they sum to 1, a group left out has none
    ``base``       no quotas: cells of all groups shuffled together; a group's number varies as by chance
    ``placebo``    ``natural`` with the groups permuted among the identities by the seed; true groups vary as by chance
    ``weighted``   shares that hold in expectation only: the group of each slot of a batch is drawn by itself, as
                   weighted samplers do; the shares are those of ``expected``
    ``same-group`` each batch from one group; groups take turns as their numbers of batches are
    ============== ==================================================================================

    Attributes:
        name: one of :attr:`NAMES`, or "shares".
        by_group: of "shares", each group with its share, sorted by name.
        expected: of "weighted", the target whose shares hold in expectation: ``natural``, ``uniform`` or ``shares``.

    Raises:
        MixingError: there is no such target, or its shares make no sense.
    """

    NAMES: ClassVar[tuple[str, ...]] = ("base", "natural", "uniform", "placebo", "same-group", "weighted")

    name: str
    by_group: tuple[tuple[str, float], ...] = ()
    expected: "Target | None" = None

    def __post_init__(self) -> None:
        """Check that the parts go together."""
        if self.name not in (*self.NAMES, "shares"):
            raise MixingError(
                f"target must be one of {', '.join(self.NAMES)}, or shares such as asian=0.5,white=0.5, got "
                f"{self.name!r}"
            )
        if (self.name == "shares") != bool(self.by_group) or (self.name == "weighted") != (self.expected is not None):
            raise MixingError(f"a target of the name {self.name!r} can't have such parts; Target.parse() makes one")
        if self.expected is not None and not (self.expected.has_shares and self.expected.expected is None):
            raise MixingError(
                f"weighted draws by the shares of natural or uniform, or by a share for each group, got "
                f"{str(self.expected)!r}"
            )

    @classmethod
    def parse(cls, target: TargetLike) -> "Target":
        """A target by its name, by shares as text or as a mapping, or a target as it is.

        In text, a group whose name has a comma stands in double quotes, as in a CSV file.

        >>> str(Target.parse("uniform")), str(Target.parse("B=0.75, A=0.25")), str(Target.parse({"A, B": 1.0}))
        ('uniform', 'A=0.25,B=0.75', '"A, B"=1')
        >>> str(Target.parse("weighted")), str(Target.parse("weighted:A=0.25, B=0.75"))
        ('weighted', 'weighted:A=0.25,B=0.75')

        Raises:
            MixingError: there is no such target, a share is not a number, or shares don't sum to 1.
        """
        if isinstance(target, Target):
            return target
        if isinstance(target, Mapping):
            return cls("shares", _checked(target))
        if not isinstance(target, str):
            raise MixingError(f"target must be a name, text, or a mapping group -> share, got {target!r}")
        if target == "weighted":
            return cls.weighted("uniform")
        if target.startswith(_WEIGHTED):
            return cls.weighted(target.removeprefix(_WEIGHTED))
        return cls("shares", _checked(_shares_in(target))) if "=" in target else cls(target)

    @classmethod
    def weighted(cls, shares: TargetLike) -> "Target":
        """Shares that hold in expectation only.

        Args:
            shares: "natural", "uniform", or a share for each group, as :meth:`parse` takes them.

        Raises:
            MixingError: they are not such shares.
        """
        return cls("weighted", expected=cls.parse(shares))

    def __str__(self) -> str:
        """Text from which :meth:`parse` makes the same target."""
        if self.expected is not None:
            return "weighted" if self.expected.name == "uniform" else f"{_WEIGHTED}{self.expected}"
        shares = (f"{_quoted(group)}={repr(share).removesuffix('.0')}" for group, share in self.by_group)
        return ",".join(shares) or self.name

    def to_json(self) -> TargetJson:
        """The target as JSON holds it."""
        if self.expected is not None:
            return {"weighted": self.expected._plain()}
        return self._plain()

    @property
    def has_shares(self) -> bool:
        """Whether every batch is to have a share of each group; otherwise chance, or the batch's turn, has it."""
        return self.name in ("natural", "uniform", "shares")

    @property
    def has_quotas(self) -> bool:
        """Whether the number of identities that a batch has of each stratum is fixed rather than left to chance."""
        return self.name not in ("base", "weighted")

    def shares(self, groups: Sequence[str]) -> dict[str, Fraction] | None:
        """The share of each group, exactly, summing to 1; None where the target fixes none, or the cells decide.

        Shares of one's own may sum to a little more or less than 1, as 0.333 three times does; they are scaled.

        Args:
            groups: the dataset's.

        Raises:
            MixingError: the target names a group that the dataset lacks.
        """
        if self.expected is not None:
            return self.expected.shares(groups)
        if self.name == "uniform":
            return {group: Fraction(1, len(groups)) for group in groups}
        if not self.by_group:
            return None
        unknown = [group for group, _ in self.by_group if group not in groups]
        if unknown:
            raise MixingError(
                f"the target names {', '.join(map(repr, unknown))}; the dataset's groups are "
                f"{', '.join(map(repr, groups))}"
            )
        exact = {group: _exact(share) for group, share in self.by_group}
        total = sum(exact.values())
        return {group: exact.get(group, Fraction(0)) / total for group in groups}

    def _plain(self) -> str | dict[str, float]:
        return dict(self.by_group) if self.by_group else self.name


NATURAL = Target("natural")
"""As the dataset's cells are."""


def _exact(share: float) -> Fraction:
    """The fraction meant by a share: 0.1 is a tenth, a third in floating point is a third."""
    return Fraction(share).limit_denominator(1_000_000)


def _checked(shares: Mapping[str, float]) -> tuple[tuple[str, float], ...]:
    """Shares sorted by group, if they are numbers that sum to 1."""
    if not shares:
        raise MixingError("the target gives no group a share")
    for group, share in shares.items():
        if not is_number(share) or share < 0:
            raise MixingError(f"the share of {group!r} must be a number of at least 0, got {share!r}")
    total = math.fsum(shares.values())
    if abs(total - 1) > 0.001:
        raise MixingError(f"the target's shares sum to {total:g}, not to 1")
    return tuple((str(group), float(share)) for group, share in sorted(shares.items()))


def _shares_in(text: str) -> dict[str, float]:
    """Shares as text has them, by group."""
    try:
        (parts,) = csv.reader([text], skipinitialspace=True)
    except (csv.Error, ValueError) as error:
        raise MixingError(f"{text!r} is not a list of shares, separated by commas, in one line") from error
    shares: dict[str, float] = {}
    for part in filter(None, map(str.strip, parts)):
        group, _, share = part.rpartition("=")
        group = group.strip()
        try:
            number = float(share)
        except ValueError as error:
            raise MixingError(
                f'shares are like asian=0.5,white=0.5, a name with a comma like "east, asian"=0.5; {part!r} in the '
                "target is not"
            ) from error
        if group in shares:
            raise MixingError(f"the target gives {group!r} two shares")
        shares[group] = number
    return shares


def _quoted(group: str) -> str:
    """A name as a field of CSV begins with it: in quotes where it holds what ends a field."""
    if not any(sign in group for sign in ',"\n\r'):
        return group
    return '"' + group.replace('"', '""') + '"'
