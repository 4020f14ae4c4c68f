"""A watch's compiled keys as they are kept with it, so that a start asks no dictionary and parses nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.meaning import ALL, ANY, FILTER, NONE, TITLE, Spec, compile_query, pack, stamp
from bot.domain.names import Names
from bot.domain.query import Query, parse_query


@dataclass(frozen=True, slots=True)
class Packed:
    """What `Matcher.add_packed` takes, and the stamp it is good for."""

    text: str
    stamp: str


def given(own: Sequence[str], off: Sequence[str]) -> tuple[str, ...]:
    """Return the aliases, each "term=alias", that the subscriber has not switched off."""
    return tuple(alias for alias in own if alias.partition("=")[2] not in off)


def packed(
    query: str | Query, names: Names, off: Sequence[str] = (), own: Sequence[str] = ()
) -> Packed:
    """Return the keys of a watch. own: all its aliases, those switched off too. Raises QueryError."""
    parsed = parse_query(query) if isinstance(query, str) else query
    spec = compile_query(parsed, names, frozenset(off), given(own, off))
    return Packed(pack(spec), stamp(names))


def says_not(text: str) -> bool:
    """Return whether a packed watch may say NOT; a watch that says nothing else there is none."""
    return f'["{NONE}",' in text


def without_not(spec: Spec) -> Spec | None:
    """Return what a compiled watch wants, its NOTs left out; None if nothing is left to want."""
    sign = "" if isinstance(spec, str) else spec[0]
    if sign == NONE:
        return None
    if sign == TITLE:
        left = without_not(spec[1])
        return None if left is None else (TITLE, left)
    if sign in (ALL, ANY):
        kept = tuple(p for p in map(without_not, spec[1:]) if p is not None)
        return (sign, *kept) if len(kept) > 1 else kept[0] if kept else None
    return spec


def wants_words(spec: Spec) -> bool:
    """Return whether a compiled watch without NOT asks for a word, not for an outlet or a language alone."""
    if isinstance(spec, str):
        return True
    if spec[0] in (ALL, ANY, TITLE):
        every = any if spec[0] == ALL else all
        return every(map(wants_words, spec[1:]))
    return bool(spec[0] != FILTER)
