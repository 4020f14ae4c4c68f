"""Servers that mean harm: too slow, too large, leading astray, or sending what no parser should see."""

import asyncio
import gzip
import logging
import time
import zlib

import pytest
from aiohttp import web

from bot.domain.outlet import Changed, FailureKind
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


class TestTime:
    async def test_a_drip_of_bytes_is_ended_by_the_total(self):
        async def drip(source, sink):
            sink.write(OK_HEAD + b"Content-Length: 100000\r\n\r\n")
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
            sink.write(OK_HEAD + b"\r\n")
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
            sink.write(OK_HEAD + b"\r\n")
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
            sink.write(OK_HEAD + b"Content-Length: 5000\r\n\r\n" + rss("A"))
            await sink.drain()

        async with raw_site(cut) as root, reader() as eyes:
            assert (await eyes.read_feed(feed(root))).kind is FailureKind.CONNECT

    async def test_tls_cut_short_is_a_failure(self, self_signed, trusting):
        async def cut(source, sink):
            sink.write(OK_HEAD + b"Content-Length: 5000\r\n\r\n" + rss("A"))
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
            FailureKind.ADDRESS,
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
        assert reading.kind in (FailureKind.PRIVATE, FailureKind.ADDRESS, FailureKind.DNS)
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
