"""`outpost` by a clock that is ahead: `python -m tests.e2e.ahead HOURS COMMAND ...`, as `outpost COMMAND`.

Both clocks of a process are moved, the house's and the one that APScheduler ticks by; nothing else is.
"""

import sys
from datetime import datetime, timedelta, tzinfo

import apscheduler.schedulers.base

import bot.app
from bot.__main__ import main

AHEAD = timedelta(hours=float(sys.argv.pop(1)))


class Ahead(datetime):
    """A datetime class whose present is the future."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]  # a datetime, not Self
        """Return the moment that far ahead."""
        return datetime.now(tz) + AHEAD


bot.app.datetime = Ahead  # type: ignore[misc]  # a class is put in the place of a class
apscheduler.schedulers.base.datetime = Ahead
main()
