"""Which terms of which watches a word of a text counts for, worked out once a word and then remembered."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import combinations
from typing import Final

from rapidfuzz.distance import OSA

from bot.domain.atoms import Atom, Known, Span, hang, unhang
from bot.domain.endings import BARE, CASE, SAME, STEM
from bot.domain.heard import ALIAS, FORM, Heard, marks
from bot.domain.languages import taken_back
from bot.domain.lexicon import COMMON, meaning
from bot.domain.meaning import Leaf, leaf, word_leaf
from bot.domain.model import Rule
from bot.domain.names import Form, Name, Names, form_of
from bot.domain.text import TURKIC, fold, pieces

REMEMBERED: Final = 200_000  # words of texts whose answer is kept, a language; some 40 MB when full
_HEAD: Final = 3  # letters of a key that tell which remembered words a new term may concern


class Ears(dict[str, tuple[Atom, ...]]):
    """Chunk of a text -> the atoms it counts for, in one language. Fills itself; forgets what changes."""

    def __init__(self, vocabulary: "Vocabulary", language: str) -> None:
        super().__init__()
        self._vocabulary = vocabulary
        self._language = language
        self._turkic = language in TURKIC
        self._by_head: dict[str, list[str]] = {}
        self.several: dict[str, tuple[str, ...]] = {}  # chunks of several words, or of none
        self.doubted: dict[
            str, frozenset[Atom]
        ] = {}  # of these only the capital speaks for the atoms
        self.closer: set[str] = set()  # chunks of either kind
        self.rules: dict[str, tuple[Rule, ...]] = {}
        self[""] = ()  # stands between title, summary and body

    def __missing__(self, chunk: str) -> tuple[Atom, ...]:
        found = pieces(chunk, turkic=self._turkic)
        if len(found) != 1 or found[0].forms == ():
            self.several[chunk] = tuple(chunk[p.start : p.end] for p in found)
            self.closer.add(chunk)
            return ()
        piece = found[0]
        raw = chunk[piece.start : piece.end]
        word, heads = self._vocabulary.hearers(raw, piece.forms, self._language)
        for head in heads:
            self._by_head.setdefault(head, []).append(chunk)
        self[chunk] = atoms = tuple(word.met)
        if atoms:
            self.rules[chunk] = tuple(word.met.values())
        if word.doubted and raw == chunk:  # Kars'ta: a suffix after an apostrophe is a name's
            self.doubted[chunk] = frozenset(word.doubted)
            self.closer.add(chunk)
        return atoms

    def forget(self) -> None:
        """Forget every word."""
        self.clear()
        self.several.clear()
        self.doubted.clear()
        self.closer.clear()
        self.rules.clear()
        self._by_head.clear()
        self[""] = ()

    def forget_head(self, head: str) -> None:
        """Forget the words that a new term with that head may concern."""
        for chunk in self._by_head.pop(head, ()):
            self.pop(chunk, None)
            self.rules.pop(chunk, None)
            if self.doubted.pop(chunk, None):
                self.closer.discard(chunk)


class Vocabulary:
    """Every term of every watch, by the keys it is found under."""

    def __init__(self, names: Names, remembered: int = REMEMBERED) -> None:
        self.names = names
        self._remembered = remembered
        self._atoms: dict[str, Atom] = {}
        self._by_key: dict[str, tuple[tuple[Atom, int, int], ...]] = {}
        self._prefixes: dict[str, list[Atom]] = {}
        self._prefix_sizes: dict[int, int] = {}
        self._edits: dict[str, list[Atom]] = {}
        self._edit_terms: dict[Atom, tuple[str, int]] = {}
        self._ears: dict[str, Ears] = {}
        self._spans: dict[tuple[Atom, ...], Span] = {}

    def __len__(self) -> int:
        return len(self._atoms)

    def ears(self, language: str) -> Ears:
        """Return what hears the words of texts in that language."""
        ears = self._ears.get(language)
        if ears is None:
            ears = self._ears[language] = Ears(self, language)
        elif len(ears) + len(ears.several) > self._remembered:
            ears.forget()  # between articles, never within one
        return ears

    # -- terms come and go ------------------------------------------------------------------------

    def atom(self, text: str) -> Atom:
        """Return the atom of a leaf, made at its first use. Pair it with `release`."""
        atom = self._atoms.get(text)
        if atom is None:
            atom = self._atoms[text] = Atom(text)
            self._enter(atom, leaf(text))
        atom.uses += 1
        return atom

    def release(self, atom: Atom) -> None:
        """Take back one use; an atom without uses is forgotten."""
        atom.uses -= 1
        if atom.uses:
            return
        del self._atoms[atom.leaf]
        term = leaf(atom.leaf)
        for key, _, _ in self._entries(term):
            kept = tuple(e for e in self._by_key.get(key, ()) if e[0] is not atom)
            if kept:
                self._by_key[key] = kept
            else:
                self._by_key.pop(key, None)
        self._leave(atom, term)

    def _enter(self, atom: Atom, term: Leaf) -> None:
        heads = set()
        if term.kind == "p":
            key = fold(term.keys[0][0])
            self._prefixes.setdefault(key, []).append(atom)
            self._prefix_sizes[len(key)] = self._prefix_sizes.get(len(key), 0) + 1
            heads.add(key[:_HEAD])
        elif term.kind[0] == "d":
            self._enter_edits(atom, term)
        else:
            for key, mask, info in self._entries(term):
                self._by_key[key] = (*self._by_key.get(key, ()), (atom, mask, info))
                heads.add(key[:_HEAD])
        for ears in self._ears.values():
            for head in heads:
                ears.forget_head(head)
        if term.kind == "c":
            atom.known = Known(exact=term.text, off=frozenset(term.never))
        elif term.ids or term.own or term.never:
            self._know(atom, term)

    def _leave(self, atom: Atom, term: Leaf) -> None:
        if term.kind == "p":
            key = fold(term.keys[0][0])
            self._prefixes[key].remove(atom)
            if not self._prefixes[key]:
                del self._prefixes[key]
            self._prefix_sizes[len(key)] -= 1
            if not self._prefix_sizes[len(key)]:
                del self._prefix_sizes[len(key)]
        elif term.kind[0] == "d":
            self._leave_edits(atom)
        for span in atom.known.spans if atom.known else ():
            self._drop_span(span, atom)

    # -- names ------------------------------------------------------------------------------------

    def _names(self, term: Leaf) -> list[Name]:
        return [self.names.by_id[i] for i in term.ids if i in self.names.by_id]

    def _forms(self, term: Leaf) -> Iterator[tuple[Form, str]]:
        """Yield the other names that count for a term, with the kind of what they name."""
        for name in self._names(term):
            for form in name.forms:
                if " ".join(form.key) not in term.off:
                    yield form, name.kind
        for alias in term.own:
            yield form_of(alias, ""), COMMON

    def _entries(self, term: Leaf) -> Iterator[tuple[str, int, int]]:
        """Yield (key, classes, marks) under which a term is found, its own word first."""
        if term.kind[0] in "pd":
            return
        own = term.keys[0][0] if term.keys else ""
        noted = marks([form for form, _ in self._forms(term)])
        mark = noted.get(fold(own), 0) if term.kind != "q" else 0
        for i, (key, mask) in enumerate(term.keys):
            yield key, mask, mark | (FORM if i and mask == SAME and key != fold(own) else 0)
        for form, kind in self._forms(term):
            if len(form.words) == 1:
                mark = ALIAS | noted[form.key[0]]
                for key, mask in _keys(form.words[0], form.typed[0], kind):
                    yield key, mask, mark

    def _know(self, atom: Atom, term: Leaf) -> None:
        """Give an atom its names of several words, and the longer names of others that are not it."""
        spans = []
        own = tuple(fold(w) for w in term.text.lower().split())
        for form, _ in self._forms(term):
            if len(form.words) > 1:
                span = self._span(form)
                capitals = form.capitals()
                if form.key != own:
                    span.targets[atom] = (Rule.ALIAS, capitals)
                elif all(capitals):
                    span.targets[atom] = (Rule.EXACT, capitals)
                else:  # «Красный мост»: as typed, it counts in small letters too
                    span.targets[atom] = (Rule.EXACT, (0,) * len(own))
                spans.append(span)
        for name in self._names(term):
            for form in self.names.rivals(name):
                span = self._span(form)
                span.blocks.add(atom)
                spans.append(span)
        names = self._names(term)
        atom.known = Known(
            ids=frozenset(term.ids),
            never=frozenset(n for name in names for n in name.never),
            off=frozenset(term.never),
            turkic=any(form.language in TURKIC for name in names for form in name.forms),
            everyday={form: langs for name in names for form, langs in name.everyday.items()},
            spans=tuple(spans),
        )

    def _span(self, form: Form) -> Span:
        parts = tuple(
            self.atom(word_leaf(w, t)) for w, t in zip(form.words, form.typed, strict=True)
        )
        span = self._spans.get(parts)
        if span is None:
            span = self._spans[parts] = Span(parts)
            hang(parts[0], "next", parts[1], parts, span)
        return span

    def _drop_span(self, span: Span, atom: Atom) -> None:
        span.targets.pop(atom, None)
        span.blocks.discard(atom)
        if not span.targets and not span.blocks and span.parts in self._spans:
            del self._spans[span.parts]
            unhang(span.parts[0], "next", span.parts[1], span.parts)
        for part in span.parts:
            self.release(part)

    # -- words of a text --------------------------------------------------------------------------

    def hearers(self, raw: str, forms: Iterable[str], language: str) -> tuple[Heard, set[str]]:
        """Return what a word counts for; and the heads of all keys it has."""
        word = Heard(raw, self.names, language)
        heads: set[str] = set()
        for form in forms:
            surface = fold(form)
            back = taken_back(form, language, capital=word.capital)
            word.form, word.surface = form, surface
            word.stems = {key for key, _ in back if key.endswith(STEM)}
            word.cases = [key for key, kind in back if kind & CASE] if form != surface else []
            heads |= {surface[:_HEAD], form[:_HEAD], *[key[:_HEAD] for key, _ in back]}
            self._take_itself(word, turkic=language in TURKIC)
            for key, kind in back:
                entries = self._by_key.get(key)
                if entries is not None:
                    word.take(entries, kind)
            for size in self._prefix_sizes:
                for atom in self._prefixes.get(surface[:size], ()) if len(surface) >= size else ():
                    word.met.setdefault(atom, Rule.PREFIX)
            if self._edits:
                self._take_edits(word)
        return word, heads

    def _take_itself(self, word: Heard, *, turkic: bool) -> None:
        """Look for the word as it is, with its diacritics and without."""
        form, surface = word.form, word.surface
        if form == surface:
            word.take(self._by_key.get(surface, ()), SAME if turkic else SAME | BARE)
            return
        word.folded = turkic
        if not turkic or len(surface) > _SHORT:  # Şu is not su
            word.take(self._by_key.get(surface, ()), SAME)
        word.folded = False
        word.take(self._by_key.get(form, ()), SAME)

    # -- word~1 -----------------------------------------------------------------------------------

    def _enter_edits(self, atom: Atom, term: Leaf) -> None:
        word, edits = term.keys[0][0], int(term.kind[1:])
        self._edit_terms[atom] = (word, edits)
        for variant in _shortened(word, edits):
            self._edits.setdefault(variant, []).append(atom)
        self._ears.clear()  # any word may be near: rare enough to begin anew

    def _leave_edits(self, atom: Atom) -> None:
        for variant in _shortened(*self._edit_terms.pop(atom)):
            self._edits[variant].remove(atom)
            if not self._edits[variant]:
                del self._edits[variant]

    def _take_edits(self, word: Heard) -> None:
        near = {a for v in _shortened(word.surface, 2) for a in self._edits.get(v, ())}
        for atom in near:
            wanted, edits = self._edit_terms[atom]
            if OSA.distance(word.surface, wanted, score_cutoff=edits) <= edits:
                word.met.setdefault(atom, Rule.EDIT)


_SHORT: Final = 3  # letters of words that need their diacritics in Turkish and Azerbaijani
_LONGEST: Final = 40  # letters; of longer words no edits are looked for


def _shortened(word: str, edits: int) -> set[str]:
    """Return the word with up to that many letters left out: two words near each other share one."""
    if len(word) > _LONGEST:
        return {word}
    return {
        "".join(kept)
        for n in range(min(edits, len(word) - 1) + 1)
        for kept in combinations(word, len(word) - n)
    }


@lru_cache(maxsize=65536)
def _keys(word: str, typed: str, kind: str) -> tuple[tuple[str, int], ...]:
    return meaning(word, typed, kind).keys
