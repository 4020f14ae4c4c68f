"""Sentry, where an operator has one: told of our bugs, and of nothing that anybody wrote or sent.

Only tracebacks go out, as kinds of errors and places in the code: no values of variables, no words of
errors (a database quotes the row it refused), no lines of the log, no names of machines or people.
"""

import importlib
import importlib.util
import logging
from types import TracebackType
from typing import Any

from bot.domain.errors import SettingsError

# Not by our name alone: the package index has another project called outpost.
LACKING = (
    "SENTRY_DSN is set, and sentry-sdk is not installed; pip install '.[sentry]' in this folder"
)
KEPT = ("event_id", "timestamp", "platform", "level", "release", "logger", "exception", "sdk")
OF_FRAME = ("filename", "function", "module", "lineno", "in_app")

ErrorInfo = tuple[type[BaseException], BaseException, TracebackType | None]


class _Tracebacks(logging.Handler):
    """Hands the error of a logged traceback on."""

    def __init__(self, sdk: Any) -> None:
        super().__init__(logging.ERROR)
        self._sdk = sdk

    def emit(self, record: logging.LogRecord) -> None:
        """Send the error that the record carries; a record without one is no bug."""
        if record.exc_info and record.exc_info[1] is not None:
            self._sdk.capture_event(*self._event(record, record.exc_info))

    def _event(self, record: logging.LogRecord, error: Any) -> tuple[Any, Any]:
        options = self._sdk.get_client().options
        event, hint = self._sdk.utils.event_from_exception(error, client_options=options)
        return event | {"logger": record.name, "level": "error"}, hint


def is_installed() -> bool:
    """Return whether the part that is installed on demand is there."""
    return importlib.util.find_spec("sentry_sdk") is not None


def report_bugs(dsn: str, *, release: str) -> None:
    """Send the tracebacks of the log to Sentry from now on. Raises SettingsError."""
    if not is_installed():
        raise SettingsError(LACKING)
    sdk: Any = importlib.import_module("sentry_sdk")
    importlib.import_module("sentry_sdk.utils")
    try:
        sdk.init(
            dsn=dsn,
            release=release,
            default_integrations=False,
            auto_enabling_integrations=False,
            auto_session_tracking=False,
            include_local_variables=False,
            include_source_context=False,
            send_client_reports=False,
            max_breadcrumbs=0,
            server_name="",
            before_send=lambda event, _: bare(event),
        )
    except ValueError:
        raise SettingsError("SENTRY_DSN: this is no address of a Sentry project") from None
    logging.getLogger().addHandler(_Tracebacks(sdk))


def bare(event: dict[str, Any]) -> dict[str, Any]:
    """Return the event with kinds of errors and places in the code, and nothing else."""
    kept = {key: value for key, value in event.items() if key in KEPT}
    errors = (event.get("exception") or {}).get("values") or ()
    kept["exception"] = {"values": [_bare_error(error) for error in errors]}
    return kept


def _bare_error(error: dict[str, Any]) -> dict[str, Any]:
    frames = (error.get("stacktrace") or {}).get("frames") or ()
    places = [{key: f[key] for key in OF_FRAME if key in f} for f in frames]
    return {
        "type": error.get("type"),
        "module": error.get("module"),
        "value": "",
        "stacktrace": {"frames": places},
    }
