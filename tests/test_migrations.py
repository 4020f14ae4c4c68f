"""The migrations make exactly the schema that the code believes in, on both databases."""

import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from bot.config import shipped
from bot.store import revisions
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
