"""Channels: which of them a person looks after. COMMANDS is at the end.

A channel is spoken for from a private chat (bot.chat.behalf); in it the bot posts alerts and nothing else.
"""

from bot import texts
from bot.chat.command import Command, Reply, Request
from bot.domain.errors import UserError
from bot.domain.model import Button, ChatKind, Role
from bot.render import MAX_LABEL, short
from bot.store import keepers
from bot.store.engine import Tx

SHOWN = 20  # channels of one person; a button each


def channels(tx: Tx, req: Request) -> Reply:
    """/channels: the channels that a person looks after, and how to add the bot to one more."""
    if req.subscriber.kind is not ChatKind.PRIVATE or req.user_id is None:
        raise UserError("channel.private")
    found = keepers.channels_of(tx, req.user_id, limit=SHOWN)
    rows = [(card(title, number),) for number, title in found]
    url = f"https://t.me/{req.bot_name}?startchannel&admin=post_messages+edit_messages"
    if req.bot_name:
        rows.append((Button(texts.say(req.language, "button.add_channel"), url=url),))
    return Reply("channel.list" if found else "channel.none", buttons=tuple(rows))


def card(title: str, subscriber_id: int) -> Button:
    """Return the button that shows what a channel watches."""
    label = short(title, MAX_LABEL) or str(subscriber_id)
    return Button(f"📣 {label}", f"for:{subscriber_id}:watches")


COMMANDS = (Command("channels", Role.SUBSCRIBER, channels, "menu.channels"),)
