"""A database with a long log, made by the database itself: articles, stories, alerts, matches, decisions.

Every third article is a copy of the one before it. Rows are spread over outlets, subscribers and watches by
remainders, so that a test can say what a filter must find.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import psycopg
import sqlalchemy as sa

from bot.config import shipped
from bot.store import revisions
from bot.store.engine import Store, Tx

START = datetime(2026, 1, 1, tzinfo=UTC)
STEP_S = 20  # between two articles
WORDS = ("harbour", "Լաչին", "tariff", "выборы", "glacier", "railway", "vaccine")

EVIDENCE = """'{"kind": "copy", "score": 0.83, "rule": "likeness"}'"""
COUNTRIES = ("AM", "GE", "RU", "UA", "TR", "GB", "AZ")
LANGUAGES = ("hy", "ka", "ru", "uk", "tr", "en", "az")


@dataclass(frozen=True)
class Size:
    """How much to make."""

    articles: int = 3_000
    outlets: int = 60
    subscribers: int = 40
    watches: int = 120
    body_chars: int = 0  # of each article's text, of no words; 0: one short sentence
    sketch_bytes: int = 0
    verdicts: int = 0  # on every 200th article

    @property
    def end(self) -> datetime:
        return START + timedelta(seconds=STEP_S * self.articles)


def new_database(server: str) -> str:
    """Make an empty database on a PostgreSQL server that ends with the tests; return its URL."""
    name = f"log_{uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]  - our own name
    head, question, query = server.partition("?")
    return f"{head.rpartition('/')[0]}/{name}{question}{query}"


def filled(url: str, size: Size) -> Store:
    """Return a store of a new database with a log of that size."""
    store = Store(url)
    store.call(revisions.migrate, shipped("migrations"))
    fill(store, size)
    return store


def fill(store: Store, size: Size) -> None:
    """Fill a migrated, empty database."""
    store.call(_fill, size)
    if store.dialect == "postgresql":
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as tx:
            tx.exec_driver_sql("VACUUM ANALYZE")
    else:
        store.call(lambda tx: tx.exec_driver_sql("ANALYZE"))


def _fill(tx: Tx, size: Size) -> None:
    pg = tx.dialect.name == "postgresql"

    def time(expression: str) -> str:
        if pg:
            return f"(TIMESTAMPTZ '2026-01-01 00:00:00+00' + ({expression}) * INTERVAL '1 second')"
        epoch = int(START.timestamp())
        return f"strftime('%Y-%m-%d %H:%M:%S.000000', {epoch} + ({expression}), 'unixepoch')"

    def text(expression: str) -> str:
        return f"CAST({expression} AS TEXT)"

    def pick(values: tuple[str, ...], index: str) -> str:
        cases = " ".join(f"WHEN {i} THEN '{v}'" for i, v in enumerate(values))
        return f"(CASE ({index}) % {len(values)} {cases} END)"

    def rows(n: int, table: str, **columns: str) -> None:
        if not n:
            return
        names = ", ".join(f'"{name}"' for name in columns)
        values = ", ".join(columns.values())
        tx.execute(
            sa.text(
                f"INSERT INTO {table} ({names}) WITH RECURSIVE n(i) AS"
                f" (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :n) SELECT {values} FROM n"
            ),
            {"n": n},
        )
        if pg and "id" in columns:
            tx.exec_driver_sql(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {n})")

    no, yes = ("FALSE", "TRUE") if pg else ("0", "1")
    at = time(f"i * {STEP_S}")
    rows(
        size.outlets,
        "outlets",
        id="i",
        name=f"'Outlet ' || {text('i')}",
        homepage=f"'https://o' || {text('i')} || '.example'",
        country=pick(COUNTRIES, "i"),
        language=pick(LANGUAGES, "i"),
    )
    rows(
        size.outlets,
        "feeds",
        id="i",
        outlet_id="i",
        url=f"'https://o' || {text('i')} || '.example/rss'",
        kind="'feed'",
        due_at=time("0"),
        first_polled_at=time("0"),
        polled_at=time(f"{size.articles * STEP_S}"),
        new_at=time(f"{size.articles * STEP_S}"),
        interval_s="600",
    )
    rows(
        size.subscribers,
        "subscribers",
        id="i",
        chat_id="1000 + i",
        kind="'private'",
        title=f"'Chat ' || {text('i')}",
        language="'en'",
        state="'active'",
        created_at=time("0"),
    )
    rows(
        size.watches,
        "watches",
        id="i",
        subscriber_id=f"1 + i % {size.subscribers}",
        query=pick(WORDS, "i"),
        created_at=time("0"),
        revision="i",
    )
    rows(size.articles, "stories", id="i", opened_at=at, origin_id="i")
    rows(
        size.articles,
        "articles",
        id="i",
        outlet_id=f"1 + i % {size.outlets}",
        feed_id=f"1 + i % {size.outlets}",
        url=f"'https://o.example/' || {text('i')}",
        title=f"'Report ' || {text('i')} || ' on ' || {pick(WORDS, 'i')}",
        summary="'A summary of the report.'",
        body=_body(pg, size.body_chars),
        author="''",
        source="''",
        language=pick(LANGUAGES, f"1 + i % {size.outlets}"),
        published_at=time(f"i * {STEP_S} - 90"),
        seen_at=at,
        archived=no,
        state="'filed'",
        due_at=at,
        filed_at=time(f"i * {STEP_S} + 5"),
        story_id="CASE WHEN i % 3 = 0 THEN i - 1 ELSE i END",
        copy_of="CASE WHEN i % 3 = 0 THEN i - 1 END",
        evidence=f"CASE WHEN i % 3 = 0 THEN {_json(pg, EVIDENCE)} END",
        **({"sketch": _bytes(pg, size.sketch_bytes)} if size.sketch_bytes else {}),
    )
    watch = f"1 + i % {size.watches}"
    subscriber = f"1 + ({watch}) % {size.subscribers}"
    rows(size.articles, "matches", article_id="i", watch_id=watch, hits=_json(pg, "'[]'"))
    told = time(f"i * {STEP_S} + 8")
    rows(
        size.articles,
        "alerts",
        id="i",
        subscriber_id=subscriber,
        story_id="i",
        state="CASE WHEN i % 50 = 7 THEN 'held' WHEN i % 50 = 8 THEN 'failed' ELSE 'open' END",
        revision="1",
        delivered_revision="CASE WHEN i % 50 IN (7, 8) THEN 0 ELSE 1 END",
        due_at=at,
        message_id="i",
        created_at=at,
        told_at=f"CASE WHEN i % 50 IN (7, 8) THEN NULL ELSE {told} END",
    )
    rows(
        size.articles,
        "decisions",
        id="i",
        at=time(f"i * {STEP_S} + 5"),
        article_id="i",
        subscriber_id=subscriber,
        outlet_id=f"1 + i % {size.outlets}",
        outcome="CASE WHEN i % 3 = 0 THEN 'copy' WHEN i % 50 = 7 THEN 'held' ELSE 'told' END",
        reason=_json(pg, f"'{{\"watches\": [' || {text(watch)} || ']}}'"),
    )
    rows(
        size.articles,
        "deliveries",
        id="i",
        at=told,
        alert_id="i",
        revision="1",
        edit=f"CASE WHEN i % 3 = 0 THEN {yes} ELSE {no} END",
        outcome="CASE WHEN i % 50 = 8 THEN 'refused' ELSE 'ok' END",
        detail="CASE WHEN i % 50 = 8 THEN 'Bad Request: message is too long' ELSE '' END",
        message_id="i",
    )
    kinds = ("not_relevant", "not_a_copy", "missed")
    rows(
        size.verdicts,
        "verdicts",
        id="i",
        at=time(f"i * 200 * {STEP_S} + 60"),
        subscriber_id=f"1 + (1 + i * 200 % {size.watches}) % {size.subscribers}",
        user_id="7",
        kind=pick(kinds, "i"),
        article_id="i * 200",
        other_id="i * 200 - 1",
    )


def _body(pg: bool, chars: int) -> str:
    """Return a text as long as an article's, which no database can make smaller."""
    if not chars:
        return (
            "'The body of the report, rather longer than its summary, but still short for a test.'"
        )
    if pg:
        sums = "SELECT string_agg(md5(i::text || '.' || k), '') FROM generate_series(1, {}) AS k"
        return f"({sums.format(chars // 32)})"
    return f"hex(randomblob({chars // 2}))"


