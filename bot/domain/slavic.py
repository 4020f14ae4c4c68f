"""Russian and Ukrainian: words of a text taken back to dictionary forms.

Common words are known to dictionaries (bot.domain.lexicon); these lists serve what no dictionary knows,
names above all, and the relational adjectives of places, which dictionaries count as words of their own.
"""

import re
from typing import Final

from bot.domain.endings import (
    NAMESAKE,
    PLURAL,
    RELATION,
    STEM,
    UKRAINIAN,
    Candidates,
    stripped,
    table,
)

_RUSSIAN: Final = table(
    case="""
        а: - о
        у: - о а
        ом: - о
        ем: - е ь й
        е: - о а ь й я
        я: ь й е
        ю: ь й е я
        и: ь я
        ы ой ою: а
        ей ею: я
        ью: ь
    """,
    plural="""
        ы: - а
        и: ь й я
        ам ами ах: - а о
        ям ями ях: ь й я е
        ов: -
        ев: й -
        ей: ь
    """,
    surname="ым ых ыми: -",
    adjective="ыми ими ого его ому ему ый ий ой ое ее ые ие ым им ом ем ых их: ~",
    feminine="ая яя ую юю ою ею ой ей: ~",
)
_AFTER_HUSH: Final = table(
    case="и ей ею: а\nем: -", plural="и: - а\nей: -"
)  # Шуша, Шуши; банк, банки
_HUSH: Final = frozenset("гкхжшчщц")

_RUSSIAN_RELATION = re.compile(r"(.{2,})(ск|цк)(?:ий|ая|ое|ие|ого|ому|им|ом|ой|ую|ою|их|ими)$")
_UKRAINIAN_RELATION = re.compile(
    r"(.{2,})(ськ|цьк|зьк)(?:ий|а|е|і|ого|ому|им|ім|ій|ою|у|их|ими|ої)$"
)

# What an adjective's stem may come from, by how the stem ends: (letters cut, what is put instead).
_RUSSIAN_ORIGINS: Final = (
    ("ин", 2, "а я у и о ия ы е"),  # бакинский, шушинский, грузинский
    ("ий", 2, "ия и ий ы"),  # российский, горийский
    ("ей", 1, "я"),  # корейский
    ("ов", 2, "ва а о -"),  # московский, хасавюртовский
    ("ев", 2, "ва а о -"),
    ("ен", 2, "ый на но нь ь а о -"),  # грозненский, коломенский, керченский
    ("ж", 1, "га"),  # пражский
    ("ш", 1, "ха"),
    ("ль", 1, "- и а"),  # цхинвальский
)
_UKRAINIAN_ORIGINS: Final = (
    ("ин", 2, "а я у і и о ія е"),
    ("ій", 2, "ія і"),
    ("ей", 1, "я"),
    ("ов", 2, "ва а о -"),
    ("ль", 1, "- і"),
    ("ів", 2, "ове ово еве ево"),  # мукачівський
    ("ен", 2, "ий на но нь ь а е -"),
)
# Adjectives that no rule leads back from.
_IRREGULAR: Final = {
    "армянск": "армения", "турецк": "турция", "французск": "франция", "итальянск": "италия",
    "греческ": "греция", "калмыцк": "калмыкия",
    "египетск": "египет", "английск": "англия", "польск": "польша", "чешск": "чехия", "чеченск": "чечня",
    "ингушск": "ингушетия", "кипрск": "кипр", "венгерск": "венгрия", "норвежск": "норвегия", "датск": "дания",
    "голландск": "голландия", "шведск": "швеция", "швейцарск": "швейцария", "белорусск": "беларусь",
    "турецьк": "туреччина", "французьк": "франція", "польськ": "польща", "чеськ": "чехія",
    "чеченськ": "чечня",
    "білоруськ": "білорусь", "грецьк": "греція", "німецьк": "німеччина", "угорськ": "угорщина",
    "запорізьк": "запоріжжя", "празьк": "прага", "ризьк": "рига", "волзьк": "волга", "молдовськ": "молдова",
    "уфимск": "уфа", "орловск": "орел", "кремлевск": "кремль", "елецк": "елец",
    "финск": "финляндия", "словацк": "словакия", "афганск": "афганистан", "узбекск": "узбекистан",
    "таджикск": "таджикистан", "черновицк": "черновцы", "назрановск": "назрань",
    "фінськ": "фінляндія", "словацьк": "словаччина", "афганськ": "афганістан", "узбецьк": "узбекистан",
    "закарпатськ": "закарпаття", "лубенськ": "лубни", "роменськ": "ромни",
    "гуляйпільськ": "гуляйполе", "кремлівськ": "кремль",
    "египтянск": "египет", "азиатск": "азия", "европейск": "европа", "європейськ": "європа",
}  # fmt: skip


