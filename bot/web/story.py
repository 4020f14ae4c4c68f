"""One story: its copies on a time line, a copy beside its original, the evidence, and people's verdicts."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bot.domain.difference import Difference, compare_texts
from bot.domain.model import Article, VerdictKind
from bot.store import articles as articles_store
from bot.store import console, dossier, ledger, locks, notices, stories, verdicts
from bot.store.engine import Tx
from bot.web.files import download, form_of, plain
from bot.web.log import as_row
from bot.web.view import Answer, Moved, Shown, Visit, missing

LINE = 1_000  # units: the width of the time line


@dataclass(frozen=True, slots=True)
class Mark:
    """One article on the time line. x: 0..LINE."""

    x: float
    article: Article
    origin: bool


def show(tx: Tx, visit: Visit) -> Shown:
    """The page of a story. ?copy: the article to compare with its original."""
    found = dossier.read_story(tx, visit.path["story_id"])
    if found is None:
        return missing(visit)
    by_id = {article.id: article for article in found.articles}
    copies = [a for a in found.articles if a.copy_of in by_id and a.copy_of != a.id]
    chosen = by_id.get(visit.number("copy") or 0) or (copies[0] if copies else None)
    original = by_id.get(chosen.copy_of or 0) if chosen else None
    return Shown(
        "story.html",
        {
            "title": found.articles[0].title if found.articles else visit.say("web.story"),
            "story": found,
            "marks": time_line(found.articles, found.origin_id),
            "lines_of": _by_article(found.lines),
            "chosen": chosen if original else None,
            "original": original,
            "difference": _difference(original, chosen),
            "by_id": by_id,
        },
    )


def _by_article(lines: Sequence[ledger.Line]) -> Mapping[int, list[ledger.Line]]:
    found: dict[int, list[ledger.Line]] = {}
    for line in lines:
        found.setdefault(line.article_id, []).append(line)
    return found


def _difference(original: Article | None, copy: Article | None) -> Difference | None:
    if original is None or copy is None:
        return None
    return compare_texts(_text(original), _text(copy))


def _text(article: Article) -> str:
    return f"{article.title}\n{article.body or article.summary}"


def time_line(articles: Sequence[Article], origin_id: int | None) -> list[Mark]:
    """Return the articles placed by when they were published or, undated, seen."""
    times = [a.published_at or a.seen_at for a in articles]
    if not times:
        return []
    first, span = min(times), max((max(times) - min(times)).total_seconds(), 1.0)
    return [
        Mark(round(LINE * (at - first).total_seconds() / span, 1), article, article.id == origin_id)
        for at, article in zip(times, articles, strict=True)
    ]


def export(tx: Tx, visit: Visit) -> Answer:
    """A story as a file: all of it as JSON, the decisions on it as CSV."""
    found = dossier.read_story(tx, visit.path["story_id"])
    if found is None:
        return missing(visit)
    form = form_of(visit)
    rows: Any = as_json(found) if form == "json" else [as_row(line) for line in found.lines]
    return download(rows, f"story-{found.story_id}", form)


def as_json(found: dossier.Dossier) -> dict[str, Any]:
    """Return all that is kept of a story as plain values, for files and for the API."""
    return {
        "id": found.story_id,
        "opened_at": found.opened_at.isoformat(),
        "origin_id": found.origin_id,
        "origin": dict(found.origin),
        "articles": [
            {
                "id": a.id,
                "outlet": a.outlet,
                "country": a.country,
                "language": a.language,
                "title": a.title,
                "url": a.url,
                "published_at": a.published_at.isoformat() if a.published_at else None,
                "seen_at": a.seen_at.isoformat(),
                "copy_of": a.copy_of,
                "evidence": dict(a.evidence),
            }
            for a in found.articles
        ],
        "decisions": [as_row(line) for line in found.lines],
        "messages": [plain(asdict(told)) for told in found.told],
        "attempts": [plain(asdict(attempt)) for attempt in found.attempts],
        "verdicts": [plain(asdict(said)) for said in found.verdicts],
    }


def judge(tx: Tx, visit: Visit) -> Answer:
    """A verdict on an article of the story: kept, audited, and acted upon where it moves the article."""
    kind = str(visit.form.get("kind", ""))
    locks.lock_stories(tx)
    found = articles_store.by_ids(tx, [visit.number("article") or 0])
    if not found or found[0].story_id is None or kind not in JUDGEMENTS:
        return missing(visit)
    [article] = found
    moved_to = JUDGEMENTS[kind](tx, visit, article)
    if moved_to is None:
        return Moved(f"/story/{article.story_id}", "web.done_nothing")
    console.note(
        tx,
        visit.session.user_id,
        f"verdict {kind}",
        target=article.url,
        detail={"article": article.id, "from": article.story_id, "to": moved_to},
        now=visit.now,
    )
    return Moved(f"/story/{moved_to}", "web.done_verdict")


def _not_a_copy(tx: Tx, visit: Visit, article: Article) -> int | None:
    """Split: the article gets a story of its own, and messages lose it."""
    if article.copy_of is None:
        return None
    _keep(tx, visit, VerdictKind.NOT_A_COPY, article, other_id=article.copy_of)
    _rule(tx, visit, article, article.copy_of, one_text=False)
    return _move(tx, visit, article, None)


def _copy(tx: Tx, visit: Visit, article: Article) -> int | None:
    """Join: the article becomes a copy of the one named by its address, its id or its story's page."""
    other = _named(tx, str(visit.form.get("other", "")).strip())
    if other is None or other.story_id in (None, article.story_id):
        return None
    _rule(tx, visit, article, other.id, one_text=True)
    return _move(tx, visit, article, other)


