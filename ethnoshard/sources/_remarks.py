"""What is to be said of rows and files that a reader left out, or read otherwise than they are written."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Remark:
    """How many rows or files are so, and where the first of them is.

    Attributes:
        reason: what is so.
        count: of how many, at least 1.
        first: the first of them, with its file and line where it has one.
    """

    reason: str
    count: int
    first: str

    def __str__(self) -> str:
        """One line."""
        return f"{self.count:,} x {self.reason}; the first: {self.first}"

    def to_dict(self) -> dict[str, str | int]:
        """For JSON."""
        return {"reason": self.reason, "count": self.count, "first": self.first}


class Remarks:
    """Counts by reason while rows are read."""

    def __init__(self) -> None:
        """Nothing is remarked."""
        self._first: dict[str, str] = {}
        self._count: dict[str, int] = {}

    def add(self, reason: str, first: str, count: int = 1) -> None:
        """Count ``count`` more; ``first`` is kept if the reason is new."""
        if count:
            self._first.setdefault(reason, first)
            self._count[reason] = self._count.get(reason, 0) + count

    def add_all(self, names: Mapping[str, Sequence[str]]) -> None:
        """Count what was listed by reason."""
        for reason, listed in names.items():
            self.add(reason, next(iter(listed), ""), len(listed))

    def by_reason(self) -> tuple[Remark, ...]:
        """All reasons, the most frequent first."""
        order = sorted(self._count, key=lambda reason: (-self._count[reason], reason))
        return tuple(Remark(reason=reason, count=self._count[reason], first=self._first[reason]) for reason in order)


def plain(remarks: Iterable[Remark]) -> list[dict[str, str | int]]:
    """For JSON."""
    return [remark.to_dict() for remark in remarks]
