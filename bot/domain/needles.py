"""What the archive's index is asked before the matcher: beginnings of words that an article must have.

The index keeps the first KEY letters of every word of an article. A query becomes a condition on such
beginnings, wider than the query itself: endings are cut off, NOT and filters are left to the matcher,
which has the last word on what the index finds.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from bot.domain.beginnings import beginnings
from bot.domain.meaning import ADJACENT, ANY, FILTER, NEAR, NONE, Leaf, Spec, leaf
from bot.domain.model import Document, Place
from bot.domain.names import Names
from bot.domain.text import TURKIC, Unescaped, fold, pieces, split

KEY: Final = 6  # letters; longer keys would find little better and double the index


@dataclass(frozen=True, slots=True)
class Starts:
    """Met by an article with a word that begins so."""

    texts: frozenset[str]


@dataclass(frozen=True, slots=True)
class Both:
    """Met if all parts are."""

    parts: tuple["Needle", ...]


@dataclass(frozen=True, slots=True)
class Either:
    """Met if any part is."""

    parts: tuple["Needle", ...]


Needle = Starts | Both | Either


def keys(document: Document) -> set[str]:
    """Return what the index keeps of an article."""
    turkic = document.language[:2] in TURKIC
    chunks = {c for place in Place for c in split(Unescaped(document.text(place)).text)[1::2]}
    return {
        fold(form)[:KEY]
        for chunk in chunks
        for piece in pieces(chunk, turkic=turkic)
        for form in piece.forms
    }


def needle(spec: Spec, names: Names) -> Needle | None:
    """Return what an article must have that a compiled query may match; None: nothing can be said."""
    if isinstance(spec, str):
        return _of_leaf(leaf(spec), names)
    sign, *parts = spec
    if sign in (NONE, FILTER):
        return None
    if sign == ANY:
        found = [needle(part, names) for part in parts]
        return None if None in found else _either(n for n in found if n)
    skip = {ADJACENT: 1, NEAR: 2}.get(sign, 0)
    return _both(needle(part, names) for part in parts[skip:])


def _of_leaf(term: Leaf, names: Names) -> Needle | None:
    if term.kind[0] == "d":  # a misspelt word may begin with any letter
        return None
    if term.kind == "p":
        return Starts(frozenset({fold(term.keys[0][0])[:KEY]}))
    own = [key.replace("~", "") for key, _ in term.keys]
    inflects = term.kind in ("f", "q")
    single = set().union(*(beginnings(w, KEY) if inflects else {fold(w)[:KEY]} for w in own))
    several: list[Needle] = []
    for words in _other_names(term, names):
        if len(words) == 1:
            single |= beginnings(words[0], KEY)
        else:
            several.append(Both(tuple(Starts(beginnings(w, KEY)) for w in words)))
    single.discard("")
    first: list[Needle] = [Starts(frozenset(single))] if single else []
    return _either((*first, *several))


def _other_names(term: Leaf, names: Names) -> Iterator[tuple[str, ...]]:
    for name_id in term.ids:
        for form in names.by_id[name_id].forms if name_id in names.by_id else ():
            if " ".join(form.key) not in term.off:
                yield form.key
    for alias in term.own:
        words = tuple(p.meant for c in split(alias)[1::2] for p in pieces(c))
        if words:
            yield words


def _both(found: Iterable[Needle | None]) -> Needle | None:
    parts = tuple(dict.fromkeys(n for n in found if n is not None))
    return Both(parts) if len(parts) > 1 else parts[0] if parts else None


def _either(found: Iterable[Needle]) -> Needle | None:
    parts = tuple(dict.fromkeys(found))
    return Either(parts) if len(parts) > 1 else parts[0] if parts else None


def met(wanted: Needle, have: set[str]) -> bool:
    """Return whether an article with these keys meets it: what the databases are asked, in plain words."""
    match wanted:
        case Starts(texts):
            return any(key.startswith(text) for text in texts for key in have)
        case Both(parts):
            return all(met(part, have) for part in parts)
        case Either(parts):
            return any(met(part, have) for part in parts)
