"""The log: JSON lines for machines, with what a line names ("article=812") as fields; outages said once."""

import logging
import re
from datetime import UTC, datetime

import structlog
from structlog.typing import EventDict, WrappedLogger

from bot.domain.errors import DatabaseDown

SAID_AGAIN_S = 60.0  # after which a database that is still away is said once more

_PLACE = re.compile(r"(?:([a-z_]+)=)?%[-.0-9]*[a-z]")


class Outages(logging.Filter):
    """Lets it be said once a minute that the database is away, however many stages ask it meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep a line about a database that does not answer, unless one with that answer was kept lately."""
        if not isinstance(record.args, tuple) or str(record.msg).startswith("alert="):
            return True  # what became of one alert is said each time
        away = next((str(a) for a in record.args if isinstance(a, DatabaseDown)), None)
        if away is None:
            return True
        since = record.created - SAID_AGAIN_S
        self._said = {said: at for said, at in self._said.items() if at > since}
        return self._said.setdefault(away, record.created) == record.created


def json_lines() -> logging.Formatter:
    """Return the formatter of machines. Times are UTC; a traceback is the field "exception"."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[_time, structlog.stdlib.add_logger_name, _fields],
        processors=[
            structlog.processors.format_exc_info,
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
        ],
        pass_foreign_args=True,
    )


def _time(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    record: logging.LogRecord = event["_record"]
    at = datetime.fromtimestamp(record.created, UTC)
    event["time"] = at.isoformat(timespec="milliseconds")
    event["level"] = record.levelname.lower()
    return event


def _fields(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Take `name=%s` out of the line as fields of their own; the line itself stays whole, to be read."""
    record, given = event["_record"], event.pop("positional_args", ())
    names = [found[1] for found in _PLACE.finditer(str(record.msg).replace("%%", ""))]
    if isinstance(given, tuple) and len(names) == len(given):
        for name, value in zip(names, given, strict=True):
            if name and name not in event:
                event[name] = value if isinstance(value, int | float | bool) else str(value)
    return event
