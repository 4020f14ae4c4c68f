"""Watches against sentences, each said to match or not, and why: what a subscriber may count on.

The cases are tests/domain/cases/*.jsonl (ours) and the recorded ones of the shared data, where they are.
A line: watch, text, lang, match, why; title, outlet and country where a filter reads them.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bot.domain.matching import Matcher
from bot.domain.model import Document
from bot.domain.names import Names, load_names
from bot.domain.query import parse_query

ROOT = Path(__file__).resolve().parents[2]
OURS = sorted((Path(__file__).parent / "cases").glob("*.jsonl"))
RECORDED = ROOT.parent / "shared" / "data" / "matching" / "cases.jsonl"

Case = dict[str, Any]


def read(path: Path) -> list[Case]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def case_id(path: Path, number: int, case: Case) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", case["why"].lower()).strip("-")[:50]
    return f"{path.stem}-{number}-{slug}"


def cases(*paths: Path) -> list[Any]:
    return [
        pytest.param(case, id=case_id(path, number, case))
        for path in paths
        if path.is_file()
        for number, case in enumerate(read(path), 1)
    ]


@cache
def names() -> Names:
    return load_names((ROOT / "config" / "names.toml").read_text(encoding="utf-8"))


def document(case: Case) -> Document:
    return Document(
        title=case.get("title", ""),
        body=case["text"],
        language=case["lang"],
        outlet=case.get("outlet", ""),
        country=case.get("country", ""),
    )


def explained(case: Case) -> str:
    wanted = "should" if case["match"] else "should not"
    return f"{case['watch']} {wanted} match {case['text']!r}: {case['why']}"


@pytest.mark.parametrize("case", cases(*OURS))
def test_a_watch_hears_what_it_should_and_no_more(case: Case) -> None:
    matcher = Matcher(names())
    matcher.add(1, parse_query(case["watch"]))
    assert bool(matcher.match(document(case))) == case["match"], explained(case)


@pytest.mark.shared
@pytest.mark.parametrize("case", cases(RECORDED))
def test_a_recorded_case_is_right(case: Case) -> None:
    matcher = Matcher(names())
    matcher.add(1, parse_query(case["watch"]))
    assert bool(matcher.match(document(case))) == case["match"], explained(case)


def test_a_watch_answers_the_same_in_the_company_of_all_others() -> None:
    known = [case for path in OURS for case in read(path)]
    matcher = Matcher(names())
    for number, case in enumerate(known):
        matcher.add(number, parse_query(case["watch"]))
    wrong = [
        explained(case)
        for number, case in enumerate(known)
        if (number in {m.watch_id for m in matcher.match(document(case))}) != case["match"]
    ]
    assert wrong == []


def test_every_name_is_heard_of_by_its_own_entry_and_one_word_by_no_other() -> None:
    table = names()
    matcher = Matcher(table)
    ids = dict(enumerate(table.by_id))
    for number, name_id in ids.items():
        matcher.add(number, parse_query(f'"{table.by_id[name_id].forms[0].text}"'))
    unheard, mistaken = [], []
    for name in table.by_id.values():
        for form in name.forms:
            sentence = Document(title="", body=f"x ({form.text})", language=form.language)
            heard = {ids[match.watch_id] for match in matcher.match(sentence)}
            if name.id not in heard:
                unheard.append((name.id, form.text))
            others = heard - {name.id} if len(form.words) == 1 else heard & set(name.distinct_from)
            mistaken += [(form.text, other) for other in sorted(others)]
    assert unheard == []
    assert mistaken == []


# Endings of the singular by language; "-" before one takes the name's last vowel away first.
ENDINGS = {
    "ru": "а у ом е ы и я ю ем ью -ы -и -е -у -ю -ой -ей -ского -ский инский ский",
    "uk": "а у ом і и ю ем ові -и -і -у -ю -ою -ею -ій ський ська ську -ська інський",
    "hy": "ը ն ի ին ից ով ում ու ուն յի յին յից յով -ու -ուն -ուց վա -վի -վից",
    "ka": "ში ს მ ზე თან დან -ის -ში -ს -მა -ით -იდან -ზე -თან -ისთვის -ად",
    "az": "ı i u ü ın in un ün a ə ya yə da də dan dən nı ni nın nin dakı dəki la lə",
    "tr": "ı i u ü ın in un ün a e ya ye da de ta te dan den tan ten yı yi nın nin daki deki la le",
}
# A case of one that is the other's name, or its adjective, and nothing in the word says which.
ONE_FORM_OF_TWO = {
    ("gori", "goris"),
    ("kura", "kursk"),
    ("kareli", "karelia"),
    ("armenia", "armiansk"),
    ("caspian-sea", "kaspiysk"),
    ("crimea", "krymsk"),
}


def cases_of(name: str, language: str) -> set[str]:
    """Forms of a place's name: more than it has, but none that breaks the language's rules."""
    endings = ENDINGS[language].split()
    if language == "ru" and name[-1] in "иоуэю":  # indeclinable
        endings = [ending for ending in endings if "ск" in ending]
    if language in ("az", "tr"):  # vowels agree
        front = [c in "eəiöü" for c in name.lower() if c in "aıoueəiöü"][-1:]
        endings = [e for e in endings if [c in "eəiöü" for c in e if c in "aıoueəiöü"][:1] == front]
    stem = name[:-1] if name[-1] in "аяиіеєьїիաիაიე" else name
    return {stem + e[1:] if e[0] == "-" else name + e for e in endings}


def test_no_case_of_a_place_is_heard_of_by_another() -> None:
    table = names()
    matcher = Matcher(table)
    places = [name for name in table.by_id.values() if name.kind == "place"]
    for number, name in enumerate(places):
        matcher.add(number, parse_query(f'"{name.forms[0].text}"'))
    mistaken = set()
    for name in places:
        for form in name.forms:
            if len(form.words) == 1 and form.language in ENDINGS:
                written = " ".join(sorted(cases_of(form.text, form.language)))
                text = Document(title="", body=f"x {written}", language=form.language)
                heard = {places[match.watch_id].id for match in matcher.match(text)}
                mistaken |= {(name.id, other, form.text) for other in heard - {name.id}}
    unheld = [row for row in sorted(mistaken) if tuple(sorted(row[:2])) not in ONE_FORM_OF_TWO]
    assert unheld == [], unheld


def test_there_are_cases_of_both_kinds_in_every_language_of_the_region() -> None:
    known = [case for path in OURS for case in read(path)]
    assert len(known) >= 200
    for language in ("en", "hy", "ka", "az", "tr", "ru", "uk"):
        answers = {case["match"] for case in known if case["lang"] == language}
        assert answers == {True, False}, language


def test_no_case_is_told_twice() -> None:
    told = ("watch", "text", "title", "outlet", "country")
    known = [tuple(c.get(key) for key in told) for path in OURS for c in read(path)]
    assert len(known) == len(set(known))
