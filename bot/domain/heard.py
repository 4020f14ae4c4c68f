"""One word of a text while terms of watches are held against it, and what an entry for a term notes."""

from collections.abc import Iterable
from typing import Final

from bot.domain.atoms import Atom, Known
from bot.domain.endings import RELATION, SAME, UKRAINIAN
from bot.domain.model import Rule
from bot.domain.names import Form, Names
from bot.domain.text import fold, normal, repair

ALIAS: Final = 1  # of an entry in the vocabulary: it is another name of the term
FORM: Final = 2  # ... it is an inflected form, as a dictionary gave it
_CAPITALS: Final = 4  # ... it counts only with this many capitals in front, times this: 0, 1 or 2
_FOREIGN: Final = 16  # ... it is no word of the languages whose bits stand here, times this
_BITS: Final = {code: 1 << n for n, code in enumerate(("ru", "uk", "az", "tr", "de", "pl"))}


class Heard:
    """One word of a text while the vocabulary looks at it. met: what it counts for, and by which rule.

    doubted: those of `met` for which only a capital speaks, and one that any word may have where it opens
    a sentence.
    """

    def __init__(self, raw: str, names: Names, language: str) -> None:
        self.raw = raw
        self.language = language
        self.capital = raw[:1].isupper()
        self.capitals = int(self.capital)
        if self.capital:
            letters = "".join(filter(str.isalpha, raw[:4]))[:2]  # O'nu has one
            self.capitals += letters.isupper() and len(letters) > 1
        self.met: dict[Atom, Rule] = {}
        self.doubted: set[Atom] = set()
        self.surface = ""
        self.folded = (
            False  # the key at hand lacks diacritics that the text has, in Turkish or Azerbaijani
        )
        self.form = ""
        self.stems: set[str] = set()  # that it may have as an adjective
        self.cases: list[str] = []  # what it may be a case of, if it has diacritics
        self._places = names.places

    def take(self, entries: tuple[tuple[Atom, int, int], ...], kind: int) -> None:
        """Note the atoms that accept the word under that key, of that class."""
        for atom, mask, info in entries:
            if (
                mask & kind
                and (atom not in self.met or atom in self.doubted)
                and (self.capitals >= (info // _CAPITALS & 3) or kind in _SMALL)
            ):
                own = bool(kind & SAME) and not info & FORM
                if (atom.known is None and own) or self._admits(
                    atom, own=own, relation=kind in _SMALL
                ):
                    self.met.setdefault(atom, _RULES[info & ALIAS, own])
                    if self._is_doubtful(atom.known, info // _FOREIGN):
                        self.doubted.add(atom)
                    else:
                        self.doubted.discard(atom)

    def _is_doubtful(self, known: Known | None, foreign: int) -> bool:
        """Tell whether the word's capital may be that of a sentence: it is an everyday word, or foreign.

        Kabul is a town in English; in Turkish that is Kabil, and a sentence begins with «Kabul edildi».
        """
        if known is None or not self.capital:
            return False
        return bool(foreign & _BITS.get(self.language, 0)) or self._is_everyday(known)

    def _is_everyday(self, known: Known) -> bool:
        languages = known.everyday.get(self.form)
        return languages is not None and (not self.language or self.language in languages)

    def _admits(self, atom: Atom, *, own: bool, relation: bool) -> bool:
        """Tell whether nothing speaks against it: capitals asked for, or the name of another place."""
        known = atom.known
        if known is not None and known.off and normal(self.raw) in known.off:
            return False
        if known is not None and known.exact:
            return repair(self.raw) == known.exact
        if known is not None and self._shuns(known, relation=relation):
            return False
        if own or not self.capital:
            return True
        place = self._places.get(self.surface)
        if place is None or (known is not None and bool(place & known.ids)):
            return True
        return bool(self.cases) and self.form not in self._places  # Vanı is a case of Van, not Vani

    def _shuns(self, known: Known, *, relation: bool) -> bool:
        """Tell whether the word is one that the entry's names must not be taken for."""
        if self.form in known.never or (self.folded and self._is_other(known)):
            return True
        if not self.capital and not relation and self._is_everyday(known):
            return True
        return relation and not known.never.isdisjoint(self.stems)

    def _is_other(self, known: Known) -> bool:
        """Tell whether diacritics make it another name: the entry has its own, or it is a case of a place."""
        if known.turkic:
            return True
        return any(not known.ids.issuperset(self._places.get(key, known.ids)) for key in self.cases)


# Adjectives, which have no capital in mid-sentence.
_SMALL: Final = (RELATION, RELATION << UKRAINIAN)

_RULES: Final = {
    (0, True): Rule.EXACT,
    (0, False): Rule.INFLECTION,
    (ALIAS, True): Rule.ALIAS,
    (ALIAS, False): Rule.ALIAS,
}


def _capitals(forms: Iterable[Form]) -> dict[str, int]:
    """Return how many capitals a text's word needs, by key; of names that differ in diacritics, the most.

    Else kərki, an adze, would be Karki. Of names that differ in capitals (NATO, Nato) the fewest count.
    """
    by_word: dict[str, int] = {}
    for form in forms:
        needed = form.capitals()[0]
        by_word[form.words[0]] = min(needed, by_word.get(form.words[0], needed))
    by_key: dict[str, int] = {}
    for word, needed in by_word.items():
        by_key[fold(word)] = max(needed, by_key.get(fold(word), 0))
    return by_key


def marks(forms: list[Form]) -> dict[str, int]:
    """Return what to note of names of one word, by key: capitals they need, and where they are foreign."""
    capitals = _capitals(form for form in forms if len(form.words) == 1)
    at_home: dict[str, int] = {}
    everywhere = 0
    for form in forms:
        bit = _BITS.get(form.language, 0)
        everywhere |= bit
        if len(form.words) == 1:
            at_home[form.key[0]] = at_home.get(form.key[0], 0) | bit
    return {
        key: _CAPITALS * needed + (_FOREIGN * (everywhere & ~at_home[key]) if needed == 1 else 0)
        for key, needed in capitals.items()
    }
