"""How fast articles are held against watches, beside what others do with the same watches and articles.

    python tests/benchmarks/matching.py ../shared/data --watches 1000 10000 100000 1000000

Articles have 400 words in six languages. English ones are real news, each cut at 400 words; for the others
there is less text at hand, so theirs are real sentences in a new order, every twentieth word replaced by a
form the engine has not met. Watches are made of words and neighbours of other such texts, the seldom words
above all, and of names that no text has: 40 % one word, 25 % a phrase, 35 % booleans (a seventh of these
with OR, a seventh with NOT).

`ours` is the whole way from raw text, with inflection, other names and reasons, measured on the second half
of the articles: a bot that has run for a while. `ours, exact` has every word as =word, which is what the
other engines mean by a word; all their matches are compared, one by one. Times are of the processor, on
one core, so that a busy machine counts less. pyahocorasick finds words and Python decides the rest; Lucene
is 8.7, of Debian's liblucene8-java.
"""

import argparse
import gc
import gzip
import json
import random
import re
import shutil
import statistics
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path

import ahocorasick
import lxml.html
import psutil

from bot.domain.matching import Matcher
from bot.domain.meaning import compile_query, pack
from bot.domain.model import Document
from bot.domain.names import Names, load_names
from bot.domain.query import parse_query
from bot.domain.text import words

ROOT = Path(__file__).resolve().parents[2]
PERCOLATOR = Path(__file__).parent / "matching_parts" / "Percolator.java"
JARS = ":".join(
    f"/usr/share/java/lucene-{part}-8.7.0.jar" for part in ("core", "memory", "analyzers-common")
)
LENGTH = 400
PAGES = {"ru": "ru", "ua": "uk", "tr": "tr", "pl": "pl", "lt": "lt"}
ENDINGS = {  # to make forms that the engine has not met
    "ru": ["", "а", "у", "ом", "е", "ы", "ов", "ами", "ского", "ская"],
    "uk": ["", "а", "у", "ом", "і", "ів", "ський"],
    "tr": ["", "da", "dan", "ın", "ler", "lerin", "a"],
    "pl": ["", "a", "em", "ie"],
    "lt": ["", "as", "o", "e"],
}

Watch = tuple[str, ...]  # kind and words


