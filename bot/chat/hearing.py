"""Hears Telegram's updates: who says what to us, in which chat and topic, and for whom."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import telegram

from bot import topics
from bot.chat import behalf
from bot.chat.command import Caller
from bot.chat.desk import Desk, Order
from bot.chat.rulers import Place, Rulers
from bot.domain.model import ChatKind, Role
from bot.store import alerts, subscribers
from bot.store.engine import Store

DISLIKE = "👎"  # as good as a tap on "not relevant"
MAX_FILE_BYTES = 10_000_000  # of a file for /import: a history of 20,000 alerts takes half of it
LINKS = ("text_link", "url")


@dataclass(frozen=True, slots=True)
class Heard:
    """One command or tap as it came. query_id: of a tap.

    chat_id, thread_id: where to answer. message_id: the message tapped, which an answer may replace.
    """

    update_id: int
    order: Order
    caller: Caller
    thread_id: int | None = None
    query_id: str = ""
    chat_id: int = 0
    message_id: int | None = None


class Ears:
    """Reads updates. name: the bot's own, without @; "" until it is known."""

    def __init__(self, bot: telegram.Bot, desk: Desk, store: Store, rulers: Rulers) -> None:
        self.name = ""
        self._bot = bot
        self._id = int(bot.token.partition(":")[0])
        self._desk = desk
        self._store = store
        self._rulers = rulers

    async def hear(self, update: telegram.Update) -> Heard | None:
        """Return what was said or tapped, None if it is not for us."""
        if update.message_reaction:
            return self._hear_reaction(update.update_id, update.message_reaction)
        tap, said = update.callback_query, update.message
        message = tap.message if tap else said
        if message is None or message.chat.type == ChatKind.CHANNEL:
            return None  # nobody is talked to in a channel
        order = self._desk.read_button(tap.data or "") if tap else await self._read(said)
        if order is None:
            return None
        by = tap.from_user if tap else None
        caller = await self._caller(message, order, by=by)
        if order.of and message.chat.type == ChatKind.PRIVATE:
            speaker = by or (said.from_user if said else None)
            caller = await self._stand_in(caller, order.of, speaker)
        elif order.of:  # such buttons are shown in private alone
            order = replace(order, command=None)
        return Heard(
            update.update_id,
            order,
            caller,
            thread_id=thread_of(message) or None,
            query_id=tap.id if tap else "",
            chat_id=message.chat.id,
            message_id=message.message_id,
        )

    async def _read(self, said: telegram.Message | None) -> Order | None:
        if said is None:
            return None
        text, private = said_in(said), said.chat.type == ChatKind.PRIVATE
        if private and (posted := await self._posted(said)):
            return posted
        if said.document and text.startswith("/import"):
            text = f"{text}\n{await self._read_file(said.document)}"
        of = behalf.spoken_of(answered_buttons(said, self._id)) if private else ""
        kind = ChatKind(said.chat.type)
        order = self._desk.read(text, kind=kind, bot_name=self.name, of=of) if text else None
        if said.document and (order is None or order.command is None):
            return await self._hear_document(said, said.document) or order
        return order

    async def _posted(self, said: telegram.Message) -> Order | None:
        """Return the order to show an alert of a channel, forwarded here by an administrator of that."""
        origin = said.forward_origin
        if not isinstance(origin, telegram.MessageOriginChannel):
            return None
        at = origin.chat.id, origin.message_id
        number = await self._store.read(alerts.teller_of, *at)
        if number is None or not await self._rulers.rules(origin.chat.id, said.from_user):
            return None
        return replace(self._desk.read_button(f"for:{number}:post:{at[1]}"), pressed=False)

    async def _stand_in(self, caller: Caller, of: str, user: telegram.User | None) -> Caller:
        """Return the channel for which a person speaks as the caller, if they are an administrator there."""
        chat_id: int | str | None = of
        if of.startswith("#"):
            chat_id = await self._store.read(subscribers.chat_of, int(of[1:]))
        elif not of.startswith("@"):
            chat_id = int(of)
        place = await self._rulers.find(chat_id) if chat_id else None
        rules = place is not None and await self._rulers.rules(place.chat_id, user, anew=True)
        place = place if rules and place else Place(caller.chat_id, ChatKind.CHANNEL, of)
        return replace(
            caller,
            chat_id=place.chat_id,
            kind=place.kind,
            title=place.title,
            asker=caller.chat_id,
            may_change=rules,
            message_id=None,
            reply_to=None,
        )

    async def _hear_document(
        self, said: telegram.Message, document: telegram.Document
    ) -> Order | None:
        """Return what a document without a command asks for; an admin's alone is fetched."""
        order = self._desk.read_document(document.file_name or "")
        user = said.from_user if said.sender_chat is None else None
        if order is None or self._desk.role(user.id if user else None) is not Role.ADMIN:
            return order if said.chat.type == ChatKind.PRIVATE else None
        return replace(order, file=await self._fetch(document))

    async def _read_file(self, document: telegram.Document) -> str:
        """Return a file sent to us as text, "" if it is too large or none."""
        return (await self._fetch(document)).decode("utf-8-sig", "replace")

    async def _fetch(self, document: telegram.Document) -> bytes:
        """Return a file sent to us, b"" if it is too large."""
        if (document.file_size or 0) > MAX_FILE_BYTES:
            return b""
        file = await self._bot.get_file(document.file_id)
        return bytes(await file.download_as_bytearray())

    def _hear_reaction(
        self, update_id: int, reaction: telegram.MessageReactionUpdated
    ) -> Heard | None:
        """Return a 👎 that was given or taken away as an order; other feelings are private."""
        before, after = (dislikes(r) for r in (reaction.old_reaction, reaction.new_reaction))
        if before == after:
            return None
        order = self._desk.read_button(f"react:{reaction.message_id}{'+' if after else '-'}")
        user = reaction.user
        return Heard(
            update_id,
            order,
            Caller(
                chat_id=reaction.chat.id,
                kind=ChatKind(reaction.chat.type),
                language=(user.language_code or "") if user else "",
                user_id=user.id if user else None,
                message_id=reaction.message_id,
                thread_id=None,
            ),
            chat_id=reaction.chat.id,
        )

    async def _caller(
        self, message: telegram.MaybeInaccessibleMessage, order: Order, *, by: telegram.User | None
    ) -> Caller:
        chat = message.chat
        user, hidden = by, None
        if by is None and isinstance(message, telegram.Message):
            user, hidden = message.from_user, message.sender_chat
        may_change = True
        if order.command and order.command.changes and chat.type != ChatKind.PRIVATE:
            # An anonymous administrator speaks as the group itself; a linked channel does not.
            may_change = hidden.id == chat.id if hidden else await self._rulers.rules(chat.id, user)
        # The topics that a person may have with a bot in private are all of one subscriber.
        thread_id = 0 if chat.type == ChatKind.PRIVATE else thread_of(message)
        return Caller(
            chat_id=chat.id,
            kind=ChatKind(chat.type),
            title=title_of(message),
            language=(user.language_code or "") if user else "",
            thread_id=thread_id,
            user_id=user.id if user and not hidden else None,
            may_change=may_change,
            message_id=message.message_id,
            reply_to=answered_message(message) if by is None else None,
            answered=answered_buttons(message, self._id) if by is None else (),
        )


