"""Addresses that admins propose: looked at outside the command, answered with a preview and buttons."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.adapters.explanation import Candidate, Explanation
from bot.chat.command import fits
from bot.domain.outlet import Entry, Failure, FailureKind, FeedKind, OutletEntry, OutletFeed
from bot.domain.prospect import Given
from bot.render import length
from bot.scout import Scout
from bot.store import outlets, prospects, updates
from tests.world import World

ADMIN = 1
URL = "https://civil.example"


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    world = World(database_url)
    yield world
    world.store.close()


class Desk:
    """Proposes an address and lets the scout look, who sees what the test says."""

    def __init__(self, world: World, told: Explanation) -> None:
        self.world = world
        self.told = told
        self.asked: list[str] = []
        self.scout = Scout(world.store, self._explain, lambda: world.now)

    async def _explain(self, url: str) -> Explanation:
        self.asked.append(url)
        return self.told

    def propose(self, given: Given | None = None, url: str = URL) -> int:
        return self.world.store.call(
            prospects.propose,
            chat_id=ADMIN,
            thread_id=None,
            language="en",
            url=url,
            given=given or Given(),
            found=None,
            now=self.world.now,
        )

    async def look(self) -> list[str]:
        return [await self.scout.look(p) for p in await self.scout.claim(9)]

    def answers(self) -> list[updates.WaitingReply]:
        return self.world.store.call(updates.waiting_replies)

    def text(self) -> str:
        [reply] = self.answers()
        assert length(reply.message.html) <= 4096
        return re.sub("<[^>]*>", "", reply.message.html)


def candidate(path: str, world: World, **changes: object) -> Candidate:
    newest = Entry(f"{URL}/1", "A bridge is <open>", published_at=world.now - timedelta(hours=1))
    undated = Entry(f"{URL}/2", "And a road")
    values = {
        "kind": FeedKind.FEED,
        "title": "Civil feed",
        "entries": 20,
        "form": "rss20",
        "why": "named",
    }
    values |= {"language": "en", "newest": (newest, undated), **changes}
    return Candidate(url=f"{URL}{path}", **values)  # type: ignore[arg-type]  # as each test has it


def explained(*found: Candidate) -> Explanation:
    return Explanation(URL, kind="homepage", title="Civil", candidates=list(found))


async def test_what_was_found_is_shown_with_a_button_that_adds_it(world):
    desk = Desk(world, explained(candidate("/feed", world)))
    number = desk.propose()
    assert await desk.look() == ["found"]
    assert desk.asked == [URL]
    text = desk.text()
    assert text.startswith(
        f"Civil · 🇬🇧 United Kingdom · English\n{URL}/feed\nrss20, 20 entries, the newest:"
    )
    assert "• 2 Mar, 08:00 A bridge is &lt;open&gt;\n• And a road" in text
    assert f"/addoutlet {URL} GB en Civil" in text
    [reply] = desk.answers()
    data = [b.data for row in reply.message.buttons for b in row]
    assert data == [f"prospect:{number}:0", f"prospect:{number}:no"]
    assert world.store.call(outlets.polled) == []
    kept = world.store.call(prospects.get, number, ADMIN)
    assert kept.found == (OutletEntry("Civil", URL, "GB", "en", (OutletFeed(f"{URL}/feed"),)),)
    assert await desk.look() == []


async def test_what_the_admin_says_goes_before_what_was_found(world):
    desk = Desk(world, explained(candidate("/feed", world)))
    number = desk.propose(Given("GE", "ka", "Civil Georgia"))
    await desk.look()
    assert desk.text().startswith("Civil Georgia · 🇬🇪 Georgia · Georgian")
    [entry] = world.store.call(prospects.get, number, ADMIN).found
    assert (entry.country, entry.language) == ("GE", "ka")


async def test_a_telegram_channel_is_at_home_at_its_own_address(world):
    found = replace(
        candidate("", world), url="https://t.me/s/civilge", kind=FeedKind.TELEGRAM, language="ka"
    )
    desk = Desk(world, Explanation("https://t.me/s/civilge", title="Civil", candidates=[found]))
    number = desk.propose()
    await desk.look()
    [entry] = world.store.call(prospects.get, number, ADMIN).found
    assert (entry.homepage, entry.country) == ("https://t.me/civilge", "GE")
    assert entry.feeds == (OutletFeed("https://t.me/s/civilge", FeedKind.TELEGRAM),)


async def test_each_feed_of_a_homepage_has_a_button(world):
    paths = ("/feed", "/en/feed", "/rss?lang=" + "x" * 90)
    desk = Desk(world, explained(*(candidate(p, world) for p in paths)))
    desk.propose()
    await desk.look()
    [reply] = desk.answers()
    labels = [b.label for row in reply.message.buttons for b in row]
    assert labels[:2] == ["✅ Add with /feed", "✅ Add with /en/feed"]
    assert all(fits(b.data) for row in reply.message.buttons for b in row)
    assert labels[-1] == "✖ No"


async def test_an_address_that_cannot_be_read_is_answered_with_the_reason(world):
    failure = Failure(FailureKind.PRIVATE, "10.0.0.1 is a private address")
    desk = Desk(world, Explanation(URL, failure=failure))
    number = desk.propose()
    assert await desk.look() == ["nothing"]
    assert "I could not read https://civil.example: its address is a private one." in desk.text()
    assert world.store.call(prospects.get, number, ADMIN) is None


async def test_an_address_with_nothing_to_poll_says_so(world):
    desk = Desk(world, Explanation(URL))
    desk.propose()
    assert await desk.look() == ["nothing"]
    assert desk.text().startswith("I found nothing to poll at https://civil.example")


async def test_a_feed_of_no_known_language_asks_the_admin(world):
    desk = Desk(world, explained(candidate("/feed", world, language="")))
    desk.propose()
    assert await desk.look() == ["nothing"]
    assert "/addoutlet https://civil.example GE en" in desk.text()


async def test_a_feed_that_is_polled_already_names_its_outlet(world):
    known = OutletEntry("Old Civil", URL, "GE", "en", (OutletFeed(f"{URL}/feed"),))
    world.store.call(outlets.add, [known], world.now)
    desk = Desk(world, explained(candidate("/feed", world)))
    desk.propose()
    await desk.look()
    assert desk.text() == f"{URL}/feed is polled already, as Old Civil."


async def test_a_domain_that_wants_silence_is_looked_at_later_and_not_for_ever(world):
    held = Failure(FailureKind.HELD, "not asked: its server asked us to wait", retry_after_s=600)
    desk = Desk(world, Explanation(URL, failure=held))
    desk.propose()
    outcomes = []
    for _ in range(4):
        outcomes += await desk.look()
        assert await desk.look() == []
        world.pass_time(minutes=11)
    assert outcomes == ["later", "later", "nothing"]
    assert "its site wants silence for now" in desk.text()


async def test_what_a_dead_process_had_in_hand_comes_back(world):
    desk = Desk(world, explained(candidate("/feed", world)))
    desk.propose()
    assert len(await desk.scout.claim(9)) == 1  # and then it dies
    assert await desk.look() == []
    world.pass_time(minutes=6)
    assert await desk.look() == ["found"]


async def test_two_processes_that_looked_at_one_address_answer_once(world):
    desk = Desk(world, explained(candidate("/feed", world)))
    desk.propose()
    [prospect] = await desk.scout.claim(9)
    await desk.scout.look(prospect)
    await desk.scout.look(prospect)
    assert len(desk.answers()) == 1
