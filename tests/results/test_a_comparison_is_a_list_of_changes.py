import pytest

from ethnoshard.results import (
    Change,
    ClusteringChange,
    Compared,
    Comparison,
    GroupErrorsChange,
    Interval,
    MetricChange,
    Model,
    OpenSetChange,
    SearchErrorsChange,
    Verdict,
    changes_of,
)


def comparison(low: float | None, high: float | None) -> list[MetricChange]:
    change = Change(base=0.7, other=0.71, difference=0.01, people_interval=Interval(low, high), undefined_draws=0)
    by_group = GroupErrorsChange(
        source="x",
        labels="as given by x",
        thresholds=(0.5, 0.5),
        thresholds_from=("given", "given"),
        too_few=("A",),
        overall={},
        by_group={"A": {"fmr": change, "fnmr": change}},
        metrics={},
        compared=(),
        draws=9,
    )
    found = Comparison(
        of="evaluation",
        base=Compared(report="one", model=Model(name="base-0", kind="run", digest="ab12")),
        other=Compared(report="two"),
        draws=9,
        verification={"accuracy": change, "far_at_0.001": change, "val_at_0.001": change},
        demographics=(by_group,),
    )
    return changes_of("cmp", found)


@pytest.mark.parametrize(
    ("ends", "verdict"),
    [
        ((-0.01, 0.03), Verdict.INCLUDES_0),
        ((0.0, 0.03), Verdict.INCLUDES_0),
        ((0.001, 0.03), Verdict.HIGHER),
        ((None, 0.03), Verdict.NO_INTERVAL),
        ((None, None), Verdict.NO_INTERVAL),
    ],
)
def test_an_interval_that_holds_0_is_no_difference(ends: tuple[float | None, float | None], verdict: Verdict) -> None:
    change = comparison(*ends)[0]
    assert change.verdict is verdict
    assert change.excludes_0 is (verdict is Verdict.HIGHER)


def test_the_changes_of_a_comparison_are_told_by_metric_and_group_and_which_rest_on_too_few() -> None:
    changes = comparison(-0.1, 0.1)
    assert [(change.metric, change.group, change.too_few) for change in changes] == [
        ("accuracy", None, False), ("val_at_0.001", None, False), ("fmr", "A", True), ("fnmr", "A", True)
    ]  # fmt: skip
    assert (changes[0].base, changes[0].other) == ("base-0", "two")
    assert changes[2].labels == "as given by x"


def test_searches_of_a_gallery_are_in_the_list_by_group_and_by_the_fpir_they_were_set_for() -> None:
    def change(difference: float) -> Change:
        return Change(
            base=0.2, other=0.2 + difference, difference=difference, people_interval=Interval(0.01, 0.2),
            undefined_draws=0, p_value=0.01, p_adjusted=0.03,
        )  # fmt: skip

    by_group = {
        "A": SearchErrorsChange(fnir=change(0.1), fpir=change(0.05)),
        "B": SearchErrorsChange(fnir=change(0.1), fpir=None),
    }
    searches = OpenSetChange(fpir_asked=0.1, gallery=9, thresholds=(0.4, 0.5), by_group=by_group, too_few=("B",))
    source = GroupErrorsChange(
        source="x", labels="as given by x", thresholds=(1.0, 1.0), thresholds_from=("a", "b"), too_few=(), draws=9,
        overall={}, by_group={}, metrics={}, compared=(), open_set=(searches,),
    )  # fmt: skip
    found = Comparison(
        of="evaluation", base=Compared(report="one"), other=Compared(report="two"), draws=9, demographics=(source,)
    )
    changes = changes_of("cmp", found)
    assert [(change.metric, change.group, change.too_few) for change in changes] == [
        ("fnir_at_0.1", "A", False), ("fpir_at_0.1", "A", False), ("fnir_at_0.1", "B", True)
    ]  # fmt: skip
    assert all(change.verdict is Verdict.HIGHER for change in changes)


def test_a_comparison_of_clusterings_has_the_mean_difference_of_each_method() -> None:
    known = ClusteringChange(base=0.4, other=0.5, differences=(0.1, 0.1), mean=0.1, better=2)
    unknown = ClusteringChange(base=None, other=0.5, differences=(None,), mean=None, better=0)
    found = Comparison(
        of="clustering",
        base=Compared(report="one"),
        other=Compared(report="two"),
        draws=2,
        clustering={"kmeans": {"ari": known, "nmi": known}, "som": {"ari": unknown}},
    )
    (change,) = changes_of("cmp", found)
    assert (change.metric, change.method, change.difference, change.better) == ("ari", "kmeans", 0.1, 2)
    assert change.verdict is Verdict.NO_INTERVAL
