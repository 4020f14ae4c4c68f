"""What a word of a text may be a form of: the right lists of endings for its letters and language."""

import re
from collections.abc import Callable, Iterator
from typing import Final

from bot.domain import slavic
from bot.domain.endings import CASE, LONGEST, PLURAL, RELATION, Candidates, stripped, table
from bot.domain.text import fold
from bot.domain.turkic import turkic

_ENGLISH: Final = table(
    plural="""
        s: -
        ies: y
        ves: f fe
        ses: sis
        men: man
    """
)
_ENGLISH_ES: Final = ("ses", "xes", "zes", "ches", "shes", "oes")
_NOT_PLURAL: Final = ("ss", "us", "is")
_ENGLISH_IRREGULAR: Final = {
    "women": "woman",
    "wives": "wife",
    "lives": "life",
    "children": "child",
    "people": "person",
    "mice": "mouse",
    "feet": "foot",
}

# Surnames that English spells in several ways: Petrosyan is Petrosian, Tokayev is Tokaev.
_SPELLINGS: Final = (
    ("yan", "ian"),
    ("iyev", "iev"),
    ("ayev", "aev"),
    ("oyev", "oev"),
    ("iyeva", "ieva"),
    ("ayeva", "aeva"),
    ("sky", "skyy", "skyi", "skiy", "skii"),
)
_SPELT: Final = table(
    case="\n".join(
        f"{one}: {' '.join(other for other in group if other != one)}"
        for group in _SPELLINGS
        for one in group
    )
)

_SPELT_ENDS: Final = tuple(_SPELT)
_ARMENIAN: Final = table(
    case="""
        ը ն: -
        ի ին ից ով ում ումն ովն իցն: -
        յի յին յից յով յում յն: -
        ու ուն ուց ուցն: ի -
        վի վին վից վով վում: ու
        ության ությանը ությունից ությամբ: ություն
        յան յանը յանն յունից յամբ: յուն
        ման մանը մամբ: ում
    """,
    plural="""
        եր երը երն երի երին երից երով երում: -
        ներ ները ներն ների ներին ներից ներով ներում: -
        իներ իների իներին իներից իներով: ի
    """,
)
_ARMENIAN_IRREGULAR: Final = {
    "ձյան": "ձյուն", "տան": "տուն", "տանը": "տուն", "շան": "շուն", "մահվան": "մահ", "օրվա": "օր",
    "շաբաթվա": "շաբաթ", "դռան": "դուռ", "դռանը": "դուռ",
    "գիշերվա": "գիշեր", "ցերեկվա": "ցերեկ", "սիրո": "սեր", "անվան": "անուն", "անվամբ": "անուն",
    "արյան": "արյուն",
    "դստեր": "դուստր", "դստերը": "դուստր", "ընկերոջ": "ընկեր", "տիկնոջ": "տիկին", "մանկան": "մանուկ",
    "աղջկա": "աղջիկ", "աղջկան": "աղջիկ", "աղջկանից": "աղջիկ",
    "տարվա": "տարի", "ամսվա": "ամիս", "ժամվա": "ժամ", "գարնան": "գարուն", "աշնան": "աշուն",
    "ձմռան": "ձմեռ", "մարդիկ": "մարդ", "մարդկանց": "մարդ", "կնոջ": "կին", "կանայք": "կին",
    "կանանց": "կին", "ջրի": "ջուր", "ջրից": "ջուր", "ջրով": "ջուր",
    "լճի": "լիճ", "լճին": "լիճ", "լճից": "լիճ", "լճում": "լիճ", "լճով": "լիճ",
    "հոր": "հայր", "մոր": "մայր", "եղբոր": "եղբայր", "քրոջ": "քույր",
}  # fmt: skip
_ARMENIAN_OF_ADJECTIVES: Final = frozenset(["", "ը", "ն", "ի", "ին", "ից", "ով", "ում"])
_ARMENIAN_VOWELS: Final = frozenset("աեէըիոօ")
_ARMENIAN_AFTER_VOWEL: Final = ("յ", "ն")

_GEORGIAN_BARE: Final = (
    "ს მ ში ზე თან სთან სთვის სკენ სგან დან მდე თი ც შიც ზეც საც მაც სა შია ზეა სია"
)
_GEORGIAN_LONG: Final = "ის ისა ით ისთვის ისკენ ისგან იდან იდანაც ისაც ისათვის"
_GEORGIAN_SHORT: Final = "ს მა ში ზე თან სთან ად ამდე შიც ზეც საც მაც სა ისც იც შია ზეა იდანვე"
_GEORGIAN: Final = table(
    case=f"""
        {_GEORGIAN_BARE}: -
        {_GEORGIAN_SHORT}: ი
        {_GEORGIAN_LONG}: ი ა ე
    """,
    plural="""
        ები ებს ებმა ების ებით ებში ებზე ებთან ებიდან ებად ებისთვის ებისგან ებსაც: ი ა ე -
    """,
)
_GEORGIAN_VOWELS: Final = frozenset("აეიოუ")
_SONORANTS: Final = frozenset("ლრნმვ")

