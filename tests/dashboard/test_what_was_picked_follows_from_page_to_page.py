import re

from playwright.sync_api import expect

from dashboard._given import Given
from tests.kit.browsing import Visit, chromium, served

TICKED = '[data-testid="stMultiSelect"]'


def test_ticked_runs_survive_a_reload_and_go_along_to_the_training_with_their_link(full: Given) -> None:
    with chromium() as browser, served(full) as port:
        visit = Visit(browser.new_context(viewport={"width": 1400, "height": 1000}).new_page(), port)
        visit.open("runs")
        picked = visit.page.locator(TICKED)
        expect(picked).to_contain_text("base-0")
        table = visit.page.locator(".st-key-runs-table canvas").first.bounding_box()
        assert table is not None
        # The box before the first row: base-0.
        visit.page.mouse.click(table["x"] + 16, table["y"] + 35 + 17)
        visit.page.wait_for_url(re.compile(r"/runs\?runs=natural-0$"))
        expect(picked).not_to_contain_text("base-0")
        visit.page.reload()
        expect(picked).to_contain_text("natural-0")
        expect(picked).not_to_contain_text("base-0")
        visit.page.get_by_role("link", name="Training").click()
        visit.page.wait_for_url(re.compile(r"/training\?runs=natural-0$"))
        expect(visit.page.locator("h1")).to_have_text("Training")
        expect(picked).not_to_contain_text("base-0")
        assert visit.complaints == []
