"""Health: from publication to the message, as a picture and as numbers; queues, errors, budget, size."""

from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version

from bot.domain.pacing import Limits
from bot.store import health, revisions
from bot.store.engine import Tx
from bot.web import charts
from bot.web.files import as_asked
from bot.web.view import Answer, Build, Shown, Visit


def show(polls_per_minute: int) -> Build:
    """Return the page of health. polls_per_minute: the budget that the settings give."""

    def page(tx: Tx, visit: Visit) -> Shown:
        return Shown("health.html", _context(tx, visit, budget=60 * polls_per_minute))

    return page


def _context(tx: Tx, visit: Visit, *, budget: int) -> dict[str, object]:
    found = health.read_health(tx, visit.now)
    return {
        "title": visit.say("web.health"),
        "limit": int(Limits().per_s),
        "budget": budget,
        "health": found,
        "steps": (
            ("web.published_to_seen", found.lags.published_to_seen),
            ("web.seen_to_matched", found.lags.seen_to_matched),
            ("web.matched_to_told", found.lags.matched_to_told),
            ("web.in_all", found.lags.total),
        ),
        "scatter": charts.scatter(found.lags.series, width=960, height=200),
        "many": health.MANY,
        "version": our_version(),
        "schema": revisions.current(tx),
        "dialect": tx.dialect.name,
    }


def our_version() -> str:
    """Return the version of the installed package, "" where it is not installed."""
    try:
        return version("outpost")
    except PackageNotFoundError:
        return ""


def export(tx: Tx, visit: Visit) -> Answer:
    """The numbers of health as a file."""
    found = health.read_health(tx, visit.now)
    rows: list[dict[str, object]] = [
        {"measure": f"{name}.{key}", "value": value}
        for name in ("published_to_seen", "seen_to_matched", "matched_to_told", "total")
        for key, value in asdict(getattr(found.lags, name)).items()
    ]
    queues = {k: v for k, v in asdict(found.queues).items() if isinstance(v, int)}
    rows += [{"measure": f"queue.{k}", "value": v} for k, v in queues.items()]
    rows += [{"measure": f"deliveries.{k}", "value": v} for k, v in found.deliveries.items()]
    rows += [{"measure": f"rate.{k}", "value": v} for k, v in asdict(found.rate).items()]
    rows.append({"measure": "polls_per_hour", "value": round(found.polls_per_hour)})
    rows.append({"measure": "database_bytes", "value": found.database_bytes})
    return as_asked(visit, rows, "health")
