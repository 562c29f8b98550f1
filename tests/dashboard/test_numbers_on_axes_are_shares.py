import json
from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from dashboard._given import Given

Page = Callable[..., AppTest]


def test_no_axis_writes_a_share_with_a_prefix_of_units(page: Page, full: Given) -> None:
    axes = [
        axis
        for chart in (*page("verification", full).get("plotly_chart"), *page("groups", full).get("plotly_chart"))
        for name, axis in json.loads(chart.proto.spec)["layout"].items()
        if name.startswith(("xaxis", "yaxis"))
    ]
    assert len(axes) > 8
    # Below 10 to the -5 a power of ten, above it the number: plotly's own way is 500µ for 0.0005.
    assert {(axis["exponentformat"], axis["minexponent"]) for axis in axes} == {("power", 5)}
