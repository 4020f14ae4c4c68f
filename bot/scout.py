"""Looks at the addresses that admins propose as outlets, and answers with what was found and a button.

A command may not touch the network: it leaves a row, this works it off, and the answer takes the way of
all replies.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta, tzinfo
from urllib.parse import urlsplit

from bot import texts
from bot.adapters.explanation import Explanation, outlet_of
from bot.domain.errors import SettingsError
from bot.domain.model import Button, Message
from bot.domain.outlet import Entry, FailureKind, OutletEntry
from bot.domain.prospect import Given, Prospect
from bot.render import MAX_LABEL, MAX_OUTLET, flag, link, notes_in_words, short
from bot.store import outlets, prospects, subscribers, updates
from bot.store.engine import Store, Tx
from bot.texts import Html, escape

log = logging.getLogger(__name__)

LEASE_S = 300  # a dozen requests to one domain, two seconds apart, each up to half a minute
MOST_LOOKS = 3  # at an address whose domain wants silence, or that a crash cut short
OFFERED = 4  # feeds of one homepage
MAX_TITLE = 100
MAX_URL = 200
MAX_DETAIL = 200

Explain = Callable[[str], Awaitable[Explanation]]


class Scout:
    """Looks at what is proposed. explain: what an address gives; it never raises for the outside's faults."""

    def __init__(self, store: Store, explain: Explain, now: Callable[[], datetime]) -> None:
        self._store = store
        self.explain = explain
        self._now = now

    async def claim(self, limit: int) -> list[Prospect]:
        """Take up to `limit` addresses to look at."""
        return await self._store.run(prospects.claim, self._now(), limit=limit, lease_s=LEASE_S)

    async def look(self, prospect: Prospect) -> str:
        """Look at one address and answer. Returns the outcome: "found", "nothing" or "later"."""
        told = await self.explain(prospect.url)
        failure = told.failure
        if failure and failure.kind is FailureKind.HELD and prospect.attempts < MOST_LOOKS:
            again = self._now() + timedelta(seconds=failure.retry_after_s or LEASE_S)
            await self._store.run(prospects.postpone, prospect.id, again)
            return "later"
        found, fault = _entries(told, prospect.given)
        await self._store.run(self._answer, prospect, told, found, fault)
        outcome = "found" if found else "nothing"
        log.info("prospect=%d outcome=%s url=%s", prospect.id, outcome, prospect.url)
        return outcome

    def _answer(
        self,
        tx: Tx,
        prospect: Prospect,
        told: Explanation,
        found: Sequence[OutletEntry],
        fault: str,
    ) -> None:
        if not prospects.keep_found(tx, prospect.id, found):
            return
        first = told.candidates[0].url if told.candidates else ""
        if owner := outlets.owner(tx, first):
            prospects.drop(tx, prospect.id)
            url = short(first, MAX_URL)
            message = Message(
                texts.html(prospect.language, "addoutlet.known", url=url, outlet=owner)
            )
        elif not found:
            prospects.drop(tx, prospect.id)
            message = Message(_nothing(prospect, told, fault))
        else:
            known = subscribers.find(tx, prospect.chat_id, prospect.thread_id or 0)
            zone = texts.zone(known.zone if known else "")
            message = _preview(prospect, told, found, zone)
        updates.keep_reply(
            tx,
            chat_id=prospect.chat_id,
            thread_id=prospect.thread_id,
            edits=None,
            message=message,
            now=self._now(),
        )


def _entries(told: Explanation, given: Given) -> tuple[list[OutletEntry], str]:
    """Return what could be added, the likeliest first; and what is wrong with the rest."""
    found, fault = [], ""
    said = {"name": given.name, "country": given.country, "language": given.language}
    for candidate in told.candidates[:OFFERED]:
        try:
            found.append(outlet_of(told, **said, feed_url=candidate.url))
        except SettingsError as e:
            fault = str(e)
    return found, fault


def _nothing(prospect: Prospect, told: Explanation, fault: str) -> Html:
    language, url = prospect.language, short(prospect.url, MAX_URL)
    if fault:  # a feed, but of what language, or where?
        return texts.html(language, "addoutlet.unclear", url=url)
    if told.failure is None:
        return texts.html(language, "addoutlet.nothing", url=url)
    return texts.html(
        language,
        "addoutlet.failed",
        url=url,
        failure=texts.say(language, f"failure.{told.failure.kind}"),
        detail=short(told.failure.detail, MAX_DETAIL),
    )


def _preview(
    prospect: Prospect, told: Explanation, found: Sequence[OutletEntry], zone: tzinfo
) -> Message:
    """Return what was found: the outlet, its feed, its newest entries; and a button for each feed."""
    language, entry, first = prospect.language, found[0], told.candidates[0]
    parts = [
        texts.html(
            language,
            "addoutlet.found",
            outlet=short(entry.name, MAX_OUTLET),
            country=f"{flag(entry.country)} {texts.country_name(language, entry.country)}".strip(),
            language=texts.language_name(language, entry.language) or entry.language,
            feed=short(entry.feeds[0].url, MAX_URL),
            form=first.form or first.kind.value,
            n=first.entries,
        )
    ]
    if first.newest:
        parts.append(Html("\n".join(_line(language, e, zone) for e in first.newest)))
    if told.notes:
        parts.append(escape(notes_in_words(language, told.notes, MAX_DETAIL)))
    hint = (
        f"/addoutlet {short(prospect.url, MAX_URL)} {entry.country} {entry.language} {entry.name}"
    )
    parts.append(texts.html(language, "addoutlet.correct", command=hint))
    return Message(Html("\n\n".join(parts)), _buttons(prospect, found))


def _line(language: str, entry: Entry, zone: tzinfo) -> Html:
    headline = link(escape(short(entry.title or entry.url, MAX_TITLE)), entry.url)
    if entry.published_at is None:
        return Html(f"• {headline}")
    return Html(f"• {escape(texts.moment(language, entry.published_at, zone=zone))} {headline}")


def _buttons(prospect: Prospect, found: Sequence[OutletEntry]) -> tuple[tuple[Button, ...], ...]:
    def button(key: str, data: str, **params: object) -> Button:
        return Button(texts.say(prospect.language, key, **params), f"prospect:{prospect.id}:{data}")

    no = (button("button.add_not", "no"),)
    if len(found) == 1:
        return ((button("button.add_outlet", "0"),), no)
    paths = [urlsplit(entry.feeds[0].url) for entry in found]
    labels = [short(f"{p.path}?{p.query}".rstrip("?"), MAX_LABEL) for p in paths]
    rows = [(button("button.add_feed", str(n), feed=label),) for n, label in enumerate(labels)]
    return (*rows, no)
