"""`outpost eval feeds DIR`: does the parser read recorded feeds as their expectations say?"""

import calendar
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.adapters.feeds import ParsedFeed, parse_feed
from bot.adapters.plain import plain_text
from bot.adapters.telegram_page import parse_channel
from bot.domain.outlet import Entry, Failure
from bot.evals.recordings import Recording, judge_all, tell

BASE = "https://feed.example/"  # where recordings "came from": most have no address


@dataclass(slots=True)
class Tally:
    """What agrees. unjudged: files read without a crash whose recording expects nothing in particular."""

    files: int = 0
    agree: int = 0
    entries: int = 0
    entries_right: int = 0
    dates: int = 0
    dates_right: int = 0
    unjudged: int = 0
    wrong: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the form that is promised to scripts."""
        return {name: getattr(self, name) for name in self.__slots__}

    @property
    def judged(self) -> int:
        """Return how many files had an expectation."""
        return self.files

    def summary(self) -> Iterator[str]:
        """Yield the sums for people."""
        read = f"{self.unjudged} more read without a judgement"
        yield f"files   {_share(self.agree, self.files)}, {read}"
        yield f"entries {_share(self.entries_right, self.entries)}"
        yield f"dates   {_share(self.dates_right, self.dates)}"


def run(folder: Path, as_json: bool, figures: dict[str, float] | None = None) -> int:
    """Print what agrees, and each file that does not. Returns the exit code: 1 if nothing could be judged.

    figures: filled with the shares, 0..1, that are worth comparing over time.
    Raises SettingsError if the folder holds no recordings.
    """
    tally = judge_all(folder, Tally(), judge, pages=False)
    if figures is not None:
        figures["files"] = tally.agree / max(1, tally.files)
        figures["entries"] = tally.entries_right / max(1, tally.entries)
        figures["dates"] = tally.dates_right / max(1, tally.dates)
    return tell(tally, as_json=as_json)


def judge(recording: Recording, tally: Tally) -> None:
    """Read one recording and add to the tally."""
    body = recording.read()
    posts = (recording.expect.get("expect") or {}).get("posts")
    if posts is not None:
        read = parse_channel(body, url=BASE)
    else:
        url, content_type = (str(recording.expect.get(k) or "") for k in ("url", "content_type"))
        read = parse_feed(body, url=url or BASE, content_type=content_type)
    expect = recording.expect.get("expect")
    if expect is None:
        tally.unjudged += 1
        return
    tally.files += 1
    faults = list(_faults(read, expect, tally))
    if not faults:
        tally.agree += 1
    else:
        tally.wrong.append(f"{recording.name}: {'; '.join(faults[:3])}")


def _faults(read: ParsedFeed | Failure, expect: Mapping[str, Any], tally: Tally) -> Iterator[str]:
    got = () if isinstance(read, Failure) else read.entries
    title = "" if isinstance(read, Failure) else read.title
    wanted = expect.get("n", expect.get("posts"))
    if wanted is not None and wanted != len(got):
        said = f" ({read.detail})" if isinstance(read, Failure) else ""
        yield f"{len(got)} entries, expected {wanted}{said}"
    if expect.get("title") and not _same_text(str(expect["title"]), title):
        yield f"feed title {title!r}, expected {expect['title']!r}"
    entries = expect.get("entries") or []
    numbered = entries.items() if isinstance(entries, dict) else enumerate(entries)
    for index, entry in numbered:
        found = got[int(index)] if int(index) < len(got) else None
        yield from _entry_faults(int(index), found, entry, tally)


def _entry_faults(
    index: int, got: Entry | None, expect: Mapping[str, Any], tally: Tally
) -> Iterator[str]:
    tally.entries += 1
    right = got is not None
    if got is None:
        yield f"entry {index} is missing"
    else:
        faults = list(_differences(got, expect))
        right = not faults
        yield from (f"entry {index}: {f}" for f in faults)
    tally.entries_right += right
    date = _expected_date(expect)
    if date is not None:
        tally.dates += 1
        published = got.published_at if got else None
        tally.dates_right += published == date
        if published != date:
            yield f"entry {index}: date {published}, expected {date}"


def _differences(got: Entry, expect: Mapping[str, Any]) -> Iterator[str]:
    if expect.get("title") and not _same_text(str(expect["title"]), got.title):
        yield f"title {got.title!r}, expected {expect['title']!r}"
    if expect.get("link") and not _same_link(str(expect["link"]), got.url):
        yield f"link {got.url!r}, expected {expect['link']!r}"


def _same_text(expected: str, got: str) -> bool:
    """Compare but for spaces. Where the recorder's own decoding failed (U+FFFD), any letters will do."""
    wanted = "".join(plain_text(expected).split())
    pattern = re.sub("\ufffd+", ".{0,4}", re.escape(wanted))
    return re.fullmatch(pattern, "".join(got.split())) is not None


def _same_link(expected: str, got: str) -> bool:
    """Return whether the expected link, which may be relative, is ours, which never is."""
    expected = expected.strip()
    if re.match(r"[a-z]+:", expected):
        return expected == got
    return got.endswith("/" + expected.lstrip("./"))


def _expected_date(expect: Mapping[str, Any]) -> datetime | None:
    if expect.get("date"):
        return datetime.fromisoformat(str(expect["date"])).astimezone(UTC)
    for name in ("published_parsed", "updated_parsed", "created_parsed"):
        if expect.get(name):
            return datetime.fromtimestamp(calendar.timegm(tuple(expect[name])), UTC)
    return None


def _share(right: int, of: int) -> str:
    return f"{right} of {of} agree ({right / of:.2%})" if of else "none to judge"
