"""Reading over HTTP: conditional, bounded, polite, and unmoved by servers that mean harm."""

import asyncio
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from aiohttp import web

from bot.domain import schedule
from bot.domain.notes import Note, Oddity
from bot.domain.outlet import Changed, FailureKind, Page, Unchanged
from tests.adapters.sites import (
    OK_HEAD,
    Names,
    answer,
    failing,
    feed,
    raw_site,
    read,
    reader,
    rss,
    site,
)


class TestConditional:
    async def test_a_feed_is_read_with_its_validators_and_the_hash_of_its_body(self):
        reading = await read(answer(rss("A & B"[:1], "Second"), ETag='"1"', Last_Modified="then"))
        assert isinstance(reading, Changed)
        assert [e.title for e in reading.entries] == ["A", "Second"]
        assert (reading.etag, reading.last_modified, reading.title) == ('"1"', "then", "Outlet")
        assert len(reading.body_hash or "") == 64

    async def test_validators_are_sent_and_a_304_is_unchanged(self):
        async def handler(request):
            same = request.headers.get("If-None-Match") == '"1"'
            assert request.headers.get("If-Modified-Since") == "then"
            return web.Response(status=304 if same else 500)

        assert await read(handler, etag='"1"', last_modified="then") == Unchanged('"1"', "then")

    async def test_an_unchanged_body_is_never_parsed(self, monkeypatch):
        async with site(answer(rss("A"))) as root, reader() as eyes:
            first = await eyes.read_feed(feed(root))
            monkeypatch.setattr(eyes, "_workers", None)
            second = await eyes.read_feed(feed(root, body_hash=first.body_hash))
        assert isinstance(second, Unchanged)

    async def test_a_304_to_an_unconditional_request_is_a_failure(self):
        assert "not conditional" in (await failing(answer(status=304))).detail

    async def test_the_agent_is_honest_unless_an_outlet_needs_another(self):
        async def handler(request):
            return web.Response(body=rss(request.headers["User-Agent"]))

        own = await read(handler)
        other = await read(handler, user_agent="Mozilla/5.0 (compatible; Outpost)")
        assert own.entries[0].title == "Outpost/test (+https://contact.example)"
        assert other.entries[0].title == "Mozilla/5.0 (compatible; Outpost)"

    async def test_what_the_server_asks_for_is_passed_on(self):
        reading = await read(answer(rss("A"), Cache_Control="public, max-age=900"))
        assert reading.hint_s == 900
        reading = await read(answer(rss("A", extra="<ttl>60</ttl>"), Cache_Control="max-age=900"))
        assert reading.hint_s == 3600


async def test_an_etag_that_is_stuck_is_found_out(now):
    """The server says 304 whatever happens: a day later it is asked outright, and not believed again."""
    published = ["A"]

    async def handler(request):
        if request.headers.get("If-None-Match"):
            return web.Response(status=304, headers={"ETag": '"stuck"'})
        return web.Response(body=rss(*published), headers={"ETag": '"stuck"'})

    rules = {"rules": schedule.PollRules(), "pace": 120, "chance": 0.5}
    async with site(handler) as root, reader() as eyes:
        first = await eyes.read_feed(feed(root))
        plan = schedule.plan_poll(feed(root), first, new=[now], now=now, **rules)
        known = feed(
            root,
            rhythm=plan.rhythm,
            first_polled_at=now,
            etag=first.etag,
            body_hash=first.body_hash,
        )
        published.append("B")
        soon = await eyes.read_feed(schedule.prepare_poll(known, now, chance=0.5))
        assert isinstance(soon, Unchanged)
        later = now + timedelta(days=400)
        found = await eyes.read_feed(schedule.prepare_poll(known, later, chance=0.5))
        assert [e.title for e in found.entries] == ["A", "B"]
    plan = schedule.plan_poll(known, found, new=[later], now=later, **rules)
    assert plan.caught_lying
    caught = replace(known, rhythm=plan.rhythm)
    assert schedule.prepare_poll(caught, later, chance=0.5).etag is None


