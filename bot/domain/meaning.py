"""A query -> the keys it is found by: which words, forms and names count for each of its terms.

The result, a spec, is plain nested tuples of texts; `pack` writes it as one text for the store, so that a
start need not ask the dictionaries again. A spec holds good while `stamp(names)` stays the same.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final

from bot.domain.lexicon import COMMON, exact, meaning
from bot.domain.names import Form, Name, Names, form_of
from bot.domain.query import And, Filter, InTitle, Mode, Node, Not, Or, Phrase, Query, Term
from bot.domain.text import normal, pieces, split

VERSION: Final = (
    3  # of the spec and of the lists of endings behind it; a new one makes stored specs stale
)

ALL: Final = "&"
ANY: Final = "|"
NONE: Final = "-"
ADJACENT: Final = '"'
NEAR: Final = "~"
TITLE: Final = "title"
FILTER: Final = ":"

Spec = Any  # a leaf (see `leaf`), or a tuple whose first item is one of the signs above


def stamp(names: Names) -> str:
    """Return what stored specs were made with; another stamp means: make them anew."""
    return f"{VERSION}:{names.stamp}"


def pack(spec: Spec) -> str:
    """Return a spec as one text: a line for each part where it is flat, as nearly all are, else JSON."""
    if isinstance(spec, str):
        return spec
    if all(isinstance(part, str) for part in spec):
        return "\n".join(spec)
    return json.dumps(spec, ensure_ascii=False, separators=(",", ":"))


def unpack(text: str) -> Spec:
    """Return the spec that `pack` wrote."""
    if text.startswith("["):
        return _tuples(json.loads(text))
    return tuple(text.split("\n")) if "\n" in text else text


def _tuples(item: Any) -> Any:
    return tuple(map(_tuples, item)) if isinstance(item, list) else item


@dataclass(frozen=True, slots=True)
class Leaf:
    """One term of a watch, unpacked. kind: the letter of its mode, "n" for a name of several words,
    "q" for a word of a phrase that is a name minding its capital elsewhere.

    keys: (key, classes). ids: names it stands for. off: keys of names switched off. own: the
    subscriber's aliases. never: single forms switched off, as `surfaces` has them.
    """

    kind: str
    text: str
    keys: tuple[tuple[str, int], ...] = ()
    ids: tuple[str, ...] = ()
    off: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    never: tuple[str, ...] = ()

    def __str__(self) -> str:
        keys = ",".join(key if mask == 1 else f"{key}={mask:x}" for key, mask in self.keys)
        fields = (
            self.kind,
            self.text,
            keys,
            ",".join(self.ids),
            ",".join(self.off),
            ",".join(self.own),
            ",".join(self.never),
        )
        return "|".join(fields).rstrip("|")


def leaf(text: str) -> Leaf:
    """Return the term that `str(Leaf)` wrote."""
    kind, typed, keys, ids, off, own, never = (*text.split("|"), "", "", "", "", "", "")[:7]
    pairs = (key.partition("=") for key in keys.split(",") if key)
    return Leaf(
        kind,
        typed,
        tuple((key, int(mask, 16) if mask else 1) for key, _, mask in pairs),
        *(tuple(filter(None, field.split(","))) for field in (ids, off, own, never)),
    )


@lru_cache(maxsize=65536)
def _words(text: str) -> Form:
    return form_of(text, "")


_LETTER: Final = {
    Mode.FORMS: "f",
    Mode.EXACT: "e",
    Mode.CASE: "c",
    Mode.PREFIX: "p",
    Mode.EDIT: "d",
}


@lru_cache(maxsize=65536)
def word_leaf(word: str, typed: str, kind: str = COMMON) -> str:
    """Return the leaf of one word that inflects and has no other names."""
    return str(Leaf("f", typed, meaning(word, typed, kind).keys))


FORM_OFF: Final = "="  # before a form in the list of what a watch does without; else it is a name


def surfaces(off: str) -> tuple[str, ...]:
    """Return what tells that form of a word from its others, () for a name that is switched off.

    off: an item of what a watch does without. The words are as written, but for capitals.
    """
    if not off.startswith(FORM_OFF):
        return ()
    return tuple(
        normal(chunk[piece.start : piece.end])
        for chunk in split(off)[1::2]
        for piece in pieces(chunk)
    )


_WITH_IDS: Final = 3  # signs | in the text of a leaf that has ids


class _Compiler:
    """One query on its way to a spec."""

    def __init__(self, names: Names, off: frozenset[str], own: Sequence[str]) -> None:
        self.names = names
        self.off = frozenset(" ".join(_words(text).key) for text in off)
        self.never = tuple(sorted(word for text in off for word in surfaces(text)))
        self.own = [alias.replace("|", " ").replace(",", " ") for alias in own]

    def spec(self, node: Node) -> Spec:
        """Return the spec of a node."""
        match node:
            case Term() | Phrase():
                return self.words(node)
            case And(parts):
                return _joined(ALL, self.every(parts))
            case Or(parts):
                return _joined(ANY, map(self.spec, parts))
            case Not(part):
                return (NONE, self.spec(part))
            case _:
                return self.narrowed(node)

    def narrowed(self, node: "InTitle | Filter") -> Spec:
        """Return the spec of a condition on where, or on which article."""
        if isinstance(node, InTitle):
            return (TITLE, self.spec(node.part))
        return (FILTER, node.name, node.value)

    def words(self, node: Term | Phrase) -> Spec:
        """Return the spec of a term, which may be several words, or of a phrase."""
        terms = (node,) if isinstance(node, Term) else node.terms
        gap = None if isinstance(node, Term) else node.gap
        if gap is not None:
            parts = dict.fromkeys(self.words(term) for term in terms)
            return (NEAR, str(gap), *parts) if len(parts) > 1 else next(iter(parts))
        leaves = tuple(self.leaves(terms))
        return leaves[0] if len(leaves) == 1 else (ADJACENT, *map(self.in_phrase, leaves))

    def in_phrase(self, text: str) -> str:
        """Return the leaf of a word of a phrase: there it counts as typed, small letters and all.

        Its neighbours say what is meant: in "van driver" it is no town.
        """
        if text.count("|") < _WITH_IDS:  # no name: nearly always
            return text
        term = leaf(text)
        key = _words(term.text).key
        forms = (f for i in term.ids if term.kind == "f" for f in self.names.by_id[i].forms)
        minds = any(form.minds_case and form.key == key for form in forms)
        return str(replace(term, kind="q")) if minds else text

    def leaves(self, terms: Sequence[Term]) -> Iterator[str]:
        """Yield a leaf for each word, or one for a run of words that is a name."""
        flat = [
            (term, word, typed)
            for term in terms
            for word, typed in zip(_words(term.text).words, _words(term.text).typed, strict=True)
        ]
        at = 0
        while at < len(flat):
            size, found = self.run(flat[at:])
            if found:
                yield self.named([typed for _, _, typed in flat[at : at + size]], found)
            else:
                yield self.leaf(*flat[at])
                size = 1
            at += size

    def run(self, flat: Sequence[tuple[Term, str, str]]) -> tuple[int, list[Name]]:
        """Return the longest name of several words at the start: how many, and whose it is."""
        for size in range(min(len(flat), self.names.longest), 1, -1):
            if all(term.mode is Mode.FORMS for term, _, _ in flat[:size]):
                found = self.names.called(tuple(word for _, word, _ in flat[:size]))
                if found:
                    return size, found
        return 0, []

    def named(self, typed: Sequence[str], found: Sequence[Name]) -> str:
        """Return the leaf of a name of several words."""
        ids = tuple(sorted(name.id for name in found))
        return str(
            Leaf(
                "n",
                " ".join(typed),
                (),
                ids,
                self.switched_off(found),
                self.aliases(" ".join(typed)),
                self.never,
            )
        )

    def leaf(self, term: Term, word: str, typed: str) -> str:
        """Return the leaf of one word."""
        if term.mode is Mode.FORMS:
            return self.inflected(word, typed)
        kind = _LETTER[term.mode]
        if term.mode is Mode.EDIT:
            kind += str(term.edits)
        return str(Leaf(kind, typed, exact(word, typed).keys, never=self.never))

    def inflected(self, word: str, typed: str) -> str:
        """Return the leaf of a word with its forms and its other names."""
        found = self.names.called((word,))
        own = self.aliases(typed)
        if not (found or own or self.never):
            return word_leaf(word, typed)
        kind = found[0].kind if found else COMMON
        ids = tuple(sorted(name.id for name in found))
        keys, off = meaning(word, typed, kind).keys, self.switched_off(found)
        return str(Leaf("f", typed, keys, ids, off, own, self.never))

    def switched_off(self, found: Sequence[Name]) -> tuple[str, ...]:
        """Return which names of these the subscriber does not want."""
        keys = {" ".join(form.key) for name in found for form in name.forms}
        return tuple(sorted(keys & self.off))

    def aliases(self, typed: str) -> tuple[str, ...]:
        """Return the subscriber's aliases for a term: "term=alias", or a bare alias for the first term."""
        bare = [alias for alias in self.own if "=" not in alias]
        self.own = [alias for alias in self.own if "=" in alias]
        key = _words(typed).key
        given = [alias.partition("=") for alias in self.own]
        return (*bare, *(alias.strip() for term, _, alias in given if _words(term).key == key))

    def every(self, parts: Sequence[Node]) -> Iterator[Spec]:
        """Yield the specs of parts that must all be met; bare words that make a name may be its others."""
        at = 0
        while at < len(parts):
            terms = []
            for part in parts[at:]:
                if not isinstance(part, Term) or part.mode is not Mode.FORMS:
                    break
                terms.append(part)
            size, found = self.run([(t, w, w) for t in terms for w in _words(t.text).words])
            if (
                found
                and size <= len(terms)
                and all(len(_words(t.text).words) == 1 for t in terms[:size])
            ):
                run = terms[:size]
                both = _joined(ALL, (self.spec(term) for term in run))
                yield _joined(ANY, (both, self.named([t.text for t in run], found)))
            else:
                yield self.spec(parts[at])
                size = 1
            at += size


