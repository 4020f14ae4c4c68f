"""All tables, for SQLite and PostgreSQL alike. No queries live here.

Every time is stored as UTC. The alert row is the outbox: it is behind while revision > delivered_revision.
"""

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = sa.MetaData(naming_convention=NAMING)


class Utc(sa.TypeDecorator[datetime]):
    """An aware UTC datetime. A naive one is a bug and raises ValueError; SQLite stores it without zone."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Turn any aware time into UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a naive datetime reached the database: {value!r}")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        """Give the zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# SQLite gives out row ids only for a column typed INTEGER.
Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _id() -> sa.Column[int]:
    return sa.Column("id", Id, primary_key=True, autoincrement=True)


def _ref(name: str, to: str, *, nullable: bool = False, cascade: bool = False) -> sa.Column[int]:
    on_delete = "CASCADE" if cascade else None
    return sa.Column(name, Id, sa.ForeignKey(to, ondelete=on_delete), nullable=nullable)


counters = sa.Table(
    "counters",  # small facts that must survive a restart: the watch revision
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
)

answered_updates = sa.Table(
    "answered_updates",  # of Telegram's updates, those that it may tell again
    metadata,
    sa.Column("update_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("answered_at", Utc, nullable=False),
    sa.Index("ix_answered_updates_answered_at", "answered_at"),
)

replies = sa.Table(
    "replies",  # answers to commands that the chat may not have got yet; a row goes when it has
    metadata,
    _id(),
    sa.Column("chat_id", sa.BigInteger, nullable=False),
    sa.Column("thread_id", sa.BigInteger),  # the topic of a forum
    sa.Column("edits", sa.BigInteger),  # the message it replaces, None for a new one
    sa.Column("message", sa.JSON, nullable=False),
    sa.Column("created_at", Utc, nullable=False),
)

outlets = sa.Table(
    "outlets",
    metadata,
    _id(),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("homepage", sa.Text, nullable=False),
    sa.Column("country", sa.String(2), nullable=False),
    sa.Column("language", sa.String(35), nullable=False),
    sa.Column("user_agent", sa.Text),
    sa.Column("retired_at", Utc),  # gone from the outlets file; its history stays
    sa.Column(
        "blind_since", Utc
    ),  # nothing comes since then, and the admins know; None: it is seen
    sa.Column("blind_why", sa.String(16)),  # a Sight: silent, failing
    # Added or retired by a command: the outlets file does not undo it.
    sa.Column("by_hand", sa.Boolean, nullable=False, server_default=sa.false()),
)

feeds = sa.Table(
    "feeds",
    metadata,
    _id(),
    _ref("outlet_id", "outlets.id"),
    sa.Column("url", sa.Text, nullable=False, unique=True),
    sa.Column("moved_to", sa.Text),  # where a permanent redirect leads
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("etag", sa.Text),
    sa.Column("last_modified", sa.Text),
    sa.Column("body_hash", sa.String(64)),
    sa.Column("due_at", Utc, nullable=False),
    sa.Column(
        "first_polled_at", Utc
    ),  # the first poll that could be read; None: history still to file
    sa.Column("polled_at", Utc),
    sa.Column("new_at", Utc),  # the last poll that brought an article
    sa.Column("interval_s", sa.Integer, nullable=False, server_default="0"),
    sa.Column("rhythm", sa.JSON),  # what polling has taught, see domain/rhythm.py
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),  # in a row
    sa.Column("failure", sa.String(32)),  # FailureKind of the last poll, None if it went well
    sa.Column("failure_detail", sa.Text),
    sa.Column("note", sa.Text),  # what was odd in the last reading, a domain.notes.Note on a line
    sa.Column("retired_at", Utc),
    sa.Index(
        "ix_feeds_due_at",
        "due_at",
        sqlite_where=sa.text("retired_at IS NULL"),
        postgresql_where=sa.text("retired_at IS NULL"),
    ),
    sa.Index("ix_feeds_outlet_id", "outlet_id"),
)

domains = sa.Table(
    "domains",  # whose patience our requests use up: what every process must know of each
    metadata,
    sa.Column("name", sa.Text, primary_key=True),  # registrable; of bare addresses host and port
    sa.Column("busy_until", Utc),  # a request is under way, until then at most; None: none is
    sa.Column("free_at", Utc, nullable=False),  # the end of the last one
    sa.Column("held_until", Utc),  # its server wants silence
    sa.Column("reason", sa.Text, nullable=False, server_default=""),  # why, as people are told
    sa.Index("ix_domains_free_at", "free_at"),
)

