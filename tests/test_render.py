"""Alerts read in two seconds and always go through; a mistake is shown where it is."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import render, texts
from bot.domain.errors import QueryError
from bot.domain.model import Alert, AlertView, Article, Hit, Place, Rule, StoryView, Watch
from tests.e2e.telegram_html import parse_html, spans, utf16

NINE = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
MIN = timedelta(minutes=1)
BODY = (
    "The port was quiet on Monday. Dockers began a harbour strike at dawn, and no ship was unloaded."
    " The owners will answer on Tuesday."
)


def article(id_=1, outlet="Daily Echo", *, title="Port at a standstill", body=BODY, **kw):
    values = {
        "id": id_,
        "outlet_id": id_,
        "outlet": outlet,
        "country": "AM",
        "language": "en",
        "url": f"https://outlet{id_}.example/story",
        "title": title,
        "summary": "",
        "body": body,
        "author": "",
        "published_at": NINE,
        "seen_at": NINE + MIN,
        "archived": False,
    }
    return Article(**{**values, **kw})


def hit(text, form, place=Place.BODY):
    start = text.index(form)
    return Hit(form, form, Rule.EXACT, place, start, start + len(form))


def watch(id_=5, query="harbour strike"):
    return Watch(id_, 1, query, NINE, id_)


def view(*articles, matches=None, written_by=""):
    first = articles[0]
    if matches is None:
        matches = ((watch(), first.id, (hit(BODY, "harbour"), hit(BODY, "strike"))),)
    alert = Alert(1, 1, 7, "en", 1, 1, 0, 0, None)
    return AlertView(alert, StoryView(1, articles, tuple(matches), written_by))


def shown(*articles, **kw):
    return parse_html(render.alert(view(*articles, **kw)).html)


def test_an_alert_tells_what_where_when_and_why():
    found = shown(article())
    assert found.text == (
        "Port at a standstill\n"
        "🇦🇲 Daily Echo (English) · 23 Nov, 09:00 UTC\n\n"
        "Dockers began a harbour strike at dawn, and no ship was unloaded.\n\n"
        "🔎 harbour strike"
    )
    assert found.slices("text_link") == ["Port at a standstill"]
    assert found.slices("bold") == ["harbour", "strike"]


def test_the_headline_leads_to_the_article():
    [link] = [e for e in shown(article()).entities if e["type"] == "text_link"]
    assert link["url"] == "https://outlet1.example/story"


def test_a_match_in_the_headline_is_bold_there_and_no_sentence_repeats_it():
    title = "Harbour strike ends"
    found = shown(
        article(title=title),
        matches=[(watch(), 1, (hit(title, "Harbour strike", Place.TITLE),))],
    )
    assert found.slices("bold") == ["Harbour strike"]
    assert found.text.split("\n")[0] == title
    assert "Dockers" not in found.text


def test_the_sentence_with_most_of_the_watch_is_the_one_shown():
    body = "A strike was feared. Then the harbour strike came. The harbour is shut."
    hits = (hit(body, "strike"), hit(body, "harbour"))
    later = tuple(
        Hit(h.term, h.form, h.rule, h.place, body.index(h.form, 22), body.index(h.form, 22) + 1)
        for h in hits
    )
    found = shown(article(body=body), matches=[(watch(), 1, (*hits, *later))])
    assert "Then the harbour strike came." in found.text
    assert "feared" not in found.text


def test_a_sentence_cut_from_a_longer_one_says_so():
    body = "word " * 200 + "harbour " + "word " * 200
    found = shown(article(body=body), matches=[(watch(), 1, (hit(body, "harbour"),))])
    line = found.text.split("\n\n")[1]
    assert line.startswith("…")
    assert line.endswith("…")
    assert "harbour" in line
    assert len(line) < 400


def test_a_summary_that_its_feed_cut_is_ended_by_the_page():
    summary = BODY[: BODY.index("was unloaded") + 5]  # "... and no ship was u"
    one = article(summary=summary)
    found = shown(one, matches=((watch(), 1, (hit(summary, "strike", Place.SUMMARY),)),))
    assert "began a harbour strike at dawn, and no ship was unloaded.\n" in found.text
    assert ("bold", "strike") in [
        (e["type"], part) for e, part in spans(found.text, found.entities)
    ]


def test_a_match_as_long_as_an_article_is_cut():
    body = "harbour " * 500
    found = shown(
        article(body=body), matches=[(watch(), 1, (hit(body, body[:3_000]), hit(body, "harbour")))]
    )
    assert len(found.text) < 600


def test_overlapping_matches_are_bold_once():
    hits = (hit(BODY, "harbour strike"), hit(BODY, "strike"))
    assert shown(article(), matches=[(watch(), 1, hits)]).slices("bold") == ["harbour strike"]


def test_a_match_only_in_a_copy_shows_the_copys_sentence():
    copy = article(2, "Coast Mail", published_at=NINE + 42 * MIN, seen_at=NINE + 43 * MIN)
    found = shown(
        article(body="Nothing of the kind."),
        copy,
        matches=[(watch(), 2, (hit(BODY, "harbour"),))],
    )
    assert "Dockers began a harbour strike" in found.text


def test_a_match_by_filters_alone_shows_no_sentence():
    hits = (Hit("outlet:echo", "Daily Echo", Rule.FILTER, Place.TITLE, 0, 0),)
    found = shown(article(), matches=[(watch(query="outlet:echo"), 1, hits)])
    assert found.text.count("\n\n") == 1
    assert not found.slices("bold")


def test_an_alert_whose_watch_is_forgotten_still_shows_its_story():
    message = render.alert(view(article(), matches=()))
    assert parse_html(message.html).text.startswith("Port at a standstill")
    assert [b.data for row in message.buttons for b in row] == ["mute:1", "no:1", "why:1"]


def test_an_article_without_a_date_says_when_we_saw_it():
    assert "seen 23 Nov, 09:01 UTC" in shown(article(published_at=None)).text


def test_a_date_in_the_future_is_not_believed():
    assert "23 Nov, 09:01" in shown(article(published_at=NINE + timedelta(days=3))).text


def test_copies_are_named_with_how_much_later_they_came():
    mail = article(2, "Coast Mail", published_at=NINE + 42 * MIN, seen_at=NINE + 43 * MIN)
    news = article(3, "Hill News", published_at=None, seen_at=NINE + 185 * MIN, country="")
    text = shown(article(), mail, news).text
    assert "🇦🇲 Daily Echo → 🇦🇲 Coast Mail +42 min, Hill News +3 hr 5 min" in text


def test_a_copy_leads_to_its_own_page():
    mail = article(2, "Coast Mail", published_at=NINE + 42 * MIN, seen_at=NINE + 43 * MIN)
    found = shown(article(), mail)
    assert "🇦🇲 Coast Mail" in found.slices("text_link")


def test_a_copy_that_was_seen_before_its_original_is_shown_after_it_with_an_arrow():
    copy = article(2, "Coast Mail", published_at=NINE + 42 * MIN, seen_at=NINE + 43 * MIN)
    origin = article(seen_at=NINE + 90 * MIN)
    assert "🇦🇲 Daily Echo → 🇦🇲 Coast Mail +42 min" in shown(origin, copy).text


def test_a_copy_whose_time_cannot_be_compared_is_named_without_one():
    same = article(2, "Coast Mail")
    assert shown(article(), same).text.endswith("🇦🇲 Daily Echo → 🇦🇲 Coast Mail")


def test_an_outlets_own_new_version_is_an_update_and_no_repost():
    again = article(2, outlet_id=1, published_at=NINE + 10 * MIN, seen_at=NINE + 11 * MIN)
    text = shown(article(), again).text
    assert "updated by 🇦🇲 Daily Echo, 10 min later" in text
    assert "→" not in text


def test_a_copy_that_is_in_doubt_is_shown_with_its_own_headline():
    mail = article(
        2,
        "Coast Mail",
        title="Docks: day two",
        published_at=NINE + 42 * MIN,
        seen_at=NINE + 43 * MIN,
        evidence={"kind": "possible"},
    )
    found = shown(article(), mail)
    assert "possibly the same: Docks: day two (🇦🇲 Coast Mail)" in found.text
    assert "Docks: day two" in found.slices("text_link")


def test_an_outlet_that_wrote_it_first_is_named_though_we_do_not_poll_it():
    found = shown(article(), written_by="Eurasian Wire <b>")
    assert "first written by Eurasian Wire <b>" in found.text


def copies(n, outlet="Outlet {}"):
    return [
        article(i + 2, outlet.format(i), published_at=NINE + i * MIN, seen_at=NINE + i * MIN)
        for i in range(1, n + 1)
    ]


def test_many_copies_are_folded_away():
    found = shown(article(), *copies(5))
    [quote] = found.slices("expandable_blockquote")
    assert quote.count("Outlet") == 5


def test_a_hundred_copies_are_counted_and_telegram_keeps_every_link():
    found = shown(article(), *copies(100))
    assert "and 60 more outlets" in found.text
    assert len(found.slices("text_link")) == 41
    assert len(found.entities) < 100


def test_copies_with_long_names_give_way_to_the_limit():
    found = shown(article(title="𝕏" * 400), *copies(100, "𝕏" * 70 + "{}"))
    assert utf16(found.text) <= 4096
    assert re.search(r"and \d+ more outlets", found.text)


def test_each_watch_that_fired_is_named_and_can_be_stopped():
    hits = (hit(BODY, "harbour"),)
    fired = [(watch(i, f"query {i}"), 1, hits) for i in range(1, 6)]
    message = render.alert(view(article(), matches=fired))
    assert "🔎 query 1 · query 2 · query 3 and 2 more watches" in parse_html(message.html).text
    assert [b.data for row in message.buttons[1:] for b in row] == ["fired:1"]
    three = render.alert(view(article(), matches=fired[:3]))
    assert [b.data for row in three.buttons[1:] for b in row] == [
        "unwatch:1",
        "unwatch:2",
        "unwatch:3",
    ]
    assert three.buttons[1][0].label == "Stop: query 1"


def test_one_watch_has_one_button():
    _, [button] = render.alert(view(article())).buttons
    assert (button.label, button.data) == ("Stop this watch", "unwatch:5")


def test_a_watch_goes_by_the_name_its_subscriber_gave_it():
    named = replace(watch(), title="Docks & quays")
    message = render.alert(view(article(), matches=[(named, 1, (hit(BODY, "harbour"),))]))
    assert "🔎 Docks & quays" in parse_html(message.html).text


def test_a_muted_story_can_be_heard_again():
    seen = view(article())
    muted = replace(seen, alert=replace(seen.alert, muted=True))
    assert render.alert(muted).buttons[0][0].data == "unmute:1"


def test_times_are_told_in_the_zone_of_the_reader():
    seen = view(article())
    there = replace(seen, alert=replace(seen.alert, zone="Asia/Yerevan"))
    assert "23 Nov, 13:00 UTC+4" in parse_html(render.alert(there).html).text


def test_reprints_come_before_updates_and_doubts():
    doubt = article(
        2, "Hill News", published_at=NINE + MIN, seen_at=NINE + MIN, evidence={"kind": "possible"}
    )
    again = article(3, outlet_id=1, published_at=NINE + 2 * MIN, seen_at=NINE + 2 * MIN)
    mail = article(4, "Coast Mail", published_at=NINE + 3 * MIN, seen_at=NINE + 3 * MIN)
    lines = shown(article(), doubt, again, mail).text.split("\n")
    order = [next(i for i, x in enumerate(lines) if w in x) for w in ("→", "possibly", "updated")]
    assert order == sorted(order)


def test_a_link_that_no_phone_should_open_is_left_out():
    assert "href" not in render.alert(view(article(url="javascript:alert(1)"))).html


@pytest.mark.parametrize("title", ["", "  \n ", "\u202e\x00"])
def test_an_article_without_a_headline_can_still_be_opened(title):
    assert shown(article(title=title)).slices("text_link") == ["(no headline)"]


ANY = st.text(max_size=400) | st.sampled_from(
    [
        "<b>",
        "</a>&lt;",
        "&amp;&",
        "<" * 10_000,
        "\u202eabc\u2066" * 50,
        "👩‍👩‍👧" * 3000,
        "Հայ ქარ עבר" * 900,
        "a\ud800b\x00",
        "]]>--><pre>",
        '"><a href="https://x.example">',
    ]
)


@settings(max_examples=150, deadline=None)
@given(title=ANY, outlet=ANY, query=ANY, body=ANY, at=st.integers(0, 500), n=st.integers(0, 60))
def test_whatever_an_outlet_writes_telegram_takes_the_message(*, title, outlet, query, body, at, n):
    hits = tuple(
        Hit("x", "x", Rule.EXACT, place, min(at, len(text)), min(at + 7, len(text)))
        for place, text in ((Place.TITLE, title), (Place.BODY, body))
    )
    first = article(title=title, outlet=outlet, body=body)
    message = render.alert(
        view(first, *copies(n, re.sub("[{}]", "", outlet)), matches=[(watch(5, query), 1, hits)])
    )
    found = parse_html(message.html)
    assert 0 < utf16(found.text) <= 4096
    assert len(found.entities) < 100
    assert {str(e["type"]) for e in found.entities} <= {
        "text_link", "bold", "code", "expandable_blockquote", "blockquote",
    }  # fmt: skip
    message.html.encode()  # no unpaired surrogate
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", message.html)
    headline = render.clean(title).strip()[:100]
    assert headline in render.clean(found.text)
    assert all(len(b.data.encode()) <= 64 for row in message.buttons for b in row)
    for entity, part in spans(found.text, found.entities):
        assert part.strip() or entity["type"] == "bold"


def mistake(text, start, end, suggestion=None):
    return QueryError("watch.usage", text=text, start=start, end=end, suggestion=suggestion)


def test_a_caret_stands_under_the_fault():
    message = render.caret(mistake("harbour AND (strike", 12, 13, "harbour AND strike"), "en")
    found = parse_html(message.html)
    line, under, *_ = found.text.split("\n")
    assert line == "harbour AND (strike"
    assert under == " " * 12 + "^"
    assert found.slices("pre") == [f"{line}\n{under}"]
    assert "harbour AND strike" in found.slices("code")


def test_the_corrected_watch_can_be_tapped():
    [[button]] = render.caret(mistake("(strike", 0, 1, "strike"), "en").buttons
    assert button.data == "watch:strike"
    assert not render.caret(mistake("(strike", 0, 1, "strike " * 20), "en").buttons
    assert not render.caret(mistake("(strike", 0, 1), "en").buttons


def test_a_fault_at_the_very_end_has_its_caret():
    found = parse_html(render.caret(mistake("strike OR", 9, 9), "en").html)
    assert found.text.split("\n")[1] == " " * 9 + "^"


def test_a_fault_far_along_a_long_query_is_brought_into_view():
    text = "word " * 60 + ")" + " word" * 60
    line, under, *_ = parse_html(render.caret(mistake(text, 300, 301), "en").html).text.split("\n")
    assert len(line) <= 34
    assert line[under.index("^")] == ")"
    assert line.startswith("…")
    assert line.endswith("…")


def test_wide_and_combining_characters_are_counted_as_they_show():
    text = "東京 e\u0301 ("
    under = parse_html(render.caret(mistake(text, 6, 7), "en").html).text.split("\n")[1]
    assert under == " " * 7 + "^"  # two wide letters, a space, one letter with its accent, a space


@settings(max_examples=150, deadline=None)
@given(text=ANY, start=st.integers(0, 600), length=st.integers(0, 50), suggestion=ANY)
def test_whatever_is_typed_the_answer_to_a_mistake_goes_through(text, start, length, suggestion):
    start = min(start, len(text))
    end = min(start + length, len(text))
    message = render.caret(mistake(text, start, end, suggestion), "en")
    assert 0 < utf16(parse_html(message.html).text) <= 4096
    message.html.encode()
    assert "^" in texts.plain(message.html)


@pytest.mark.parametrize(("country", "flag"), [("GE", "🇬🇪"), ("tr", "🇹🇷"), ("", ""), ("XXX", "")])
def test_a_flag_is_shown_for_a_country_code(country, flag):
    assert render.flag(country) == flag
