"""The database's schema revision: where it is, where it should be, and how it gets there."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

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


def migrate(tx: Tx, folder: Path) -> None:
    """Bring the database to the newest revision, in this one transaction.

    Two processes that start at once: SQLite has one writer; PostgreSQL takes an advisory lock first.
    """
    if tx.dialect.name == "postgresql":
        tx.exec_driver_sql("SELECT pg_advisory_xact_lock(20201028)")
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    config.attributes["connection"] = tx
    command.upgrade(config, "head")