def thread_of(message: telegram.MaybeInaccessibleMessage) -> int | None:
    """Return the topic of a message, 0 for none or General, None if the message is too old to tell.

    Outside topics Telegram gives a message_thread_id too, to answers; it is of no use for sending, and
    neither is 1, which other interfaces call General by.
    """
    if not isinstance(message, telegram.Message):
        return None if message.chat.type == ChatKind.SUPERGROUP else 0
    return (message.message_thread_id or 0) if message.is_topic_message else 0


def title_of(message: telegram.MaybeInaccessibleMessage) -> str:
    """Return the name of a chat and, as far as the message tells, of the topic."""
    chat = message.chat
    name = chat.title or chat.full_name or ""
    if not isinstance(message, telegram.Message) or chat.type == ChatKind.PRIVATE:
        return name
    first = message.reply_to_message  # of a topic's first message, unless it answers another
    made = first.forum_topic_created if first else None
    return topics.title(name, thread_of(message) or 0, made.name if made else "")


def answered_buttons(message: telegram.MaybeInaccessibleMessage, bot_id: int) -> tuple[str, ...]:
    """Return what the buttons of the message of ours carry to which this one is a reply."""
    replied = message.reply_to_message if isinstance(message, telegram.Message) else None
    if replied is None or replied.from_user is None or replied.from_user.id != bot_id:
        return ()  # what another bot's buttons carry is not meant for us
    keyboard = replied.reply_markup.inline_keyboard if replied.reply_markup else ()
    return tuple(str(b.callback_data or "") for row in keyboard for b in row)


def dislikes(reactions: Iterable[telegram.ReactionType]) -> bool:
    """Return whether a thumb down is among a person's reactions."""
    return any(getattr(r, "emoji", "") == DISLIKE for r in reactions)


def said_in(message: telegram.Message) -> str:
    """Return what was said; a message forwarded to us asks for the story of its first link."""
    text = message.text or (message.caption if message.document else None) or ""
    if message.forward_origin and message.chat.type == ChatKind.PRIVATE:
        links = [e.url or message.parse_entity(e) for e in message.entities if e.type in LINKS]
        return f"/story {links[0]}" if links else text
    return text


def answered_message(message: telegram.MaybeInaccessibleMessage) -> int | None:
    """Return the id of the message that this one is a reply to."""
    replied = message.reply_to_message if isinstance(message, telegram.Message) else None
    return replied.message_id if replied else None
