"""Statements are prepared where the server itself answers, and not behind a pooler."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from bot.store.engine import Store, Tx

KEY = b"K\x00\x00\x00\x0c"  # BackendKeyData: its length, the process, the secret


def prepared(tx: Tx) -> int:
    """Return how many statements are prepared after one was used a dozen times."""
    for n in range(12):
        tx.execute(sa.text("SELECT :n + 1"), {"n": n})
    return tx.execute(sa.text("SELECT count(*) FROM pg_prepared_statements")).scalar_one()


@contextmanager
def pooler(url: str) -> Iterator[str]:
    """Pass everything on to the server, but name another process than its own, as every pooler does."""
    with psycopg.connect(url) as there:
        host, port = there.info.host, there.info.port
    door = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=accept, args=(door, host, port), daemon=True).start()
    with door:
        ours = make_url(url).set(host="127.0.0.1", port=door.getsockname()[1], query={})
        yield ours.render_as_string(hide_password=False)


def accept(door: socket.socket, host: str, port: int) -> None:
    while True:
        try:
            client, _ = door.accept()
        except OSError:
            return  # the test is over
        if host.startswith("/"):
            server = socket.socket(socket.AF_UNIX)
            server.connect(f"{host}/.s.PGSQL.{port}")
        else:
            server = socket.create_connection((host, port))
        for pair in ((client, server), (server, client)):
            threading.Thread(target=pass_on, args=pair, daemon=True).start()


def pass_on(source: socket.socket, sink: socket.socket) -> None:
    with closing(sink), suppress(OSError):  # the other direction has ended
        while said := source.recv(65_536):
            if (at := said.find(KEY)) >= 0:
                at += len(KEY)
                said = said[:at] + b"\x00\x00\x00\x01" + said[at + 4 :]
            sink.sendall(said)


@pytest.mark.postgres
def test_a_statement_of_every_day_is_planned_once(postgres_url: str) -> None:
    with closing(Store(postgres_url)) as store:
        assert store.call(prepared) == 1


@pytest.mark.postgres
def test_nothing_is_prepared_behind_a_pooler(postgres_url: str) -> None:
    with pooler(postgres_url) as url, closing(Store(url)) as store:
        assert store.call(prepared) == 0
