"""The article that this project began with: The Moscow Times' copy of a Eurasianet report.

Its original is made from the recorded copy here and now: byline, links and furniture taken out again.
"""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.domain.clustering import Candidate, Kind, decide
from bot.domain.fingerprint import fingerprint, unpack
from bot.domain.model import Document
from bot.domain.provenance import Reason, Signed, find_claims, load_provenance, origin_of

pytestmark = pytest.mark.shared

SENT = datetime(2020, 10, 28, 12, tzinfo=UTC)
PROVENANCE = load_provenance(Path("config/provenance.toml").read_text("utf-8"))
COPY, ORIGINAL = 1, 2
OUTLETS = {COPY: "The Moscow Times", ORIGINAL: "Eurasianet"}
URLS = {COPY: "https://www.themoscowtimes.com/2020/10/28/a", ORIGINAL: "https://eurasianet.org/a"}


@pytest.fixture(scope="module")
def texts(shared_data) -> dict[str, str]:
    [file] = (shared_data / "seed").glob("*.txt")
    copy = file.read_text("utf-8").strip()
    title, *rest = (part.strip() for part in copy.split("\n\n") if part.strip())
    furniture = re.compile(r"By |October|Original url|<https|Related article|Embed|☒|— ")
    plain = [
        re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", part) for part in rest if not furniture.match(part)
    ]
    return {
        "title": title,
        "copy": "\n\n".join(rest),
        "copy without furniture": "\n\n".join(
            part for part in rest if not part.startswith("Related")
        ),
        "original": "\n\n".join(part.replace("**", "") for part in plain),
        "summary": " ".join(plain[2].split()[:38]) + "…",
        "other summary": plain[0],
    }


def document(
    which: int, texts, *, full: bool, body: str = "copy", title: str = "", author: str = ""
) -> Document:
    text = texts[body if which == COPY else "original"]
    return Document(
        title=title or texts["title"],
        summary="" if full else texts["summary"],
        body=text if full else "",
        language="en",
        outlet=OUTLETS[which],
        author=author,
        url=URLS[which],
    )


def candidate(which: int, article: Document, story: int | None) -> Candidate:
    claims = find_claims(article, None, PROVENANCE)
    return Candidate(
        article_id=which,
        story_id=story,
        outlet_id=which,
        seen_at=SENT + timedelta(hours=which),
        published_at=None,
        sketch=fingerprint(article, claims=claims).sketch,
        outlet=article.outlet,
        url=article.url,
    )


def origin(documents: dict[int, Document]):
    published = {COPY: SENT + timedelta(minutes=42), ORIGINAL: SENT}
    signed = [
        Signed(
            article_id=which,
            outlet=article.outlet,
            host="",
            seen_at=SENT + timedelta(hours=which),  # the copy was found first
            published_at=published[which],
            claims=unpack(candidate(which, article, None).sketch).claims,
        )
        for which, article in documents.items()
    ]
    return origin_of(signed, PROVENANCE)


@pytest.mark.parametrize("first", [COPY, ORIGINAL], ids=["copy first", "original first"])
@pytest.mark.parametrize("full", [(True, True), (False, False), (True, False), (False, True)])
@pytest.mark.parametrize("body", ["copy", "copy without furniture"])
@pytest.mark.parametrize(
    "title", ["", "Moscow Puts Up a Camp at the Lachin Road"], ids=["same title", "re-headlined"]
)
def test_one_story_with_eurasianet_as_its_origin(texts, first, full, body, title):
    copy_full, original_full = full
    documents = {
        COPY: document(COPY, texts, full=copy_full, body=body, title=title),
        ORIGINAL: document(ORIGINAL, texts, full=original_full),
    }
    second = COPY + ORIGINAL - first
    decision = decide(
        candidate(second, documents[second], None),
        [candidate(first, documents[first], story=77)],
        provenance=PROVENANCE,
    )
    assert decision is not None
    assert decision.story_id == 77
    assert decision.kind in (Kind.COPY, Kind.POSSIBLE)
    if copy_full and original_full:
        assert decision.kind is Kind.COPY
    found = origin(documents)
    assert (found.article_id, found.outlet) == (ORIGINAL, "Eurasianet")
    if copy_full:
        assert (found.reason, found.phrase) == (
            Reason.PROVENANCE,
            "By Ani Mejlumyan for Eurasianet",
        )


def test_a_summary_names_its_origin_by_the_feeds_author(texts):
    author = "Ani Mejlumyan for Eurasianet"
    documents = {
        COPY: document(COPY, texts, full=False, author=author),
        ORIGINAL: document(ORIGINAL, texts, full=False),
    }
    assert origin(documents).reason is Reason.PROVENANCE


def test_the_copy_alone_names_an_outlet_that_we_have_no_article_of(texts):
    found = origin({COPY: document(COPY, texts, full=True)})
    assert (found.outlet, found.external) == ("Eurasianet", True)
