"""What the stored articles teach about outlets."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.store import origins
from bot.store.engine import Store, Tx
from bot.store.schema import articles, feeds, metadata, outlets, stories

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
NAMES = {1: "Echo", 2: "Mail", 3: "Gazette"}


@pytest.fixture
def store(database_url):
    store = Store(database_url)
    metadata.create_all(store.engine)
    store.call(press)
    yield store
    store.close()


def press(tx: Tx) -> None:
    for number, name in NAMES.items():
        tx.execute(
            outlets.insert().values(id=number, name=name, homepage="", country="AM", language="en")
        )
        feed = {"url": f"https://{number}.test/rss", "kind": "feed", "due_at": NOON}
        tx.execute(feeds.insert().values(id=number, outlet_id=number, **feed))


def article(
    tx: Tx, number: int, outlet: int, story: int, *, body: str = "", seen_at: datetime = NOON
) -> None:
    first = tx.execute(stories.select().where(stories.c.id == story)).first()
    if first is None:
        tx.execute(stories.insert().values(id=story, opened_at=NOON, origin_id=number))
    tx.execute(
        articles.insert().values(
            id=number,
            outlet_id=outlet,
            feed_id=outlet,
            url=f"https://{outlet}.test/{number}",
            **dict.fromkeys(("title", "summary", "author", "source"), ""),
            body=body,
            language="en",
            seen_at=seen_at,
            archived=False,
            state="filed",
            due_at=NOON,
            story_id=story,
            copy_of=first.origin_id if first else None,
        )
    )


def test_who_reprints_whom_is_counted_by_the_origins_of_stories(store):
    def scene(tx):
        places = [(1, 10), (2, 10), (1, 11), (2, 11), (2, 12), (1, 12), (1, 13), (1, 13), (3, 10)]
        for number, (outlet, story) in enumerate(places, 1):
            article(tx, number, outlet, story)
        long_ago = NOON - timedelta(days=90)
        for number, outlet in ((20, 1), (21, 2)):
            article(tx, number, outlet, 14, seen_at=long_ago)
        since = NOON - timedelta(days=30)
        assert origins.reprints(tx, [1, 2], since=since) == {
            ("Echo", "Mail"): 2,
            ("Mail", "Echo"): 1,
        }
        assert origins.reprints(tx, [2, 3], since=since) == {}
        assert origins.reprints(tx, None, since=since) == {
            ("Echo", "Mail"): 2,
            ("Mail", "Echo"): 1,
            ("Echo", "Gazette"): 1,
        }

    store.call(scene)


def test_furniture_is_learned_from_an_outlets_own_recent_texts(store):
    def scene(tx):
        for number, body in ((1, "one"), (2, ""), (3, "three")):
            article(tx, number, 1, number, body=body, seen_at=NOON + timedelta(minutes=number))
        article(tx, 4, 1, 1, body="a copy")
        article(tx, 5, 2, 5, body="Mail's")
        article(tx, 6, 1, 6, body="old", seen_at=NOON - timedelta(days=9))
        since = NOON - timedelta(hours=72)
        assert origins.recent_texts(tx, 1, since=since, limit=9) == ["three", "one"]
        assert origins.recent_texts(tx, 1, since=since, limit=1) == ["three"]
        assert sorted(origins.outlets_since(tx, since)) == [1, 2]

    store.call(scene)
