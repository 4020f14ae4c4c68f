"""Which story an article joins."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.clustering import Candidate, Kind, Rules, decide
from bot.domain.fingerprint import fingerprint
from bot.domain.model import Document

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
BRIDGE = """The old stone bridge over the Debed was closed to lorries on Monday after engineers found cracks
in two of its five arches. The mayor of the town told reporters that repairs would take at least eleven weeks
and cost some 340,000 dollars, half of it paid by the region. Drivers of heavy vehicles are sent round through
the mining settlement on the other bank, which adds forty minutes to the trip. Shopkeepers on the square fear
for their summer. "We live from people who stop here for lunch," said Karine, who has sold bread by the bridge
for nineteen years. The bridge was built in 1863 and repaired last after the flood of 1992."""
FERRY = """A ferry with 212 passengers on board ran aground in thick fog near the northern breakwater early on
Tuesday. Nobody was hurt, the port authority said, and tugboats pulled the vessel free with the morning tide.
An inquiry has begun into why the pilot had not waited for the fog to lift, as the harbour rules demand."""


def article(number: int, title: str, body: str = "", summary: str = "", *, outlet: int = 0) -> Candidate:
    document = Document(title=title, body=body, summary=summary)
    return Candidate(
        article_id=number,
        story_id=number,
        outlet_id=outlet or number,
        seen_at=NOON + timedelta(minutes=number),
        published_at=None,
        sketch=fingerprint(document).sketch,
    )


def test_a_rehead_of_the_same_text_is_a_copy():
    first = article(1, "Bridge closed to lorries", BRIDGE)
    decision = decide(article(2, "Cracks found in old crossing", BRIDGE), [first])
    assert decision is not None
    assert (decision.copy_of, decision.story_id, decision.kind) == (1, 1, Kind.COPY)


def test_another_article_opens_its_own_story():
    assert decide(article(2, "Ferry runs aground", FERRY), [article(1, "Bridge closed", BRIDGE)]) is None


def test_an_outlets_own_new_printing_is_a_revision():
    first = article(1, "Bridge closed to lorries", BRIDGE, outlet=7)
    decision = decide(article(2, "Bridge closed to lorries", BRIDGE + " More follows.", outlet=7), [first])
    assert decision is not None
    assert decision.kind is Kind.REVISION


def test_a_persons_verdict_binds():
    first = article(1, "Bridge closed to lorries", BRIDGE)
    copy = article(2, "Bridge closed to lorries", BRIDGE)
    assert decide(copy, [first], verdicts={1: False}) is None
    other = article(3, "Ferry runs aground", FERRY)
    decision = decide(other, [first], verdicts={1: True})
    assert decision is not None
    assert (decision.kind, decision.rule) == (Kind.COPY, "verdict")


def test_a_verdict_against_one_article_of_a_story_keeps_it_out_by_the_others_too():
    first = article(1, "Bridge closed to lorries", BRIDGE)
    second = replace(article(2, "Bridge closed", BRIDGE), story_id=1)
    assert decide(article(3, "Bridge", BRIDGE), [first, second], verdicts={2: False}) is None


@pytest.mark.parametrize("body", ["", "Fire", "one two"])
def test_articles_of_no_words_to_speak_of_are_no_copies(body):
    first = article(1, "", body)
    assert decide(article(2, "Weather", body), [first]) is None


def test_rules_can_be_set():
    first = article(1, "Bridge closed to lorries", BRIDGE)
    strict = Rules(full=replace(Rules().full, possible=1.1, sure=1.1))
    assert decide(article(2, "Bridge", BRIDGE), [first], rules=strict) is None
