"""What is remembered of an article, and by what it is found."""

import subprocess
import sys
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.fingerprint import (
    SKETCH_MAX_BYTES,
    Claim,
    fingerprint,
    learn_boilerplate,
    letters,
    split_words,
    unpack,
    unpack_text,
)
from bot.domain.model import Document
from bot.domain.outlet import Page

TEXT = " ".join(f"word{n} stands beside item{n % 7} here" for n in range(120))


def keys(body: str, **fields) -> set[int]:
    return set(fingerprint(Document(**{"title": "", "body": body} | fields)).keys)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Don’t stop", "don't STOP"),
        ("soft\u00adhyphen and nbsp\u00a0here", "softhyphen and nbsp here"),
        ("Tom &amp; Jerry &quot;x&quot;", 'Tom & Jerry "x"'),
        ("п’ять об'єктів", "пʼять обєктів"),
        ("Ինչո՞ւ չէ", "Ինչու չէ"),
        ("և", "եւ"),
        ("IĞDIR İl", "iğdir il"),
        ("ﬁne", "fine"),
        ("𝐁𝐨𝐥𝐝", "bold"),
    ],
)
def test_marks_that_come_and_go_make_no_difference(one, other):
    assert split_words(one) == split_words(other)


def test_keys_are_some_thirty_distinct_signed_numbers_and_the_sketch_is_small():
    made = fingerprint(Document("A title of five words", body=TEXT, url="https://echo.test/1"))
    assert 20 <= len(made.keys) <= 35
    assert len(set(made.keys)) == len(made.keys)
    assert all(-(2**63) <= key < 2**63 for key in made.keys)
    assert len(made.sketch) < SKETCH_MAX_BYTES


def test_the_same_in_every_process():
    program = (
        "from bot.domain.fingerprint import fingerprint; from bot.domain.model import Document;"
        "made = fingerprint(Document('Bridge closed again', body='one two three four five six seven'));"
        "print(sorted(made.keys), made.sketch.hex())"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(runs) == 1


def test_a_sketch_says_what_it_was_made_from():
    document = Document("Bridge closed: 12 hurt", body=TEXT, author="Ann Example")
    claims = (Claim("byline", "Eurasianet", "By Ann for Eurasianet"), Claim("agency", "AP", "(AP)"))
    sketch = unpack(fingerprint(document, claims=claims).sketch)
    assert (sketch.full, sketch.words, sketch.title) == (True, 600, "bridge closed 12 hurt")
    assert (sketch.claims, sketch.author) == (claims, "ann example")
    assert sketch.lead.startswith(letters("word0 stands beside item0 here word1"))
    assert list(sketch.fives) == sorted(sketch.fives)


@given(
    title=st.text(max_size=400),
    body=st.text(max_size=3000),
    summary=st.text(max_size=300),
    author=st.text(),
)
def test_any_text_at_all_gives_a_sketch_that_can_be_read(title, body, summary, author):
    document = Document(title, summary=summary, body=body, author=author)
    claim = Claim("byline", title[:60], body[:80])
    made = fingerprint(document, claims=(claim,) * 4)
    sketch = unpack(made.sketch)
    assert len(made.sketch) < SKETCH_MAX_BYTES
    assert sketch.full == bool(body.strip())
    assert unpack_text(made.sketch) == (sketch.full, sketch.words, sketch.grid)


def test_georgian_of_many_words_still_fits():
    body = " ".join(f"საქართველოს{n} პარლამენტის{n} თავმჯდომარემ{n}" for n in range(3000))
    claims = [Claim("credit", "ინტერპრესნიუსი" * 4, "ამის შესახებ იუწყება " * 4)] * 4
    made = fingerprint(Document("ხიდი " * 60, body=body, author="ნინო " * 50), claims=claims)
    assert len(made.sketch) < SKETCH_MAX_BYTES
    assert unpack(made.sketch).words == 6000


def test_a_sketch_of_another_version_is_refused():
    sketch = fingerprint(Document("A title", body=TEXT)).sketch
    for read in (unpack, unpack_text):
        with pytest.raises(ValueError, match="version 9"):
            read(b"\x09" + sketch[1:])


def test_a_trimmed_and_a_full_text_share_keys_and_so_do_summary_and_body():
    assert keys(TEXT) & keys(TEXT[: len(TEXT) // 3])
    summary = fingerprint(Document("", summary=TEXT[:180]))
    assert keys(TEXT) & set(summary.keys)


def test_a_page_is_found_by_its_own_address_and_the_ones_it_names():
    named = Page(
        text="", canonical_url="https://eurasianet.org/a", based_on=("https://oc-media.org/b",)
    )
    copy = set(fingerprint(Document("", url="https://echo.test/a"), named).keys)
    assert copy & keys("", url="https://eurasianet.org/a")
    assert copy & keys("", url="https://oc-media.org/b")
    assert not copy & keys("", url="https://echo.test/other")


def test_a_page_is_found_by_what_it_links_elsewhere_however_the_link_is_written():
    links = ("https://echo.test/menu", "http://[oops", "http://www.oc-media.org/b?utm_source=x#top")
    linking = set(
        fingerprint(Document("", url="https://echo.test/a"), Page(text="", links=links)).keys
    )
    assert linking & keys("", url="https://www.oc-media.org/b")
    assert not linking & keys("", url="https://echo.test/menu")


FURNITURE = """Follow our channel to be the first to hear what matters in your town and region every day.
All rights of this site are reserved and every use of its texts needs a link to the source of them."""


def own(number: int) -> str:
    return " ".join(f"own{number}x{n}" for n in range(20))


def test_furniture_is_learned_and_then_neither_found_nor_compared():
    bodies = [f"Menu\n{FURNITURE}\n{own(n)}" for n in range(8)]
    furniture = learn_boilerplate(bodies)
    made = [fingerprint(Document("", body=body), boilerplate=furniture) for body in bodies]
    sketches = [unpack(print.sketch) for print in made]
    assert [sketch.words for sketch in sketches] == [20] * 8
    assert sketches[1].lead == letters(own(1))
    assert not set(made[1].keys) & set(made[2].keys)
    untaught = [fingerprint(Document("", body=body)) for body in bodies]
    assert set(untaught[1].keys) & set(untaught[2].keys)


def test_furniture_is_what_many_articles_have_and_not_what_a_few_do():
    phrase = "The minister told reporters on Monday. "
    few = [phrase + own(n) for n in range(4)] + [own(n) for n in range(4, 8)]
    many = [phrase + own(n) for n in range(6)] + [own(n) for n in range(6, 200)]
    assert learn_boilerplate(few) == learn_boilerplate(many) == learn_boilerplate([]) == frozenset()
    assert learn_boilerplate([phrase + own(n) for n in range(6)])


def test_a_sentence_that_only_begins_like_the_furniture_stays():
    furniture = learn_boilerplate(f"Follow our channel to be first.\n{own(n)}" for n in range(9))
    said = f"Follow our channel to be first in {own(77)} as the editor wrote."
    assert unpack(fingerprint(Document("", body=said), boilerplate=furniture).sketch).words == 31


def test_words_become_letters_that_tell_their_sort():
    [short, middle, long, figure] = letters("of bridge engineers 14th")
    assert [ord(letter) & 3 for letter in (short, middle, long, figure)] == [0, 1, 2, 3]
    many = {letters(f"word{n}") for n in range(2000)}
    assert len(many) > 1800
    assert all(not "\ud800" <= letter <= "\udfff" for letter in many)
    assert all(one != other for one, other in pairwise(letters("a b c d e")))