async def test_an_index_that_never_changes_does_not_hide_what_its_sitemaps_bring():
    listed = ["the-strike-goes-on"]

    async def handler(request):
        if request.path == "/part.xml":
            urls = "".join(f"<url><loc>https://o.example/{slug}</loc></url>" for slug in listed)
            return web.Response(body=f"<urlset>{urls}</urlset>".encode())
        if request.headers.get("If-None-Match") or request.headers.get("If-Modified-Since"):
            return web.Response(status=304)
        part = f"<sitemap><loc>http://{request.host}/part.xml</loc></sitemap>"
        headers = {"ETag": '"always"', "Last-Modified": "Mon, 23 Nov 2026 10:00:00 GMT"}
        body = f"<sitemapindex>{part}</sitemapindex>".encode()
        return web.Response(body=body, headers=headers)

    async with site(handler) as root, reader() as eyes:
        first = await eyes.read_feed(feed(root))
        assert (first.etag, first.last_modified, len(first.entries)) == (None, None, 1)
        known = feed(root, body_hash=first.body_hash)
        assert await eyes.read_feed(known) == Unchanged()
        listed.append("the-ferry-sails-again")
        second = await eyes.read_feed(known)
    assert [e.url.rpartition("/")[2] for e in second.entries] == listed


async def test_a_validator_that_cannot_be_kept_as_it_came_is_not_kept():
    async def talk(_, sink):
        body = rss("A")
        sink.write(OK_HEAD + b'ETag: "\xff\xfe"\r\nLast-Modified: then\r\n')
        sink.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        await sink.drain()

    async with raw_site(talk) as root, reader() as eyes:
        reading = await eyes.read_feed(feed(root))
    assert isinstance(reading, Changed)
    assert (reading.etag, reading.last_modified) == (None, "then")


STATUSES = [
    (403, FailureKind.FORBIDDEN),
    (404, FailureKind.NOT_FOUND),
    (410, FailureKind.GONE),
    (418, FailureKind.STATUS),
    (429, FailureKind.TOO_MANY),
    (500, FailureKind.SERVER),
    (503, FailureKind.SERVER),
]


class TestFailures:
    @pytest.mark.parametrize(("status", "kind"), STATUSES)
    async def test_every_status_has_its_class(self, status, kind):
        assert (await failing(answer(status=status))).kind is kind

    async def test_a_name_that_does_not_resolve_is_dns(self):
        async with reader(resolver=Names()) as eyes:
            assert (await eyes.read_feed(feed("https://nowhere.example/"))).kind is FailureKind.DNS

    async def test_a_closed_port_is_connect(self):
        async with site(answer()) as root:
            pass
        async with reader() as eyes:
            assert (await eyes.read_feed(feed(root))).kind is FailureKind.CONNECT

    async def test_plain_talk_at_a_tls_port_is_tls(self):
        async with site(answer()) as root, reader() as eyes:
            reading = await eyes.read_feed(feed(root.replace("http:", "https:")))
        assert reading.kind is FailureKind.TLS

    async def test_a_certificate_nobody_vouches_for_is_tls(self, self_signed):
        async with site(answer(rss("A")), tls=self_signed) as root, reader() as eyes:
            assert (await eyes.read_feed(feed(root))).kind is FailureKind.TLS

    @pytest.mark.parametrize(
        ("body", "kind"),
        [
            (b"", FailureKind.EMPTY),
            (b"  \n ", FailureKind.EMPTY),
            (b"<!DOCTYPE html><html><body>Sorry</body></html>", FailureKind.NOT_A_FEED),
            (b"Internal error", FailureKind.NOT_A_FEED),
            (b'{"error": "no"}', FailureKind.NOT_A_FEED),
        ],
    )
    async def test_200_with_something_else_is_a_failure(self, body, kind):
        assert (await failing(answer(body))).kind is kind

    async def test_a_feed_suddenly_without_entries_is_a_failure(self, now):
        assert (await failing(answer(rss()), first_polled_at=now)).kind is FailureKind.EMPTY
        fresh = await read(answer(rss()))
        assert isinstance(fresh, Changed)
        assert fresh.notes == (Note(Oddity.EMPTY),)

    async def test_html_that_names_its_feed_says_so(self):
        page = b'<html><head><link rel="alternate" type="application/rss+xml" href="/rss.xml"></head></html>'
        assert "/rss.xml" in (await failing(answer(page))).detail


