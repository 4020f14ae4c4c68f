"""Reading over HTTP: conditional, bounded, polite, and unmoved by servers that mean harm."""

import asyncio
import gzip
import logging
import time
import zlib
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from aiohttp import web

from bot.domain import schedule
from bot.domain.model import Changed, Failure, FailureKind, Page, Unchanged
from tests.adapters.sites import Names, feed, raw_site, reader, rss, site

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\n"


def answer(body: bytes = b"", status: int = 200, **headers: str):
    async def handler(request: web.Request) -> web.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.Response(body=body, status=status, headers=named)

    return handler


async def read(handler, path="/", **changes):
    """Poll a server once, as a feed with these fields."""
    async with site(handler) as root, reader() as eyes:
        return await eyes.read_feed(feed(root + path, **changes))


async def failing(handler, path="/", **changes) -> Failure:
    reading = await read(handler, path, **changes)
    assert isinstance(reading, Failure)
    return reading


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
        assert fresh.note == "no entries yet"

    async def test_html_that_names_its_feed_says_so(self):
        page = b'<html><head><link rel="alternate" type="application/rss+xml" href="/rss.xml"></head></html>'
        assert "/rss.xml" in (await failing(answer(page))).detail


class TestTime:
    async def test_a_drip_of_bytes_is_ended_by_the_total(self):
        async def drip(source, sink):
            sink.write(OK + b"Content-Length: 100000\r\n\r\n")
            while True:
                sink.write(b"<")
                await sink.drain()
                await asyncio.sleep(0.05)

        started = time.monotonic()
        async with raw_site(drip) as root, reader(total_s=0.6) as eyes:
            reading = await eyes.read_feed(feed(root))
        assert reading.kind is FailureKind.TIMEOUT
        assert time.monotonic() - started < 3

    async def test_silence_after_the_headers_is_ended_by_the_read_timeout(self):
        async def silence(source, sink):
            sink.write(OK + b"\r\n")
            await asyncio.sleep(30)

        async with raw_site(silence) as root, reader(read_s=0.3) as eyes:
            assert (await eyes.read_feed(feed(root))).kind is FailureKind.TIMEOUT

    async def test_slow_redirects_share_one_total(self):
        async def handler(request):
            await asyncio.sleep(0.3)
            return web.Response(status=302, headers={"Location": request.path + "x"})

        async with site(handler) as root, reader(total_s=0.7) as eyes:
            assert (await eyes.read_feed(feed(root + "/"))).kind is FailureKind.TIMEOUT


class TestSize:
    async def test_an_endless_body_is_cut_off(self):
        async def endless(source, sink):
            sink.write(OK + b"\r\n")
            while True:
                sink.write(b"a" * 65_536)
                await sink.drain()

        async with raw_site(endless) as root, reader(feed_bytes=1_000_000) as eyes:
            assert (await eyes.read_feed(feed(root))).kind is FailureKind.TOO_LARGE

    @pytest.mark.parametrize("encoding", ["gzip", "deflate"])
    async def test_a_bomb_costs_no_more_than_the_limit(self, encoding):
        bomb = zlib.compress(b"a" * 200_000_000, 9)
        if encoding == "gzip":
            squeeze = zlib.compressobj(9, wbits=31)
            bomb = squeeze.compress(b"a" * 200_000_000) + squeeze.flush()
        failure = await failing(answer(bomb, Content_Encoding=encoding))
        assert (failure.kind, failure.detail) == (FailureKind.TOO_LARGE, "larger than 10 MB")

    async def test_brotli_which_we_never_offer_is_refused_unread(self):
        failure = await failing(answer(b"\x0b\x02\x80hello\x03", Content_Encoding="br"))
        assert "br, which we did not offer" in failure.detail

    @pytest.mark.parametrize("encoding", ["gzip", "deflate", "raw deflate"])
    async def test_compressed_feeds_are_read(self, encoding):
        packed = {
            "gzip": gzip.compress(rss("A")),
            "deflate": zlib.compress(rss("A")),
            "raw deflate": zlib.compress(rss("A"))[2:-4],
        }
        reading = await read(answer(packed[encoding], Content_Encoding=encoding.split()[-1]))
        assert [e.title for e in reading.entries] == ["A"]

    async def test_compression_cut_short_is_not_taken_for_a_feed(self):
        failure = await failing(answer(gzip.compress(rss("A"))[:-20], Content_Encoding="gzip"))
        assert "ended in the middle" in failure.detail

    async def test_broken_compression_is_one_line(self):
        assert (
            "broken compression"
            in (await failing(answer(b"nonsense", Content_Encoding="gzip"))).detail
        )

    async def test_a_body_cut_short_is_a_failure(self):
        async def cut(source, sink):
            sink.write(OK + b"Content-Length: 5000\r\n\r\n" + rss("A"))
            await sink.drain()

        async with raw_site(cut) as root, reader() as eyes:
            assert (await eyes.read_feed(feed(root))).kind is FailureKind.CONNECT

    async def test_tls_cut_short_is_a_failure(self, self_signed, trusting):
        async def cut(source, sink):
            sink.write(OK + b"Content-Length: 5000\r\n\r\n" + rss("A"))
            await sink.drain()

        async with raw_site(cut, tls=self_signed) as root, reader() as eyes:
            trusting(eyes)
            assert (await eyes.read_feed(feed(root))).kind is FailureKind.CONNECT


