"""Articles found again by keys they share."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.store import fingerprints
from bot.store.engine import Store, Tx
from bot.store.schema import articles, feeds, metadata, outlets, stories

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.fixture
def store(database_url):
    store = Store(database_url)
    metadata.create_all(store.engine)
    yield store
    store.close()


def outlet(tx: Tx) -> None:
    tx.execute(
        outlets.insert().values(
            id=1, name="Echo", homepage="https://echo.test/", country="AM", language="en"
        )
    )
    tx.execute(
        feeds.insert().values(
            id=1, outlet_id=1, url="https://echo.test/rss", kind="feed", due_at=NOON
        )
    )


def article(
    tx: Tx, number: int, *, story: int | None = None, copy_of: int | None = None, seen_at=NOON
) -> None:
    if copy_of is None:
        tx.execute(stories.insert().values(id=number, opened_at=NOON, origin_id=number))
    tx.execute(
        articles.insert().values(
            id=number,
            outlet_id=1,
            feed_id=1,
            url=f"https://echo.test/{number}",
            title="",
            summary="",
            body="",
            author="",
            source="",
            language="en",
            seen_at=seen_at,
            archived=False,
            state="filed",
            due_at=NOON,
            story_id=story or number,
            copy_of=copy_of,
            sketch=b"x",
        )
    )


def found(tx: Tx, keys, **how) -> list[int]:
    how = {"since": NOON - timedelta(hours=72), "limit": 10} | how
    return sorted(c.article_id for c in fingerprints.candidates(tx, keys, **how))


def test_articles_that_share_most_keys_come_first(store):
    def scene(tx):
        outlet(tx)
        for number, keys in ((1, [1, 2, 3]), (2, [3, 4]), (3, [-9, 2**62])):
            article(tx, number)
            fingerprints.add_keys(tx, number, keys)
        assert found(tx, [1, 2, 3]) == [1, 2]
        assert found(tx, [1, 2, 3], limit=1) == [1]
        assert found(tx, [-9]) == [3]
        assert found(tx, [77]) == found(tx, []) == []

    store.call(scene)


def test_a_copy_brings_its_origin_along_whatever_its_age(store):
    def scene(tx):
        outlet(tx)
        article(tx, 1, seen_at=NOON - timedelta(days=30))
        article(tx, 2, story=1, copy_of=1)
        fingerprints.add_keys(tx, 1, [5])
        fingerprints.add_keys(tx, 2, [6])
        assert found(tx, [6]) == [1, 2]
        assert found(tx, [5]) == []
        [origin] = [c for c in fingerprints.candidates(tx, [6], since=NOON, limit=5) if c.first]
        assert (origin.article_id, origin.outlet, origin.url) == (1, "Echo", "https://echo.test/1")

    store.call(scene)


def test_a_phrase_that_everybody_writes_finds_only_the_newest(store):
    def scene(tx):
        outlet(tx)
        for number in range(1, 101):
            article(tx, number)
            fingerprints.add_keys(tx, number, [8])
        most = fingerprints.PER_KEY
        assert found(tx, [8], limit=1000) == list(range(101 - most, 101))

    store.call(scene)


def test_pruning_forgets_old_keys_and_keeps_the_others(store):
    def scene(tx):
        outlet(tx)
        article(tx, 1, seen_at=NOON - timedelta(days=30))
        article(tx, 2)
        fingerprints.add_keys(tx, 1, [5, 11, -7])
        fingerprints.add_keys(tx, 2, [5, 12, -(2**63), 2**63 - 1])
        below = fingerprints.oldest_since(tx, NOON - timedelta(hours=72))
        assert (
            sum(fingerprints.prune(tx, below=below, part=n) for n in range(fingerprints.PARTS)) == 3
        )
        left = tx.execute(sa.text("SELECT article_id, key FROM article_keys ORDER BY key"))
        assert [tuple(row) for row in left] == [(2, -(2**63)), (2, 5), (2, 12), (2, 2**63 - 1)]
        assert fingerprints.oldest_since(tx, NOON + timedelta(hours=1)) == 3

    store.call(scene)


def test_an_article_whose_text_changed_is_found_by_its_new_keys_only(store):
    def scene(tx):
        outlet(tx)
        article(tx, 1)
        fingerprints.add_keys(tx, 1, [1, 2, 3])
        fingerprints.drop_keys(tx, 1, [1, 2, 3])
        fingerprints.add_keys(tx, 1, [3, 4])
        fingerprints.add_keys(tx, 1, [4])
        assert (found(tx, [1, 2]), found(tx, [3])) == ([], [1])

    store.call(scene)
