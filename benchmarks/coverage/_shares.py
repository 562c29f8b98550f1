"""Answers of many worlds counted, each share with its own Monte-Carlo error and beside its bounds."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from benchmarks.coverage._answers import Answer, Kind

BOUNDS: Mapping[Kind, tuple[float, float]] = MappingProxyType(
    {"covers": (0.92, 0.98), "claims": (0.02, 0.07), "power": (0.0, 1.0)}
)
"""Within which a share of a nominal 95 % is good: of intervals that hold the truth, and of false claims at 5 %."""
_NOMINAL: Mapping[Kind, float | None] = MappingProxyType({"covers": 0.95, "claims": 0.05, "power": None})
_ERRORS = 2
"""Monte-Carlo errors beyond a bound from which a share is outside."""


class Verdict(Enum):
    """Where a share lies."""

    WITHIN = "within"
    NEAR = "near"
    """Outside, but by less than chance explains."""
    OUTSIDE = "outside"


@dataclass(frozen=True, kw_only=True)
class Share:
    """Answers of one kind to one question in all worlds of a setting.

    Attributes:
        kind: of the answers.
        what: which number.
        share: of the answers that hit.
        monte_carlo: standard error of the share; answers of one world aren't independent.
        worlds: in which there was an answer.
        answers: in all.
        below: share of intervals that lie below the truth.
        above: share that lie above it.
        bias: mean of estimate less truth, in standard deviations of the estimate; None of claims.
        width: mean width of intervals over that of the estimates' own spread, 2 x 1.96 standard deviations; None of
            claims.
    """

    kind: Kind
    what: str
    share: float
    monte_carlo: float
    worlds: int
    answers: int
    below: float
    above: float
    bias: float | None
    width: float | None

    @property
    def verdict(self) -> Verdict:
        """Where the share lies."""
        low, high = BOUNDS[self.kind]
        beyond = max(low - self.share, self.share - high)
        if beyond <= 1e-12:
            return Verdict.WITHIN
        return Verdict.OUTSIDE if beyond > _ERRORS * self.monte_carlo else Verdict.NEAR

    def text(self) -> str:
        """Percent with the Monte-Carlo error, and a mark where it lies outside: ``70.2 +-1.3 !``."""
        mark = " !" if self.verdict is Verdict.OUTSIDE else ""
        return f"{100 * self.share:.1f} +-{100 * self.monte_carlo:.1f}{mark}"


def counted(worlds: Iterable[Sequence[Answer]]) -> list[Share]:
    """Count the answers, question by question in the order in which they were first asked.

    Args:
        worlds: the answers of each.
    """
    by_question: dict[tuple[Kind, str], list[list[Answer]]] = defaultdict(list)
    for answers in worlds:
        own: dict[tuple[Kind, str], list[Answer]] = defaultdict(list)
        for answer in answers:
            own[answer.kind, answer.what].append(answer)
        for question, some in own.items():
            by_question[question].append(some)
    return [_count(kind, what, some) for (kind, what), some in by_question.items()]


def _count(kind: Kind, what: str, worlds: list[list[Answer]]) -> Share:
    hits = np.array([sum(answer.hit for answer in some) for some in worlds])
    numbers = np.array([len(some) for some in worlds])
    total = int(numbers.sum())
    share = float(hits.sum() / total)
    everything = [answer for some in worlds for answer in some]
    errors = np.array([answer.error for answer in everything if answer.error is not None])
    widths = np.array([answer.width for answer in everything if answer.width is not None])
    spread = float(errors.std()) if len(errors) > 1 else 0.0
    return Share(
        kind=kind,
        what=what,
        share=share,
        monte_carlo=_monte_carlo(kind, hits, numbers, share),
        worlds=len(worlds),
        answers=total,
        below=sum(answer.side < 0 for answer in everything) / total,
        above=sum(answer.side > 0 for answer in everything) / total,
        bias=float(errors.mean()) / spread if spread else None,
        width=float(widths.mean()) / (2 * 1.96 * spread) if spread and len(widths) else None,
    )


def _monte_carlo(kind: Kind, hits: NDArray[np.int64], numbers: NDArray[np.int64], share: float) -> float:
    """Of a ratio of sums over worlds, and at least what independent answers of the nominal share would have."""
    total, worlds = int(numbers.sum()), len(numbers)
    between = float(np.sum((hits - share * numbers) ** 2)) / total**2 * worlds / max(worlds - 1, 1)
    likely = _NOMINAL[kind]
    least = (share if likely is None else likely) * (1 - (share if likely is None else likely)) / total
    return float(max(between, least) ** 0.5)
