"""Keywords that people type after a command, in any of our languages."""

from datetime import time

import pytest

from bot import texts
from bot.chat.hours import OFFERED
from bot.domain.hours import clock
from bot.texts import keywords
from tests.chat.conftest import Asker


def spoken(name: str) -> list[str]:
    return [
        word.strip()
        for language in texts.languages()
        for word in texts.say(language, f"word.{name}").split(",")
    ]


def test_no_word_means_two_things():
    every = [word for name in keywords.KEYWORDS for word in set(spoken(name))]
    assert len(every) == len(set(every))
    beginnings = [(w, name) for name in keywords.UNITS for w in spoken(name)]
    for word, name in beginnings:
        assert keywords.unit(word) == name, word


@pytest.mark.parametrize("name", ["instant", "hourly"])
def test_every_language_says_how_soon_a_chat_is_told(ask: Asker, name: str):
    ask("start")
    for word in spoken(name):
        ask("digest daily 9:00")
        ask(f"digest {word.capitalize()}")
        assert ask.subscriber.mode == name, word


@pytest.mark.parametrize("at", ["", "8:30"])
def test_every_language_says_daily_and_when(ask: Asker, at: str):
    ask("start")
    for word in spoken("daily"):
        ask(f"digest {word} {at}")
        assert ask.subscriber.mode == f"daily {at or clock(OFFERED[0])}", word


@pytest.mark.parametrize("language", texts.languages())
def test_what_a_button_says_may_be_typed(ask: Asker, language: str):
    ask("start")
    for name in ("instant", "hourly"):
        ask(f"digest {texts.say(language, f'button.{name}')}")
        assert ask.subscriber.mode == name
    ask(f"digest {texts.say(language, 'button.daily', time=clock(time(18)))}")
    assert ask.subscriber.mode == "daily 18:00"


def test_a_time_may_have_an_ending_of_its_language(ask: Asker):
    ask("start")
    ask("digest ամեն օր ժամը 8:30-ին")
    assert ask.subscriber.mode == "daily 8:30"


def test_one_watch_is_told_by_words_of_any_language_and_follows_its_chat_again(ask: Asker):
    ask("start")
    ask("watch harbour")
    assert "once an hour" in ask("digest 1 раз в час").html
    for word in spoken("off"):
        assert "as the other watches" in ask(f"digest 1 {word}").html, word


def test_quiet_hours_are_silent_held_or_none_in_every_language(ask: Asker):
    ask("start")
    for word in spoken("silent"):
        ask(f"quiet 22-7 {word}")
        assert ask.subscriber.quiet == "22:00-7:00 silent", word
        for held in spoken("held"):
            ask(f"quiet {word}")
            ask(f"quiet {held}")
            assert ask.subscriber.quiet == "22:00-7:00", held
    for word in spoken("off"):
        ask("quiet 22-7")
        ask(f"quiet {word}")
        assert ask.subscriber.quiet == "", word


def test_previews_are_switched_in_every_language(ask: Asker):
    ask("start")
    for on, off in zip(spoken("on"), spoken("off"), strict=False):
        ask(f"preview {on}")
        assert ask.subscriber.preview, on
        ask(f"preview {off}")
        assert not ask.subscriber.preview, off
