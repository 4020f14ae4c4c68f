"""Who leaves is forgotten: no table keeps a row of the chat."""

from datetime import UTC, datetime

import sqlalchemy as sa

from bot.domain.model import ChatKind, VerdictKind
from bot.store import archive, history, subscribers, verdicts
from bot.store.schema import keepers, metadata, prospects
from tests.world import World

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
# Of these a row is no chat's: the press, and those who run the bot and what they did.
OF_NOBODY = {
    "audit",
    "console_links",
    "console_people",
    "console_sessions",
    "console_tokens",
    "replies",
}


def rows_of(tx, chat_id, subscriber_id):
    """Return the tables with a row that names the chat or its subscriber."""
    found = []
    for table in metadata.sorted_tables:
        wanted = {"chat_id": chat_id, "user_id": chat_id, "subscriber_id": subscriber_id}
        named = [table.c[name] == value for name, value in wanted.items() if name in table.c]
        if (
            named
            and tx.execute(
                sa.select(sa.func.count()).select_from(table).where(sa.or_(*named))
            ).scalar()
        ):
            found.append(table.name)
    return sorted(set(found) - OF_NOBODY)


async def test_no_table_keeps_a_row_of_a_chat_that_left(tmp_path, database_url):
    world = World(database_url)
    world.watch(7, "harbour")
    await world.open_outlet("Daily Echo")
    await world.publish("Daily Echo", "The harbour was shut by a strike. " * 9)
    with world.store.engine.begin() as tx:
        chat = subscribers.find(tx, 7)
        archive.note_search(tx, chat.id, "harbour", NOW)
        history.bring(tx, chat.id, [history.Told(NOW, "Docks", "Echo", "https://echo.example/1")])
        verdicts.give(
            tx, VerdictKind.NOT_RELEVANT, subscriber_id=chat.id, user_id=7, article_id=1, now=NOW
        )
        tx.execute(keepers.insert().values(subscriber_id=chat.id, user_id=7))
        asked = {"language": "en", "url": "https://x.example", "given": {}, "due_at": NOW}
        tx.execute(prospects.insert().values(chat_id=7, asked_at=NOW, **asked))
        kept = rows_of(tx, 7, chat.id)
        assert {"watches", "alerts", "verdicts", "searches", "imported_alerts", "keepers"} <= set(
            kept
        )
        subscribers.forget(tx, chat.id)
        assert rows_of(tx, 7, chat.id) == []
        left = subscribers.subscribe(
            tx, chat_id=7, kind=ChatKind.PRIVATE, title="", language="en", now=NOW
        )
        assert history.of_chat(tx, left.id, limit=9) == []
    world.store.close()
