"""Every catalogue says everything, in markup that Telegram takes, with its places to fill in."""

import ast
import re
import string
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from babel.messages.pofile import read_po

from bot import texts
from bot.domain.notes import Oddity
from bot.domain.outlet import FailureKind
from tests.e2e.telegram_html import parse_html

BOT = Path(texts.__file__).parents[1]
ENGLISH = texts.catalogue("en").texts
LANGUAGES = texts.languages()
PLAIN = ("button.", "menu.", "toast.", "time.", "failure.", "oddity.", "place.", "start.suggest_")
# Keys put together in code, from an enum or an outcome.
MADE = (
    "digest.now_", "digest.watch_", "watches.mode_", "missed.held_",
    "failure.", "oddity.", "log.", "query.bad_", "why.", "place.", "verdicts.", "outlet.",
    "card.only_", "where.", "word.", "button.where_", "button.by_", "opml.skip_",
)  # fmt: skip


def placeholders(form: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(form) if name is not None}


def all_forms():
    return [
        pytest.param(language, key, form, id=f"{language}-{key}-{i}")
        for language in LANGUAGES
        for key, forms in texts.catalogue(language).texts.items()
        for i, form in enumerate(forms)
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_has_every_text_and_no_other(language):
    found = texts.catalogue(language).texts
    assert sorted(found) == sorted(ENGLISH)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_has_as_many_plural_forms_as_its_language(language):
    with (texts.LOCALES / language / "outpost.po").open("rb") as file:
        po = read_po(file, locale=language)
    found = texts.catalogue(language)
    plurals = {key for key, forms in ENGLISH.items() if len(forms) > 1}
    assert po.locale.language == language
    for key, forms in found.texts.items():
        assert len(forms) == (po.num_plurals if key in plurals else 1), key
    assert {found.plural(n) for n in range(200)} == set(range(po.num_plurals))


@pytest.mark.parametrize(("language", "key", "form"), all_forms())
def test_a_text_has_the_same_places_to_fill_in_as_the_english(language, key, form):
    english = set().union(*(placeholders(f) for f in ENGLISH[key]))
    optional = {"n"} if len(ENGLISH[key]) > 1 else set()  # "one watch" needs no figure
    assert placeholders(form) - optional == english - optional


@pytest.mark.parametrize(("language", "key", "form"), all_forms())
def test_telegram_takes_the_markup_of_a_text(language, key, form):
    words = form.format_map({name: "&lt;x&gt;" for name in placeholders(form)})
    shown = parse_html(words).text
    assert shown
    assert "{" not in shown
    if key.startswith(PLAIN):
        assert "<" not in form


@pytest.mark.parametrize("language", LANGUAGES)
def test_short_texts_fit_where_telegram_shows_them(language):
    for key, (form, *_) in texts.catalogue(language).texts.items():
        if key.startswith("menu."):
            assert 3 <= len(form) <= 256, key
        if key.startswith("toast."):
            assert len(form) <= 200, key
        if key.startswith("start.suggest_"):
            assert len(f"watch:{form}".encode()) <= 64, key


def speaking():
    """Return the syntax of every file that may name a text: only these speak to people."""
    files = [
        BOT / "alarm.py",
        BOT / "render.py",
        BOT / "digest.py",
        BOT / "lantern.py",
        BOT / "scout.py",
        BOT / "topics.py",
        *BOT.glob("domain/*.py"),
        *BOT.glob("chat/*.py"),
    ]
    files += [*BOT.glob("web/*.py"), *BOT.glob("texts/*.py")]
    return [(f, ast.parse(f.read_text(encoding="utf-8"))) for f in sorted(files)]


def literal_keys():
    """Yield (file, key) for every string in the code that has the shape and first word of a key."""
    firsts = "|".join(sorted({key.split(".")[0] for key in ENGLISH}))
    shape = re.compile(rf"(?:{firsts})\.[a-z0-9_]*[a-z0-9]")
    for path, tree in speaking():
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and shape.fullmatch(node.value)
                and not node.value.endswith((".html", ".png", ".opml"))  # files
            ):
                yield path, node.value


