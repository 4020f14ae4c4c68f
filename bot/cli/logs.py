"""The log: JSON lines for machines, with what a line names ("article=812") as fields; outages said once."""

import logging
import re
from datetime import UTC, datetime

import structlog
from structlog.typing import EventDict, WrappedLogger

SAID_AGAIN_S = 60.0  # after which a database that is still away is said once more

_PLACE = re.compile(r"(?:([a-z_]+)=)?%[-.0-9]*[a-z]")


class Outages(logging.Filter):
    """Lets what is tried over and over say once a minute that the database is away.

    Such lines are logged with crew.AGAIN; of them one is kept for each answer of the database.
    """

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep a line, unless one of its kind was kept lately."""
        if not (getattr(record, "again", False) and isinstance(record.args, tuple)):
            return True
        now, answer = record.created, str(record.args[-1])
        self._said = {a: at for a, at in self._said.items() if now - SAID_AGAIN_S < at <= now}
        return self._said.setdefault(answer, now) == now


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