def english(shared: Path, count: int) -> list[str]:
    """Return that many news texts of at least LENGTH words, cut there."""
    found: list[str] = []
    with gzip.open(shared / "dedup" / "articles.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if not row["of"] and len(row["text"].split()) >= LENGTH:
                found.append(" ".join(row["text"].split()[:LENGTH]))
                if len(found) == count:
                    break
    return found


def paragraphs(folder: Path) -> Iterator[str]:
    """Yield the paragraphs of recorded pages."""
    for page in filter(Path.is_file, folder.rglob("*")):
        raw = page.read_bytes()
        html = gzip.decompress(raw) if page.suffix == ".gz" else raw
        tree = lxml.html.fromstring(html, parser=lxml.html.HTMLParser(encoding="utf-8"))
        texts = (" ".join(p.text_content().split()) for p in tree.iter("p"))
        yield from (text for text in texts if len(text) > 80)


def unmet(words: Sequence[str], language: str, chance: random.Random) -> str:
    """Return a form that nobody has met."""
    stem = chance.choice(words)[: chance.randint(3, 9)]
    vowel = chance.choice("аоеиу" if "а" <= stem[-1] <= "я" else "aoeiu")
    return stem + vowel + chance.choice(ENDINGS[language])


def foreign(shared: Path, chance: random.Random) -> Iterator[tuple[str, str]]:
    """Yield (language, text) for ever, in turn."""
    pages = shared / "feeds" / "pages" / "fundus"
    pools = {language: list(paragraphs(pages / folder)) for folder, language in PAGES.items()}
    words = {
        language: sorted({w for text in pool for w in text.split() if w.isalpha()})
        for language, pool in pools.items()
    }
    while True:
        for language, pool in pools.items():
            out: list[str] = []
            while len(out) < LENGTH:
                out += chance.choice(pool).split()
            for i in range(0, LENGTH, 20):
                out[i] = unmet(words[language], language, chance)
            yield language, " ".join(out[:LENGTH])


def articles(shared: Path, count: int, seed: int) -> list[Document]:
    """Return articles, a sixth of them in English."""
    chance = random.Random(seed)
    home, abroad = english(shared, count // 2), foreign(shared, chance)
    found = []
    for i in range(count):
        language, text = ("en", home[i // 2]) if i % 2 == 0 and i // 2 < len(home) else next(abroad)
        title, body = text[:80], text[80:]
        found.append(Document(title=title, body=body, language=language, outlet="Daily Echo"))
    return found


class Desk:
    """Journalists: what they may be watching for."""

    def __init__(self, documents: Sequence[Document], seed: int) -> None:
        self.chance = random.Random(seed)
        self.texts = [[w.text for w in words(f"{d.title}{d.body}", d.language)] for d in documents]
        often = Counter(word for text in self.texts for word in set(text))
        limit = max(2, len(documents) // 200)
        self.rare = sorted(w for w, n in often.items() if n <= limit and w.isalpha() and len(w) > 3)
        self.seldom = set(self.rare)
        self.names = self.rare + [self.name() for _ in range(3 * len(self.rare))]

    def name(self) -> str:
        """Return a name that no text has."""
        return "".join(
            self.chance.choice("abcdefghiklmnoprstuvz") for _ in range(self.chance.randint(5, 10))
        )

    def row(self) -> list[str]:
        """Return two or three neighbours; nobody watches «of the»."""
        while True:
            text = self.chance.choice(self.texts)
            at = self.chance.randrange(len(text) - 3)
            row = text[at : at + self.chance.choice((2, 2, 3))]
            if self.seldom.intersection(row):
                return row

    def watch(self) -> Watch:
        """Return one watch."""
        chance, kind = self.chance, self.chance.random()
        if kind < 0.40:
            return "word", chance.choice(self.names)
        if kind < 0.65:
            return "phrase", *self.row()
        word, name, rare = (
            chance.choice(chance.choice(self.texts)),
            chance.choice(self.names),
            chance.choice(self.rare),
        )
        if kind < 0.70:
            return "either", name, rare, word
        if kind < 0.75:
            return "without", word, rare, chance.choice(self.names)
        return "all", *[rare, name, word][-chance.choice((2, 3)) :]


def watches(documents: Sequence[Document], count: int, seed: int) -> list[Watch]:
    """Return watches: distinct ones and, as people are, many alike."""
    desk = Desk(documents, seed)
    return [desk.watch() for _ in range(count)]


def written(watch: Watch, sign: str = "") -> str:
    """Return a watch as a person types it. sign: before each word."""
    kind, *terms = watch
    if kind == "phrase":
        return f'{sign}"{" ".join(terms)}"'
    signed = [f"{sign}{t}" for t in terms]
    if kind == "either":
        return f"({signed[0]} OR {signed[1]}) {signed[2]}"
    return " ".join(signed[:-1]) + f" -{signed[-1]}" if kind == "without" else " ".join(signed)


def decided(
    watch: Watch, has: Callable[[str], bool], follows: Callable[[Sequence[str]], bool]
) -> bool:
    """Decide a watch the slow way."""
    kind, *terms = watch
    if kind == "phrase":
        return follows(terms)
    if kind == "either":
        return (has(terms[0]) or has(terms[1])) and has(terms[2])
    if kind == "without":
        return all(map(has, terms[:-1])) and not has(terms[-1])
    return all(map(has, terms))


Pairs = set[tuple[int, int]]  # article, watch


def by_regex(known: Sequence[Watch], texts: Sequence[str]) -> Pairs:
    """Return what a loop of regular expressions finds: one search a word and watch."""
    terms = {t: re.compile(rf"\b{re.escape(t)}\b") for w in known for t in w[1:]}
    rows = [re.compile(rf"\b{re.escape(' '.join(w[1:]))}\b") for w in known]
    found: Pairs = set()
    for a, text in enumerate(texts):
        for i, watch in enumerate(known):
            has = partial(_found, terms, text)
            if decided(watch, has, lambda _, i=i, text=text: bool(rows[i].search(text))):
                found.add((a, i))
    return found


def _found(terms: dict[str, "re.Pattern[str]"], text: str, term: str) -> bool:
    return bool(terms[term].search(text))


class Automaton:
    """pyahocorasick over all words; watches by the one of their words that fewest have."""

    def __init__(self, known: Sequence[Watch]) -> None:
        self.known = known
        uses: dict[str, int] = {}
        for watch in known:
            for term in watch[1:]:
                uses[term] = uses.get(term, 0) + 1
        self.words = ahocorasick.Automaton()
        self.hung: dict[str, list[int]] = {}
        for term in uses:
            self.words.add_word(f" {term} ", term)
        self.words.make_automaton()
        for i, (kind, *terms) in enumerate(known):
            needed = terms[2:] if kind == "either" else terms[:-1] if kind == "without" else terms
            self.hung.setdefault(min(needed, key=uses.__getitem__), []).append(i)

    def match(self, text: str) -> Iterator[int]:
        """Yield the watches that a text fulfils. text: words with a space between, before and after."""
        doubled = text.replace(" ", "  ")
        found = {term for _, term in self.words.iter(doubled)}
        for term in found:
            for i in self.hung.get(term, ()):
                if decided(
                    self.known[i], found.__contains__, lambda row: f" {' '.join(row)} " in text
                ):
                    yield i


def by_lucene(
    known: Sequence[Watch], texts: Sequence[str], *, compare: bool
) -> tuple[float, Pairs]:
    """Return articles a second, and the matches where they are asked for."""
    with tempfile.TemporaryDirectory() as folder:
        there = [Path(folder) / name for name in ("watches", "articles", "matches")]
        there[0].write_text("\n".join("\t".join(w) for w in known), encoding="utf-8")
        there[1].write_text("\n".join(t.strip() for t in texts), encoding="utf-8")
        options = ["-Xmx6g", "-XX:ActiveProcessorCount=1", "-XX:+UseSerialGC", "-cp", JARS]
        command = ["java", *options, str(PERCOLATOR), *map(str, there[: 3 if compare else 2])]
        answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
        rows = there[2].read_text(encoding="utf-8").split() if compare else []
        pairs = zip(map(int, rows[::2]), map(int, rows[1::2]), strict=True)
        return float(answer[1]) / float(answer[0]), set(pairs)


def build(names: Names, queries: Iterable[str]) -> tuple[Matcher, dict[str, float]]:
    """Return the engine with those watches, and what parsing and a start from stored keys cost."""
    start = time.process_time()
    packed = [pack(compile_query(parse_query(q), names)) for q in queries]
    compiled = time.process_time() - start
    gc.collect()
    before = psutil.Process().memory_info().rss
    matcher = Matcher(names)
    gc.disable()  # as lookout.py does while it loads: nothing of this is garbage
    start = time.process_time()
    for i, text in enumerate(packed):
        matcher.add_packed(i, text)
    loaded = time.process_time() - start
    gc.enable()
    gc.freeze()
    grown = (psutil.Process().memory_info().rss - before) / 1e6
    return matcher, {"compile_s": compiled, "start_s": loaded, "MB": grown}


def timed(matcher: Matcher, documents: Sequence[Document]) -> dict[str, float]:
    """Return articles a second, the slow ones, and matches an article; after a warming half."""
    warm = len(documents) // 2
    for document in documents[:warm]:
        matcher.match(document)
    took, hits = [], 0
    for document in documents[warm:]:
        start = time.process_time()
        hits += len(matcher.match(document))
        took.append(time.process_time() - start)
    p99 = statistics.quantiles(took, n=100)[98] if len(took) > 1 else took[0]
    speed = {
        "a second": len(took) / sum(took),
        "p50 ms": 1e3 * statistics.median(took),
        "p99 ms": 1e3 * p99,
    }
    return {**speed, "matches": hits / len(took)}


def live(matcher: Matcher, names: Names, fresh: Sequence[str]) -> tuple[float, float, float]:
    """Return microseconds (median) to compile a watch, once in its life, to add it, and to remove it."""
    queries = [parse_query(q) for q in fresh]
    compiled, added, removed = [], [], []
    for i, query in enumerate(queries, 10**9):
        start = time.process_time()
        spec = compile_query(query, names)
        middle = time.process_time()
        matcher.add_compiled(i, spec)
        added.append(time.process_time() - middle)
        compiled.append(middle - start)
    for i in range(10**9, 10**9 + len(queries)):
        start = time.process_time()
        matcher.remove(i)
        removed.append(time.process_time() - start)
    make, add, remove = (1e6 * statistics.median(took) for took in (compiled, added, removed))
    return make, add, remove


def compare(
    names: Names, documents: Sequence[Document], known: Sequence[Watch], *, lucene: bool
) -> None:
    """Print the other engines' speed, and that all agree on watches of exact words."""
    texts = [
        " " + " ".join(w.text for w in words(f"{d.title}{d.body}", d.language)) + " "
        for d in documents
    ]
    plain = [Document(title="", body=text) for text in texts]
    exact = Matcher(names)
    for i, watch in enumerate(known):
        exact.add(i, parse_query(written(watch, "=")))
    start = time.process_time()
    ours: Pairs = {(a, m.watch_id) for a, d in enumerate(plain) for m in exact.match(d)}
    print(f"    ours, exact      {len(plain) / (time.process_time() - start):10.1f} a second")
    automaton = Automaton(known)
    start = time.process_time()
    found = {(a, i) for a, text in enumerate(texts) for i in automaton.match(text)}
    speed = len(texts) / (time.process_time() - start)
    print(f"    pyahocorasick    {speed:10.1f} a second   {agreement(ours, found)}")
    if lucene:
        speed, found = by_lucene(known, texts, compare=True)
        print(f"    Lucene 8.7       {speed:10.1f} a second   {agreement(ours, found)}")
    few = texts[: max(1, min(len(texts), 20_000 // len(known)))]
    start = time.process_time()
    found = by_regex(known[:100_000], few)
    speed = len(few) / (time.process_time() - start)
    within = {(a, i) for a, i in ours if a < len(few) and i < 100_000}
    print(f"    regex per watch  {speed:10.2f} a second   {agreement(within, found)}")


def agreement(ours: Pairs, theirs: Pairs) -> str:
    """Say whether two engines found the same."""
    if ours == theirs:
        return f"the same {len(ours)} matches"
    only = f"{len(ours - theirs)} only ours, {len(theirs - ours)} only theirs"
    return f"DIFFERS: {only}, e.g. {sorted(ours ^ theirs)[:3]}"


def main() -> None:
    """Run every size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("shared", type=Path)
    parser.add_argument("--watches", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--articles", type=int, default=3000)
    parser.add_argument("--alone", action="store_true", help="without the other engines")
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    lucene = bool(shutil.which("java") and all(Path(jar).is_file() for jar in JARS.split(":")))
    names = load_names((ROOT / "config" / "names.toml").read_text(encoding="utf-8"))
    spent: dict[int, float] = {}  # milliseconds an article, by watches
    everything = articles(options.shared, 2 * options.articles, options.seed)
    documents, elsewhere = everything[: options.articles], everything[options.articles :]
    for count in options.watches:
        known = watches(elsewhere, count, options.seed)
        matcher, cost = build(names, map(written, known))
        speed = timed(matcher, documents)
        spent[count] = 1e3 / speed["a second"]
        fresh = [written(w) for w in watches(elsewhere[-50:], 500, options.seed + 1)]
        make, add, remove = live(matcher, names, fresh)
        print(f"{count} watches, {len(set(known))} distinct; {len(documents)} articles")
        told = ", ".join(f"{key} {value:.1f}" for key, value in {**speed, **cost}.items())
        print(f"    ours             {told}")
        print(
            f"                     one compiled in {make:.0f} us, added in {add:.0f}, removed in {remove:.0f}"
        )
        if not lucene:
            print(
                "    Lucene           not run: needs java and /usr/share/java/lucene-core-8.7.0.jar"
            )
        if not options.alone:
            del matcher
            compare(names, documents[: max(20, min(len(documents), 300))], known, lucene=lucene)
    for (few, before), (many, after) in pairwise(sorted(spent.items())):
        print(f"from {few} to {many} watches: {after / before:.2f} times the time an article")


if __name__ == "__main__":
    main()
