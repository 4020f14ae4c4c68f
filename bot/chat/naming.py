"""A watch's own name, and the names by which it hears, from the table and from its owner."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from zlib import crc32

from bot import texts
from bot.chat.command import Command, Reply, Request, in_rows, tick
from bot.domain.errors import UserError
from bot.domain.meaning import FORM_OFF, understood
from bot.domain.misses import without_not
from bot.domain.model import Button, Role, Watch
from bot.domain.narrowing import Switch, switched, switches
from bot.domain.packing import given, packed
from bot.domain.query import Query, parse_query
from bot.render import MAX_LABEL, MAX_QUERY, short
from bot.store import watches
from bot.store.engine import Tx
from bot.texts import Html

MAX_TITLE = 60  # characters of a watch's own name
MAX_NAMES = 40  # names of a watch that can be switched: buttons on one screen
MAX_OWN = 20  # aliases of one watch
MAX_ALIAS = 60  # characters
MAX_WORDS = 12  # of a watch, whose forms can be switched
SHOWN_FORMS = 8  # of one word

_NUMBERED = re.compile(r"#?([0-9]{1,18})(?:\s+(.*))?", re.DOTALL)


def mine(tx: Tx, req: Request, *, usage: str = "edit.usage") -> tuple[Watch, str]:
    """Return the watch that the argument begins with, and what follows. Raises UserError: none such.

    usage: the text for one who typed no number.
    """
    typed = _NUMBERED.fullmatch(req.argument)
    found = watches.mine(tx, req.subscriber.id, int(typed[1])) if typed else None
    if typed is None or found is None:
        key = "toast.stale" if req.pressed else "unwatch.unknown" if typed else usage
        raise UserError(key, argument=typed[1] if typed else "")
    return found, (typed[2] or "").strip()


def save(tx: Tx, req: Request, watch: Watch) -> None:
    """Save a changed watch with its keys."""
    watches.change(tx, watch, packed(watch.query, req.names, watch.off, watch.own))


def name(tx: Tx, req: Request) -> Reply:
    """/name <number> <words>: call a watch by a name of one's own; without words, by its query again."""
    found, title = mine(tx, req, usage="name.usage")
    changed = replace(found, title=short(title, MAX_TITLE))
    save(tx, req, changed)
    params = {"query": found.query, "name": changed.title}
    return Reply("name.done" if title else "name.none", params)


# Names that count as well


def heard(req: Request, watch: Watch) -> list[tuple[str, bool]]:
    """Return the other names that a watch hears, each with whether it is on.

    Its own come first, then those of our readers' languages, then the rest of the world's.
    """
    query = parse_query(watch.query)
    terms = understood(query, req.names, frozenset(watch.off))
    own = [alias.partition("=")[2] for alias in kept_aliases(req, query, watch.own)]
    given = [name for term in terms for name in term.names]
    ours = [text for text, language in given if language in texts.languages()]
    every = dict.fromkeys([*own, *ours, *(text for text, _ in given)])
    return [(text, text not in watch.off) for text in every][:MAX_NAMES]


def key_of(text: str) -> str:
    """Return what a button carries for a name or a form: lists change between two taps."""
    return f"{crc32(text.encode()):08x}"


def some(req: Request, names: Sequence[str], most: int) -> str:
    """Return the first names as a list, as plain words, and how many there are more."""
    listed = texts.listed([short(name, MAX_LABEL) for name in names[:most]])
    more = len(names) - most
    return texts.count(req.language, "names.and_more", more, names=listed) if more > 0 else listed


def forms_off(watch: Watch) -> tuple[str, ...]:
    """Return those items of what a watch does without that are single forms."""
    return tuple(item for item in watch.off if item.startswith(FORM_OFF))


def left_out(req: Request, watch: Watch) -> list[Html]:
    """Return the line that names the forms a watch does without; none where it takes all."""
    listed = [short(item.removeprefix(FORM_OFF), MAX_LABEL) for item in forms_off(watch)]
    return [req.say("names.without", forms=texts.listed(listed))] if listed else []


def names(tx: Tx, req: Request) -> Reply:
    """Button: show every name that a watch hears of, each to be switched by a tap."""
    found, _ = mine(tx, req)
    return _names_page(req, found)


def switch(tx: Tx, req: Request) -> Reply:
    """Button of names: switch one. Argument: watch, the name's key."""
    watch_id, _, key = req.argument.partition(":")
    found, _ = mine(tx, replace(req, argument=watch_id))
    wanted = [(text, on) for text, on in heard(req, found) if key_of(text) == key]
    if not wanted:
        return Reply(toast="toast.stale")
    text, on = wanted[0]
    off = (*found.off, text) if on else tuple(t for t in found.off if t != text)
    changed = replace(found, off=off)
    save(tx, req, changed)
    return _names_page(req, changed)