def test_every_text_that_the_code_asks_for_is_in_the_catalogue():
    missing = {f"{path.name}: {key}" for path, key in literal_keys() if key not in ENGLISH}
    assert not missing


def test_every_text_of_the_catalogue_is_asked_for():
    used = {key for _, key in literal_keys()}
    used |= {f"{key}_undated" for key in used}  # render.py: the same line without its time
    assert not [key for key in ENGLISH if key not in used and not key.startswith(MADE)]


CALLS = ("say", "html", "count", "button", "UserError", "QueryError", "Reply")


def filled_in(call):
    """Return the names a call gives, None where they are not written there."""
    if getattr(call.func, "id", "") == "Reply":
        params = call.args[1] if len(call.args) > 1 else ast.Dict([], [])
        return {k.value for k in params.keys} if isinstance(params, ast.Dict) else None
    given = {k.arg for k in call.keywords}
    if getattr(call.func, "attr", "") == "count":
        given.add("n")
    return None if None in given else given


def calls():
    """Yield (place, key, names given) for each call that fills in a text whose key is written there."""
    for path, tree in speaking():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            literals = [a.value for a in node.args if isinstance(a, ast.Constant)]
            keys = [v for v in literals if isinstance(v, str) and v in ENGLISH]
            given = filled_in(node) if name in CALLS and keys else None
            if given is not None:
                yield f"{path.name}:{node.lineno}", keys[0], given


def test_the_code_fills_in_every_place_of_a_text():
    found = list(calls())
    assert len(found) > 20  # or the search above has gone blind
    for place, key, given in found:
        wanted = set().union(*(placeholders(f) for f in ENGLISH[key]))
        assert wanted <= given, f"{place} {key}"


def test_every_reason_of_a_failed_poll_has_words():
    assert all(f"failure.{kind}" in ENGLISH for kind in FailureKind)


def test_every_oddity_of_a_feed_has_words():
    assert all(f"oddity.{oddity}" in ENGLISH for oddity in Oddity)


@pytest.mark.parametrize("outcome", ["told", "copy", "excluded", "held", "failed"])
def test_every_decision_has_words_for_the_log(outcome):
    assert f"log.{outcome}" in ENGLISH


@pytest.fixture
def russian(tmp_path, monkeypatch):
    """Return a folder of catalogues: English as it is, and a Russian one to write."""
    for cached in (texts.languages, texts.catalogue):
        cached.cache_clear()
    (tmp_path / "ru").mkdir()
    (tmp_path / "en").mkdir()
    english = (texts.LOCALES / "en" / "outpost.po").read_bytes()
    (tmp_path / "en" / "outpost.po").write_bytes(english)
    monkeypatch.setattr(texts, "LOCALES", tmp_path)
    yield tmp_path / "ru" / "outpost.po"
    for cached in (texts.languages, texts.catalogue):
        cached.cache_clear()


HEADER = (
    'msgid ""\nmsgstr ""\n"Language: ru\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n'
    '"Plural-Forms: nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : '
    'n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);\\n"\n\n'
)


def test_a_missing_text_is_said_in_english(russian):
    russian.write_text(HEADER + 'msgid "resume.done"\nmsgstr ""\n', encoding="utf-8")
    assert texts.say("ru", "resume.done") == "Alerts are on."
    assert texts.say("ru", "toast.stopped") == "Stopped."


def test_a_text_that_cannot_be_filled_in_is_said_in_english(russian):
    broken = 'msgid "time.ago"\nmsgstr "{времени} назад"\n'
    russian.write_text(HEADER + broken, encoding="utf-8")
    assert texts.say("ru", "time.ago", span="2 min") == "2 min ago"


def test_a_language_chooses_its_own_plural_form(russian):
    forms = ("{n} подписка", "{n} подписки", "{n} подписок")
    lines = "".join(f'msgstr[{i}] "{form}"\n' for i, form in enumerate(forms))
    russian.write_text(
        HEADER + f'msgid "watches.title"\nmsgid_plural "watches.title"\n{lines}', encoding="utf-8"
    )
    said = [texts.count("ru", "watches.title", n) for n in (1, 2, 5, 11, 21, 22)]
    assert said == [
        "1 подписка",
        "2 подписки",
        "5 подписок",
        "11 подписок",
        "21 подписка",
        "22 подписки",
    ]


