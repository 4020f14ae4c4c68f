"""The labelled articles as a stream of summaries in time order: each joins a story or opens one."""

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from bot.domain.clustering import Candidate, Decision, Kind, Rules, decide
from bot.evals.progress import watched
from bot.evals.repost_corpus import Corpus, Example, Pair, names_of, print_of

CANDIDATES = 24
PER_KEY = 24  # as bot/store/fingerprints.py has it
COPY, LEFT_OUT = 1, 2
START = datetime(2012, 1, 1, tzinfo=UTC)  # of an article without a day


@dataclass(slots=True)
class Shelf:
    """What the store keeps, in memory: keys, and the candidates they lead to."""

    window: timedelta
    by_key: defaultdict[int, deque[int]] = field(
        default_factory=lambda: defaultdict(lambda: deque(maxlen=PER_KEY))
    )
    filed: dict[int, Candidate] = field(default_factory=dict)
    firsts: dict[int, int] = field(default_factory=dict)  # story -> its first article

    def find(self, keys: Iterable[int], now: datetime) -> list[Candidate]:
        """Return the articles of the window that share most keys, and the first ones of their stories."""
        shared = Counter(number for key in keys for number in self.by_key.get(key, ()))
        found = [self.filed[number] for number, _ in shared.most_common(CANDIDATES)]
        found = [c for c in found if now - c.seen_at <= self.window]
        firsts = {self.firsts[c.story_id] for c in found if c.story_id is not None}
        return found + [self.filed[number] for number in firsts - {c.article_id for c in found}]

    def put(self, article: Candidate, keys: Iterable[int]) -> None:
        """Keep an article that has its story."""
        self.filed[article.article_id] = article
        if article.first and article.story_id is not None:
            self.firsts[article.story_id] = article.article_id
        for key in keys:
            self.by_key[key].append(article.article_id)


def run_stream(corpus: Corpus, rules: Rules) -> dict[str, float]:
    """Return precision, recall and F1 of "this repeats an article of the window", and false merges.

    An article counts as a repost if a pair labelled 1 joins it, directly or through others, to one that
    arrived before it within the window; it is found if its story has one of those. Articles of pairs
    labelled 2 with what they are put together with are left out. false_merges: per thousand articles.
    """
    truth, doubtful = _truth(corpus.pairs)
    right = wrong = missed = silent_right = silent_wrong = reposts = 0
    for number, decision, members, earlier in _decisions(corpus, rules, truth):
        id = number
        is_repost = bool(earlier)
        reposts += is_repost
        if decision is None:
            missed += is_repost
            continue
        if members & earlier:
            right += 1
            silent_right += decision.kind is not Kind.POSSIBLE
        elif not any(frozenset((id, member)) in doubtful for member in members):
            wrong += 1
            missed += is_repost
            silent_wrong += decision.kind is not Kind.POSSIBLE
    total = len(corpus.articles)
    return {
        "precision": round(right / max(1, right + wrong), 4),
        "recall": round(right / max(1, right + missed), 4),
        "f1": round(2 * right / max(1, 2 * right + wrong + missed), 4),
        "false_merges": round(1000 * wrong / max(1, total), 2),
        "precision_at_silence": round(silent_right / max(1, silent_right + silent_wrong), 4),
        "articles": total,
        "reposts": reposts,
    }


def _decisions(
    corpus: Corpus, rules: Rules, truth: Mapping[str, str]
) -> Iterable[tuple[str, Decision | None, set[str], set[str]]]:
    """Yield each article with its decision, the story it was put in, and the copies of it in the window."""
    shelf = Shelf(timedelta(hours=rules.window_h))
    outlets: dict[str, int] = {}
    stories: defaultdict[int, set[str]] = defaultdict(set)
    groups: defaultdict[str, list[tuple[datetime, str]]] = defaultdict(list)
    for number, article in enumerate(
        watched(corpus.articles.values(), "articles, as a stream", length=len(corpus.articles))
    ):
        now = _seen_at(article, number)
        prints = print_of(article, False, corpus.provenance)
        outlet, host = names_of(article)
        new = Candidate(
            article_id=number,
            story_id=None,
            outlet_id=outlets.setdefault(outlet or article.id, len(outlets)),
            seen_at=now,
            published_at=None,
            sketch=prints.sketch,
            outlet=outlet,
            host=host,
        )
        decision = decide(
            new, shelf.find(prints.keys, now), rules=rules, provenance=corpus.provenance
        )
        story = decision.story_id if decision else number
        group = groups[truth[article.id]] if article.id in truth else []
        earlier = {id for seen, id in group if now - seen <= shelf.window}
        yield article.id, decision, stories[story], earlier
        stories[story].add(article.id)
        group.append((now, article.id))
        shelf.put(_filed(new, story, first=decision is None), prints.keys)


def _filed(new: Candidate, story: int, *, first: bool) -> Candidate:
    return Candidate(
        article_id=new.article_id,
        story_id=story,
        outlet_id=new.outlet_id,
        seen_at=new.seen_at,
        published_at=None,
        sketch=new.sketch,
        first=first,
        outlet=new.outlet,
        host=new.host,
    )


def _seen_at(article: Example, number: int) -> datetime:
    """Return a time in order of arrival: the day, and then a second an article."""
    try:
        day = datetime.fromisoformat(article.day).replace(tzinfo=UTC)
    except ValueError:
        day = START
    return day + timedelta(microseconds=number)


def _truth(pairs: Sequence[Pair]) -> tuple[dict[str, str], set[frozenset[str]]]:
    """Return the group of each article that a copy links to others, and the pairs that count for nothing."""
    group: dict[str, set[str]] = {}
    for pair in pairs:
        if pair.label == COPY:
            both = group.get(pair.a, {pair.a}) | group.get(pair.b, {pair.b})
            for id in both:
                group[id] = both
    doubtful = {frozenset((pair.a, pair.b)) for pair in pairs if pair.label == LEFT_OUT}
    return {id: min(both) for id, both in group.items()}, doubtful
