"""A migrated database of each kind, for the store's tests."""

from collections.abc import Iterator

import pytest

from bot.config import shipped
from bot.store import revisions
from bot.store.engine import Store


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    store = Store(database_url)
    store.call(revisions.migrate, shipped("migrations"))
    yield store
    store.close()
