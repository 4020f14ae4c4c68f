"""The database's schema revision: where it is, where it should be, and how it gets there."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from bot.domain.errors import SchemaError
from bot.store.engine import Tx


def head(folder: Path) -> str:
    """Return the newest revision in the migrations folder."""
    revision = ScriptDirectory(str(folder)).get_current_head()
    if revision is None:
        raise FileNotFoundError(f"no migrations in {folder}")
    return revision


def current(tx: Tx) -> str | None:
    """Return the database's revision, None for an empty database."""
    return MigrationContext.configure(tx).get_current_revision()


def standing(tx: Tx, folder: Path) -> tuple[str | None, str]:
    """Return the database's revision, None for an empty one, and the newest in the migrations folder.

    Raises SchemaError for a revision the folder has not: a newer version has been at work here.
    """
    at, newest = current(tx), head(folder)
    known = {script.revision for script in ScriptDirectory(str(folder)).walk_revisions()}
    if at is not None and at not in known:
        raise SchemaError(
            f"the database is at revision {at}, which this version does not know (its newest is {newest});"
            " run the version that migrated it, or bring back the backup of before"
        )
    return at, newest


def migrate(tx: Tx, folder: Path) -> None:
    """Bring the database to the newest revision, in this one transaction. Raises as `standing` does.

    Two processes that start at once: SQLite has one writer; PostgreSQL takes an advisory lock first.
    """
    standing(tx, folder)
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.attributes["connection"] = tx
    if tx.dialect.name == "postgresql":
        tx.exec_driver_sql("SELECT pg_advisory_xact_lock(20201028)")
        command.upgrade(config, "head")
        return
    with _without_references(tx):
        command.upgrade(config, "head")


@contextmanager
def _without_references(tx: Tx) -> Iterator[None]:
    """Let SQLite replace a table without losing what refers to it; all is checked before it commits.

    To change a constraint a table is copied and dropped, and where references are enforced a DROP
    deletes by them first. The pragma does nothing inside a transaction: see "Making Other Kinds Of
    Table Schema Changes" in SQLite's manual.
    """
    tx.exec_driver_sql("ROLLBACK")
    tx.exec_driver_sql("PRAGMA foreign_keys=OFF")
    tx.exec_driver_sql("BEGIN IMMEDIATE")
    end = "ROLLBACK"
    try:
        yield
        broken = tx.exec_driver_sql("PRAGMA foreign_key_check").first()
        if broken:
            raise SchemaError(
                f"a migration would break what {broken[0]} refers to: nothing was changed"
            )
        end = "COMMIT"
    finally:
        tx.exec_driver_sql(end)
        tx.exec_driver_sql("PRAGMA foreign_keys=ON")
        tx.exec_driver_sql("BEGIN IMMEDIATE")
