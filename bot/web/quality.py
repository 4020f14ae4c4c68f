"""Quality: what people's verdicts say of folding and matching, and what another threshold would change."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from starlette.datastructures import QueryParams

from bot import texts
from bot.domain.clustering import SHIPPED
from bot.domain.likeness import Regime
from bot.store import insight, measurements, origins, verdicts, weeks
from bot.store.engine import Tx
from bot.store.measurements import Measurement
from bot.web import charts, evidence
from bot.web.files import as_asked
from bot.web.view import EXPORTED, Answer, Shown, Visit

MOST_CUSTOMS = 20  # pairs of outlets that are shown
KINDS = ("not_a_copy", "not_relevant", "missed")


def show(tx: Tx, visit: Visit) -> Shown:
    """The page of quality; ?regime, ?at: what is compared, and the threshold to try, 0..1."""
    regime, at = tried(visit.query)
    found = insight.read_quality(tx, visit.now)
    preview = insight.preview_threshold(tx, at, regime)
    measured = measurements.newest(tx)
    totals = [(week, sum(counts.values())) for week, counts in found.weekly.items()]
    names = [f"{texts.day(visit.language, week)}: {n}" for week, n in totals]
    customs = origins.reprints(tx, None, since=visit.now - origins.CUSTOM)
    usual = sorted(customs.items(), key=lambda item: (-item[1], item[0]))[:MOST_CUSTOMS]
    steps = [f"{i * 0.05:.2f}: {n}" for i, n in enumerate(preview.histogram)]
    return Shown(
        "quality.html",
        {
            "title": visit.say("web.quality"),
            "quality": found,
            "at": at,
            "regime": regime,
            "regimes": [(one.name.lower(), evidence.REGIMES[one]) for one in Regime],
            "preview": preview,
            "kinds": KINDS,
            "course": weeks.read_weeks(tx, visit.now),
            "counted": weeks.COUNTED_A_WEEK,
            "measured": {what: _course(visit, kept) for what, kept in measured.items()},
            "customs": usual,
            "custom_days": origins.CUSTOM.days,
            "first_week": totals[0][0] if totals else None,
            "last_week": totals[-1][0] if totals else None,
            "weekly": charts.bars([n for _, n in totals], names, width=480, height=80),
            "histogram": charts.bars(preview.histogram, steps, width=480, height=80),
            "sample": insight.RECENT_DECISIONS,
        },
    )


@dataclass(frozen=True, slots=True)
class Course:
    """One kind of measurement over time. names: of the figures of the newest. rows: newest first."""

    names: Sequence[str]
    rows: Sequence[Measurement]
    bars: Sequence[charts.Bar]


def _course(visit: Visit, kept: Sequence[Measurement]) -> Course:
    """Return measurements as a table, with a picture of the first of their figures."""
    names = list(kept[-1].figures)
    firsts = [m.figures.get(names[0], 0.0) if names else 0.0 for m in kept]
    days = [texts.day(visit.language, m.at) for m in kept]
    labels = [f"{day}: {value:.3f}" for day, value in zip(days, firsts, strict=True)]
    return Course(names, kept[::-1], charts.bars([*firsts], labels, width=480, height=60))


def tried(query: QueryParams) -> tuple[Regime, float]:
    """Return what is compared and from which score on; for what cannot be read, what is in force."""
    name = query.get("regime", "").upper()
    regime = Regime[name] if name in Regime.__members__ else Regime.FULL
    try:
        at = float(query.get("at", "")[:10].replace(",", "."))
    except ValueError:
        at = -1.0
    return regime, at if 0 <= at <= 1 else SHIPPED.threshold(regime).sure


def export(tx: Tx, visit: Visit) -> Answer:
    """The pairs of the threshold preview as a file."""
    regime, at = tried(visit.query)
    preview = insight.preview_threshold(tx, at, regime, limit=EXPORTED)
    return as_asked(visit, [asdict(p) for p in preview.pairs], "pairs")


def export_weeks(tx: Tx, visit: Visit) -> Answer:
    """Precision and recall by week as a file."""
    rows = [
        {
            "week": w.start.date().isoformat(),
            "copies": w.folding.decided,
            "copies_wrong": w.folding.wrong,
            "copies_missed": w.joined,
            "copies_precision": w.folding.precision,
            "copies_recall": w.folding_recall,
            "told": w.watches.decided,
            "told_wrong": w.watches.wrong,
            "missed": w.missed,
            "told_precision": w.watches.precision,
            "told_recall": w.recall,
        }
        for w in weeks.read_weeks(tx, visit.now)
    ]
    return as_asked(visit, rows, "weeks")


def export_verdicts(tx: Tx, visit: Visit) -> Answer:
    """What people said, newest first, as a file."""
    said = verdicts.newest(tx, before=None, limit=EXPORTED)
    return as_asked(visit, [asdict(s) for s in said], "verdicts")


def export_measurements(tx: Tx, visit: Visit) -> Answer:
    """What was measured on labelled data, a line for each figure, as a file."""
    rows = [
        {"at": m.at, "what": what, "version": m.version, "figure": name, "value": value}
        for what, kept in measurements.newest(tx).items()
        for m in kept
        for name, value in m.figures.items()
    ]
    return as_asked(visit, rows, "measurements")


def export_customs(tx: Tx, visit: Visit) -> Answer:
    """Who reprints whom as a file."""
    customs = origins.reprints(tx, None, since=visit.now - origins.CUSTOM)
    rows = [{"origin": o, "copy": c, "times": n} for (o, c), n in sorted(customs.items())]
    return as_asked(visit, rows, "reprints")
