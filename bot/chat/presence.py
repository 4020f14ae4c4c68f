"""Coming and going: the bot is added, given or denied rights, blocked, thrown out; a group becomes another.

A chat that cannot be written to is GONE with the reason: its watches are kept, its alerts held, and both
come back with the right to write. Whoever added the bot is told in private where that is the place for it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot import texts, topics
from bot.chat.behalf import MAX_TITLE
from bot.chat.channels import card
from bot.chat.command import Caller
from bot.chat.desk import Desk
from bot.domain.model import Button, ChatKind, Message, Subscriber, SubscriberState
from bot.render import short
from bot.store import chats, keepers, subscribers, updates
from bot.store.engine import Tx
from bot.store.updates import WaitingReply

NO_RIGHTS = "may not write there"  # SubscriberState.GONE's reason


@dataclass(frozen=True, slots=True)
class Change:
    """The bot's standing in a chat as it is now. caller: that chat, and who changed it.

    status: Telegram's word for it.
    """

    caller: Caller
    was_here: bool
    here: bool
    may_write: bool
    status: str


def meet(tx: Tx, update_id: int, change: Change, desk: Desk, now: datetime) -> list[WaitingReply]:
    """Note how the bot stands in a chat, and return what there is to say about it."""
    if not updates.mark_answered(tx, update_id, now):
        return []
    match change.caller.kind:
        case ChatKind.PRIVATE:
            _note(tx, change, now)
            return []
        case ChatKind.CHANNEL:
            return _meet_channel(tx, change, desk, now)
        case _:
            return _meet_group(tx, change, desk, now)


def _note(tx: Tx, change: Change, now: datetime) -> None:
    """Hold what is for a chat, or let it go."""
    why = "" if change.may_write else NO_RIGHTS if change.here else change.status
    for known in subscribers.of_chat(tx, change.caller.chat_id):
        if why:
            subscribers.set_state(tx, known.id, SubscriberState.GONE, now=now, reason=why)
        else:
            _welcome_back(tx, known, now)


def _welcome_back(tx: Tx, known: Subscriber, now: datetime) -> None:
    shut_out = known.state_reason == chats.SHUT_OUT  # that is for an admin to change
    if known.state is SubscriberState.GONE and not shut_out:
        subscribers.set_state(tx, known.id, SubscriberState.ACTIVE, now=now)


def _meet_group(tx: Tx, change: Change, desk: Desk, now: datetime) -> list[WaitingReply]:
    caller, title = change.caller, short(change.caller.title, MAX_TITLE)
    joined = change.here and not change.was_here
    if not joined or not change.may_write:
        _note(tx, change, now)
        if joined:
            return _tell(tx, [caller.user_id], "group.silent", now, title=title)
        return []
    for topic in subscribers.of_chat(tx, caller.chat_id):
        if topic.thread_id:
            _welcome_back(tx, topic, now)
    start = desk.read("/start", kind=ChatKind.PRIVATE)
    answer = desk.answer_in(tx, start, caller, now) if start else None
    if answer is None or answer.message is None:
        return []
    return [_keep(tx, caller.chat_id, answer.message, now)]


def _meet_channel(tx: Tx, change: Change, desk: Desk, now: datetime) -> list[WaitingReply]:
    """Channels hear nothing of this: those who look after them do."""
    caller, title = change.caller, short(change.caller.title, MAX_TITLE)
    known = subscribers.find(tx, caller.chat_id)
    before = known is not None and known.state is not SubscriberState.GONE
    _note(tx, change, now)
    if not change.may_write:
        if change.here and not change.was_here:
            return _tell(tx, [caller.user_id], "channel.no_right", now, title=title)
        people = keepers.of_chat(tx, known.id) if known and before else []
        return _tell(tx, people, "channel.lost", now, title=title)
    if before:
        return []
    if not desk.serves(tx, caller):
        return _tell(tx, [caller.user_id], "command.not_served", now, id=str(caller.chat_id))
    adder = subscribers.find(tx, caller.user_id or 0)
    channel = subscribers.subscribe(
        tx,
        chat_id=caller.chat_id,
        kind=caller.kind,
        title=caller.title,
        language=adder.language if adder else texts.nearest(caller.language),
        now=now,
        zone=adder.zone if adder else "",
    )
    if caller.user_id:
        keepers.add(tx, channel.id, caller.user_id)
    offers = ((card(channel.title, channel.id),),)
    return _tell(tx, [caller.user_id], "channel.ready", now, offers, title=title)


def _tell(
    tx: Tx,
    people: Iterable[int | None],
    key: str,
    now: datetime,
    buttons: tuple[tuple[Button, ...], ...] = (),
    **params: str,
) -> list[WaitingReply]:
    """Tell people in private, those who have spoken to the bot: to others it may not write first."""
    replies = []
    for person in people:
        known = subscribers.find(tx, person) if person else None
        if known and known.state is not SubscriberState.GONE:
            words = texts.html(known.language, key, **params)
            replies.append(_keep(tx, known.chat_id, Message(words, buttons), now))
    return replies


def _keep(tx: Tx, chat_id: int, message: Message, now: datetime) -> WaitingReply:
    return updates.keep_reply(
        tx, chat_id=chat_id, thread_id=None, edits=None, message=message, now=now
    )


def follow(tx: Tx, update_id: int, old: int, new: int, now: datetime) -> None:
    """Follow a group that became a supergroup; either side tells, in any order."""
    if updates.mark_answered(tx, update_id, now):
        subscribers.move_chat(tx, old, new, now)
        for known in subscribers.of_chat(tx, new):
            _welcome_back(tx, known, now)


def reopen(tx: Tx, update_id: int, chat_id: int, thread_id: int, now: datetime) -> None:
    """A topic takes messages again."""
    if updates.mark_answered(tx, update_id, now):
        topics.reopen(tx, chat_id, thread_id, now)
