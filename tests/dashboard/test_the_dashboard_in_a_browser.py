import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from dashboard._given import Given
from dashboard._main import PAGES
from ethnoshard.shards import read_decisions
from tests.kit.browsing import Visit, chromium, served
from tests.kit.waiting import PATIENCE, until


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


AA = 4.5
"""Contrast that text needs at least (WCAG 2.1, 1.4.3)."""


def luminance(colour: str) -> float:
    """Relative luminance of a CSS colour, 0 to 1 (WCAG 2.1)."""
    channels = [float(part) / 255 for part in re.findall(r"[0-9.]+", colour)[:3]]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def background(page: Page) -> str:
    """The page's colour, as CSS has it."""
    app = "document.querySelector('[data-testid=stApp]')"
    return str(page.evaluate(f"getComputedStyle({app}).backgroundColor"))


def contrasts(page: Page) -> list[float]:
    """Contrast of each label and title at a chart's axes with the page behind it, from 1 to 21."""
    behind = background(page)
    fills = page.evaluate(
        "[...document.querySelectorAll('.js-plotly-plot :is(.xtick, .ytick, .g-xtitle, .g-ytitle) text')]"
        ".map(text => [getComputedStyle(text).fill, getComputedStyle(text).fillOpacity])"
    )
    levels = [luminance(blended(str(fill), float(opacity), behind)) for fill, opacity in fills]
    pairs = [sorted((level, luminance(behind))) for level in levels]
    return [(lighter + 0.05) / (darker + 0.05) for darker, lighter in pairs]


def blended(colour: str, opacity: float, behind: str) -> str:
    """A CSS colour as it is seen over another."""
    red, green, blue, *alpha = [float(part) for part in re.findall(r"[0-9.]+", colour)]
    share = opacity * (alpha[0] if alpha else 1)
    ground = [float(part) for part in re.findall(r"[0-9.]+", behind)[:3]]
    mixed = [share * own + (1 - share) * under for own, under in zip((red, green, blue), ground, strict=True)]
    return f"rgb({mixed[0]}, {mixed[1]}, {mixed[2]})"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_text_of_charts_is_readable_on_every_page(
    browser: Browser, port: int, scheme: Literal["light", "dark"], pytestconfig: pytest.Config
) -> None:
    context = browser.new_context(viewport={"width": 1400, "height": 1000}, color_scheme=scheme)
    opened = Visit(context.new_page(), port)
    folder = pytestconfig.getoption("--screenshots")
    for name in PAGES:
        opened.open(name)
        assert (luminance(background(opened.page)) > 0.5) is (scheme == "light")
        # A chart gets the theme's colours a moment after it is drawn.
        until(lambda: min(contrasts(opened.page), default=0) >= AA, f"{name} has no chart, or one with pale text")
        if folder is not None:
            opened.shoot(Path(folder) / f"{name}-{scheme}.png", most=2400)
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
    chart = '[data-testid="stPlotlyChart"] .js-plotly-plot'
    # Points are there before the page listens to what plotly tells of the pointer.
    visit.page.wait_for_function(
        "chart => document.querySelector(chart)?._ev?.listeners('plotly_hover').length > 0", arg=chart
    )
    # What is drawn last lies above all others.
    visit.page.locator(chart).first.locator(".scatterlayer .point").last.hover(force=True)
    face = visit.page.get_by_test_id("face-hover").locator("img[src^='data:image/jpeg']")
    expect(face).to_be_visible()


def tick(visit: Visit, which: int, said: str) -> None:
    """Tick a finding, again if the page was drawn anew under the click: Streamlit then loses it, as a user sees."""
    box = visit.page.get_by_role("checkbox", name="Agreed")
    text = visit.page.get_by_text("Agreed")
    for _ in range(10):
        visit.settled()
        if not box.nth(which).is_checked():
            text.nth(which).click()
        try:
            expect(visit.page.get_by_text(said)).to_be_visible(timeout=60_000)
        except AssertionError:
            continue
        # The count stands there before the script is through, which gives the file to download another address.
        visit.settled()
        return
    expect(visit.page.get_by_text(said)).to_be_visible()


def test_ticked_findings_come_out_as_a_file(visit: Visit, tmp_path: Path) -> None:
    visit.open(f"audit?kind={quote('one person, several identities')}")
    tick(visit, 0, "1 decision about 1 finding")
    visit.page.locator(".st-key-kind").get_by_role("combobox").click()
    visit.page.get_by_role("option", name="people shared with another set").click()
    expect(visit.page.get_by_text("Person 7 is person 2 of lfw")).to_be_visible()
    # Cards of the other kind stand there, greyed, until the script is through: a tick on one of them would be lost.
    visit.settled()
    faces = visit.page.locator('[class*="st-key-finding-"] img[src^="data:image/jpeg"]')
    expect(faces).to_have_count(6)
    tick(visit, -1, "2 decisions about 2 findings")
    with visit.page.expect_download() as download:
        visit.page.get_by_role("button", name="decisions.csv").click()
    download.value.save_as(tmp_path / "decisions.csv")
    rows = read_decisions(tmp_path / "decisions.csv").table.select("identity", "action", "to").rows()
    assert rows == [("Ann Lee", "leave-out", ""), ("Flo Orr", "merge-into", "Gus Ray")]


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


def test_a_path_in_a_link_is_said_not_to_be_here(visit: Visit) -> None:
    """That no page opens such a path is shown in ``test_every_page_opens_...``, without a browser."""
    visit.open(f"verification?report={quote('/etc/passwd', safe='')}")
    expect(visit.page.get_by_text("/etc/passwd (from the link) was not found")).to_be_visible()
    expect(visit.page.locator('[data-testid="stMetric"]').first).to_be_visible()


def test_names_from_files_are_text_on_every_page(browser: Browser, broken: Given) -> None:
    with served(broken) as port:
        context = browser.new_context(viewport={"width": 1400, "height": 1000})
        opened = Visit(context.new_page(), port)
        for name in PAGES:
            opened.open(name)
            assert opened.page.locator("img[src='x'], a[href^='javascript']").count() == 0
        context.close()
        assert opened.complaints == []


def answers(host: str, port: int) -> bool:
    """Whether a server listens at that address of this machine."""
    with socket.socket() as caller:
        caller.settimeout(PATIENCE)
        return caller.connect_ex((host, port)) == 0


def test_only_this_machine_can_connect(port: int) -> None:
    # Another address of this machine, which a server that listens to everybody answers at, as others would call it.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        try:
            asking.connect(("192.0.2.1", 9))  # for documentation only (RFC 5737); nothing is sent
            own = str(asking.getsockname()[0])
        except OSError:
            own = "127.0.0.2"
    with socket.create_server(("", 0)) as everybodys:
        if not answers(own, everybodys.getsockname()[1]):
            pytest.skip(f"this machine has no address but 127.0.0.1 at which it answers, not even {own}")
    assert answers("127.0.0.1", port)
    assert not answers(own, port)