_GREEK: Final = table(case="σ: -\nου ο ον ε: οσ\nησ: η\nασ: α\nων: οι α")
_KAZAKH: Final = table(  # and its kin in Cyrillic letters: Kyrgyz, Tatar, Uzbek
    steppe="""
        да де та те дан ден тан тен нан нен ның нің дың дің тың тің нинг ни га ға ге қа ке на не: -
        ды ді ты ті ны ні мен бен пен дағы дегі тағы тегі даги нда нде ндан нден: -
        лар лер дар дер тар тер ларды лерді дарды дерді тарды терді лардың лердің дардың дердің: -
        тардың тердің ларға лерге дарға дерге тарға терге ларда лерде дарда дерде тарда терде: -
        лардан лерден дардан дерден тардан терден: -
    """,
)
_KIN_OF_KAZAKH: Final = ("kk", "ky", "tt", "uz")
_GERMAN: Final = table(case="s: -", plural="en n e er: -")
_KOREAN: Final = table(
    case="은 는 이 가 을 를 의 에 도 와 과 로 으로 에서 에게 까지 부터 에서는 에는 만 으로부터: -"
)
_POLISH: Final = table(
    case="""
        a u owi em iem ie: -
        y i ie ę ą: a
        ii ię ią: ia
        ji ję ją: ja
        owa owie owem owowi: ów
        kiego kiemu kim: ki
    """,
    plural="y i e ów om ami ach: - a",
)
_PERSIAN: Final = table(plural="ها هاي هايي: -")
_ARABIC: Final = ("وال", "بال", "فال", "كال", "لل", "ال", "و", "ب", "ل", "ف", "ك")
_HEBREW: Final = ("וה", "שב", "מה", "שה", "ב", "ל", "מ", "ה", "ו", "ש", "כ")


def english(word: str) -> Candidates:
    """Return the singular of an English plural, or how else a surname is spelt.

    's is no matter of this list, the apostrophe cut it.
    """
    if word in _ENGLISH_IRREGULAR:
        return [(_ENGLISH_IRREGULAR[word], PLURAL)]
    if word.endswith(_SPELT_ENDS):
        return stripped(word, _SPELT, least=4 if word.endswith("an") else 2)
    if word.endswith("is") and len(word) > 5:  # Houthis, Iraqis; of a crisis nobody takes an s
        return [(word[:-1], PLURAL)]
    if word.endswith(_NOT_PLURAL) or not word.endswith(("s", "men")):
        return []
    found = stripped(word, _ENGLISH)
    if word.endswith(_ENGLISH_ES):
        found.append((word[:-2], PLURAL))
    return found


def _with_vowel(key: str, ending: str) -> Iterator[str]:
    """Yield Armenian stems with the vowel that endings swallow: գրքեր is of գիրք, բժշկի of բժիշկ."""
    bare = [c not in _ARMENIAN_VOWELS and c != "ւ" for c in key]
    if len(key) < 4 and all(bare):
        yield from (f"{key[0]}{vowel}{key[1:]}" for vowel in ("ու", "ի"))
    article = ending[:1] == "ն" and ending[:2] != "նե"
    if len(key) > 3 and all(bare[-2:]) and not article:
        yield from (f"{key[:-1]}{vowel}{key[-1]}" for vowel in ("ու", "ի"))
        if bare[-3]:
            yield f"{key[:-2]}ի{key[-2:]}"


def armenian(word: str, *, capital: bool) -> Candidates:
    """Return what an Armenian word may be taken back to: articles, cases, plurals, lost vowels, adjectives.

    capital: in the text it begins with one; then արցախյան would be a surname.
    """
    found: Candidates = []
    if not capital and "յան" in word:
        stem = word[: word.rindex("յան")]
        if len(stem) > 3 and word[len(stem) + 3 :] in _ARMENIAN_OF_ADJECTIVES:
            found += [(stem + put, RELATION) for put in ("", "ի", "ա")]
    if word in _ARMENIAN_IRREGULAR:
        found.append((_ARMENIAN_IRREGULAR[word], PLURAL))
    for key, kind in stripped(word, _ARMENIAN, least=2):
        ending = word[len(key) :]
        if ending[:1] == "յ" and key[-1] not in _ARMENIAN_VOWELS:
            continue
        found.append((key, kind))
        found += [(whole, kind) for whole in _with_vowel(key, ending)]
    return found


def _keeps_vowel(stem: str) -> bool:
    """Tell whether endings follow the last vowel: of names in -ი only those in -სკი keep it."""
    return stem[-1] in "აეოუ" or stem.endswith("სკი")


