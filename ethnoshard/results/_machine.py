"""Where something was measured, and what every measurement holds."""

from dataclasses import dataclass

Cell = str | bool | int | float | None
"""A value of a table."""


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Where it was measured.

    Attributes:
        processor: its name.
        cores: of it.
        python: version.
    """

    processor: str | None = None
    cores: int | None = None
    python: str | None = None


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """What every file of results holds.

    Attributes:
        machine: None where it is not on record.
        workers: processes that worked; None where there were none beside the main one.
    """

    machine: Machine | None = None
    workers: int | None = None


@dataclass(frozen=True, kw_only=True)
class Spread:
    """A measurement over several rounds.

    Attributes:
        median: of them.
        least: None where it was not kept.
        most: None where it was not kept.
    """

    median: float
    least: float | None = None
    most: float | None = None
