"""A comparison of two models as Markdown; its first tables have the shapes of the study's tables 5.1 and 5.2."""

from ethnoshard.charts import CLUSTER_METRICS, GROUP_METRICS, METHODS, NONE, RATES, metric_name, number, signed
from ethnoshard.reports._summary import TABLE_HEAD, setting_text, table_row, warning_lines
from ethnoshard.reports._texts import epoch_of, interval, rate, table
from ethnoshard.results import Change, Comparison, GroupErrorsChange

_CHANGE_HEAD = ("", "base", "other", "other - base", "95 % of the difference")


def comparison_summary(content: Comparison) -> str:
    """Markdown of a comparison."""
    both = content.base, content.other
    names = [about.title for about in both]
    lines = [f"# {names[1]} against {names[0]}", ""]
    for which, about in zip(("Base", "Other"), both, strict=True):
        lines += [f"{which}, {about.title}: {setting_text(about)}", ""]
    lines += _clusters(content) if content.of == "clustering" else _evaluation(content)
    return "\n".join(lines).rstrip() + "\n"


def _evaluation(content: Comparison) -> list[str]:
    base, other = content.base, content.other
    rows = [table_row(about, about.title) for about in (base, other)]
    auc = content.verification["auc"]
    counterpart = [
        [epoch_of(base.model), base.title, number(auc.base), NONE],
        [epoch_of(other.model), other.title, number(auc.other), f"{signed(auc.difference)} {_ends(auc)}".strip()],
    ]
    both = ""
    if base.verification is not None and base.pairs is not None:
        both = (
            f"Both on the same {base.verification.pairs:,} pairs of {base.pairs.name}, each with its own thresholds "
            f"from {base.verification.thresholds_from}. "
        )
    return [
        "## Verification",
        "",
        *table(TABLE_HEAD, rows),
        *(f"{about.title}: {line}" if line else "" for about in (base, other) for line in warning_lines(about)),
        *table(("Epoch No", "Type", "Area Under Curve (AUC)", "Increase in AUC from counterpart"), counterpart),
        f"{both}Intervals: {content.draws:,} draws of people, the same for both models (seed "
        f"{content.seed}). One that holds 0 says that these pairs don't tell the models apart.",
        "",
        *table(_CHANGE_HEAD, [_row(metric_name(key), change) for key, change in content.verification.items()]),
        *_identification(content),
        *(line for found in content.demographics for line in _groups(found)),
    ]


def _identification(content: Comparison) -> list[str]:
    lines, found = ["## Identification", ""], content.identification
    if found is None:
        return [*lines, f"Left out: {content.identification_left_out}.", ""]
    rows = [
        [
            key.replace("svc", "linear SVC").replace("mean", "mean of the others").replace("_rank_", ", rank-"),
            rate(change.base),
            rate(change.other),
            signed(change.difference),
            f"{signed(change.least)} to {signed(change.most)}",
            f"{change.better} of {found.galleries}",
        ]
        for key, change in found.ranks.items()
    ]
    head = ("", "base", "other", "other - base", "least to most over galleries", "galleries in which other is better")
    return [*lines, f"{found.people:,} people, the same {found.galleries} galleries.", "", *table(head, rows)]


def _groups(found: GroupErrorsChange) -> list[str]:
    rows = []
    for group, changes in {"all": found.overall, **found.by_group}.items():
        few = " (too few)" if group in found.too_few else ""
        rows += [_row(f"{group}{few}, {RATES[name]}", change) for name, change in changes.items()]
    one, two = found.thresholds
    lines = [
        f"## By group, {found.labels}",
        "",
        f"Exploratory. Each model at its own threshold: {one:.4f} ({found.thresholds_from[0]}) and {two:.4f} "
        f"({found.thresholds_from[1]}). {found.draws:,} draws of people, the same for both.",
        "",
        *table(_CHANGE_HEAD, rows),
    ]
    if not found.figures:
        return lines
    figures = [_row(GROUP_METRICS[name][0], change) for name, change in found.figures.items()]
    return [
        *lines,
        f"Figures over {', '.join(found.compared)}. A smaller gap because the best group got worse is no gain: "
        "see each "
        "group's own rates above.",
        "",
        *table(_CHANGE_HEAD, figures),
    ]


def _clusters(content: Comparison) -> list[str]:
    rows = []
    for method, figures in content.clustering.items():
        for name, change in figures.items():
            rows.append(
                [
                    f"{METHODS[method].full}: {CLUSTER_METRICS[name]}",
                    number(change.base),
                    number(change.other),
                    signed(change.mean),
                    f"{change.better} of {content.draws}",
                ]
            )
    head = ("", "base", "other", "other - base", "draws in which other is greater")
    return [f"The same {content.draws} draws of {content.people} people.", "", *table(head, rows)]


def _row(name: str, change: Change) -> list[str]:
    undefined = f" undefined in {change.undefined_draws:,} draws" if change.undefined_draws else ""
    return [
        name, rate(change.base), rate(change.other), signed(change.difference), _ends(change) + undefined
    ]  # fmt: skip


def _ends(change: Change) -> str:
    return interval(change.people_interval)