def _rule(tx: Tx, visit: Visit, article: Article, other_id: int, *, one_text: bool) -> None:
    user_id = visit.session.user_id
    verdicts.rule(tx, article.id, other_id, one_text=one_text, user_id=user_id, now=visit.now)


def _not_relevant(tx: Tx, visit: Visit, article: Article) -> int | None:
    return _keep(tx, visit, VerdictKind.NOT_RELEVANT, article)


def _missed(tx: Tx, visit: Visit, article: Article) -> int | None:
    return _keep(tx, visit, VerdictKind.MISSED, article)


JUDGEMENTS = {
    "not_a_copy": _not_a_copy,
    "copy": _copy,
    "not_relevant": _not_relevant,
    "missed": _missed,
}


def _keep(
    tx: Tx, visit: Visit, kind: VerdictKind, article: Article, *, other_id: int = 0
) -> int | None:
    """Keep the verdict for the subscriber whom the decision was about, or the first of them."""
    decided = {line.subscriber_id for line in ledger.of_articles(tx, [article.id])}
    concerned = visit.number("subscriber") or min(decided, default=None)
    if kind is VerdictKind.MISSED:
        concerned = visit.number("subscriber")
        decided = {concerned} if concerned and dossier.is_subscriber(tx, concerned) else set()
    if concerned is None or concerned not in decided:
        return article.story_id if kind is VerdictKind.NOT_A_COPY else None
    verdicts.give(
        tx,
        kind,
        subscriber_id=concerned,
        user_id=visit.session.user_id,
        article_id=article.id,
        other_id=other_id,
        now=visit.now,
    )
    return article.story_id


def _move(tx: Tx, visit: Visit, article: Article, other: Article | None) -> int:
    evidence: dict[str, object] = {"rule": "verdict", "by": visit.session.user_id}
    if other is not None:
        evidence |= {"kind": "copy", "copy_of": other.id, "score": 1.0}
    moved_to = stories.move_article(
        tx,
        article.id,
        other.story_id if other else None,
        copy_of=other.id if other else None,
        evidence=evidence,
        now=visit.now,
    )
    notices.wake(tx, "deliver")
    return moved_to


def _named(tx: Tx, words: str) -> Article | None:
    """Return the article at an address, with an id, or the origin of a story of the console."""
    if words.isascii() and words.isdigit() and len(words) < 18:
        found = articles_store.by_ids(tx, [int(words)])
        return found[0] if found else None
    tail = words.rpartition("/story/")[2].partition("?")[0]
    if "/story/" in words and tail.isascii() and tail.isdigit() and len(tail) < 18:
        of_story = dossier.read_story(tx, int(tail))
        if of_story is not None and of_story.articles:
            return next(
                (a for a in of_story.articles if a.id == of_story.origin_id), of_story.articles[0]
            )
    return dossier.find_article(tx, words)
