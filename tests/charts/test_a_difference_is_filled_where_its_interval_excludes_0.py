from dataclasses import replace

import pytest

from ethnoshard.charts import GREY, Difference, differences
from ethnoshard.reports._comparison_pages import comparison_pages
from ethnoshard.results import Change, Compared, Comparison, Interval


@pytest.mark.parametrize(
    ("interval", "excluded"),
    [
        ((0.001, 0.03), True), ((-0.03, -0.001), True), ((-0.01, 0.03), False), ((0.0, 0.03), False),
        ((0.01, None), False),
    ],
)  # fmt: skip
def test_of_an_interval(interval: tuple[float, float | None], excluded: bool) -> None:
    row = Difference(name="EER", value=0.01, interval=interval)
    assert row.excludes_0 == excluded
    (points,) = differences([row], "other - base").data
    assert list(points.marker.symbol) == ["circle" if excluded else "circle-open"]


def test_every_row_stands_at_its_name_with_its_bars_and_what_rests_on_too_few_is_grey() -> None:
    rows = [
        Difference(name="one", value=0.02, interval=(0.01, 0.04), colour="#0077BB", words=("<b>",)),
        Difference(name="few", value=-0.1, interval=(-0.3, 0.1), colour="#D55E00", too_few=True),
        Difference(name="three", value=0.0, colour="#0077BB"),
    ]
    chart = differences(rows, "other - base")
    assert list(chart.layout.yaxis.ticktext) == ["one", "few", "three"]
    assert chart.layout.shapes[0].x0 == 0
    blue, grey = chart.data
    assert (list(blue.y), list(blue.x), blue.marker.color) == ([0, 2], [0.02, 0.0], "#0077BB")
    assert (list(grey.y), grey.marker.color) == ([1], GREY)
    assert list(blue.error_x.array) == pytest.approx([0.02, 0]) and list(blue.error_x.arrayminus) == pytest.approx(
        [0.01, 0]
    )
    assert blue.customdata[0] == "+0.0200<br>&lt;b&gt;"


def test_draws_that_are_too_few_for_an_interval_are_dots_of_their_own() -> None:
    dots, mean = differences([Difference(name="ARI", value=0.1, draws=[0.05, 0.15])], "other - base").data
    assert (list(dots.x), list(dots.y), list(mean.x)) == ([0.05, 0.15], [0, 0], [0.1])


def test_a_page_of_a_report_has_no_row_where_nothing_was_measured() -> None:
    change = Change(base=0.1, other=0.2, difference=0.1, people_interval=Interval(0.05, None), undefined_draws=0)
    found = Comparison(
        of="evaluation",
        base=Compared(report="one"),
        other=Compared(report="two"),
        draws=10,
        verification={"eer": change, "val_at_0.001": replace(change, difference=None)},
    )
    page = comparison_pages(found)["verification"]
    assert '"ticktext":["EER"]' in page and "<title>Verification, two against one: differences</title>" in page
