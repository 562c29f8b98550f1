"""A share of the parts for each of several machines, as the tasks of a scheduler's array take them.

============  ==========================================
share         parts, of 10
============  ==========================================
1/3           0, 3, 6, 9
2/3           1, 4, 7
3/3           2, 5, 8
1/1           all: the call that also finishes the whole
============  ==========================================
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ethnoshard._checks import check_number
from ethnoshard.errors import EthnoshardError

_OF_AN_ARRAY = ("SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_MAX", "SLURM_ARRAY_TASK_COUNT")
"""What Slurm tells the tasks of an array (https://slurm.schedmd.com/job_array.html), all four of them."""


@dataclass(frozen=True, kw_only=True)
class PartShare:
    """Which of the parts a call makes: every ``of``-th, so that large and small identities spread.

    Attributes:
        number: from 1 to ``of``.
        of: how many shares there are; of a single one the call makes all parts and finishes.
    """

    number: int
    of: int

    def __post_init__(self) -> None:
        """Check the ranges."""
        check_number("the number of shares", self.of, at_least=1)
        check_number(f"a share of {self.of:,}", self.number, at_least=1, at_most=self.of)

    @property
    def whole(self) -> bool:
        """Whether it is all parts."""
        return self.of == 1

    def has(self, part: int) -> bool:
        """Whether part number ``part``, from 0, belongs to this share."""
        return part % self.of == self.number - 1

    def __str__(self) -> str:
        """As ``--share`` has it."""
        return f"{self.number}/{self.of}"


WHOLE = PartShare(number=1, of=1)


def share_of(text: str) -> PartShare:
    """What ``--share`` says.

    >>> share_of("3/20")
    PartShare(number=3, of=20)

    Raises:
        EthnoshardError: it is not of the form I/N, or I is not from 1 to N.
    """
    found = re.fullmatch(r"(\d+)/(\d+)", text.strip(), re.ASCII)
    if found is None:
        raise EthnoshardError(f"--share is I/N, such as 3/20 for the third of twenty shares; {text!r} is not")
    return PartShare(number=int(found[1]), of=int(found[2]))


def share_of_array(environment: Mapping[str, str]) -> PartShare | None:
    """The share of a task of a Slurm array; None where this is none, or the array has a single task.

    The tasks' numbers need not begin at 0 or 1, nor follow one another; they have to be evenly spaced, because a task
    is told only the first, the last and how many there are.

    Raises:
        EthnoshardError: they are not, so that no task knows which it is.
    """
    values = [environment.get(name, "") for name in _OF_AN_ARRAY]
    if not all(re.fullmatch(r"\d+", value, re.ASCII) for value in values):
        return None
    task, first, last, count = map(int, values)
    if count == 1:
        return None
    step, rest = divmod(last - first, count - 1)
    if rest or not step or not first <= task <= last or (task - first) % step:
        raise EthnoshardError(
            f"this is task {task} of a Slurm array of {count:,} tasks from {first} to {last} that are not evenly "
            f"spaced, so that it can't know which share of the work is its own: say --share I/N, or --share 1/1 for all"
        )
    return PartShare(number=(task - first) // step + 1, of=count)


def array_of(numbers: Iterable[int]) -> str:
    """Ascending numbers as Slurm's ``--array`` takes them.

    >>> array_of([1, 2, 3, 7, 9, 10])
    '1-3,7,9-10'
    """
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in spans)


@dataclass(frozen=True, kw_only=True)
class Missing:
    """Parts that are not there yet.

    Attributes:
        parts: how many there are to be.
        missing: numbers of those that lack, from 0, as their files are called.
        shares: into how many the parts are cut; as many as there are parts where each is a share of its own.
        finished: whether the last call was made, which finishes the whole.
    """

    parts: int
    missing: list[int]
    shares: int
    finished: bool

    @property
    def array(self) -> str:
        """Shares with a part that lacks, from 1, as Slurm's ``--array`` takes them."""
        return array_of(sorted({part % self.shares + 1 for part in self.missing}))
