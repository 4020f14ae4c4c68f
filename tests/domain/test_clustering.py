"""Which story an article joins."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.clustering import Candidate, Kind, Rules, decide
from bot.domain.fingerprint import Claim, fingerprint, learn_boilerplate, unpack
from bot.domain.likeness import compare
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


def article(
    number: int, title: str, body: str = "", summary: str = "", *, outlet: int = 0
) -> Candidate:
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
    assert (
        decide(article(2, "Ferry runs aground", FERRY), [article(1, "Bridge closed", BRIDGE)])
        is None
    )


def test_an_outlets_own_new_printing_is_a_revision():
    first = article(1, "Bridge closed to lorries", BRIDGE, outlet=7)
    decision = decide(
        article(2, "Bridge closed to lorries", BRIDGE + " More follows.", outlet=7), [first]
    )
    assert decision is not None
    assert decision.kind is Kind.REVISION


MORE = " Lorries of up to five tonnes may cross again from Friday, one at a time, the engineers decided."


def test_an_update_is_of_the_outlets_own_article_though_a_reprint_is_more_like_it():
    first = article(1, "Bridge closed to lorries", BRIDGE, outlet=7)
    copy = story_of(article(2, "Old crossing opens", BRIDGE + MORE, outlet=8), 1)
    update = article(3, "Old crossing opens", BRIDGE + MORE, outlet=7)
    alone = decide(update, [copy])
    assert alone is not None
    assert (alone.copy_of, alone.kind) == (2, Kind.COPY)
    decision = decide(update, [first, copy])
    assert decision is not None
    assert (decision.copy_of, decision.story_id, decision.kind) == (1, 1, Kind.REVISION)
    assert decision.score == alone.score  # as sure of the story as before
    assert decision.evidence["same_outlet"] is True


def test_an_outlets_other_article_in_the_story_is_nothing_to_update():
    """It joined for its summary's sake, say; what is printed now has another text."""
    other = story_of(article(1, "Ferry runs aground", FERRY, outlet=7), 2)
    copy = article(2, "Bridge closed to lorries", BRIDGE, outlet=8)
    decision = decide(article(3, "Bridge closed to lorries", BRIDGE, outlet=7), [other, copy])
    assert decision is not None
    assert (decision.copy_of, decision.kind) == (2, Kind.COPY)


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


def words(stem: str, count: int) -> str:
    return " ".join(f"{stem}{n}" for n in range(count))


def story_of(candidate: Candidate, story: int, *, first: bool = False) -> Candidate:
    return replace(candidate, story_id=story, first=first)


def test_a_chain_does_not_drift_from_what_the_story_began_with():
    a = article(1, "Bridge closed to lorries", words("alpha", 200))
    b = article(2, "Bridge closed", words("alpha", 200) + " " + words("beta", 200))
    c = article(3, "Ferry runs aground", words("beta", 200))
    joined = decide(b, [a])
    assert joined is not None
    assert joined.story_id == 1
    last = story_of(b, 1)
    assert decide(c, [last]) is not None  # alone, the last copy would have taken it
    assert decide(c, [last, a]) is None


def test_a_short_chain_that_drifts_is_told_with_doubt():
    a = article(1, "Bridge closed to lorries after cracks were found", summary=BRIDGE[:200])
    b = story_of(article(2, "Drivers sent round by the mines", summary=BRIDGE[330:560]), 1)
    c = article(3, "Drivers sent round by the mines", summary=BRIDGE[330:560])
    decision = decide(c, [b, a])
    assert decision is not None
    assert (decision.kind, decision.rule) == (Kind.POSSIBLE, "drift")


def test_five_hundred_articles_of_one_template_are_five_hundred_stories():
    form = (
        "The temperature in {town} today reaches {high} degrees by day and {low} by night. The wind blows"
        " from the west at {wind} metres a second; the pressure stands at {pressure} millimetres of mercury."
        " The water of the reservoir has {water} degrees. The sun rises at {rise} and sets at {sets}."
    )
    told: list[Candidate] = []
    silent = 0
    for n in range(500):
        body = form.format(
            town=f"Town{n % 50}",
            high=10 + n % 19,
            low=n % 9,
            wind=n % 7,
            pressure=680 + n % 41,
            water=f"{n % 23}.{n % 10}",
            rise=f"6:{n % 60:02}",
            sets=f"20:{n * 7 % 60:02}",
        )
        new = article(n + 1, f"Weather in Town{n % 50} on day {n // 50}", body, outlet=9)
        decision = decide(new, told[-48:])
        silent += decision is not None and decision.kind is not Kind.POSSIBLE
        told.append(new)
    assert silent == 0


MENU = "\n".join(f"{words(f'menu{n}x', 9)}." for n in range(50))


