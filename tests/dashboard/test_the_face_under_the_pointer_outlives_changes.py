"""In a real browser, like ``test_the_dashboard_in_a_browser``."""

import itertools
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, expect

from dashboard._given import Given
from tests.kit.browsing import Visit, chromium, served
from tests.kit.waiting import until


@pytest.fixture(scope="module")
def visit(full: Given) -> Iterator[Visit]:
    with served(full) as port, chromium() as browser:
        opened = Visit(browser.new_page(viewport={"width": 1400, "height": 1000}), port)
        yield opened
        assert opened.complaints == []


def box(visit: Visit) -> Locator:
    return visit.page.get_by_test_id("face-hover").filter(visible=True)


CHART = ".st-key-tsne-1 .js-plotly-plot"


def pick(visit: Visit, label: str, option: str) -> None:
    """Pick what is not picked yet, and wait until the chart shows other data than before."""
    visit.page.evaluate("chart => { window.before = document.querySelector(chart).data }", CHART)
    visit.page.get_by_role("combobox", name=label).click()
    visit.page.get_by_role("option", name=option, exact=True).click()
    visit.page.wait_for_function(
        "chart => ![undefined, window.before].includes(document.querySelector(chart)?.data)", arg=CHART
    )
    visit.settled()


def point_at_one(visit: Visit) -> None:
    """Move the pointer over one point of the chart after the other until the box is there."""
    visit.page.mouse.move(2, 2)
    expect(box(visit)).to_have_count(0)
    points = visit.page.locator(f"{CHART} .scatterlayer .point")
    points.first.wait_for(state="attached")
    tried = itertools.count(step=7)

    def shown() -> bool:
        points.nth(next(tried) % points.count()).hover(force=True)
        visit.page.wait_for_timeout(300)
        return box(visit).count() > 0

    until(shown, "no face at any point")


def tell(visit: Visit, customdata: int) -> None:
    """What plotly tells a listener; where a point of three dimensions is on the screen, only plotly knows."""
    visit.page.evaluate(
        "([chart, number]) => document.querySelector(chart).emit('plotly_hover', {points: [{customdata: number}]})",
        [CHART, customdata],
    )


def told(visit: Visit, customdata: int) -> None:
    """Tell it until somebody listens: a chart that was made anew is looked for several times a second."""

    def heard() -> bool:
        tell(visit, customdata)
        return box(visit).count() > 0

    until(heard, "nobody listens to the chart")


def test_a_face_and_its_words_are_shown_near_the_pointer_and_inside_the_window(visit: Visit) -> None:
    visit.open("clusters")
    point_at_one(visit)
    expect(box(visit)).to_have_count(1)
    expect(box(visit).locator("img")).to_be_visible()
    expect(box(visit)).to_contain_text("person")
    at = box(visit).bounding_box()
    assert at is not None
    assert 0 <= at["x"] <= 1400 - at["width"]
    assert 0 <= at["y"] <= 1000 - at["height"]
    visit.page.mouse.move(2, 2)
    expect(box(visit)).to_have_count(0)


def test_another_colour_keeps_the_faces(visit: Visit) -> None:
    visit.open("clusters")
    for colour in ("group", "k-means", "self-organising map", "person"):
        pick(visit, "Colour by", colour)
        point_at_one(visit)
        expect(box(visit).locator("img")).to_be_visible()
        assert visit.page.get_by_test_id("face-hover").count() == 1


def test_three_dimensions_have_faces_and_so_have_two_again(visit: Visit) -> None:
    visit.open("clusters")
    for dimensions in ("3", "2"):
        pick(visit, "Dimensions", dimensions)
        told(visit, 5)
        expect(box(visit).locator("img")).to_be_visible()
        visit.page.mouse.move(2, 2)
        visit.page.mouse.move(4, 4)
        expect(box(visit)).to_have_count(0)


def test_what_is_no_point_of_the_picture_shows_nothing(visit: Visit) -> None:
    visit.open("clusters")
    told(visit, 0)
    tell(visit, 100_000)
    expect(box(visit)).to_have_count(0)


def test_another_page_has_none(visit: Visit) -> None:
    visit.open("clusters")
    told(visit, 0)
    expect(box(visit)).to_have_count(1)
    visit.page.get_by_role("link", name="Dataset").click()
    expect(visit.page.locator("h1")).to_have_text("Dataset")
    expect(visit.page.get_by_test_id("face-hover")).to_have_count(0)