prospects = sa.Table(
    "prospects",  # what admins propose as outlets: to be looked at, then to be confirmed by a tap
    metadata,
    _id(),
    sa.Column("chat_id", sa.BigInteger, nullable=False),
    sa.Column("thread_id", sa.BigInteger),  # the topic of a forum
    sa.Column("language", sa.String(35), nullable=False),  # of the one who asks
    sa.Column("url", sa.Text, nullable=False),  # "" for an OPML document
    sa.Column("given", sa.JSON, nullable=False),  # name, country, language as the admin gave them
    sa.Column("found", sa.JSON),  # the outlets to add, None until it was looked at
    sa.Column("due_at", Utc, nullable=False),  # of looking; pushed forward by a claim
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("asked_at", Utc, nullable=False),
    sa.Index(
        "ix_prospects_due_at",
        "due_at",
        sqlite_where=sa.text("found IS NULL"),
        postgresql_where=sa.text("found IS NULL"),
    ),
    sa.Index("ix_prospects_asked_at", "asked_at"),
)

stories = sa.Table(
    "stories",
    metadata,
    _id(),
    sa.Column("opened_at", Utc, nullable=False),
    sa.Column("origin_id", Id),  # the article written first, by evidence
    sa.Column("origin", sa.JSON),  # that evidence: outlet, reason, phrase, external
    sa.Column("merged_into", Id),  # the story that this one turned out to be
    sa.Index("ix_stories_merged_into", "merged_into"),
)

