"""What tests of the adapters share: a moment, and TLS on loopback."""

import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.adapters.web_reader import WebReader

CERTIFICATE = Path(__file__).parents[1] / "data" / "loopback.pem"


@pytest.fixture
def now() -> datetime:
    """Return the moment it is in these tests."""
    return datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def self_signed() -> ssl.SSLContext:
    """Return a server's context with a certificate that nobody vouches for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


@pytest.fixture
def trusting() -> Callable[[WebReader], None]:
    """Return what makes one open reader trust the tests' certificate."""

    def trust(reader: WebReader) -> None:
        session = reader._client._session
        assert session is not None
        session.connector._ssl = ssl.create_default_context(cafile=CERTIFICATE)

    return trust
