"""Who is told of an article, and why: raises alerts, revises those already raised, keeps each reason."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.domain import clustering
from bot.domain.model import Match
from bot.store import alerts, articles, ledger, notices, stories, watches
from bot.store.engine import Tx


def evidence_of(decision: clustering.Decision) -> dict[str, object]:
    """Return why an article joined its story, as it is kept for the ledger, /why and the console."""
    return {
        **decision.evidence,
        "kind": decision.kind.value,
        "copy_of": decision.copy_of,
        "score": decision.score,
        "rule": decision.rule,
    }


def tell(
    tx: Tx,
    article_id: int,
    story_id: int,
    matched: Sequence[Match],
    evidence: Mapping[str, object],
    *,
    now: datetime,
    only: set[int] | None = None,
) -> None:
    """Raise the alerts an article earns, revise those already raised, and keep each decision's reason.

    only: the subscribers to tell, None for all whom it concerns.
    """
    owners = watches.subscribers_of(tx, [m.watch_id for m in matched])
    fired = defaultdict(list)
    for watch_id, subscriber_id in sorted(owners.items()):
        fired[subscriber_id].append(watch_id)
    told = alerts.subscribers_told(tx, story_id)
    concerned = {*told, *fired} if only is None else only
    raised = alerts.raise_or_revise(tx, {s: fired.get(s, []) for s in concerned}, story_id, now)
    # After that: a chat that is being forgotten takes its watches with it.
    articles.add_matches(tx, article_id, [m for m in matched if owners.get(m.watch_id) in raised])
    decided = []
    for subscriber_id, hold in raised.items():
        reason: dict[str, object] = {"watches": fired.get(subscriber_id, []), **evidence}
        outcome = "copy" if subscriber_id in told else "held" if hold else "told"
        if told.get(subscriber_id) == "muted":
            outcome, reason["held"] = "held", ledger.MUTED
        elif hold and outcome == "held":
            reason |= hold.reason
        decided.append(alerts.Decided(subscriber_id, outcome, reason))
    alerts.decide(tx, article_id, decided, now)
    if concerned:
        notices.wake(tx, "deliver")


def tell_again(
    tx: Tx,
    article_id: int,
    story_id: int,
    matched: Sequence[Match],
    evidence: Mapping[str, object],
    *,
    now: datetime,
) -> None:
    """Tell those whom the fuller text interests and the shorter did not; let the others' messages follow."""
    articles.forget_hits(tx, article_id)
    told = alerts.subscribers_told(tx, story_id)
    owners = watches.subscribers_of(tx, [m.watch_id for m in matched])
    known = [m for m in matched if owners.get(m.watch_id) in told]
    articles.add_matches(tx, article_id, known)
    fresh = [m for m in matched if owners.get(m.watch_id) not in told]
    stories.revise(tx, story_id)
    tell(tx, article_id, story_id, fresh, evidence, now=now, only=set(owners.values()) - set(told))
