"""`outpost why`: what became of an article, as sentences or JSON."""

import json

import click

from bot.app import open_database, read_names
from bot.config import Settings
from bot.store import why
from bot.store.ledger import Line

NEAR = 3  # watches whose near miss is told


def explain(settings: Settings, asked: str, *, as_json: bool) -> int:
    """Print it; return the exit code: 1 if the article is not known."""
    store = open_database(settings, new=False)
    try:
        found = store.look(why.explain_article, asked, read_names(settings), anybodys=True)
    finally:
        store.close()
    if as_json:
        click.echo(json.dumps(why.as_json(found), ensure_ascii=False, indent=2))
    else:
        for line in sentences(found):
            click.echo(line)
    return 0 if found.article else 1


def sentences(found: why.Why) -> list[str]:
    """Return what became of an article, a sentence a line."""
    article = found.article
    if article is None:
        return [_unseen(found)]
    lines = [
        f"{article.title or article.url}",
        f"  {article.outlet}, seen {article.seen_at:%Y-%m-%d %H:%M} UTC: {article.url}",
    ]
    if found.page_failure:
        lines.append(f"  matched on title and summary only: {found.page_failure}")
    if found.original:
        facts = ", ".join(f"{k} {v}" for k, v in article.evidence.items() if k in ("rule", "score"))
        what = "an update" if article.evidence.get("kind") == "revision" else "a copy"
        lines.append(f"  {what} of {found.original.url} by {found.original.outlet} ({facts})")
    if article.archived:
        lines.append("  it was in the feed before the first poll: such articles alert nobody")
    elif found.state == "new":
        lines.append("  it is still waiting to be read and filed")
    elif not found.lines:
        lines.append("  no watch matched it" + ("; the nearest:" if found.near else ""))
        lines += [f"    {_missed(near)}" for near in found.near[:NEAR]]
    return [*lines, *(f"  {line.at:%Y-%m-%d %H:%M} UTC {_said(line)}" for line in found.lines)]


def _missed(near: why.NearMiss) -> str:
    miss = near.miss
    if miss.fires:
        return (
            f"{near.query}: it matches now; the watch is younger than the article, or was changed"
        )
    if miss.excluded:
        return f"{near.query}: shut out by NOT {', '.join(miss.barred_by)}"
    has = f"has {', '.join(miss.has)}, " if miss.has else ""
    return f"{near.query}: {has}lacks {', '.join(miss.lacks)}"


def _unseen(found: why.Why) -> str:
    if not found.url:
        return "none of the newest headlines has all of these words"
    if not found.outlet:
        return "never seen, and its site is not among the outlets that are polled"
    polled = f"{found.polled_at:%Y-%m-%d %H:%M} UTC" if found.polled_at else "never"
    fault = f"; it fails: {found.failure}" if found.failure else ""
    return f"never seen; {found.outlet} is polled, last {polled}{fault}"


def _said(line: Line) -> str:
    chat = line.chat or str(line.chat_id)
    match line.state:
        case "told":
            shown = f"message {line.message_id}" if line.message_id else "a message"
            digest = f", digest {line.digest_id}" if line.digest_id else ""
            return f"told {chat} ({shown}{digest}, {line.told_at:%Y-%m-%d %H:%M:%S} UTC)"
        case "copy":
            return f"folded as a copy for {chat}"
        case "excluded":
            return f"excluded for {chat}: NOT {', '.join(map(str, line.reason.get('not', ())))}"
        case "held":
            until = f" until {line.held_until:%Y-%m-%d %H:%M} UTC" if line.held_until else ""
            why = line.held_since_gone or line.held_by or "paused"
            return f"held for {chat}: {why}{until}"
        case "failed":
            return f"failed for {chat}: {line.alert_reason} (attempt {line.attempts})"
        case _:
            return f"on its way to {chat}"