class TestPoliteness:
    async def test_fifty_outlets_on_one_host_are_asked_one_at_a_time_with_a_pause(self):
        under_way, most, times, ended = 0, 0, [], []

        async def handler(request):
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            times.append(time.monotonic())
            await asyncio.sleep(0.001)
            under_way -= 1
            ended.append(time.monotonic())
            return web.Response(body=rss("A"))

        async with site(handler) as root, reader(feed_gap_s=0.02) as eyes:
            polls = [eyes.read_feed(feed(f"{root}/{n}")) for n in range(50)]
            readings = await asyncio.gather(*polls)
        assert all(isinstance(r, Changed) for r in readings)
        assert most == 1
        # From the end of one to the start of the next: a slow machine only makes that longer.
        pauses = [start - end for end, start in zip(ended, times[1:], strict=False)]
        assert min(pauses) >= 0.02

    async def test_the_target_of_redirects_is_asked_one_at_a_time_too(self):
        under_way, most = 0, 0

        async def there(request):
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            await asyncio.sleep(0.02)
            under_way -= 1
            return web.Response(body=rss("A"))

        async with site(there, host="0.0.0.0") as target:
            address = target.replace("0.0.0.0", "127.0.0.100")
            moved = answer(status=302, Location=f"{address}/rss")
            async with site(moved, host="0.0.0.0") as root, reader() as eyes:
                roots = [root.replace("0.0.0.0", f"127.0.0.{n}") for n in range(2, 10)]
                readings = await asyncio.gather(*(eyes.read_feed(feed(r)) for r in roots))
        assert all(isinstance(r, Changed) for r in readings)
        assert most == 1

    async def test_the_server_that_asked_for_silence_gets_it_not_the_one_that_sent_us(self):
        async with site(answer(status=429, Retry_After="120")) as target:
            moved = answer(status=302, Location=f"{target}/rss")
            async with site(moved) as root, reader() as eyes:
                first = await eyes.read_feed(feed(root))
                again = await eyes.read_feed(feed(root))
                there = await eyes.read_feed(feed(target))
        assert first.kind is FailureKind.TOO_MANY
        assert again.kind is there.kind is FailureKind.HELD
        assert set(eyes._politeness._domains) == {root[7:], target[7:]}
        assert eyes._politeness._domains[root[7:]].held_until == 0

    async def test_two_that_redirect_to_each_other_do_not_wait_for_each_other(self):
        roots = []

        async def handler(request):
            other = roots[request.host == roots[0].removeprefix("http://")]
            done = request.path == "/done"
            return web.Response(
                body=rss("A"),
                status=200 if done else 302,
                headers={} if done else {"Location": f"{other}/done"},
            )

        async with site(handler) as one, site(handler) as other, reader() as eyes:
            roots += [one, other]
            polls = [eyes.read_feed(feed(root)) for root in roots * 3]
            readings = await asyncio.wait_for(asyncio.gather(*polls), 60)
        assert all(isinstance(r, Changed) for r in readings)

    async def test_no_more_polls_are_under_way_than_allowed(self):
        under_way, most = 0, 0
        three = asyncio.Barrier(3)  # nobody is answered before as many are there as may be

        async def handler(request):
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            await asyncio.wait_for(three.wait(), 9)
            await asyncio.sleep(0.02)
            under_way -= 1
            return web.Response(body=rss("A"))

        async with site(handler, host="0.0.0.0") as root, reader(at_once=3) as eyes:
            roots = [root.replace("0.0.0.0", f"127.0.0.{n}") for n in range(2, 14)]
            readings = await asyncio.gather(*(eyes.read_feed(feed(r)) for r in roots))
        assert all(isinstance(r, Changed) for r in readings)
        assert most == 3

    async def test_who_would_wait_too_long_is_told_to_come_back(self):
        async with site(answer(rss("A"))) as root, reader(feed_gap_s=30) as eyes:
            readings = [await eyes.read_feed(feed(root))]
            queue = [asyncio.create_task(eyes.read_feed(feed(f"{root}/{n}"))) for n in range(3)]
            done, waiting = await asyncio.wait(
                queue, timeout=20, return_when=asyncio.FIRST_COMPLETED
            )
            held = [task.result() for task in done]
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
        assert isinstance(readings[0], Changed)
        assert [h.kind for h in held] == [FailureKind.HELD]
        assert held[0].retry_after_s >= 30

    async def test_retry_after_holds_the_whole_domain_back(self):
        asked = []

        async def handler(request):
            asked.append(request.path)
            return web.Response(status=429, headers={"Retry-After": "120"})

        async with site(handler) as root, reader() as eyes:
            first = await eyes.read_feed(feed(f"{root}/a"))
            second = await eyes.read_feed(feed(f"{root}/b"))
            page = await eyes.read_page(f"{root}/c")
        assert (first.kind, first.retry_after_s) == (FailureKind.TOO_MANY, 120)
        assert second.kind is page.kind is FailureKind.HELD
        assert 0 < second.retry_after_s <= 120
        assert asked == ["/a"]

    @pytest.mark.parametrize(
        ("header", "seconds"),
        [
            ("90", 90),
            ("Mon, 23 Nov 2026 10:02:00 GMT", 120),
            ("Mon, 23 Nov 2026 09:00:00 GMT", 0),
            ("9999999", 86_400),
            ("Mon, 23 Nov 2099 10:00:00 GMT", 86_400),
            ("soon", None),
            ("", None),
        ],
    )
    async def test_retry_after_is_seconds_or_a_date_and_a_day_at_most(self, header, seconds):
        date = "Mon, 23 Nov 2026 10:00:00 GMT"
        failure = await failing(answer(status=503, Retry_After=header, Date=date))
        assert failure.retry_after_s == seconds

    async def test_a_bare_429_earns_a_minute_of_silence(self):
        async with site(answer(status=429)) as root, reader() as eyes:
            first = await eyes.read_feed(feed(root))
            second = await eyes.read_feed(feed(root))
        assert (first.kind, first.retry_after_s) == (FailureKind.TOO_MANY, None)
        assert second.kind is FailureKind.HELD
        assert 0 < second.retry_after_s <= 60


