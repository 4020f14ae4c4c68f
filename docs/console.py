"""Draw docs/console.png and docs/console-story.png: a day of a small press, read by the real pipeline.

python -m docs.console      (needs what .ci/browser installs)
"""

import asyncio
import tempfile
from collections.abc import Coroutine
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, sync_playwright

from tests.web.conftest import Site
from tests.web.test_browser import CHROMIUM, FLAGS
from tests.world import World

HERE = Path(__file__).parent

PIECES = (
    (
        "Harbour Post",
        "GE",
        "Dockers walk out in Poti after pay talks fail",
        "Dockers in the harbour of Poti walked out at dawn on Monday after a third round of talks on pay"
        " had ended without a result. No ship was unloaded, and nine vessels waited outside the breakwater"
        " by noon. The port authority called the strike unlawful; the union said that it would go on until"
        " the night shift is paid as it was promised in spring. Two hauliers have begun to send their"
        " lorries to Batumi instead, where the quays were full by the evening.",
    ),
    (
        "Valley Times",
        "AM",
        "Road over the Selim pass closed by snow",
        "The road over the Selim pass was closed on Monday afternoon when half a metre of snow fell within"
        " three hours. Rescue teams led forty cars back to the valley, and no one was hurt. The ministry"
        " asks drivers to take the way through Sevan until the ploughs have worked, which may be on Tuesday"
        " at the earliest, since more snow is expected over the night from the west.",
    ),
    (
        "Caspian Ledger",
        "AZ",
        "New railway timetable brings freight to the Middle Corridor",
        "Freight trains on the Middle Corridor will run twice as often from December, the railways said on"
        " Monday. The new timetable adds a night train from the port and shortens the stop at the border by"
        " forty minutes. Traders welcomed it, but said that the harbour cannot yet load so many waggons in"
        " a day, and that the cranes ordered two years ago have still not come.",
    ),
)


def publish(world: World) -> Coroutine[Any, Any, None]:
    """Let the press publish: originals, a copy under another headline, and one that a NOT shuts out."""

    async def day() -> None:
        for outlet, country, _, _ in PIECES:
            await world.open_outlet(outlet, country=country)
        await world.open_outlet("Coast Mail", country="TR")
        for outlet, _, title, text in PIECES:
            await world.publish(outlet, text, title=title)
            await world.deliver_all()
        strike = PIECES[0][3]
        copied = strike.replace("walked out", "went on strike") + " Reporting by Harbour Post."
        await world.publish("Coast Mail", copied, title="Strike shuts Poti port, ships queue")
        await world.deliver_all()

    return day()


def main() -> None:
    """Draw both pictures."""
    with tempfile.TemporaryDirectory() as folder:
        world = World(f"sqlite:///{folder}/outpost.db")
        for chat, query in ((7, "harbour OR port"), (8, "Poti -talks"), (9, "snow OR railway")):
            world.watch(chat, query)
        asyncio.run(publish(world))
        site = Site(world.store)
        site.now = world.now + timedelta(minutes=3)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
            shoot(browser, site, "console", scheme="light", path="/log")
            shoot(browser, site, "console-story", scheme="dark", path="/story/1")
            browser.close()
        site.close()
        world.store.close()


def shoot(
    browser: Browser, site: Site, name: str, *, scheme: Literal["light", "dark"], path: str
) -> None:
    """Draw one page."""
    view = {"width": 1180, "height": 640}
    page = browser.new_context(viewport=view, color_scheme=scheme).new_page()
    page.goto(f"{site.url}/enter?key={site.link()}")
    page.get_by_role("button").click()
    page.goto(site.url + path)
    page.wait_for_timeout(500)
    page.screenshot(path=HERE / f"{name}.png", full_page="story" in name)


if __name__ == "__main__":
    main()