def _bytes(pg: bool, size: int) -> str:
    return f"decode({_body(pg, size * 2)}, 'hex')" if pg else f"randomblob({size})"


def _json(pg: bool, expression: str) -> str:
    return f"CAST({expression} AS JSON)" if pg else expression


def plans(tx: Tx, run, *args: object, **kw: object) -> list[str]:
    """Return the plan of every SELECT that run(tx, ...) makes."""
    found: list[str] = []
    pg = tx.dialect.name == "postgresql"
    prefix = "EXPLAIN " if pg else "EXPLAIN QUERY PLAN "
    seen: list[tuple[str, object]] = []

    def note(_conn, _cursor, statement, parameters, _context, _many) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH")):
            seen.append((statement, parameters))

    engine = tx.engine
    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        run(tx, *args, **kw)
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)
    if pg:
        tx.exec_driver_sql(
            "SET LOCAL enable_seqscan = off"
        )  # small tables are read whole otherwise
    for statement, parameters in seen:
        rows = tx.exec_driver_sql(prefix + statement, parameters).all()
        found.append("\n".join(str(row[0] if pg else row[3]) for row in rows))
    return found


BIG = ("decisions", "articles", "alerts", "matches", "deliveries", "stories", "article_keys")


def unindexed(plan: str, *, dialect: str) -> list[str]:
    """Return the lines of a plan that read a big table whole, or sort one."""
    bad = []
    for line in plan.splitlines():
        if dialect == "postgresql":
            whole = any(f"Seq Scan on {t}" in line for t in BIG)
        else:
            words = line.split()
            # In the order of its own id a table may be walked: every such SELECT has a LIMIT.
            whole = words[0] == "SCAN" and words[1] in BIG and "USING" not in words
        if whole:
            bad.append(line)
    return bad