class TestRedirects:
    def chain(self, *statuses):
        async def handler(request):
            step = int(request.path.strip("/") or 0)
            if step < len(statuses):
                return web.Response(status=statuses[step], headers={"Location": f"/{step + 1}"})
            return web.Response(body=rss("A"))

        return handler

    async def test_five_redirects_are_followed_and_six_are_not(self):
        assert isinstance(await read(self.chain(*[302] * 5)), Changed)
        assert (await failing(self.chain(*[302] * 6))).kind is FailureKind.REDIRECTS

    async def test_a_loop_ends(self):
        assert (await failing(answer(status=302, Location="/"))).kind is FailureKind.REDIRECTS

    async def test_only_a_wholly_permanent_chain_says_where_the_feed_moved(self):
        moved = await read(self.chain(301, 308))
        assert moved.moved_to.endswith("/2")
        assert (await read(self.chain(301, 302))).moved_to is None
        assert (await read(self.chain())).moved_to is None

    @pytest.mark.parametrize(
        "target", ["file:///etc/passwd", "gopher://x.example/", "ftp://x.example/", "//"]
    )
    async def test_other_schemes_are_not_followed(self, target):
        assert (await failing(answer(status=302, Location=target))).kind in (
            FailureKind.PRIVATE,
            FailureKind.REDIRECTS,
        )


class TestAddresses:
    """Against a real server on loopback that counts who got through."""

    @pytest.fixture
    async def secret(self):
        seen: list[str] = []

        async def handler(request):
            seen.append(request.path)
            return web.Response(body=rss("secret"))

        async with site(handler) as root:
            yield root, int(root.rpartition(":")[2]), seen

    @pytest.mark.parametrize(
        "address",
        [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f.1",
            "0.0.0.0",
            "localhost",
            "[::ffff:127.0.0.1]",
            "[::1]",
        ],
    )
    async def test_no_spelling_of_loopback_is_dialled(self, secret, address):
        _, port, seen = secret
        async with reader(allow_private=[]) as eyes:
            reading = await eyes.read_feed(feed(f"http://{address}:{port}/"))
        assert reading.kind in (FailureKind.PRIVATE, FailureKind.DNS)
        assert not seen

    @pytest.mark.parametrize(
        "address",
        [
            "127.0.0.1", "10.0.0.1", "192.168.0.1", "172.16.0.1", "169.254.169.254", "224.0.0.1",
            "100.64.0.1", "::1", "fe80::1", "fd00::1", "ff02::1", "fd00:ec2::254",
            "::ffff:127.0.0.1", "64:ff9b::7f00:1",
            "2002:7f00:1::", "2001:0:4136:e378:8000:63bf:80ff:fffe",
        ],
    )  # fmt: skip
    async def test_no_name_leads_to_a_private_address(self, secret, address):
        _, _, seen = secret
        async with reader(allow_private=[], resolver=Names(innocent_example=[[address]])) as eyes:
            reading = await eyes.read_feed(feed("http://innocent.example/"))
        assert reading.kind is FailureKind.PRIVATE
        assert not seen

    async def test_several_private_addresses_are_refused_as_one(self):
        names = Names(innocent_example=[["127.0.0.1", "10.0.0.1", "::1"]])
        async with reader(allow_private=[], resolver=names) as eyes:
            assert (
                await eyes.read_feed(feed("http://innocent.example/"))
            ).kind is FailureKind.PRIVATE

    async def test_a_redirect_to_a_private_address_is_not_followed(self, secret):
        root, _, seen = secret
        async with (
            site(answer(status=302, Location=root), host="127.0.0.2") as door,
            reader(allow_private=["127.0.0.2/32"]) as eyes,
        ):
            reading = await eyes.read_feed(feed(door))
        assert reading.kind is FailureKind.PRIVATE
        assert not seen

    async def test_a_name_that_rebinds_between_two_polls_is_caught(self, secret):
        _, port, seen = secret
        async with site(answer(rss("A"), Connection="close"), host="127.0.0.2") as door:
            door_port = int(door.rpartition(":")[2])
            names = Names(rebinding_example=[["127.0.0.2"], ["127.0.0.1"]])
            async with reader(allow_private=["127.0.0.2/32"], resolver=names) as eyes:
                eyes._client._session.connector._use_dns_cache = False
                first = await eyes.read_feed(feed(f"http://rebinding.example:{door_port}/"))
                second = await eyes.read_feed(feed(f"http://rebinding.example:{port}/"))
        assert isinstance(first, Changed)
        assert second.kind is FailureKind.PRIVATE
        assert not seen

    async def test_ports_of_other_services_are_not_dialled(self):
        names = Names(innocent_example=[["93.184.216.34"]])
        async with reader(allow_private=[], resolver=names) as eyes:
            reading = await eyes.read_feed(feed("http://innocent.example:6379/"))
        assert reading.kind is FailureKind.PRIVATE
        assert "port 6379" in reading.detail

    async def test_no_proxy_is_taken_from_the_environment(self, secret, monkeypatch):
        root, _, seen = secret
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
            monkeypatch.setenv(name, root)
        async with site(answer(rss("A"))) as other, reader() as eyes:
            assert isinstance(await eyes.read_feed(feed(other)), Changed)
        assert not seen

    async def test_pages_are_guarded_as_feeds_are(self, secret):
        root, _, seen = secret
        async with reader(allow_private=[]) as eyes:
            assert (await eyes.read_page(root)).kind is FailureKind.PRIVATE
        assert not seen