def test_a_site_of_nine_parts_furniture_does_not_swallow_its_own_articles_once_that_is_learned():
    furniture = learn_boilerplate(f"{words(f'old{n}x', 50)}\n{MENU}" for n in range(10))
    texts = {"Bridge closed to lorries": BRIDGE[:300], "Ferry runs aground in fog": FERRY[:300]}
    one, other = (
        replace(
            article(n, title, outlet=9),
            sketch=fingerprint(
                Document(title, body=f"{text}\n{MENU}"), boilerplate=furniture
            ).sketch,
        )
        for n, (title, text) in enumerate(texts.items(), 1)
    )
    assert decide(other, [one]) is None
    elsewhere = article(3, "Cracks in two arches", BRIDGE[:300])
    found = decide(elsewhere, [other, one])
    assert found is not None
    assert found.copy_of == 1


@pytest.mark.parametrize("above", [True, False], ids=["menu above", "menu below"])
@pytest.mark.parametrize("chars", [300, 5000])
def test_such_a_site_swallows_nothing_even_before_its_furniture_is_learned(chars, above):
    def page(number: int, title: str, text: str) -> Candidate:
        body = f"{MENU}\n{text[:chars]}" if above else f"{text[:chars]}\n{MENU}"
        return article(number, title, body, outlet=9)

    one = page(1, "Bridge closed to lorries", BRIDGE)
    assert decide(page(2, "Ferry runs aground in fog", FERRY), [one]) is None
    retold = decide(page(3, "Cracks found in old crossing", BRIDGE), [one])
    assert retold is not None
    assert retold.kind is Kind.REVISION


def test_a_live_blog_that_grows_is_one_story_of_revisions():
    parts = [words(f"part{n}x", 120) for n in range(8)]
    blog = [article(1, "Live: the flood", parts[0], outlet=9)]
    for n in range(1, 8):
        grown = article(n + 1, "Live: the flood", "\n".join(parts[: n + 1]), outlet=9)
        decision = decide(grown, blog)
        assert decision is not None
        assert (decision.story_id, decision.kind) == (1, Kind.REVISION)
        blog.append(story_of(grown, 1))


def test_the_same_text_in_another_language_is_no_copy():
    russian = (
        "Старый каменный мост закрыт для грузовиков: инженеры нашли трещины в двух арках из пяти."
    )
    english = (
        "The old stone bridge is closed to lorries: engineers found cracks in two of five arches."
    )
    assert (
        decide(article(2, "Мост закрыт", russian), [article(1, "Bridge closed", english)]) is None
    )


def test_what_one_names_as_its_source_is_kept_as_evidence():
    claim = Claim("byline", "Eurasianet", "By Ann Example for Eurasianet")
    made = fingerprint(Document("Bridge closed to lorries", body=BRIDGE), claims=(claim,))
    copy = replace(article(2, "", ""), sketch=made.sketch, outlet="Echo")
    original = replace(article(1, "Cracks in a bridge", BRIDGE), outlet="Eurasianet")
    decision = decide(copy, [original])
    assert decision is not None
    assert decision.evidence["phrase"] == "By Ann Example for Eurasianet"
    assert decision.evidence["shared_pct"] == 100
    assert json.loads(json.dumps(decision.evidence)) == decision.evidence


def test_a_source_may_be_named_by_the_host_of_its_articles():
    claim = Claim("canonical", "echo.test", "https://echo.test/a")
    made = fingerprint(Document("Bridge closed to lorries", body=BRIDGE), claims=(claim,))
    copy = replace(article(2, "", ""), sketch=made.sketch)
    original = replace(article(1, "Cracks in a bridge", BRIDGE), url="https://www.echo.test/a")
    decision = decide(copy, [original])
    assert decision is not None
    assert decision.evidence["phrase"] == "https://echo.test/a"


def test_the_same_address_is_a_revision_whatever_it_says_now():
    first = replace(article(1, "Bridge closed", BRIDGE, outlet=9), url="https://echo.test/a")
    new = replace(article(2, "Ferry runs aground", FERRY, outlet=9), url="https://echo.test/a")
    decision = decide(new, [first])
    assert decision is not None
    assert (decision.kind, decision.rule) == (Kind.REVISION, "same url")


def test_of_equals_the_oldest_is_taken_and_articles_without_a_story_are_passed_over():
    old, new, unfiled = (article(n, "Bridge closed to lorries", BRIDGE) for n in (1, 2, 3))
    decision = decide(article(9, "Bridge", BRIDGE), [replace(unfiled, story_id=None), new, old])
    assert decision is not None
    assert decision.copy_of == 1
    assert decide(article(9, "Bridge", BRIDGE), [article(9, "Bridge", BRIDGE)]) is None
    assert decide(article(9, "Bridge", BRIDGE), []) is None


@given(st.text(max_size=300), st.text(max_size=300), st.text(max_size=300), st.text(max_size=300))
def test_likeness_is_the_same_both_ways_and_stays_within_bounds(one, other, title, more):
    for a, b in ((one, other), (one, one + " " + more), (one, "")):
        left = unpack(fingerprint(Document(title, body=a)).sketch)
        right = unpack(fingerprint(Document(more, summary=b)).sketch)
        there = compare(left, right, same_outlet=False)
        back = compare(right, left, same_outlet=False)
        assert there == back
        assert 0 <= there.score <= 1
        assert all(value >= 0 for value in there.measures.values())
