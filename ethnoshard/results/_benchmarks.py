"""What benchmarks measured: a type for each kind of file that they write."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ethnoshard._json import from_json
from ethnoshard.errors import EthnoshardError
from ethnoshard.results._batch_benchmarks import ArmsBenchmark, MemoryBenchmark, PlanningBenchmark
from ethnoshard.results._loader_benchmark import OURS, LoaderBenchmark
from ethnoshard.results._machine import Benchmark, Cell, Spread

_IOU = "iou_0.98"


@dataclass(frozen=True, kw_only=True)
class RateBenchmark(Benchmark):
    """Rates of several ways to do one thing: alignment, packing, labelling.

    Attributes:
        rates: way -> images or faces a second.
        images: of alignment, how many.
        faces: of packing, how many.
        bytes: of these faces.
        agreement: of alignment with the original: "faces" compared, and shares of them by how well they agree.
    """

    rates: dict[str, Spread]
    images: int | None = None
    faces: int | None = None
    bytes: int | None = None
    agreement: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a file without a rate."""
        if not self.rates:
            raise EthnoshardError("the file holds no rate")

    @property
    def ours(self) -> list[float]:
        """Medians of our ways."""
        return [rate.median for way, rate in self.rates.items() if way.startswith(OURS)]

    @property
    def others(self) -> list[float]:
        """Medians of the other ways."""
        return [rate.median for way, rate in self.rates.items() if not way.startswith(OURS)]

    @property
    def spreads(self) -> dict[str, tuple[float, float, float]]:
        """Way -> least, median and most of its rates."""
        return {
            way: (
                rate.median if rate.least is None else rate.least,
                rate.median,
                rate.median if rate.most is None else rate.most,
            )
            for way, rate in self.rates.items()
        }

    @property
    def overlapping(self) -> float | None:
        """Share of the original's faces with one of ours at an intersection over union of at least 0.98."""
        return self.agreement.get(_IOU)


@dataclass(frozen=True, kw_only=True)
class StepBenchmark(Benchmark):
    """A training step beside a plain loop's, in turns: ``python -m benchmarks.training``.

    Attributes:
        ours: seconds of a step of ours, by turn.
        plain: seconds of a plain loop's.
        ratios: ours over the plain loop's.
        plain_memory_kept: seconds of a plain loop that keeps freed memory; empty in files from before it was measured.
        ratios_memory_kept: ours over that loop's.
        waiting: share of a step of ours in which no batch was there.
    """

    ours: tuple[float, ...]
    waiting: tuple[float, ...]
    plain: tuple[float, ...] = ()
    ratios: tuple[float, ...] = ()
    plain_memory_kept: tuple[float, ...] = ()
    ratios_memory_kept: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a file without a turn, or with columns of several lengths."""
        if not self.ours:
            raise EthnoshardError("the file holds no turn")
        others = (self.waiting, self.plain, self.ratios, self.plain_memory_kept, self.ratios_memory_kept)
        if any(len(values) not in (0, len(self.ours)) for values in others) or not self.waiting:
            raise EthnoshardError(f"the file holds {len(self.ours)} steps of ours, but not as many of everything")


@dataclass(frozen=True, kw_only=True)
class GroupErrorsBenchmark(Benchmark):
    """Errors by group of all pairs: ``python -m benchmarks.demographics``.

    Attributes:
        people: who are compared.
        images: of them.
        pairs: of images.
        draws: of people, for intervals.
        threshold_s: seconds to find the common threshold.
        figures_s: seconds for rates and metrics with intervals.
        compare_s: seconds to compare two models.
        peak_mib: memory, MiB.
    """

    people: int
    images: int
    pairs: int
    draws: int
    threshold_s: float
    figures_s: float
    compare_s: float
    peak_mib: int


@dataclass(frozen=True, kw_only=True)
class Paint:
    """Seconds until a page of the dashboard is there.

    Attributes:
        text: its text.
        whole: its charts and tables too.
        again: the same in a browser that has the scripts already.
    """

    text: float
    whole: float
    again: float


@dataclass(frozen=True, kw_only=True)
class PageBenchmark(Benchmark):
    """The dashboard's pages in a browser: ``python -m benchmarks.dashboard``.

    Attributes:
        runs: that are shown.
        pairs: of each report.
        paints: page -> each time that it was opened.
        moves: page -> seconds of each move of its slider.
    """

    runs: int
    pairs: int
    paints: dict[str, tuple[Paint, ...]]
    moves: dict[str, tuple[float, ...]]

    def __post_init__(self) -> None:
        """Refuse a page that was never opened."""
        for page, paints in self.paints.items():
            if not paints:
                raise EthnoshardError(f"{page} was never opened")


@dataclass(frozen=True, kw_only=True)
class TableBenchmark(Benchmark):
    """Rows as they are shown, of ``python -m benchmarks.meetings``, ``look_alikes``, ``coverage``, ``retrained``,
    ``audit``, ``fuzz``, ``listing``, ``scale``, ``inference``, ``detecting``, ``feeding``,
    ``scaling`` and ``gpu``.

    Attributes:
        rows: column -> value, or values by name.
    """

    rows: tuple[dict[str, Cell | dict[str, Cell]], ...]

    def flat(self) -> list[dict[str, Cell]]:
        """The rows, what is inside another value under both names."""
        rows = []
        for row in self.rows:
            flat: dict[str, Cell] = {}
            for name, value in row.items():
                inside = value.items() if isinstance(value, Mapping) else [("", value)]
                flat |= {f"{name}, {further}".rstrip(", ").replace("_", " "): each for further, each in inside}
            rows.append(flat)
        return rows


_KINDS: Mapping[str, type[Benchmark]] = MappingProxyType(
    {
        "loading-": LoaderBenchmark,
        "planning-": PlanningBenchmark,
        "meetings-arms": ArmsBenchmark,
        "meetings-disk": TableBenchmark,
        "meetings-hard": TableBenchmark,
        "meetings-remote": TableBenchmark,
        "look-alikes": TableBenchmark,
        "memory": MemoryBenchmark,
        "alignment-": RateBenchmark,
        "packing": RateBenchmark,
        "labelling": RateBenchmark,
        "training-": StepBenchmark,
        "demographics": GroupErrorsBenchmark,
        "coverage": TableBenchmark,
        "retrained": TableBenchmark,
        "audit-": TableBenchmark,
        "fuzz": TableBenchmark,
        "listing-": TableBenchmark,
        "gpu-check": TableBenchmark,
        "inference-": TableBenchmark,
        "detecting-": TableBenchmark,
        "feeding-": TableBenchmark,
        "scaling": TableBenchmark,
        "scale": TableBenchmark,
        "dashboard": PageBenchmark,
    }
)
"""Beginning of a file's name -> what it holds."""


def benchmark_from_json(name: str, content: Mapping[str, object], where: object) -> Benchmark | None:
    """A file of results; None of a kind that this version doesn't know.

    Args:
        name: of the file, without its ending; its beginning tells the kind.
        content: as read.
        where: the file, for messages.

    Raises:
        EthnoshardError: something is missing, of another type or out of its bounds; the message has its place.
    """
    kind = next((kind for begins, kind in _KINDS.items() if name.startswith(begins)), None)
    if kind is ArmsBenchmark:
        # Sizes of batches stand beside the other facts.
        sizes = {size: arms for size, arms in content.items() if "x" in size and isinstance(arms, Mapping)}
        content = {**content, "sizes": sizes}
    return None if kind is None else from_json(kind, content, where)