class TestPages:
    ARTICLE = (
        b"<html><head><title>Strike</title></head><body><article><h1>Strike</h1>"
        b"<p>Dockers at the harbour walked out on Monday over the new rota, their union said.</p>"
        b"<p>Ships waited in the roads while talks went on in the town hall for nine hours.</p>"
        b"<p>The ferry company said that passengers would be rebooked free of charge.</p>"
        b"</article></body></html>"
    )

    async def test_a_page_is_read(self):
        async with site(answer(self.ARTICLE, Content_Type="text/html")) as root, reader() as eyes:
            page = await eyes.read_page(root)
        assert isinstance(page, Page)
        assert "walked out on Monday" in page.text

    async def test_an_outlet_that_refuses_us_may_be_asked_as_another(self):
        async def handler(request):
            known = request.headers["User-Agent"].startswith("Mozilla")
            return web.Response(
                body=self.ARTICLE if known else b"",
                status=200 if known else 400,
                content_type="text/html",
            )

        async with site(handler) as root, reader() as eyes:
            refused = await eyes.read_page(root)
            page = await eyes.read_page(root, user_agent="Mozilla/5.0")
        assert refused.kind is FailureKind.STATUS
        assert isinstance(page, Page)

    async def test_a_site_without_tls_is_read_over_http(self):
        async with site(answer(self.ARTICLE, Content_Type="text/html")) as root, reader() as eyes:
            page = await eyes.read_page(root.replace("http:", "https:"))
        assert isinstance(page, Page)

    async def test_a_page_of_more_than_five_megabytes_is_not_read(self):
        async with site(answer(b"<html>" + b" " * 5_000_001)) as root, reader() as eyes:
            assert (await eyes.read_page(root)).kind is FailureKind.TOO_LARGE

    async def test_a_missing_page_is_a_failure(self):
        async with site(answer(status=404)) as root, reader() as eyes:
            assert (await eyes.read_page(root)).kind is FailureKind.NOT_FOUND


async def test_a_reader_outside_its_context_is_a_bug_that_is_told():
    with pytest.raises(RuntimeError, match="outside"):
        await reader()._client.get("http://127.0.0.1/", max_bytes=1)
