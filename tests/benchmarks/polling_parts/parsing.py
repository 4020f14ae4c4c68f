"""How fast recorded feeds are parsed, against plain feedparser and lemon24/reader's parser."""

import contextlib
import gzip
import io
import os
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import feedparser

from bot.adapters.feeds import parse_feed

os.environ["READER_NO_VENDORED_FEEDPARSER"] = (
    "1"  # its copy needs an sgmllib that is gone from Python
)
from reader._parser.feedparser import FeedparserParser
from reader.exceptions import ParseError


def report(folder: Path) -> None:
    """Print megabytes a second of CPU over the recorded real feeds of a folder."""
    bodies = [gzip.decompress(p.read_bytes()) for p in sorted((folder / "smallweb").glob("*.gz"))]
    size = sum(map(len, bodies)) / 1e6
    print(f"{len(bodies)} recorded feeds, {size:.1f} MB:")
    theirs = FeedparserParser()
    ways: dict[str, Callable[[bytes], object]] = {
        "feedparser": lambda body: feedparser.parse(io.BytesIO(body)),
        "lemon24/reader": lambda body: _as_far_as_it_goes(theirs, body),
        "Outpost": lambda body: parse_feed(body, url="https://feed.example/", content_type=""),
    }
    plain = 0.0
    for name, way in ways.items():
        seconds = _cpu(way, bodies)
        plain = plain or seconds
        print(f"{name:16}{size / seconds:>8.2f} MB/s{plain / seconds:>8.2f} of feedparser's speed")


def _as_far_as_it_goes(parser: FeedparserParser, body: bytes) -> None:
    with contextlib.suppress(ParseError):  # some of these feeds it gives up on, after the work
        parser("https://feed.example/", io.BytesIO(body), {})


def _cpu(way: Callable[[bytes], object], bodies: list[bytes]) -> float:
    started = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for body in bodies:
            way(body)
    return time.process_time() - started