def _origins(stem: str, rules: tuple[tuple[str, int, str], ...]) -> list[str]:
    found = []
    for tail, cut, puts in rules:
        if stem.endswith(tail) and len(stem) - cut >= 2:
            bare = stem[:-cut]
            found += [bare + put.strip("-") for put in puts.split() if put != "-" or len(bare) > 2]
    return found


def _russian_places(stem: str, mark: str, *, capital: bool) -> list[str]:
    """Return what a place may be called whose adjective is stem + mark + ий."""
    if mark == "цк":
        return [stem + put for put in ("цк", "ц", "к", "ца")]  # винницкий
    found = [stem, stem + "ск", *_origins(stem, _RUSSIAN_ORIGINS)]
    if stem[-1] == "с":
        found.append(stem + "к")  # дамасский
    found.append(stem + "ы")
    if capital:
        found.append(stem + "а")  # Венский; in small letters женский would be of жена
    if len(stem) >= 4:
        found += [stem + put for put in ("а", "я", "ь", "ия", "ка", "са", "сы", "ье")]
    if len(stem) >= 5:  # shorter ones are other words: горский is not of Гори
        found += [stem + put for put in ("и", "о", "е", "у")]
    return found


def _ukrainian_places(stem: str, mark: str) -> list[str]:
    if mark == "цьк":
        found = [stem + put for put in ("цьк", "ць", "ч", "к", "ця")]
        return [*found, stem[:-1] + "ці"]
    if mark == "зьк":
        return [stem + put for put in ("га", "ж", "зьк", "з", "жжя")]
    found = [stem, stem + "ськ", *_origins(stem, _UKRAINIAN_ORIGINS)]
    found += [stem + put for put in ("са", "с", "х", "и")]
    if len(stem) >= 4:
        found += [stem + put for put in ("а", "я", "ь", "ія", "ка", "си", "сі")]
    if len(stem) >= 5:
        found += [stem + put for put in ("і", "о", "е", "у")]
    return found


def russian(word: str, *, capital: bool) -> Candidates:
    """Return what a Russian word may be taken back to. capital: in the text it begins with one."""
    found = stripped(word, _RUSSIAN)
    found += [
        (key, kind) for key, kind in stripped(word, _AFTER_HUSH) if key.rstrip("а")[-1] in _HUSH
    ]
    if capital and word.endswith(("ов", "ев")):
        found = [(k, NAMESAKE if kind == PLURAL else kind) for k, kind in found]
    found += _fleeting(found, ("ок", "ек"), ("ец",))
    relation = _RUSSIAN_RELATION.match(word) if "ск" in word or "цк" in word else None
    if relation:
        found += _related(
            relation[1], relation[2], _russian_places(relation[1], relation[2], capital=capital)
        )
    return found


def _fits(word: str, ending: str) -> bool:
    return word.endswith(ending) and len(word) - len(ending) >= 3


def _related(stem: str, mark: str, places: list[str]) -> Candidates:
    irregular = _IRREGULAR.get(stem + mark)
    return [(place, RELATION) for place in ([irregular] if irregular else places)]


