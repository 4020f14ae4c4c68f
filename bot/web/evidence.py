"""What a decision rests on, in the reader's words: how a copy was recognised, what fired, who wrote first.

The one thing to know: the ledger keeps codes ("likeness", "topic closed"); no page shows one. What is not
known here, of a version that is newer than this code, is shown as it was kept.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from bot import texts, topics
from bot.domain.likeness import Regime
from bot.domain.model import Article
from bot.domain.provenance import Reason
from bot.store.chats import SHUT_OUT
from bot.store.dossier import Fired
from bot.store.ledger import Line
from bot.store.subscribers import BECAME_SUPERGROUP, TOPIC_DELETED

MOST_FORMS = 8  # of one watch in one article
REGIMES = {
    Regime.FULL: "web.regime_full",
    Regime.SHORT: "web.regime_short",
    Regime.MIXED: "web.regime_mixed",
}
REASONS = {
    SHUT_OUT: "web.barred",
    topics.CLOSED: "web.reason_topic_closed",
    TOPIC_DELETED: "web.reason_topic_gone",
    BECAME_SUPERGROUP: "web.reason_supergroup",
}


def recognised(language: str, article: Article, original: str) -> list[str]:
    """Return how a copy is one, in a few short facts. original: the outlet that it is a copy of."""
    say, told = _speaker(language), article.evidence
    kinds = {"revision": "web.update", "possible": "web.perhaps_of"}
    facts = [say(kinds.get(str(told.get("kind")), "web.copy_of"), outlet=original)]
    if told.get("same_outlet") and told.get("kind") == "possible":
        facts.append(say("web.same_outlet"))
    by = {"verdict": "web.by_person", "same url": "web.by_address", "drift": "web.by_drift"}
    if key := by.get(str(told.get("rule"))):
        facts.append(say(key))
    if phrase := told.get("phrase"):
        facts.append(say("web.by_phrase", phrase=phrase))
    if (shared := told.get("shared_pct")) is not None:
        facts.append(say("web.by_words", shared=shared))
    return facts


def figures(language: str, told: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the numbers of a comparison, each with its name."""
    say = _speaker(language)
    kept: dict[str, Callable[[Any], tuple[str, str]]] = {
        "score": lambda v: ("web.score_word", texts.number(language, v)),
        "title_pct": lambda v: ("web.fact_title", say("web.pct", n=v)),
        "shared_pct": lambda v: ("web.fact_words", say("web.pct", n=v)),
        "first_score": lambda v: ("web.fact_first", texts.number(language, v)),
        "regime": lambda v: ("web.fact_regime", say(REGIMES[v]) if v in REGIMES else v),
        "by": lambda v: ("web.user_id", str(v)),
    }
    named = [made(told[key]) for key, made in kept.items() if key in told]
    return [(say(key), words) for key, words in named]


def found(language: str, fired: Fired) -> list[str]:
    """Return what made a watch fire: each form once, where it stands and by which rule it counts."""
    places: dict[tuple[str, str], list[str]] = {}
    terms: dict[tuple[str, str], tuple[str, str]] = {}
    for term, form, rule, place, *_ in fired.hits:
        key = (form.casefold(), rule)
        terms.setdefault(key, (term, form))
        name = texts.say(language, f"place.{place}")
        if name not in places.setdefault(key, []):
            places[key].append(name)
    return [
        # The chat's own line, which begins with a bullet.
        texts.plain(
            texts.html(
                language,
                f"why.{rule}",
                form=form,
                term=term,
                place=texts.listed(places[(form.casefold(), rule)]),
            )
        ).lstrip("• ")
        for (_, rule), (term, form) in list(terms.items())[:MOST_FORMS]
    ]


def origin(language: str, told: Mapping[str, Any], *, articles: int) -> str:
    """Return who wrote a story first and how that is known; "" where there is nothing to choose from."""
    outlet, reason = told.get("outlet"), told.get("reason")
    if not outlet or (articles < 2 and not told.get("external")):
        return ""
    keys = {
        Reason.PUBLISHED.value: "web.origin_published",
        Reason.USUAL.value: "web.origin_usual",
    }
    key = "web.origin_elsewhere" if told.get("external") else keys.get(str(reason))
    say = _speaker(language)
    return say(
        key or "web.origin_named",
        outlet=outlet,
        phrase=told.get("phrase") or "–",
        n=told.get("times", 0),
    )


def held(language: str, line: Line) -> str:
    """Return why a decision is or was held, and until when: "held: paused", "quiet hours, until 8:00"."""
    why = reason(language, line.held_by)
    if line.held_since_gone in REASONS:
        why = reason(language, line.held_since_gone)
    until = line.held_until
    if until is None:
        return why
    return texts.say(language, "web.hold_until", why=why, moment=texts.moment(language, until))


def reason(language: str, kept: str) -> str:
    """Return why a chat or an alert is as it is; Telegram's and other machines' words stay as they are."""
    key = REASONS.get(kept, f"web.hold_{kept}")
    known = key in texts.catalogue(texts.FALLBACK, texts.CONSOLE).texts
    return texts.say(language, key) if known else kept


def coded(language: str, prefix: str, code: str) -> str:
    """Return what a code of ours is called: coded("ru", "sent", "gone"); the code where it is none."""
    key = f"web.{prefix}_{code.replace(' ', '_').replace('-', '_')}"
    known = key in texts.catalogue(texts.FALLBACK, texts.CONSOLE).texts
    return texts.say(language, key) if known else code


def trouble(language: str, failure: str) -> str:
    """Return why a feed cannot be read, as the chat says it."""
    return texts.plain(texts.say(language, f"failure.{failure}"))


def languages() -> Sequence[tuple[str, str]]:
    """Return the languages of the console, each called as its speakers call it."""
    return [(code, called(code)) for code in texts.languages()]


def called(language: str) -> str:
    """Return a language of ours as its speakers call it."""
    code = texts.nearest(language)
    return texts.language_name(code, code).capitalize()


def _speaker(language: str) -> Callable[..., str]:
    return partial(texts.say, language)
