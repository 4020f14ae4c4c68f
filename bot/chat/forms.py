"""The forms by which a watch was met lately, each to be switched by a tap. COMMANDS is at the end."""

import re
from collections.abc import Mapping
from dataclasses import replace

from bot.chat.archive import Form, forms_found
from bot.chat.command import Command, Reply, Request, in_rows, tick
from bot.chat.naming import forms_off, key_of, mine, save
from bot.domain.meaning import FORM_OFF, surfaces, understood
from bot.domain.model import Button, Role, Watch
from bot.domain.query import parse_query
from bot.render import MAX_LABEL, MAX_QUERY, short
from bot.store.engine import Tx

MAX_FORMS = 30  # on the page, the most frequent; those switched off come first
MAX_OFF = 60  # of one watch

Forms = Mapping[str, Form]  # by what `surfaces` calls them


def look(tx: Tx, req: Request) -> Forms:
    """Read the archive for the forms of a watch, those switched off too. Raises UserError: no such watch."""
    watch, _ = mine(tx, replace(req, argument=req.argument.partition(":")[0]))
    query, off = parse_query(watch.query), frozenset(watch.off) - frozenset(forms_off(watch))
    found = forms_found(tx, query, req.names, now=req.now, off=off, own=watch.own)
    listed = {
        form: found.get(form) or Form(form, form)
        for item in forms_off(watch)
        for form in surfaces(item)
    }
    for form in sorted(found.values(), key=lambda form: -form.articles):
        listed.setdefault(form.surface, form)
    for term in understood(query, req.names):
        for text in term.forms:  # that a dictionary knows, and that may come
            listed.setdefault(text, Form(text, text))
    return dict(list(listed.items())[:MAX_FORMS])


def form_list(tx: Tx, req: Request) -> Reply:
    """Button of names: show the forms by which a watch was met lately."""
    watch, _ = mine(tx, req)
    return _page(req, watch, _found(tx, req))


def _found(tx: Tx, req: Request) -> Forms:
    return req.found if isinstance(req.found, dict) else look(tx, req)


def switch_form(tx: Tx, req: Request) -> Reply:
    """Button of forms: leave one out, or take it back. Argument: watch, the form's key."""
    asked = re.fullmatch(r"([0-9]{1,18}):([0-9a-f]{8})", req.argument)
    if not asked:
        return Reply(toast="toast.stale")
    watch, _ = mine(tx, replace(req, argument=asked[1]))
    found = _found(tx, req)
    form = next((form for form in found if key_of(form) == asked[2]), None)
    if form is None or len(forms_off(watch)) >= MAX_OFF:
        return Reply(toast="toast.stale")
    item = FORM_OFF + form
    off = tuple(i for i in watch.off if i != item) if item in watch.off else (*watch.off, item)
    changed = replace(watch, off=off)
    save(tx, req, changed)
    return _page(req, changed, found)


def _page(req: Request, watch: Watch, found: Forms) -> Reply:
    if not found:
        return Reply(toast="toast.no_forms")
    buttons = [
        Button(
            f"{tick(FORM_OFF + key not in watch.off)} {_label(form)}",
            f"form_off:{watch.id}:{key_of(key)}",
        )
        for key, form in found.items()
    ]
    back = (
        req.button("button.names", f"names:{watch.id}"),
        req.button("button.card", f"card:{watch.id}"),
    )
    params = {"query": short(watch.query, MAX_QUERY)}
    return Reply("names.single", params, (*in_rows(buttons, 2), back), edit=True)


def _label(form: Form) -> str:
    text = short(form.text, MAX_LABEL)
    return f"{text} · {form.articles}" if form.articles else text


COMMANDS = (
    Command("form_list", Role.SUBSCRIBER, form_list, typed=False, look=look, remote=True),
    Command("form_off", Role.SUBSCRIBER, switch_form, changes=True, typed=False, look=look),
)