articles = sa.Table(
    "articles",
    metadata,
    _id(),
    _ref("outlet_id", "outlets.id"),
    _ref("feed_id", "feeds.id"),
    sa.Column("url", sa.Text, nullable=False, unique=True),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("summary", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("source", sa.Text, nullable=False),  # RSS <source>
    sa.Column("language", sa.String(35), nullable=False),
    sa.Column("published_at", Utc),
    sa.Column("seen_at", Utc, nullable=False),
    sa.Column("archived", sa.Boolean, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),  # new, filed, again: to be read once more
    sa.Column("due_at", Utc, nullable=False),  # of ingest; pushed forward by a claim
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("filed_at", Utc),
    sa.Column(
        "page_failure", sa.Text
    ),  # why the page was not read: matched on the feed's text only
    sa.Column("watch_revision", sa.BigInteger),  # of the watch log, when this article was matched
    _ref("story_id", "stories.id", nullable=True),
    sa.Column("copy_of", Id),  # the article it was recognised by
    sa.Column("evidence", sa.JSON),  # why it joined its story
    sa.Column("sketch", sa.LargeBinary),
    sa.Index(
        "ix_articles_due_at",
        "due_at",
        sqlite_where=sa.text("state <> 'filed'"),
        postgresql_where=sa.text("state <> 'filed'"),
    ),
    sa.Index("ix_articles_story_id", "story_id"),
    sa.Index("ix_articles_outlet_id_seen_at", "outlet_id", "seen_at"),
    sa.Index("ix_articles_outlet_id_id", "outlet_id", "id"),
    sa.Index(
        "ix_articles_copies",
        "id",
        sqlite_where=sa.text("copy_of IS NOT NULL"),
        postgresql_where=sa.text("copy_of IS NOT NULL"),
    ),
)

article_keys = sa.Table(
    "article_keys",  # what an article is found by when a copy comes
    metadata,
    sa.Column("key", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("article_id", Id, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

subscribers = sa.Table(
    "subscribers",  # a chat, or one topic of a forum
    metadata,
    _id(),
    sa.Column("chat_id", sa.BigInteger, nullable=False),
    # Telegram's message_thread_id; 0 for a chat without topics, and for a forum's General
    sa.Column("thread_id", sa.BigInteger, nullable=False, server_default="0"),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("language", sa.String(35), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("state_reason", sa.Text, nullable=False, server_default=""),
    sa.Column("paused_until", Utc),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("zone", sa.String(64), nullable=False, server_default=""),  # IANA name, "" for UTC
    # When it is told, see domain/hours.py: a Mode, and Quiet hours, "" for none.
    sa.Column("mode", sa.String(16), nullable=False, server_default="instant"),
    sa.Column("quiet", sa.String(32), nullable=False, server_default=""),
    # Alerts show a preview of the article's page.
    sa.Column("preview", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.UniqueConstraint("chat_id", "thread_id"),
)

keepers = sa.Table(
    "keepers",  # who looks after a channel or group from a private chat; asked anew at each command
    metadata,
    _ref("subscriber_id", "subscribers.id", cascade=True),
    sa.Column("user_id", sa.BigInteger, nullable=False),  # of Telegram
    sa.PrimaryKeyConstraint("subscriber_id", "user_id"),
    sa.Index("ix_keepers_user_id", "user_id"),
)

watches = sa.Table(
    "watches",
    metadata,
    _id(),
    _ref("subscriber_id", "subscribers.id", cascade=True),
    sa.Column("query", sa.Text, nullable=False),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("stopped_at", Utc),
    sa.Column("revision", sa.BigInteger, nullable=False),  # of the watch log
    sa.Column("title", sa.Text, nullable=False, server_default=""),  # the subscriber's name for it
    sa.Column("off", sa.JSON),  # names that the subscriber switched off for it
    sa.Column("token", sa.String(32)),  # of the link that shares it, None until shared
    sa.Column("own", sa.JSON),  # aliases that the subscriber gave it, each "term=alias"
    sa.Column("packed", sa.Text),  # its compiled keys, see domain/packing.py; None: to be made
    sa.Column("stamp", sa.String(64)),  # what those were made with
    sa.Column("mode", sa.String(16)),  # where it differs from its chat's
    sa.Index("ix_watches_revision", "revision"),
    sa.Index("ix_watches_token", "token", unique=True),
    sa.Index("ix_watches_subscriber_id", "subscriber_id"),
)

forgotten_watches = sa.Table(
    "forgotten_watches",  # of chats that left: all that is kept of them, until every process knows
    metadata,
    sa.Column("revision", sa.BigInteger, primary_key=True, autoincrement=False),  # of the watch log
    sa.Column("watch_id", Id, primary_key=True, autoincrement=False),
)

digests = sa.Table(
    "digests",  # messages that tell of several alerts; what each shows, and when it is due, its alerts say
    metadata,
    _id(),
    _ref("subscriber_id", "subscribers.id", cascade=True),
    sa.Column("why", sa.String(16), nullable=False),  # hourly, daily, quiet, surplus
    sa.Column(
        "page", sa.Integer, nullable=False, server_default="1"
    ),  # that the chat has turned to
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("told_at", Utc),  # first delivered
    sa.Index("ix_digests_subscriber_id", "subscriber_id"),
)

alerts = sa.Table(
    "alerts",
    metadata,
    _id(),
    _ref("subscriber_id", "subscribers.id", cascade=True),
    _ref("story_id", "stories.id"),
    # open, held, failed, muted; merged, closed: another message tells of it, or none can be reached
    sa.Column("state", sa.String(16), nullable=False),
    # Of a held one a word of hours.Held; those with a time are held until due_at.
    sa.Column("state_reason", sa.Text, nullable=False, server_default=""),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("delivered_revision", sa.Integer, nullable=False, server_default="0"),
    sa.Column("due_at", Utc, nullable=False),  # pushed forward by a claim; never by a new copy
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),  # since the last success
    sa.Column("message_id", sa.BigInteger),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("told_at", Utc),  # first delivered
    # Of the message that tells of it with others, None for its own; 0 for its own whatever comes, since
    # Telegram refused a digest of it.
    sa.Column("digest_id", Id),
    sa.UniqueConstraint("subscriber_id", "story_id"),
    sa.Index("ix_alerts_subscriber_id_message_id", "subscriber_id", "message_id"),
    sa.Index(
        "ix_alerts_digest_id",
        "digest_id",
        sqlite_where=sa.text("digest_id IS NOT NULL"),
        postgresql_where=sa.text("digest_id IS NOT NULL"),
    ),
    sa.Index(
        "ix_alerts_state_reason_due_at",
        "state_reason",
        "due_at",
        sqlite_where=sa.text("state = 'held'"),
        postgresql_where=sa.text("state = 'held'"),
    ),
    sa.Index(
        "ix_alerts_due_at",
        "due_at",
        sqlite_where=sa.text("state = 'open' AND revision > delivered_revision"),
        postgresql_where=sa.text("state = 'open' AND revision > delivered_revision"),
    ),
    sa.Index("ix_alerts_story_id", "story_id"),
    sa.Index(
        "ix_alerts_state_id",
        "state",
        "id",
        sqlite_where=sa.text("state <> 'open'"),
        postgresql_where=sa.text("state <> 'open'"),
    ),
)

matches = sa.Table(
    "matches",
    metadata,
    _ref("article_id", "articles.id", cascade=True),
    _ref("watch_id", "watches.id", cascade=True),
    sa.Column("hits", sa.JSON, nullable=False),
    sa.PrimaryKeyConstraint("article_id", "watch_id"),
    sa.Index("ix_matches_watch_id_article_id", "watch_id", "article_id"),
)

decisions = sa.Table(
    "decisions",  # the ledger: what became of an article for a subscriber, and why; append-only
    metadata,
    _id(),
    sa.Column("at", Utc, nullable=False),
    _ref("article_id", "articles.id", cascade=True),
    _ref("subscriber_id", "subscribers.id", cascade=True),
    sa.Column("outcome", sa.String(16), nullable=False),  # told, copy, excluded, held, failed
    sa.Column("reason", sa.JSON, nullable=False),
    sa.Column("outlet_id", Id),  # the article's, so that an outlet's decisions can be paged by key
    sa.Index("ix_decisions_article_id", "article_id"),
    sa.Index("ix_decisions_subscriber_id_id", "subscriber_id", "id"),
    sa.Index("ix_decisions_outlet_id_id", "outlet_id", "id"),
    sa.Index("ix_decisions_outcome_id", "outcome", "id"),
    sa.Index("ix_decisions_at", "at"),
)

archive = sa.Table(
    "archive",  # what is searched: a narrow row for each filed article, and its words
    metadata,
    _id(),  # never used again, even if the newest row goes: SQLite's index of words refers to it
    _ref("article_id", "articles.id", cascade=True),
    sa.Column("at", Utc, nullable=False),  # published or, undated, seen
    sa.Column("outlet_id", Id, nullable=False),
    # On SQLite the words are in a virtual table, see below.
    sa.Column("words", postgresql.TSVECTOR().with_variant(sa.Text(), "sqlite")),
    sa.UniqueConstraint("article_id"),
    sa.Index("ix_archive_at", "at"),
    sa.Index(
        "ix_archive_words",
        "words",
        postgresql_using="gin",
        sqlite_where=sa.text("words IS NOT NULL"),
    ),
    sqlite_autoincrement=True,
)
for _dialect, _ddl in (
    (
        "sqlite",
        "CREATE VIRTUAL TABLE archive_words USING fts5"
        "(words, content='', detail=none, columnsize=0, tokenize='ascii')",
    ),
    ("postgresql", "ALTER TABLE archive ALTER COLUMN words SET STORAGE EXTERNAL"),
    ("postgresql", "ALTER TABLE archive SET (toast_tuple_target = 128)"),
):
    _made = sa.DDL(_ddl).execute_if(dialect=_dialect)  # type: ignore[no-untyped-call]  # untyped there
    sa.event.listen(archive, "after_create", _made)

searches = sa.Table(
    "searches",  # what chats looked for in the last day: for further pages, and for limits
    metadata,
    _id(),
    _ref("subscriber_id", "subscribers.id", cascade=True),
    sa.Column("query", sa.Text, nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Index("ix_searches_subscriber_id_at", "subscriber_id", "at"),
)

verdicts = sa.Table(
    "verdicts",  # a person's word on a decision; taken back, the row goes
    metadata,
    _id(),
    sa.Column("at", Utc, nullable=False),
    _ref("subscriber_id", "subscribers.id", cascade=True),
    sa.Column("user_id", sa.BigInteger, nullable=False),  # who said it; 0 where Telegram hides it
    sa.Column("kind", sa.String(16), nullable=False),  # not_relevant, not_a_copy, missed
    _ref("article_id", "articles.id", cascade=True),
    sa.Column("other_id", Id, nullable=False, server_default="0"),  # what it is no copy of
    sa.UniqueConstraint("subscriber_id", "user_id", "article_id", "kind"),
    sa.Index("ix_verdicts_article_id", "article_id"),
    sa.Index("ix_verdicts_other_id", "other_id"),
    sa.Index("ix_verdicts_kind_id", "kind", "id"),
)

rulings = sa.Table(
    "rulings",  # an admin's word on two articles; it binds, whoever reads them again. The last word counts
    metadata,
    # The lower id of the two first.
    sa.Column(
        "article_id",
        Id,
        sa.ForeignKey("articles.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    sa.Column(
        "other_id",
        Id,
        sa.ForeignKey("articles.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    sa.Column("one_text", sa.Boolean, nullable=False),
    sa.Column("user_id", sa.BigInteger, nullable=False),
    sa.Column("at", Utc, nullable=False),
    sa.Index("ix_rulings_other_id", "other_id"),
)

imported_alerts = sa.Table(
    "imported_alerts",  # what a chat was told by another bot before, as its /export has it
    metadata,
    _id(),
    _ref("subscriber_id", "subscribers.id", cascade=True),
    sa.Column("told_at", Utc, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("outlet", sa.Text, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.UniqueConstraint("subscriber_id", "url"),
)

deliveries = sa.Table(
    "deliveries",  # one attempt each; append-only
    metadata,
    _id(),
    sa.Column("at", Utc, nullable=False),
    _ref("alert_id", "alerts.id", cascade=True),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("edit", sa.Boolean, nullable=False),
    sa.Column("outcome", sa.String(16), nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("message_id", sa.BigInteger),
    sa.Column("digest_id", Id),  # the attempt was for all alerts of that digest
    sa.Index("ix_deliveries_alert_id", "alert_id"),
    sa.Index(
        "ix_deliveries_digest_id",
        "digest_id",
        sqlite_where=sa.text("digest_id IS NOT NULL"),
        postgresql_where=sa.text("digest_id IS NOT NULL"),
    ),
)

console_people = sa.Table(
    "console_people",  # who may open the console besides the admins of the settings
    metadata,
    sa.Column("user_id", sa.BigInteger, primary_key=True, autoincrement=False),  # of Telegram
    sa.Column("role", sa.String(16), nullable=False),  # viewer, admin
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("added_by", sa.BigInteger, nullable=False),
    sa.Column("added_at", Utc, nullable=False),
)

console_links = sa.Table(
    "console_links",  # one-time ways in; only a hash is kept, so a copy of the database opens nothing
    metadata,
    sa.Column("token_hash", sa.String(64), primary_key=True),
    sa.Column("user_id", sa.BigInteger, nullable=False),
    sa.Column("language", sa.String(35), nullable=False),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("expires_at", Utc, nullable=False),
    sa.Column("used_at", Utc),
    sa.Index("ix_console_links_user_id", "user_id"),
)

console_sessions = sa.Table(
    "console_sessions",
    metadata,
    _id(),
    sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
    sa.Column("user_id", sa.BigInteger, nullable=False),
    sa.Column("language", sa.String(35), nullable=False),
    sa.Column("csrf", sa.String(64), nullable=False),
    sa.Column("agent", sa.Text, nullable=False),  # the browser, as it calls itself
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("seen_at", Utc, nullable=False),
    sa.Column("ended_at", Utc),
    sa.Index("ix_console_sessions_user_id", "user_id"),
)

console_tokens = sa.Table(
    "console_tokens",  # of the read API
    metadata,
    _id(),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
    sa.Column("created_by", sa.BigInteger, nullable=False),
    sa.Column("created_at", Utc, nullable=False),
    sa.Column("used_at", Utc),
    sa.Column("revoked_at", Utc),
)

audit = sa.Table(
    "audit",  # every change made in the console; append-only
    metadata,
    _id(),
    sa.Column("at", Utc, nullable=False),
    sa.Column("user_id", sa.BigInteger, nullable=False),
    sa.Column("action", sa.String(64), nullable=False),
    sa.Column("target", sa.Text, nullable=False),
    sa.Column("detail", sa.JSON, nullable=False),
)

measurements = sa.Table(
    "measurements",  # what evaluations found, kept so that the console shows it over time; append-only
    metadata,
    _id(),
    sa.Column("at", Utc, nullable=False),
    sa.Column("what", sa.String(16), nullable=False),  # watches, reposts, feeds, pages
    sa.Column("version", sa.String(32), nullable=False),  # of the package that was measured
    sa.Column("figures", sa.JSON, nullable=False),  # name -> share, 0..1
    sa.Index("ix_measurements_what_id", "what", "id"),
)

chat_rules = sa.Table(
    "chat_rules",  # what admins decided of single chats, over what the settings say
    metadata,
    sa.Column("chat_id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("served", sa.Boolean),  # None: as the settings say
    sa.Column("watches", sa.Integer),  # how many it may have, None: as the settings say
    sa.Column("set_by", sa.BigInteger, nullable=False),  # user id of Telegram
    sa.Column("set_at", Utc, nullable=False),
)
