"""Every exception that Outpost raises on purpose. Expected outcomes are values, not exceptions."""

from collections.abc import Mapping


class OutpostError(Exception):
    """Root of what we raise on purpose; anything else that surfaces is a bug."""


class UserError(OutpostError):
    """A mistake of the person in the chat, answered in their language; the transaction is rolled back.

    key: a message of the catalogue (bot/texts/locales). params: its named placeholders; plain text,
    escaped where the message is rendered.
    """

    def __init__(self, key: str, **params: object) -> None:
        super().__init__(key)
        self.key = key
        self.params: Mapping[str, object] = params


class QueryError(UserError):
    """A watch that cannot be read: where, why, and how to mend it.

    text: the query as typed. start, end: offsets into it, in characters, 0 <= start <= end <= len(text).
    suggestion: a corrected query that parses, or None where none is safe to guess.
    """

    def __init__(
        self,
        key: str,
        *,
        text: str,
        start: int,
        end: int,
        suggestion: str | None = None,
        **params: object,
    ) -> None:
        super().__init__(key, **params)
        self.text = text
        self.start = start
        self.end = end
        self.suggestion = suggestion


class SettingsError(OutpostError):
    """Settings, an outlets file or a names file that cannot be used. A line for each fault, exit code 2."""


class DatabaseDown(OutpostError):
    """The database is locked, full, gone or refusing connections: nothing was saved, try again."""


class SchemaError(OutpostError):
    """The database is not at the revision this version needs. One line, exit code 1."""


class PortError(OutpostError):
    """The console cannot listen where it should, and nothing else is to be done. One line, exit code 1."""


class TokenError(OutpostError):
    """Telegram refuses the bot's token. One line, exit code 1; the token itself is never in it."""