def _joined(sign: str, parts: "Iterator[Spec] | Sequence[Spec] | map[Spec]") -> Spec:
    """Return parts under a sign, in an order that does not depend on the typing; equal ones once."""
    unique = sorted(dict.fromkeys(parts), key=pack)
    return unique[0] if len(unique) == 1 else (sign, *unique)


def compile_query(
    query: Query, names: Names, off: frozenset[str] = frozenset(), own: Sequence[str] = ()
) -> Spec:
    """Return what a watch is found by.

    off: names, as `understood` lists them, that the subscriber switched off, and single forms, each after
    an equals sign. own: the subscriber's aliases; "term=alias" says for which term of the query, a bare
    alias is for its first.
    """
    return _Compiler(names, off, own).spec(query.root)


@dataclass(frozen=True, slots=True)
class Understood:
    """What one term of a watch will also hear of.

    names: other names of the same thing, each with its language, those switched off included; forms:
    inflected forms that dictionaries gave (the lists of endings know more than they can list).
    """

    term: str
    names: tuple[tuple[str, str], ...]
    off: frozenset[str]
    own: tuple[str, ...]
    forms: tuple[str, ...]
    inflects: bool


def understood(
    query: Query, names: Names, off: frozenset[str] = frozenset(), own: Sequence[str] = ()
) -> list[Understood]:
    """Return, for each term that the watch wants or excludes, what counts as it."""
    found = dict.fromkeys(leaves_of(compile_query(query, names, off, own)))
    return [_explained(leaf(text), names) for text in found]


def leaves_of(spec: Spec) -> Iterator[str]:
    """Yield the leaves of a spec."""
    if isinstance(spec, str):
        yield spec
    elif spec[0] != FILTER:
        for part in spec[2 if spec[0] == NEAR else 1 :]:
            yield from leaves_of(part)


def _explained(term: Leaf, names: Names) -> Understood:
    forms = [f for i in term.ids if i in names.by_id for f in names.by_id[i].forms]
    own_key = _words(term.text).key
    others = dict.fromkeys((form.text, form.language) for form in forms if form.key != own_key)
    off = frozenset(form.text for form in forms if " ".join(form.key) in term.off)
    shown = tuple(key for key, mask in term.keys[1:] if mask == 1 and "~" not in key)
    return Understood(term.text, tuple(others), off, term.own, shown, term.kind in ("f", "n", "q"))