_VOWELS: Final = frozenset("аеиоуыэюяіїєё")


def _fleeting(found: Candidates, k: tuple[str, ...], c: tuple[str, ...]) -> Candidates:
    """Return stems with the vowel that case endings swallow: городка is of городок, Ельца of Елец."""
    more: Candidates = []
    for key, kind in found:
        bare = key.rstrip("ь")
        if len(bare) < 4 or bare[-2] in _VOWELS:
            continue
        soft = key[len(bare) :]
        endings = k if bare[-1] == "к" else c if bare[-1] == "ц" else ()
        more += [(bare[:-1].rstrip("ь") + put + soft, kind) for put in endings]
    return more


_UKRAINIAN: Final = table(
    case="""
        а: - о
        у: - о а
        ові: -
        еві: - ь
        єві: й
        ом: - о
        ем: - ь е
        єм: й
        і: - о а ь я е
        ї: я й є
        я: ь й е є
        ю: ь й я е
        и ою: а
        ею єю: я а
        ям: я
    """,
    plural="""
        и: - а
        і: ь -
        ї: й я
        ів: - ь
        їв: й
        ей: ь
        ам ами ах: - а о
        ям ями ях: ь я й е
    """,
    surname="им их ими: -",
    adjective="ього ьому ими іми ого ому ий ім им их іх: ~",
    feminine="ої ою ій: ~",
)
_SOFTENED: Final = {"ц": "к", "з": "г", "с": "х"}  # before -і: Лук'янівці, Празі, мусі
_CLOSED: Final = (("ов", "ів"), ("ев", "ів"), ("єв", "їв"))


def _rounded(found: Candidates) -> Candidates:
    """Return stems with the і or ї that open syllables turn into о, е, є: Харкова is of Харків."""
    more: Candidates = []
    for key, kind in found:
        for open_, closed in _CLOSED:
            if key.endswith(open_):
                more.append((key[: -len(open_)] + closed, kind))
        if len(key) > 4 and key[-1] in "ьнрлг" and key[-2 - (key[-1] == "ь")] in "ое":
            at = len(key) - 2 - (key[-1] == "ь")
            more.append((f"{key[:at]}і{key[at + 1 :]}", kind))
    return more


def ukrainian(word: str, *, capital: bool) -> Candidates:
    """Return what a Ukrainian word may be taken back to, its classes shifted by UKRAINIAN."""
    found = stripped(word, _UKRAINIAN)
    if len(word) > 3 and word[-1] == "і" and word[-2] in _SOFTENED:
        hard = word[:-2] + _SOFTENED[word[-2]]
        found += [(hard + "а", 2), (hard, 2)]
    if word.endswith("і"):  # у Слов'янську: слов'янські is Slavic
        found = [row for row in found if not row[0].endswith(("ськ", "цьк", "зьк"))]
    if capital and word.endswith(("ів", "їв")):
        found = [(k, NAMESAKE if kind == PLURAL else kind) for k, kind in found]
    found += _rounded(found)
    found += _fleeting(found, ("ок",), ("ець",))
    relation = _UKRAINIAN_RELATION.match(word) if "ьк" in word else None
    if relation:
        found.append((relation[1] + relation[2] + STEM, 0))  # only for names to shun
        found += _related(relation[1], relation[2], _ukrainian_places(relation[1], relation[2]))
    return [(key, kind << UKRAINIAN) for key, kind in found]


def adjective_stem(word: str) -> str | None:
    """Return the key of an adjective's stem for a dictionary form (военный, Зеленский), else None."""
    for ending in ("ый", "ий", "ой", "ая", "яя", "ое", "ее", "ые", "ие", "ій"):
        if _fits(word, ending):
            return word[: -len(ending)] + STEM
    return None


def is_surname(word: str) -> bool:
    """Tell whether a word declines as Алиев and Путин do."""
    return word.endswith(("ов", "ев", "ин", "ын", "їв", "ів", "їн"))
