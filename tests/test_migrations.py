"""The migrations make exactly the schema that the code believes in, on both databases."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext

from bot.config import shipped
from bot.store import revisions, subscribers, updates, watches
from bot.store.engine import Store, Tx
from bot.store.schema import metadata


def is_ours(name: str | None, kind: str, _parents: object) -> bool:
    """SQLite's full-text index is a virtual table with tables of its own, which no metadata describes."""
    return kind != "table" or not (name or "").startswith("archive_words")


def differences(tx: Tx) -> list[object]:
    opts = {"compare_type": True, "include_name": is_ours}
    context = MigrationContext.configure(tx, opts=opts)
    return list(compare_metadata(context, metadata))


def test_an_empty_database_becomes_the_schema(database_url: str) -> None:
    store = Store(database_url)
    assert store.call(revisions.current) is None
    store.call(revisions.migrate, shipped("migrations"))
    assert store.call(revisions.current) == revisions.head(shipped("migrations"))
    assert store.call(differences) == []
    store.close()


def test_migrating_twice_changes_nothing(database_url: str) -> None:
    store = Store(database_url)
    for _ in range(2):
        store.call(revisions.migrate, shipped("migrations"))
    assert store.call(differences) == []
    store.close()


def test_migrations_import_nothing_from_the_code_they_outlive() -> None:
    for file in (shipped("migrations") / "versions").glob("*.py"):
        lines = file.read_text("utf-8").splitlines()
        assert not [line for line in lines if line.startswith(("from bot", "import bot"))], file


def test_every_foreign_key_that_cascades_has_an_index_to_cascade_by() -> None:
    for table in metadata.tables.values():
        leading = {next(c.name for c in index.columns) for index in table.indexes}
        leading |= {next(iter(table.primary_key.columns)).name}
        leading |= {
            next(iter(c.columns)).name
            for c in table.constraints
            if isinstance(c, sa.UniqueConstraint)
        }
        for key in table.foreign_keys:
            if key.ondelete == "CASCADE":
                assert key.parent.name in leading, f"{table.name}.{key.parent.name}"


def test_watches_and_alerts_outlive_the_table_of_subscribers_that_is_made_anew(
    database_url: str,
) -> None:
    store = Store(database_url)
    store.call(upgrade, "0030")
    with store.engine.begin() as tx:
        for statement in (
            "INSERT INTO subscribers (id, chat_id, kind, title, language, state, created_at)"
            " VALUES (5, -7, 'supergroup', 'Newsroom', 'hy', 'active', '2026-01-02 03:04:05')",
            "INSERT INTO watches (id, subscriber_id, query, created_at, revision)"
            " VALUES (9, 5, 'harbour', '2026-01-02 03:04:05', 1)",
        ):
            tx.exec_driver_sql(statement)
    store.call(revisions.migrate, shipped("migrations"))
    found = store.call(subscribers.find, -7)
    assert found is not None
    assert (found.id, found.language, found.thread_id) == (5, "hy", 0)
    assert store.call(watches.count, 5) == 1
    store.call(subscribers.forget, 5)  # references are in force again
    assert store.call(lambda tx: tx.exec_driver_sql("SELECT count(*) FROM watches").scalar()) == 0
    store.close()


def test_a_command_answered_before_the_upgrade_is_not_answered_again(database_url: str) -> None:
    store = Store(database_url)
    store.call(upgrade, "0037")
    old = "INSERT INTO counters (name, value) VALUES ('update_offset', 700)"
    store.call(lambda tx: tx.exec_driver_sql(old))
    store.call(revisions.migrate, shipped("migrations"))
    now = datetime.now(UTC)
    for update_id, new in ((700, False), (601, False), (600, True), (701, True)):
        assert store.call(updates.mark_answered, update_id, now) is new
    store.close()


def upgrade(tx: Tx, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(shipped("migrations")))
    config.attributes["connection"] = tx
    command.upgrade(config, revision)
