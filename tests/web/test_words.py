"""The console's words: every key that pages and code ask for is there, and none is there for nothing."""

import re
import string

import pytest

from bot import texts
from bot.domain.model import ChatKind, Sent, SubscriberState, VerdictKind
from bot.domain.outlet import FeedKind
from bot.store.console import ConsoleRole
from bot.store.filters import OUTCOMES
from bot.store.measurements import KINDS as MEASURED
from bot.web.quality import KINDS
from bot.web.view import FOLDER
from tests.web.test_language import ACTIONS

ENGLISH = texts.catalogue("en", texts.CONSOLE).texts
ASKED = re.compile(r"""['"](web\.[a-z_]*[a-z])['"]""")
MADE = {f"web.state_{o}" for o in (*OUTCOMES, "waiting")}
MADE |= {f"web.chat_{s}" for s in SubscriberState}
MADE |= {f"web.role_{r}" for r in ConsoleRole}
MADE |= {f"web.verdict_{k}" for k in KINDS}
MADE |= {f"web.alert_{s}" for s in ("open", "held", "failed", "muted", "merged", "closed")}
MADE |= {f"web.sent_{s.replace(' ', '_')}" for s in Sent}
MADE |= {f"web.kind_{k}" for k in ChatKind} | {f"web.feed_{k}" for k in FeedKind}
MADE |= {f"web.did_{re.sub('[ -]', '_', action)}" for action in ACTIONS}
MADE |= {f"web.done_{act}" for act in ("poll", "rest", "retire", "restore")}
MADE |= {f"web.hold_{h}" for h in ("paused", "gone", "muted", "quiet", "hourly", "daily")}
MADE |= {f"web.eval_{what}" for what in MEASURED}


def asked() -> set[str]:
    files = [*FOLDER.glob("*.py"), *FOLDER.glob("templates/*.html")]
    return {key for f in files for key in ASKED.findall(f.read_text("utf-8"))}


def test_every_text_that_is_asked_for_is_in_the_catalogue():
    assert (asked() | MADE) - set(ENGLISH) == set()


def test_every_text_of_the_catalogue_is_asked_for():
    assert set(ENGLISH) - asked() - MADE == set()


def test_every_kind_of_verdict_is_shown():
    assert set(KINDS) == set(VerdictKind)


@pytest.mark.parametrize("language", texts.languages())
def test_every_language_of_the_chat_has_all_of_the_console(language):
    found, chat = texts.catalogue(language, texts.CONSOLE), texts.catalogue(language)
    assert set(found.texts) == set(ENGLISH)
    plurals = {key: forms for key, forms in ENGLISH.items() if len(forms) > 1}
    for key, forms in found.texts.items():
        assert len(forms) == (len({chat.plural(n) for n in range(200)}) if key in plurals else 1)
    assert [found.plural(n) for n in range(200)] == [chat.plural(n) for n in range(200)]


def places(form: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(form) if name is not None}


@pytest.mark.parametrize("language", texts.languages())
def test_a_translation_has_no_other_keys_and_the_same_places(language):
    found = texts.catalogue(language, texts.CONSOLE).texts
    assert set(found) <= set(ENGLISH)
    for key, forms in found.items():
        for form in forms:
            assert places(form) - {"n"} == places(ENGLISH[key][0]) - {"n"}, key
            assert "<" not in form
