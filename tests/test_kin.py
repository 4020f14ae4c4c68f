"""What has been read lately, in the pipeline: provenance, people's verdicts, custom and furniture."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.domain.model import VerdictKind
from bot.domain.outlet import Changed, Entry, Page
from bot.store import articles, schema, verdicts
from tests.test_pipeline import FOOTBALL, STRIKE
from tests.world import ADMIN, World


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    world = World(database_url)
    yield world
    world.store.close()


def number_of(world: World, outlet: str) -> int:
    found = (
        sa.select(schema.articles.c.id).join(schema.outlets).where(schema.outlets.c.name == outlet)
    )
    number: int = world.store.call(lambda tx: tx.execute(found).scalar_one())
    return number


def story_of(world: World, article_id: int) -> sa.Row:
    at = schema.articles.c.id == article_id
    found = sa.select(schema.stories).join(
        schema.articles, schema.articles.c.story_id == schema.stories.c.id
    )
    return world.store.call(lambda tx: tx.execute(found.where(at)).one())


async def test_the_outlet_that_a_copy_names_is_the_origin_though_it_came_second(
    world: World,
) -> None:
    assert (
        await world.publish("Coast Mail", f"By Ann Example for Daily Echo\n{STRIKE}") == "new_story"
    )
    assert await world.publish("Daily Echo", STRIKE, title="Dockers walk out") == "copy"
    echo = number_of(world, "Daily Echo")
    story = story_of(world, echo)
    assert story.origin_id == echo
    assert story.origin["phrase"] == "By Ann Example for Daily Echo"


async def test_keys_that_left_the_window_are_forgotten_and_others_stay(world: World) -> None:
    await world.publish("Daily Echo", STRIKE)
    world.pass_time(hours=80)
    await world.publish("Coast Mail", FOOTBALL)
    assert await world.pipeline.kin.tend(world.store, world.now) > 10
    found = sa.select(schema.article_keys.c.article_id)
    left = world.store.call(lambda tx: set(tx.execute(found).scalars()))
    assert left == {number_of(world, "Coast Mail")}
    assert await world.publish("Harbour News", FOOTBALL) == "copy"


async def test_an_outlets_furniture_is_learned_and_makes_no_copies(world: World) -> None:
    menu = "\n".join(
        f"This is line {n} of the menu that stands on every page of ours." for n in range(40)
    )
    for n in range(6):
        own = " ".join(f"own{n}x{w}" for w in range(40))
        await world.publish("Daily Echo", f"{own}\n{menu}", title=f"Report {n} of its own")
    await world.pipeline.tend()
    assert (
        await world.publish("Daily Echo", f"{FOOTBALL}\n{menu}", title="Match moved") == "new_story"
    )
    assert await world.publish("Daily Echo", f"{STRIKE}\n{menu}", title="Walkout") == "new_story"
    assert await world.publish("Coast Mail", FOOTBALL, title="Another pitch") == "copy"


async def waiting(world: World, outlet: str, text: str) -> None:
    """Let an outlet publish what nobody has filed yet."""
    feed = await world.open_outlet(outlet)
    world.list_entry(feed, f"{feed[:-4]}/1", body=text)
    await world.poll_all()


def rule(world: World, one: str, other: str, *, one_text: bool) -> None:
    pair = (number_of(world, one), number_of(world, other))
    world.store.call(verdicts.rule, *pair, one_text=one_text, user_id=ADMIN, now=world.now)


async def test_what_an_admin_called_no_copy_is_none(world: World) -> None:
    await world.publish("Daily Echo", STRIKE)
    await waiting(world, "Coast Mail", STRIKE)
    rule(world, "Daily Echo", "Coast Mail", one_text=False)
    assert await world.ingest_all() == ["new_story"]


async def test_what_an_admin_called_a_copy_is_one_whatever_it_says(world: World) -> None:
    await world.publish("Daily Echo", STRIKE)
    await waiting(world, "Coast Mail", FOOTBALL)
    rule(world, "Coast Mail", "Daily Echo", one_text=True)
    assert await world.ingest_all() == ["copy"]
    evidence = world.store.call(
        lambda tx: tx.execute(sa.select(schema.articles.c.evidence)).scalars().all()
    )
    assert [e["rule"] for e in evidence if e] == ["verdict"]


async def test_the_last_word_of_an_admin_counts(world: World) -> None:
    await world.publish("Daily Echo", STRIKE)
    await waiting(world, "Coast Mail", STRIKE)
    for one_text in (False, True, False):
        rule(world, "Coast Mail", "Daily Echo", one_text=one_text)
    assert await world.ingest_all() == ["new_story"]


async def test_no_copy_of_one_is_no_copy_of_the_others_of_its_story_even_if_it_is_found_by_them_alone(
    world: World,
) -> None:
    await world.publish("Daily Echo", FOOTBALL)
    await world.publish("Coast Mail", STRIKE)
    rule(
        world, "Coast Mail", "Daily Echo", one_text=True
    )  # one story of two texts that share no key
    world.retitle("Coast Mail", "Dockers walk out")
    await world.poll_all()
    assert await world.ingest_all() == ["again"]
    assert (
        story_of(world, number_of(world, "Daily Echo")).id
        == story_of(world, number_of(world, "Coast Mail")).id
    )
    await waiting(world, "Hill News", STRIKE)
    rule(world, "Hill News", "Daily Echo", one_text=False)
    assert await world.ingest_all() == ["new_story"]


async def test_what_a_reader_calls_no_copy_is_only_counted(world: World) -> None:
    await world.publish("Daily Echo", STRIKE)
    await waiting(world, "Coast Mail", STRIKE)
    world.store.call(
        verdicts.give,
        VerdictKind.NOT_A_COPY,
        subscriber_id=world.subscribe(7).id,
        user_id=7,
        article_id=number_of(world, "Coast Mail"),
        other_id=number_of(world, "Daily Echo"),
        now=world.now,
    )
    assert await world.ingest_all() == ["copy"]


RUSSIAN = (
    "Докеры порта Поти прекратили работу в понедельник после того, как переговоры о сменах сорвались. "
    "Профсоюз говорит, что четыреста его членов не выйдут, пока управление порта не ответит. "
    "Два судна с зерном ждут на рейде, третье повернуло к Батуми. "
    "Посредник встретится с обеими сторонами в среду."
)


async def test_a_translation_is_linked_where_it_names_its_page_and_is_a_story_of_its_own(
    world: World,
) -> None:
    world.watch(7, "Посредник")
    await world.open_outlet("Echo of the Port", language="ru")
    assert await world.publish("Eurasianet", STRIKE, title="Dockers walk out") == "new_story"
    [page] = world.reader.listed["https://eurasianet.example/rss"].entries
    named = Page(RUSSIAN, canonical_url=f"{page.url}?utm_source=feed")
    assert await world.publish("Echo of the Port", RUSSIAN, page=named) == "new_story"
    original, copy = number_of(world, "Eurasianet"), number_of(world, "Echo of the Port")
    assert story_of(world, original).id != story_of(world, copy).id
    [article] = world.store.call(articles.by_ids, [copy])
    assert article.evidence == {
        "kind": "translation",
        "translation_of": original,
        "outlet": "Eurasianet",
        "url": page.url,
        "phrase": named.canonical_url,
    }
    await world.deliver_all()
    [message] = world.messenger.shown[7].values()
    assert f'a translation, it says, of the text of <a href="{page.url}">Eurasianet</a>' in message


async def test_a_page_of_the_same_language_that_is_named_is_no_translation(world: World) -> None:
    await world.publish("Eurasianet", STRIKE, title="Dockers walk out")
    [page] = world.reader.listed["https://eurasianet.example/rss"].entries
    named = Page(FOOTBALL, canonical_url=page.url)
    await world.publish("Coast Mail", FOOTBALL, title="Match moved", page=named)
    [article] = world.store.call(articles.by_ids, [number_of(world, "Coast Mail")])
    assert article.evidence.get("kind") != "translation"


@pytest.mark.parametrize("copy_first", [True, False], ids=["copy first", "original first"])
async def test_the_message_names_the_outlet_that_wrote_it_first_and_how_much_later_the_copy_came(
    world: World, copy_first: bool
) -> None:
    world.watch(7, "harbour")
    outlets = {"The Moscow Times": f"By Ann Example for Eurasianet\n{STRIKE}", "Eurasianet": STRIKE}
    for name in outlets:
        await world.open_outlet(name)
    wrote = world.now
    late = {"Eurasianet": wrote, "The Moscow Times": wrote + timedelta(minutes=42)}
    for name in sorted(outlets, reverse=copy_first):
        host = world.outlets[name].homepage
        entry = Entry(f"{host}/a", f"{name} writes", body=outlets[name], published_at=late[name])
        world.reader.listed[f"{host}/rss"] = Changed((entry,), body_hash=name)
        await world.poll_all()
        await world.ingest_all()
        await world.deliver_all()
    [message] = world.messenger.shown[7].values()
    assert message.startswith('<a href="https://eurasianet.example/a">Eurasianet writes</a>')
    told = re.sub("<[^>]*>", "", message)
    assert "Eurasianet → 🇦🇲 The Moscow Times +42 min" in told
