import itertools
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, expect

from dashboard._given import Given
from dashboard._main import PAGES
from tests.kit.browsing import Visit, chromium, served
from tests.kit.waiting import until


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def port(full: Given, pytestconfig: pytest.Config) -> Iterator[int]:
    shown = pytestconfig.getoption("--shown")
    with served(full if shown is None else demo(Path(shown))) as listening:
        yield listening


def demo(folder: Path) -> Given:
    """What ``make dashboard`` shows."""
    datasets = folder / "drawn.dataset", folder / "tested.dataset"
    return Given(runs=folder / "runs", datasets=datasets, benchmarks=Path("benchmarks/results"))


@pytest.fixture
def visit(browser: Browser, port: int) -> Iterator[Visit]:
    context = browser.new_context(viewport={"width": 1400, "height": 1000}, color_scheme="light")
    opened = Visit(context.new_page(), port)
    yield opened
    context.close()
    assert opened.complaints == []


@pytest.mark.parametrize("name", list(PAGES))
def test_every_page_opens_by_its_link_without_an_error_and_asks_nobody_else(
    visit: Visit, name: str, pytestconfig: pytest.Config
) -> None:
    visit.open(name)
    expect(visit.page.locator("h1")).to_have_text(name.capitalize())
    expect(visit.page.locator('[data-testid="stException"]')).to_have_count(0)
    folder = pytestconfig.getoption("--screenshots")
    if folder is not None:
        Path(folder).mkdir(parents=True, exist_ok=True)
        visit.shoot(Path(folder) / f"{name}.png", most=1800)


def test_the_front_leads_to_the_runs(visit: Visit) -> None:
    visit.open("")
    expect(visit.page.locator("h1")).to_have_text("Runs")
    visit.page.wait_for_url(f"http://127.0.0.1:{visit.port}/runs")


@pytest.mark.parametrize("name", list(PAGES))
def test_every_page_is_readable_in_the_dark(browser: Browser, port: int, name: str) -> None:
    context = browser.new_context(viewport={"width": 1400, "height": 1000}, color_scheme="dark")
    opened = Visit(context.new_page(), port)
    opened.open(name)
    # Text of charts is light where the page is dark.
    fills = (
        "[...document.querySelectorAll('.js-plotly-plot .xtick text, .js-plotly-plot .g-xtitle text')]"
        ".map(text => getComputedStyle(text).fill.match(/[0-9.]+/g).slice(0, 3).map(Number))"
    )
    until(lambda: all(sum(fill) > 3 * 110 for fill in opened.page.evaluate(fills)), "a chart has dark text")
    context.close()
    assert opened.complaints == []


def test_the_slider_of_the_threshold_moves_the_figures_and_the_link(visit: Visit) -> None:
    visit.open("verification")
    tiles = visit.page.locator('[data-testid="stMetric"]')
    before = tiles.all_inner_texts()
    visit.page.locator(".st-key-threshold").get_by_role("slider").first.focus()
    for _ in range(15):
        visit.page.keyboard.press("ArrowRight")
    expect(visit.page).to_have_url(re.compile("threshold="))
    other = Visit(visit.page.context.new_page(), visit.port)

    def reproduced() -> bool:
        """A link of the moment shows the same figures; it can't as long as steps of the slider are on their way."""
        link, figures = visit.page.url, tiles.all_inner_texts()
        other.open(link.partition(f":{visit.port}/")[2])
        seen = other.page.locator('[data-testid="stMetric"]').all_inner_texts()
        return figures != before and seen == figures

    until(reproduced, "the link shows other figures")
    assert other.complaints == []


def test_the_pointer_over_a_point_shows_the_face(visit: Visit) -> None:
    visit.open("clusters")
    chart = visit.page.locator('[data-testid="stPlotlyChart"]').first
    chart.scroll_into_view_if_needed()
    face = visit.page.locator("img[src^='data:image/jpeg']").filter(visible=True)
    points = chart.locator(".scatterlayer .point")
    points.first.wait_for(state="attached")
    # A point may lie below another; and the first ones are there before the page listens to the pointer.
    tried = itertools.count()

    def shown() -> bool:
        points.nth(next(tried) % points.count()).hover(force=True)
        visit.page.wait_for_timeout(300)
        return face.count() > 0

    until(shown, "no face at any point")


def test_a_link_reproduces_the_view(visit: Visit) -> None:
    visit.open("training?runs=natural-0")
    expect(visit.page.locator('[data-testid="stMain"]')).to_contain_text("natural")
    visit.page.get_by_role("link", name="Runs").click()
    expect(visit.page).to_have_url(re.compile(r"/runs\?.*runs=natural-0"))


def test_a_plan_moved_by_hand_is_in_the_link(visit: Visit) -> None:
    visit.open("batches")
    field = visit.page.locator(".st-key-people input")
    field.fill("6")
    field.press("Enter")
    expect(visit.page).to_have_url(re.compile("people=6"))
    expect(visit.page.get_by_text(re.compile("who would meet whom, natural, P 6"))).to_be_visible()
    other = Visit(visit.page.context.new_page(), visit.port)
    other.open(visit.page.url.partition(f":{visit.port}/")[2])
    expect(other.page.get_by_text(re.compile("who would meet whom, natural, P 6"))).to_be_visible()
    assert other.complaints == []


PATHS = ("run=../../etc/passwd", "report=/etc/passwd", "clusters=../../", "dataset=/etc", "runs=../..")


@pytest.mark.parametrize(("name", "query"), list(zip(PAGES, itertools.cycle(PATHS), strict=False)))
def test_no_path_from_a_link_is_opened(visit: Visit, name: str, query: str) -> None:
    """One of each page in the browser; all of all pages are in ``test_every_page_opens_...``, without one."""
    key, path = query.split("=")
    visit.open(f"{name}?{key}={quote(path, safe='')}")
    expect(visit.page.locator('[data-testid="stException"]')).to_have_count(0)
    assert "root:x:0" not in visit.page.content()


def test_names_from_files_are_text_on_every_page(browser: Browser, broken: Given) -> None:
    with served(broken) as port:
        context = browser.new_context(viewport={"width": 1400, "height": 1000})
        opened = Visit(context.new_page(), port)
        for name in PAGES:
            opened.open(name)
            assert opened.page.locator("img[src='x'], a[href^='javascript']").count() == 0
        context.close()
        assert opened.complaints == []


def test_only_this_machine_can_connect(port: int) -> None:
    listening = {
        line.split()[1].split(":")[0]
        for table in ("/proc/net/tcp", "/proc/net/tcp6")
        if Path(table).exists()
        for line in Path(table).read_text().splitlines()[1:]
        if line.split()[3] == "0A" and int(line.split()[1].split(":")[1], 16) == port
    }
    loopback = socket.inet_aton("127.0.0.1")[::-1].hex().upper()
    assert listening == {loopback}