def test_a_key_that_no_catalogue_has_is_a_bug():
    with pytest.raises(KeyError):
        texts.say("en", "no.such_key")


def test_markup_in_what_is_filled_in_is_escaped_but_our_own_is_not():
    said = texts.html("en", "watch.exists", query="<b>&")
    assert "<code>&lt;b&gt;&amp;</code>" in said
    ours = texts.html("en", "time.ago", span=texts.Html("<b>2 min</b>"))
    assert ours == "<b>2 min</b> ago"
    assert texts.say("en", "time.ago", span="<2 min>") == "<2 min> ago"


def test_what_no_message_can_carry_is_left_out():
    assert texts.escape("a\x00b\ud800c\x1bd\n") == "abcd\n"


def test_a_toast_is_what_is_left_without_tags():
    assert texts.plain('<b>A &amp; B</b> <a href="https://x.example">&lt;c&gt;</a>') == "A & B <c>"


@pytest.mark.parametrize(
    ("asked", "got"), [("en-US", "en"), ("", "en"), ("xx", "en"), ("EN", "en"), ("pt_BR", "en")]
)
def test_a_language_we_do_not_have_is_answered_in_english(asked, got):
    assert texts.nearest(asked) == got


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(seconds=5), "1 min"),
        (timedelta(minutes=42, seconds=50), "42 min"),
        (timedelta(hours=3), "3 hr"),
        (timedelta(hours=3, minutes=5), "3 hr 5 min"),
        (timedelta(minutes=-42), "42 min"),
        (timedelta(days=1), "1 day"),
        (timedelta(days=2, hours=5, minutes=59), "2 days 5 hr"),
    ],
)
def test_a_length_of_time_is_said_in_its_two_largest_units(length, words):
    assert texts.span("en", length) == words


@pytest.mark.parametrize("n", range(1, 6))
def test_words_of_a_list_are_told_apart_by_commas(n):
    assert texts.listed(["Laçın", "Лачин", "Լաչին", "ლაჩინი", "Berdzor"][:n]).count(", ") == n - 1


@pytest.mark.parametrize("minutes", [0, 1, 60, 61, 185, 1_440, 1_500, 4_000])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_length_of_time_has_words_in_every_language(language, minutes):
    assert texts.span(language, timedelta(minutes=minutes))


@pytest.mark.parametrize("language", LANGUAGES)
def test_less_than_a_minute_is_said_in_seconds_where_asked_for(language):
    five, zero = (texts.span(language, timedelta(seconds=s), seconds=True) for s in (5, 0))
    assert "5" in five
    assert "1" in zero
    assert five.replace("5", "1") != texts.span(language, timedelta(seconds=5))  # 1 min
    assert texts.span(language, timedelta(hours=2), seconds=True) == texts.span(
        language, timedelta(hours=2)
    )


def test_armenian_joins_the_parts_of_an_outlets_line_by_its_own_point():
    lines = [
        f
        for key in ("fine", "odd", "failing")
        for f in texts.catalogue("hy").texts[f"outlets.{key}"]
    ]
    assert len(lines) == 4
    assert not any(";" in line for line in lines)


def test_a_moment_is_told_in_the_zone_of_the_reader():
    at = datetime(2026, 11, 23, 20, 5, tzinfo=UTC)
    assert texts.moment("en", at) == "23 Nov, 20:05"
    assert texts.moment("en", at, zone=ZoneInfo("Asia/Yerevan")) == "24 Nov, 00:05"


def test_how_long_ago_something_was():
    now = datetime(2026, 11, 23, 20, 5, tzinfo=UTC)
    assert texts.ago("en", now - timedelta(seconds=59), now) == "just now"
    assert texts.ago("en", now - timedelta(minutes=90), now) == "1 hr 30 min ago"


def test_numbers_are_written_as_the_language_writes_them():
    assert texts.number("en", 1200) == "1,200"