class TestPoliteness:
    async def test_fifty_outlets_on_one_host_are_asked_one_at_a_time_with_a_pause(self):
        under_way, most, times = 0, 0, []

        async def handler(request):
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            times.append(time.monotonic())
            await asyncio.sleep(0.001)
            under_way -= 1
            return web.Response(body=rss("A"))

        async with site(handler) as root, reader(feed_gap_s=0.02) as eyes:
            polls = [eyes.read_feed(feed(f"{root}/{n}")) for n in range(50)]
            readings = await asyncio.gather(*polls)
        assert all(isinstance(r, Changed) for r in readings)
        assert most == 1
        assert min(b - a for a, b in pairwise(times)) >= 0.02

    async def test_no_more_polls_are_under_way_than_allowed(self):
        under_way, most = 0, 0

        async def handler(request):
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
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
            readings = await asyncio.gather(
                *(eyes.read_feed(feed(f"{root}/{n}")) for n in range(1))
            )
            queue = [asyncio.create_task(eyes.read_feed(feed(f"{root}/{n}"))) for n in range(3)]
            done, waiting = await asyncio.wait(queue, timeout=0.3)
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
        assert 100 < second.retry_after_s <= 120
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
        assert 50 < second.retry_after_s <= 60


class TestHostileMarkup:
    BOMB = (
        b'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
        b'<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
        b'<rss version="2.0"><channel><title>&c;</title></channel></rss>'
    )

    async def test_an_entity_bomb_is_refused(self):
        failure = await failing(answer(self.BOMB))
        assert failure.kind is FailureKind.ABSURD
        assert "entity bomb" in failure.detail

    async def test_a_tag_beyond_all_sense_is_refused_before_the_parser_sees_it(self):
        tag = b"<item " + b" ".join(b'a%d="b"' % n for n in range(200_000)) + b">"
        started = time.monotonic()
        failure = await failing(answer(rss("A").replace(b"<item>", tag)))
        assert failure.kind is FailureKind.ABSURD
        assert time.monotonic() - started < 10

    async def test_external_entities_are_not_fetched(self, tmp_path):
        secret = tmp_path / "secret"
        secret.write_text("tell nobody")
        body = rss("&x;").replace(
            b"<rss", f'<!DOCTYPE rss [<!ENTITY x SYSTEM "file://{secret}">]><rss'.encode(), 1
        )
        reading = await read(answer(body))
        assert "tell nobody" not in repr(reading)

    @pytest.mark.parametrize("body", [b"/etc/passwd", b"https://127.0.0.1/", b"file:///etc/passwd"])
    async def test_a_body_that_looks_like_an_address_or_a_file_is_not_opened(self, body):
        assert (await failing(answer(body))).kind is FailureKind.NOT_A_FEED

    async def test_a_worker_that_dies_is_named_and_the_next_feed_is_read(self, monkeypatch, caplog):
        monkeypatch.setattr("bot.adapters.workers.WALL_S", 1)
        nest = b"<rss version='2.0'><channel>" + b"<a>" * 1_500_000
        with caplog.at_level(logging.WARNING):
            async with site(answer(nest)) as bad, site(answer(rss("A"))) as good, reader() as eyes:
                eyes._workers._wall_s = 0.5
                failure = await eyes.read_feed(feed(bad))
                eyes._workers._wall_s = 60
                reading = await eyes.read_feed(feed(good))
        assert failure.kind is FailureKind.ABSURD
        assert isinstance(reading, Changed)


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


async def test_a_feed_of_fifty_megabytes_hurts_nobody_else():
    async def handler(request):
        body = b"<rss>" + b"a" * 50_000_000 if request.path == "/big" else rss("A")
        return web.Response(body=body)

    async with site(handler) as root, reader() as eyes:
        big, small = await asyncio.gather(
            eyes.read_feed(feed(f"{root}/big")), eyes.read_feed(feed(f"{root}/small"))
        )
    assert big.kind is FailureKind.TOO_LARGE
    assert isinstance(small, Changed)
