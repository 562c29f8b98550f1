"""What comparisons of two models found: differences with their intervals."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go
import polars as pl

from .._show import figure
from .._text import NONE, in_chart

_RATES = {"fmr": "FMR", "fnmr": "FNMR"}
_METHODS = {"dbscan": "DBSCAN", "kmeans": "k-means", "som": "map"}


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


def changes_of(report: str, content: Mapping[str, Any]) -> list[Change]:
    """The figures of a comparison, those that matter most first.

    Raises:
        KeyError, TypeError, ValueError: it holds something else than a comparison should.
    """
    names = {"report": report, "base": _named(content["base"]), "other": _named(content["other"])}
    if content["of"] == "clustering":
        return [
            Change(
                **names,
                of=f"ARI of {_METHODS.get(method, method)}",
                before=figures["ari"]["base"],
                after=figures["ari"]["other"],
                difference=float(figures["ari"]["mean"]),
                ends=None,
                aside=f"other is higher in {figures['ari']['better']} of {content['draws']} draws of people",
            )
            for method, figures in content["clustering"].items()
            if figures.get("ari", {}).get("mean") is not None
        ]
    found = [(_label(key), change, "") for key, change in content["verification"].items() if _label(key)]
    for source in content["demographics"]:
        for group, changes in source["by_group"].items():
            few = "too few people or pairs" if group in source["too_few"] else ""
            found += [
                (f"{_RATES[rate]} of {group}, {source['labels']}", changes[rate], few)
                for rate in _RATES
                if rate in changes
            ]
    return [
        Change(
            **names,
            of=label,
            before=change["base"],
            after=change["other"],
            difference=float(change["difference"]),
            ends=_ends(change["people_interval"]),
            aside=aside,
        )
        for label, change, aside in found
        if change["difference"] is not None
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
                "Of other": _number(change.after),
                "Of base": _number(change.before),
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


def differences(changes: Sequence[Change], colour: str) -> go.Figure:
    """A point and its interval a comparison; filled where the interval excludes 0."""
    rows = list(range(len(changes)))
    drawn = figure(f"{in_chart(changes[0].of)}: other - base", "", height=110 + 44 * len(changes))
    drawn.add_vline(x=0, line={"dash": "dash", "width": 1.5, "color": "#8C8C8C"})
    drawn.add_trace(
        go.Scatter(
            x=[change.difference for change in changes], y=rows, mode="markers", showlegend=False,
            marker={
                "symbol": ["circle" if change.excludes_0 else "circle-open" for change in changes],
                "size": 11, "color": colour, "line": {"width": 2, "color": colour},
            },
            error_x={
                "array": [change.ends[1] - change.difference if change.ends else 0 for change in changes],
                "arrayminus": [change.difference - change.ends[0] if change.ends else 0 for change in changes],
                "thickness": 1.5, "width": 4, "color": colour,
            },
            customdata=[[in_chart(change.verdict), in_chart(change.report)] for change in changes],
            hovertemplate="%{x:+.4f}: %{customdata[0]}<br>%{customdata[1]}<extra></extra>",
        )
    )  # fmt: skip
    names = [f"{in_chart(change.other)} - {in_chart(change.base)}" for change in changes]
    drawn.update_yaxes(tickvals=rows, ticktext=names, range=[len(rows) - 0.4, -0.6], showgrid=False, zeroline=False)
    return drawn.update_xaxes(zeroline=False)


def _named(about: Mapping[str, Any]) -> str:
    return str(about["model"]["name"] if about.get("model") else about["report"])


def _label(key: str) -> str:
    if key.startswith("val_at_"):
        return f"VAL at FAR {key.removeprefix('val_at_')}"
    return {"accuracy": "Accuracy", "auc": "AUC", "eer": "EER"}.get(key, "")


def _ends(ends: Sequence[float | None] | None) -> tuple[float, float] | None:
    if ends is None:
        return None
    low, high = ends
    return None if low is None or high is None else (float(low), float(high))


def _digits(change: Change) -> int:
    width = change.ends[1] - change.ends[0] if change.ends else 0.01
    return 5 if width < 0.003 else 4 if width < 0.03 else 3


def _number(value: float | None) -> str:
    return NONE if value is None else f"{value:.4f}" if abs(value) >= 0.01 else f"{value:.5f}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' * (number != 1)}"
