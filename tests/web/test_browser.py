"""A real browser on every page, on a desk and on a phone: no error, no other host, nobody shut out.

Needs Chromium and axe-core, which .ci/browser installs; without them it is skipped, and says so.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, expect, sync_playwright

from bot import texts
from bot.store import alerts, dossier
from bot.store.schema import articles
from tests.web.conftest import ADMIN, VIEWER, Site

CHROMIUM = Path("/usr/bin/chromium")
AXE = Path(__file__).parents[2] / ".venv" / "axe" / "node_modules" / "axe-core" / "axe.min.js"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PAGES = (
    "/log",
    "/story/2",
    "/outlets",
    "/watches",
    "/subscribers",
    "/quality",
    "/health",
    "/access",
)
SIZES = {
    "desk": (1280, 800, "light"),
    "phone": (390, 844, "dark"),
    "dark desk": (1280, 800, "dark"),
    "light phone": (390, 844, "light"),
}

TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

pytestmark = [
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Chromium: run .ci/browser"),
    pytest.mark.xdist_group("browser"),
]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


class Visitor:
    """One browser window, signed in; keeps what went wrong and where it asked."""

    def __init__(self, chromium: Browser, site: Site, size: str, *, scripts: bool = True) -> None:
        width, height, scheme = SIZES[size]
        self.context = chromium.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            java_script_enabled=scripts,
            has_touch="phone" in size,
        )
        self.page: Page = self.context.new_page()
        self.site = site
        self.errors: list[str] = []
        self.hosts: set[str] = set()
        self.page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)
        self.page.on("pageerror", lambda e: self.errors.append(str(e)))
        self.page.on("request", lambda r: self.hosts.add(r.url.split("/")[2]))

    def enter(self, user: int = ADMIN) -> "Visitor":
        self.page.goto(f"{self.site.url}/enter?key={self.site.link(user)}")
        self.page.get_by_role("button", name="Enter the console").click()
        self.page.wait_for_url("**/log")
        return self

    def go(self, path: str) -> Page:
        self.page.goto(self.site.url + path)
        return self.page

    def faults(self) -> list[str]:
        """Return what axe finds that is serious or worse."""
        if not AXE.exists():
            pytest.skip("needs axe-core: run .ci/browser")
        self.page.evaluate(AXE.read_text("utf-8"))
        found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{v['id']}: {v['help']}: {[n['html'][:120] for n in v['nodes'][:3]]}"
            for v in found["violations"]
            if v["impact"] in ("serious", "critical")
        ]

    def close(self) -> None:
        """Leave; whatever the test looked at, nothing may have gone wrong meanwhile."""
        self.context.close()
        assert self.errors == []
        assert self.hosts == {f"127.0.0.1:{self.site.port}"}


@pytest.fixture
def visitors(chromium: Browser, site: Site):
    opened: list[Visitor] = []

    def visit(size: str = "desk", *, scripts: bool = True) -> Visitor:
        opened.append(Visitor(chromium, site, size, scripts=scripts))
        return opened[-1]

    yield visit
    for visitor in opened:
        visitor.close()


@pytest.mark.parametrize("size", SIZES)
def test_every_page_is_whole_fits_and_can_be_read_by_everybody(visitors, size):
    visitor = visitors(size).enter()
    for path in PAGES:
        page = visitor.go(path)
        expect(page.locator("h1").first).to_be_visible()
        assert page.evaluate(TOO_WIDE) <= 0, f"{path} is wider than the {size}"
        assert visitor.faults() == [], path


@pytest.mark.parametrize("language", texts.languages())
def test_every_language_fits_on_a_phone(visitors, language):
    visitor = visitors("phone").enter()
    cookie = {"name": "language", "value": language, "url": visitor.site.url}
    visitor.context.add_cookies([cookie])
    for path in PAGES:
        page = visitor.go(path)
        assert page.evaluate(TOO_WIDE) <= 0, path
        assert page.evaluate("document.querySelector('header').offsetHeight") < 110, path


def test_the_door_can_be_read_by_everybody(visitors, site):
    visitor = visitors("phone")
    visitor.go(f"/enter?key={site.link()}")
    assert visitor.faults() == []
    visitor.enter()


def test_a_new_decision_comes_by_itself(visitors, site):
    visitor = visitors().enter()
    page = visitor.page
    expect(page.locator("#live")).to_contain_text("live")

    def decide(tx):
        tx.execute(sa.update(articles).where(articles.c.id == 5).values(title="<b>Fresh</b> news"))
        alerts.decide(tx, 5, [alerts.Decided(1, "copy", {"score": 0.9})], site.now)

    site.store.call(decide)
    first = page.locator("#lines .line").first
    expect(first).to_contain_text("<b>Fresh</b> news", timeout=10_000)
    expect(first).to_contain_text("score 0.9")


def test_older_lines_are_added_below_without_leaving_the_page(visitors):
    page = visitors().enter().page
    expect(page.locator("#lines .line")).to_have_count(50)
    page.get_by_role("link", name="Older").click()
    expect(page.locator("#lines .line")).to_have_count(100)
    assert page.url.endswith("/log")


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without"])
def test_filters_go_into_the_address(visitors, scripts):
    if not scripts:
        visitor = visitors(scripts=True).enter()
        state = visitor.context.storage_state()
        plain = visitors(scripts=False)
        plain.context.add_cookies(state["cookies"])
        page = plain.go("/log")
    else:
        page = visitors().enter().page
    page.get_by_label("Words of the headline").fill("tariff")
    page.get_by_label("State").select_option("copy")
    page.get_by_role("button", name="Show").click()
    assert "text=tariff&state=copy" in page.url
    for line in page.locator("#lines .headline").all_inner_texts():
        assert "tariff" in line
    page.get_by_role("link", name="Clear").click()
    assert page.url.endswith("/log")


@pytest.mark.parametrize("size", ["desk", "phone"])
def test_the_language_is_picked_from_the_list_and_the_page_stays(visitors, size):
    page = visitors(size).enter().page
    page.goto(page.url.replace("/log", "/quality?at=0.9"))
    page.get_by_label("Language of the console").select_option("tr")
    page.wait_for_url("**/quality?at=0.9")
    expect(page.locator("html")).to_have_attribute("lang", "tr")
    expect(page.locator("h1")).to_contain_text("Kalite")


def test_the_log_is_walked_by_keys(visitors):
    page = visitors().enter().page
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    assert page.evaluate("document.activeElement.textContent") == "Report 600 on railway"
    page.keyboard.press("Enter")
    page.wait_for_url("**/story/**")
    page.go_back()
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.name") == "text"
    page.goto(page.url)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"


@pytest.mark.parametrize("size", ["desk", "phone"])
def test_a_verdict_is_given_by_a_button_and_the_story_splits(visitors, site, size):
    page = visitors(size).enter().page
    page.goto(f"{site.url}/story/2")
    expect(page.locator(".diff mark").first).to_be_visible()
    page.get_by_role("button", name="Not a repost").click()
    expect(page.get_by_role("status")).to_contain_text("The verdict is kept")
    assert [a.id for a in site.store.look(dossier.read_story, 2).articles] == [2]
    page.reload()
    expect(page.locator(".notice")).to_have_count(0)


def test_a_copy_is_joined_from_the_page_of_its_story(visitors, site):
    page = visitors().enter().page
    page.goto(f"{site.url}/story/4")
    page.get_by_text("More verdicts").first.click()
    page.get_by_label("It is a repost of").first.fill(f"{site.url}/story/2")
    page.get_by_role("button", name="Join").first.click()
    expect(page.locator(".articles > li")).to_have_count(3)


def test_stopping_a_watch_asks_first(visitors, site):
    page = visitors().enter().page
    page.goto(f"{site.url}/watches")
    rows = page.locator("section, .scroll").last.locator("tbody tr")
    before = rows.count()
    page.once("dialog", lambda d: d.dismiss())
    rows.first.get_by_role("button", name="Stop").click()
    assert rows.count() == before
    page.once("dialog", lambda d: d.accept())
    rows.first.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("status")).to_contain_text("stopped")
    assert rows.count() == before - 1


def test_outlets_are_polled_and_rested_by_buttons(visitors, site):
    page = visitors().enter().page
    page.goto(f"{site.url}/outlets")
    page.get_by_role("button", name="Poll now").first.click()
    expect(page.get_by_role("status")).to_contain_text("polled at once")
    page.get_by_role("button", name="Rest for a day").first.click()
    expect(page.get_by_role("status")).to_contain_text("rests for a day")


@pytest.mark.parametrize("size", ["desk", "phone"])
def test_an_outlet_is_looked_at_added_retired_and_brought_back(visitors, site, echo, size):
    visitor = visitors(size).enter()
    page = visitor.go("/outlets")
    page.get_by_label("Address of an outlet or a feed").fill(echo)
    page.get_by_role("button", name="Look").click()
    expect(page.locator(".choice")).to_contain_text("2 entries")
    assert visitor.faults() == []
    page.get_by_label("Name").fill("Aaa Echo")  # the first of the list
    page.get_by_label("Country").fill("AM")
    page.get_by_label("Language", exact=True).fill("hy")
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("status")).to_contain_text("added")
    first = page.locator("tbody tr").first
    expect(first).to_contain_text("Aaa Echo")
    page.once("dialog", lambda d: d.accept())
    first.get_by_role("button", name="Retire").click()
    expect(page.get_by_role("status")).to_contain_text("polled no more")
    page.locator("tbody tr").first.get_by_role("button", name="Bring back").click()
    expect(page.get_by_role("status")).to_contain_text("polled again")


@pytest.mark.parametrize("size", ["desk", "phone"])
def test_a_chat_is_barred_served_and_limited(visitors, site, size):
    page = visitors(size).enter().page
    page.goto(f"{site.url}/subscribers")
    first = page.locator("tbody tr").first
    page.once("dialog", lambda d: d.accept())
    first.get_by_role("button", name="Do not serve").click()
    expect(page.get_by_role("status")).to_contain_text("rule is kept")
    expect(first).to_contain_text("not served")
    first.get_by_role("button", name="Serve", exact=True).click()
    expect(first).not_to_contain_text("not served")
    first.get_by_label("Most watches of").fill("3")
    first.get_by_role("button", name="Set", exact=True).click()
    expect(first).to_contain_text("of 3")
    page.get_by_label("Telegram chat id").fill("-1001234567890")
    page.get_by_role("button", name="Serve", exact=True).first.click()
    page.get_by_text("rules of their own").click()
    expect(page.locator("details")).to_contain_text("-1001234567890 · served")


def test_a_threshold_is_tried(visitors, site):
    page = visitors().enter().page
    page.goto(f"{site.url}/quality")
    page.get_by_label("Score from which").fill("0.9")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("main")).to_contain_text("200 of the newest 200 reposts")


def test_access_is_given_and_taken_and_tokens_made(visitors, site):
    page = visitors().enter().page
    page.goto(f"{site.url}/access")
    page.get_by_label("Telegram user id").fill("99")
    page.get_by_label("Name").first.fill("Zara <b>")
    page.get_by_role("button", name="Let in").click()
    expect(page.locator("main")).to_contain_text("Zara <b> · 99")
    page.get_by_role("listitem").filter(has_text="99").get_by_role("button").click()
    expect(page.get_by_role("status")).to_contain_text("shut out")
    page.get_by_label("Name").last.fill("reader")
    page.get_by_role("button", name="Make a token").click()
    expect(page.locator("#secret")).to_contain_text("outpost_")
    page.goto(f"{site.url}/access")
    page.get_by_role("button", name="Revoke").click()
    expect(page.get_by_role("status")).to_contain_text("revoked")
    page.once("dialog", lambda d: d.accept())
    page.get_by_role("button", name="Sign out everywhere").click()
    page.wait_for_url("**/enter")


def test_a_viewer_looks_and_signs_out(visitors, site):
    page = visitors("phone").enter(VIEWER).page
    page.goto(f"{site.url}/story/2")
    expect(page.get_by_role("button", name="Not a repost")).to_have_count(0)
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/enter")
    page.goto(f"{site.url}/log")
    assert page.url.endswith("/enter")