def georgian(word: str) -> Candidates:
    """Return what a Georgian word may be taken back to. The bare stem is no form: რომ is not რომი."""
    found: Candidates = []
    for at in range(max(2, len(word) - LONGEST), len(word)):
        stem, vocal = word[:at], word[at - 1] in _GEORGIAN_VOWELS
        for put, kind in _GEORGIAN.get(word[at:], ()):
            if (put == "ი" and vocal) or (not put and not _keeps_vowel(stem)):
                continue
            found.append((stem + put, kind))
            if (
                put == "ი"
                and len(stem) >= 3
                and stem[-1] in _SONORANTS
                and stem[-2] not in _GEORGIAN_VOWELS
            ):
                found += [(f"{stem[:-1]}{vowel}{stem[-1]}ი", kind) for vowel in "ეაო"]
                found += [(f"{stem[:-1]}{vowel}{stem[-1]}ა", kind) for vowel in "ეა"]
    return found


def greek(word: str) -> Candidates:
    """Return what a Greek word may be taken back to, with its accents and without: they move."""
    bare = fold(word)
    found = stripped(word, _GREEK, least=4)
    return found if bare == word else [*found, *stripped(bare, _GREEK, least=4)]


def _prefixed(word: str, prefixes: tuple[str, ...], least: int) -> Candidates:
    found = [
        (word[len(p) :], CASE)
        for p in prefixes
        if word.startswith(p) and len(word) - len(p) >= least
    ]
    return found


def arabic(word: str) -> Candidates:
    """Return what an Arabic word may be taken back to: and, in, to and the article are written before it."""
    found = _prefixed(word, _ARABIC, 3)
    if word.startswith("لل"):  # to the: one letter of the article is lost
        found.append((f"ال{word[2:]}", CASE))
    return found


def _latin(word: str, language: str) -> Candidates:
    if language in ("tr", "az"):
        return turkic(word)
    if language == "de":
        return stripped(word, _GERMAN, least=4)
    return stripped(word, _POLISH) if language == "pl" else english(word)


_SCRIPTS: Final[tuple[tuple[str, str, Callable[[str, bool], Candidates]], ...]] = (
    ("\u0530", "\u058f", lambda word, capital: armenian(word, capital=capital)),
    ("\u10a0", "\u10ff", lambda word, _: georgian(word)),
    ("\u0370", "\u03ff", lambda word, _: greek(word)),
    ("\u0600", "\u06ff", lambda word, _: arabic(word)),
    ("\u0590", "\u05ff", lambda word, _: _prefixed(word, _HEBREW, 2)),
    ("\uac00", "\ud7a3", lambda word, _: stripped(word, _KOREAN, least=2)),
)


def _cyrillic(word: str, language: str, *, capital: bool) -> Candidates:
    if language == "ru":
        return slavic.russian(word, capital=capital)
    if language == "uk":
        return slavic.ukrainian(word, capital=capital)
    if language in _KIN_OF_KAZAKH:
        return stripped(word, _KAZAKH)
    return slavic.russian(word, capital=capital) + slavic.ukrainian(word, capital=capital)


_ABSURD: Final = 60  # letters; a longer one is no word


def taken_back(word: str, language: str, *, capital: bool) -> Candidates:
    """Return what a word of a text may be a form of, with the class of each way back.

    word: its normal form, diacritics kept. language: as `spoken` gives it. capital: it begins with one.
    """
    if len(word) > _ABSURD:
        return []
    first = word[0]
    if first.isascii() or first < "\u0370":
        return _latin(word, language)
    if "\u0400" <= first <= "\u052f":
        return _cyrillic(word, language, capital=capital)
    if language in ("fa", "ur"):  # Arabic letters, but no words written together
        return stripped(word, _PERSIAN)
    for low, high, rows in _SCRIPTS:
        if low <= first <= high:
            return rows(word, capital)
    return []


_AZERBAIJANI = re.compile("[əƏ]")
_TURKISH = re.compile("[ğışĞİŞ]")
_UKRAINIAN = re.compile("[іїєґІЇЄҐ]")
_RUSSIAN = re.compile("[ыэъёЫЭЪЁ]")
_SPOKEN: Final = frozenset(["en", "ru", "uk", "az", "tr", "de", "pl", "fa", "ur", *_KIN_OF_KAZAKH])


def spoken(text: str, language: str) -> str:
    """Return the language whose endings the text's words take: the feed's, else by its letters.

    "" where neither says: then every list for the letters is used.
    """
    known = language[:2].lower()
    if known:
        return known if known in _SPOKEN else ""
    if _AZERBAIJANI.search(text):
        return "az"
    if _TURKISH.search(text):
        return "tr"
    if _UKRAINIAN.search(text):
        return "" if _RUSSIAN.search(text) else "uk"
    return "ru" if _RUSSIAN.search(text) else ""
