"""What comparisons of two models found: differences with their intervals."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from ethnoshard.charts import METHODS, NONE, RATES, Difference, metric_name, share
from ethnoshard.results import Compared, Comparison

_FEW = "too few people or pairs"
_BY_GROUP = ("fmr", "fnmr")


@dataclass(frozen=True, kw_only=True)
class Change:
    """Of one figure, from the base to the other.

    Attributes:
        report: name of the comparison.
        base: the one model.
        other: the other.
        of: the figure.
        before: of the base.
        after: of the other.
        difference: other minus base.
        ends: interval at 95 % from draws of people; None if there is none.
        aside: what else has to be known.
    """

    report: str
    base: str
    other: str
    of: str
    before: float | None
    after: float | None
    difference: float
    ends: tuple[float, float] | None
    aside: str = ""

    @property
    def excludes_0(self) -> bool:
        """Whether the interval tells the models apart."""
        return self.ends is not None and not self.ends[0] <= 0 <= self.ends[1]

    @property
    def verdict(self) -> str:
        """What the interval says, in words."""
        if self.ends is None:
            said = "no interval: nothing can be said"
        elif self.excludes_0:
            said = f"other is {'higher' if self.difference > 0 else 'lower'}: the interval excludes 0"
        else:
            said = "no difference that the interval excludes from 0"
        return f"{said}; {self.aside}" if self.aside else said


def changes_of(report: str, comparison: Comparison) -> list[Change]:
    """The figures of a comparison, those that matter most first."""
    names = {"report": report, "base": _named(comparison.base), "other": _named(comparison.other)}
    if comparison.of == "clustering":
        return [
            Change(
                **names,
                of=f"ARI of {METHODS[method].name if method in METHODS else method}",
                before=metrics["ari"].base,
                after=metrics["ari"].other,
                difference=metrics["ari"].mean,
                ends=None,
                aside=f"other is higher in {metrics['ari'].better} of {comparison.draws} draws of people",
            )
            for method, metrics in comparison.clustering.items()
            if "ari" in metrics and metrics["ari"].mean is not None
        ]
    found = [(_label(key), change, "") for key, change in comparison.verification.items() if _label(key)]
    for source in comparison.demographics:
        for group, changes in source.by_group.items():
            few = _FEW if group in source.too_few else ""
            found += [
                (f"{RATES[rate]} of {group}, {source.labels}", changes[rate], few)
                for rate in _BY_GROUP
                if rate in changes
            ]
    return [
        Change(
            **names,
            of=label,
            before=change.base,
            after=change.other,
            difference=change.difference,
            ends=_ends(change.people_interval),
            aside=aside,
        )
        for label, change, aside in found
        if change.difference is not None
    ]


def title(changes: Sequence[Change]) -> str:
    """Of the differences in one figure: how many of them are any."""
    of, measured = changes[0].of, [change for change in changes if change.ends is not None]
    if not measured:
        return f"{of}: other minus base, without intervals"
    apart = sum(change.excludes_0 for change in measured)
    if not apart:
        return f"{of}: no difference that the interval excludes from 0, in {_count(len(measured), 'comparison')}"
    return f"{of}: {apart} of {_count(len(measured), 'interval')} exclude{'s' * (apart == 1)} 0"


def table(changes: Iterable[Change]) -> pl.DataFrame:
    """A row a comparison."""
    return pl.DataFrame(
        [
            {
                "Other": change.other,
                "Base": change.base,
                "Of other": share(change.after),
                "Of base": share(change.before),
                "Other - base": f"{change.difference:+.{_digits(change)}f}",
                "95 % of the difference": NONE
                if change.ends is None
                else "[{0:+.{2}f}, {1:+.{2}f}]".format(*change.ends, _digits(change)),
                "Says": change.verdict,
                "Report": change.report,
            }
            for change in changes
        ]
    )


def unrounded(changes: Iterable[Change]) -> pl.DataFrame:
    """Every figure of every comparison, for the download."""
    return pl.DataFrame(
        [
            {
                "report": change.report,
                "base": change.base,
                "other": change.other,
                "figure": change.of,
                "of_base": change.before,
                "of_other": change.after,
                "difference": change.difference,
                "low": change.ends and change.ends[0],
                "high": change.ends and change.ends[1],
                "says": change.verdict,
            }
            for change in changes
        ],
        infer_schema_length=None,
    )


def rows_of(changes: Sequence[Change]) -> list[Difference]:
    """As a chart shows them."""
    return [
        Difference(
            name=f"{change.other} - {change.base}",
            value=change.difference,
            interval=change.ends,
            too_few=change.aside == _FEW,
            words=(change.verdict, change.report),
        )
        for change in changes
    ]


def _named(about: Compared) -> str:
    return about.model.name if about.model else about.report


def _label(key: str) -> str:
    name = metric_name(key)
    return f"{name[0].upper()}{name[1:]}" if key.startswith("val_at_") or key in ("accuracy", "auc", "eer") else ""


def _ends(ends: Sequence[float | None] | None) -> tuple[float, float] | None:
    if ends is None:
        return None
    low, high = ends
    return None if low is None or high is None else (low, high)


def _digits(change: Change) -> int:
    width = change.ends[1] - change.ends[0] if change.ends else 0.01
    return 5 if width < 0.003 else 4 if width < 0.03 else 3


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"