def _names_page(req: Request, watch: Watch) -> Reply:
    """Return what a watch hears, word by word: its forms and its other names, each with a switch."""
    words, listed = switches(parse_query(watch.query))[:MAX_WORDS], heard(req, watch)
    if not (words or listed):
        return Reply(toast="toast.no_names")
    query = short(watch.query, MAX_QUERY)
    parts = [req.say("names.page", query=query), "\n".join(_form_lines(req, watch, words))]
    parts += left_out(req, watch)
    if listed:
        parts.append(req.say("names.others"))
    forms = [
        Button(f"{tick(word.on)} {short(word.text, MAX_LABEL)} …", f"forms:{watch.id}:{i}")
        for i, word in enumerate(words)
    ]
    names = [
        Button(f"{tick(on)} {short(text, MAX_LABEL)}", f"name_off:{watch.id}:{key_of(text)}")
        for text, on in listed
    ]
    single = (req.button("button.forms", f"form_list:{watch.id}"),)
    done = (
        req.button("button.keep_watch", f"kept:{watch.id}"),
        req.button("button.card", f"card:{watch.id}"),
    )
    rows = (*in_rows(forms, 2), *in_rows(names, 3), single, done)
    return Reply(html="\n\n".join(filter(None, parts)), buttons=rows, edit=True)


def _form_lines(req: Request, watch: Watch, words: Sequence[Switch]) -> Iterator[Html]:
    """Yield a line for each word: whether its forms count, and some of them where a dictionary lists any."""
    known = {u.term: u.forms for u in understood(parse_query(watch.query), req.names)}
    for word in words:
        text = short(word.text, MAX_LABEL)
        forms = [f for f in known.get(word.text, ()) if f != word.text.casefold()][:SHOWN_FORMS]
        if not word.on:
            yield req.say("names.exact", word=text)
        elif forms:
            listed = texts.listed([short(f, MAX_LABEL) for f in forms])
            yield req.say("names.forms", word=text, forms=listed)
        else:
            yield req.say("names.inflected", word=text)


def forms(tx: Tx, req: Request) -> Reply:
    """Button of names: let a word count in all its forms, or as written only. Argument: watch, place."""
    watch_id, _, place = req.argument.partition(":")
    found, _ = mine(tx, replace(req, argument=watch_id))
    query = parse_query(found.query)
    if not re.fullmatch("[0-9]{1,3}", place) or int(place) >= len(switches(query)):
        return Reply(toast="toast.stale")
    text = str(switched(query, int(place)))
    if watches.same(tx, req.subscriber.id, text):
        return Reply(toast="toast.same_watch")
    changed = replace(found, query=text)
    save(tx, req, changed)
    return _names_page(req, changed)


# Aliases of the subscriber


def alias(tx: Tx, req: Request) -> Reply:
    """/alias <number> <name>: let a watch hear of one name more; with a minus, no more of it.

    `term=name` says for which word of the watch; else it is for its name, or its first word. Alone, show
    them all. Raises UserError: no such watch or word, too many.
    """
    found, typed = mine(tx, req, usage="alias.usage")
    if not typed:
        return _names_page(req, found) if heard(req, found) else Reply("alias.usage")
    if typed.startswith("-"):
        changed = _without(req, found, typed[1:].strip())
    else:
        changed = _with_alias(req, found, typed)
    save(tx, req, changed)
    return _names_page(req, changed)


def _without(req: Request, watch: Watch, text: str) -> Watch:
    """Return the watch without that alias; a name of the table is switched off. Raises UserError: neither."""
    gone = text.casefold()
    left = tuple(a for a in watch.own if a.partition("=")[2].casefold() != gone)
    if len(left) < len(watch.own):
        return replace(watch, own=left)
    off = tuple(name for name, on in heard(req, watch) if on and name.casefold() == gone)
    if not off:
        raise UserError("alias.none", query=watch.query, name=short(text, MAX_ALIAS))
    return replace(watch, off=(*watch.off, *off))


def _with_alias(req: Request, watch: Watch, typed: str) -> Watch:
    """Return the watch with one alias more. Raises UserError."""
    term, _, text = typed.partition("=") if "=" in typed else ("", "", typed)
    text = short(re.sub(r"[|,=\s]+", " ", text).strip(), MAX_ALIAS)
    meant = _term(req, parse_query(watch.query), term.strip(), text)
    if term.strip() and meant is None and re.search(r"\w", text):
        word = short(term, MAX_ALIAS)
        raise UserError("alias.no_such_word", query=watch.query, word=word)
    if not re.search(r"\w", text) or meant is None:
        raise UserError("alias.no_word", query=watch.query)
    own = tuple(dict.fromkeys((*watch.own, f"{meant}={text}")))
    if len(own) > MAX_OWN:
        raise UserError("alias.too_many", n=MAX_OWN)
    return replace(watch, own=own, off=tuple(t for t in watch.off if t != text))


def _term(req: Request, query: Query, term: str, text: str) -> str | None:
    """Return the term of a watch that an alias is for: the one named, else a longer name, else the first."""
    own = f"{term}={text}" if term else text
    found = understood(without_not(query) or query, req.names, own=(own,))
    longer = [] if term else [t.term for t in found if t.inflects and " " in t.term]
    return next(iter(longer), next((t.term for t in found if t.own), None))


def kept_aliases(req: Request, query: Query, own: Sequence[str]) -> tuple[str, ...]:
    """Return those aliases whose term a changed watch still has."""
    used = {text for term in understood(query, req.names, own=given(own, ())) for text in term.own}
    return tuple(alias for alias in own if alias.partition("=")[2] in used)


COMMANDS = (
    Command("name", Role.SUBSCRIBER, name, "menu.name", changes=True),
    Command("alias", Role.SUBSCRIBER, alias, "menu.alias", changes=True),
    Command("names", Role.SUBSCRIBER, names, changes=True, typed=False),
    Command("forms", Role.SUBSCRIBER, forms, changes=True, typed=False),
    Command("name_off", Role.SUBSCRIBER, switch, changes=True, typed=False),
)
