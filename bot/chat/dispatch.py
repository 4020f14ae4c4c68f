"""Joins commands to Telegram: reads updates, answers them through the desk, keeps the menus.

The offset moves in the transaction that answers (bot.store.updates), and getUpdates confirms an update
only after that: a command survives a crash, and one that Telegram repeats does nothing. The library's
own updater confirms a whole batch first, and loses it when it is killed.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

import telegram
from telegram.constants import ChatMemberStatus
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    TelegramError,
)

from bot import texts, topics
from bot.adapters.messenger import TelegramMessenger
from bot.chat.command import Answer, Caller, Desk, Order
from bot.chat.replies import Replies, waits
from bot.domain.errors import DatabaseDown, TokenError
from bot.domain.model import ChatKind, Message, Role, Subscriber, SubscriberState
from bot.store import updates, watches
from bot.store.engine import Store, Tx
from bot.store.updates import WaitingReply

log = logging.getLogger(__name__)

T = TypeVar("T")

LISTEN_TO = ("message", "callback_query", "my_chat_member", "message_reaction")
DISLIKE = "👎"  # as good as a tap on "not relevant"
POLL_S = 25  # a long poll; below the minute after which proxies cut silent connections
SILENCE = timedelta(days=1)  # after which the offset is forgotten: see updates.REPEATED
TRUSTED = timedelta(seconds=60)  # how long an answer about who is an administrator holds
MOST_TRIES = 5  # at a command that Telegram will not help us with; half a minute
LAST_WORDS_S = 5.0  # for replies under way when we are told to stop
RULERS = (ChatMemberStatus.OWNER, ChatMemberStatus.ADMINISTRATOR)
MAX_FILE_BYTES = 1_000_000  # of a file for /import
LINKS = ("text_link", "url")
ABSENT = (ChatMemberStatus.LEFT, ChatMemberStatus.BANNED)


@dataclass(frozen=True, slots=True)
class Heard:
    """One command or tap as it came. thread_id: the topic to answer in. query_id: of a tap."""

    update_id: int
    order: Order
    caller: Caller
    thread_id: int | None = None
    query_id: str = ""


class TelegramChat:
    """Hears and answers one bot's chats. Only one process may: getUpdates has one reader."""

    def __init__(
        self,
        bot: telegram.Bot,
        desk: Desk,
        store: Store,
        *,
        now: Callable[[], datetime],
        replies: Replies | None = None,
    ) -> None:
        self._bot = bot
        self._desk = desk
        self._store = store
        self._now = now
        self._replies = replies or Replies(store, TelegramMessenger(bot), now=now)
        self._name = ""
        self._next: int | None = None  # the offset that confirms what was answered
        self._heard_at = now()
        self._trouble = ""
        self._rulers: dict[tuple[int, int], tuple[datetime, bool]] = {}
        self._no_menu = set(desk.admins)

    async def run(self) -> None:
        """Hear and answer until cancelled; then the command in hand is finished first.

        Telegram being down is waited out, from the first call on. Raises TokenError if it refuses
        the token at the start.
        """
        await self._meet()
        await self._replies.look()
        menus = asyncio.create_task(self._set_menus())
        try:
            while True:
                for update in await self._listen():
                    await self._settle(update)
                    self._next, self._heard_at = update.update_id + 1, self._now()
        finally:
            menus.cancel()
            await self._replies.finish(LAST_WORDS_S)

    async def _meet(self) -> None:
        for wait in waits():
            try:
                self._name = (await self._bot.get_me()).username or ""
                break
            except InvalidToken:
                raise TokenError(
                    "Telegram refuses the token: check TELEGRAM_BOT_TOKEN, @BotFather knows it"
                ) from None
            except TelegramError as e:
                self._note_trouble(f"Telegram does not answer, trying again: {e!r}")
                await asyncio.sleep(wait)
        self._note_trouble("")
        self._desk.bot_name = self._name
        log.info("chat: hearing commands as @%s", self._name)

    # What comes in

    async def _listen(self) -> tuple[telegram.Update, ...]:
        """Return the next updates, oldest first; () after trouble, which is logged and waited out."""
        if self._now() - self._heard_at > SILENCE:
            self._next = None
        for wait in waits():
            try:
                found = await self._bot.get_updates(
                    offset=self._next, timeout=POLL_S, allowed_updates=LISTEN_TO
                )
            except Conflict:
                self._note_trouble(
                    "another process reads this bot's updates; waiting for it to end"
                )
            except InvalidToken:  # revoked, or Telegram is ill; alerts wait in the outbox meanwhile
                self._note_trouble("Telegram refuses the token, trying again")
            except TelegramError as e:
                self._note_trouble(f"Telegram does not answer, trying again: {self._safe(e)}")
            else:
                self._note_trouble("")
                return found
            await asyncio.sleep(wait)
        return ()

    async def _settle(self, update: telegram.Update) -> None:
        """Answer one update, however long the database or Telegram stays away."""
        stuck = False
        for tries, wait in enumerate(waits()):
            try:
                return await to_the_end(self._give_up(update) if stuck else self._handle(update))
            except DatabaseDown as e:
                log.error("update=%d waits for the database: %s", update.update_id, e)
            except TelegramError as e:
                log.error("update=%d: %s", update.update_id, self._safe(e))
                stuck = tries >= MOST_TRIES
            except Exception:  # as in crew.guarded: a bug costs one command, not the chat
                log.exception("update=%d failed: this is a bug, please report it", update.update_id)
                stuck = True
            await asyncio.sleep(wait)

    async def _handle(self, update: telegram.Update) -> None:
        if update.my_chat_member:
            await self._meet_chat(update.update_id, update.my_chat_member)
            return
        message = update.message
        if message and (message.migrate_to_chat_id or message.migrate_from_chat_id):
            await self._store.run(follow, update.update_id, message, self._now())
            return
        if message and (message.forum_topic_reopened or message.general_forum_topic_unhidden):
            await self._store.run(reopen, update.update_id, message, self._now())
            return
        heard = await self._hear(update)
        if heard is None:
            await self._store.run(updates.advance, update.update_id)
            return
        found = await self._desk.look(heard.order, heard.caller, self._now())
        answered = await self._store.run(self._answer_in, heard, found)
        answer, reply = answered or (Answer(None), None)  # None: answered before, by all signs
        if heard.query_id:
            await self._answer_tap(heard.query_id, answer)
        if reply:
            self._replies.send_soon(reply)
        await self._greet_admin(heard.caller)

    def _answer_in(
        self, tx: Tx, heard: Heard, found: object = None
    ) -> tuple[Answer, WaitingReply | None] | None:
        if not updates.advance(tx, heard.update_id):
            return None
        now = self._now()
        answer = self._desk.answer_in(tx, heard.order, heard.caller, now, found)
        if answer.message is None:
            return answer, None
        reply = updates.keep_reply(
            tx,
            chat_id=heard.caller.chat_id,
            thread_id=heard.thread_id,
            edits=heard.caller.message_id if answer.edit else None,
            message=answer.message,
            now=now,
        )
        return answer, reply

    async def _hear(self, update: telegram.Update) -> Heard | None:
        """Return what was said or tapped, None if it is not for us."""
        if update.message_reaction:
            return self._hear_reaction(update.update_id, update.message_reaction)
        tap, said = update.callback_query, update.message
        message = tap.message if tap else said
        if message is None:
            return None
        if tap:
            order: Order | None = self._desk.read_button(tap.data or "")
        else:
            kind, text = ChatKind(message.chat.type), said_in(said) if said else ""
            if said and said.document and text.startswith("/import"):
                text = f"{text}\n{await self._read_file(said.document)}"
            order = self._desk.read(text, kind=kind, bot_name=self._name) if text else None
            if said and said.document and (order is None or order.command is None):
                order = await self._hear_document(said, said.document) or order
        if order is None:
            return None
        caller = await self._caller(message, order, by=tap.from_user if tap else None)
        thread_id = thread_of(message) or None
        return Heard(update.update_id, order, caller, thread_id, tap.id if tap else "")

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
            may_change = hidden.id == chat.id if hidden else await self._rules(chat.id, user)
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
        )

    async def _rules(self, chat_id: int, user: telegram.User | None) -> bool:
        """Return whether a person is an administrator of the group, as of the last minute."""
        if user is None:
            return False
        known = self._rulers.get((chat_id, user.id))
        if known and self._now() - known[0] < TRUSTED:
            return known[1]
        try:
            member = await self._bot.get_chat_member(chat_id, user.id)
            rules = member.status in RULERS
        except ChatMigrated as e:  # said just before the group became a supergroup
            return await self._rules(e.new_chat_id, user)
        except Forbidden:  # thrown out meanwhile: nobody here may change anything
            return False
        except BadRequest:  # hidden members; administrators never are
            rulers = await self._bot.get_chat_administrators(chat_id)
            rules = user.id in {r.user.id for r in rulers}
        if len(self._rulers) > 10_000:
            self._rulers.clear()
        self._rulers[chat_id, user.id] = (self._now(), rules)
        return rules

    async def _meet_chat(self, update_id: int, change: telegram.ChatMemberUpdated) -> None:
        """Blocked, unblocked, added to a group or thrown out of it."""
        here = change.new_chat_member.status not in ABSENT
        joined = here and change.old_chat_member.status in ABSENT
        caller = Caller(
            chat_id=change.chat.id,
            kind=ChatKind(change.chat.type),
            title=change.chat.title or change.chat.full_name or "",
            language=change.from_user.language_code or "",
            user_id=change.from_user.id,
        )
        if joined and caller.kind in (ChatKind.GROUP, ChatKind.SUPERGROUP):
            order = self._desk.read("/start", kind=ChatKind.PRIVATE)
            if order:
                answered = await self._store.run(self._answer_in, Heard(update_id, order, caller))
                if answered and answered[1]:
                    self._replies.send_soon(answered[1])
            return
        why = "" if here else change.new_chat_member.status
        await self._store.run(note_presence, update_id, caller.chat_id, why, self._now())

    async def _give_up(self, update: telegram.Update) -> None:
        """Apologise for a command that a bug of ours stopped, and go on to the next."""
        chat, user = update.effective_chat, update.effective_user
        language = texts.nearest((user.language_code or "") if user else "")
        words = texts.say(language, "command.failed")
        if update.callback_query:
            await self._answer_tap(update.callback_query.id, Answer(None, toast=words, popup=True))
        speaks = chat is not None and update.message is not None
        reply = await self._store.run(
            apologise, update.update_id, chat.id if chat and speaks else None, words, self._now()
        )
        if reply:
            self._replies.send_soon(reply)

    # What goes out

    async def _answer_tap(self, query_id: str, answer: Answer) -> None:
        """Stop the button's waiting circle. A tap that is too old to be answered needs none."""
        try:
            await self._bot.answer_callback_query(
                query_id, text=answer.toast or None, show_alert=answer.popup
            )
        except BadRequest as e:
            log.info("a tap was too old to be answered: %s", e)
        except TelegramError as e:
            log.warning("a tap was not answered: %s", self._safe(e))

    # Menus

    async def _set_menus(self) -> None:
        """Give Telegram the menu of commands, in each language; admins get theirs besides."""
        for language in texts.languages():
            code = "" if language == "en" else language[:2]
            menu = self._desk.menu(Role.SUBSCRIBER, language)
            await self._set_menu(menu, telegram.BotCommandScopeDefault(), code)
        for admin in sorted(self._no_menu):
            await self._set_admin_menu(admin, "en")

    async def _greet_admin(self, caller: Caller) -> None:
        """Give the menu to an admin who has just started a chat, and so could not get it before."""
        if caller.kind is ChatKind.PRIVATE and caller.chat_id in self._no_menu:
            await self._set_admin_menu(caller.chat_id, texts.nearest(caller.language))

    async def _set_admin_menu(self, admin: int, language: str) -> None:
        menu = self._desk.menu(Role.ADMIN, language)
        if await self._set_menu(menu, telegram.BotCommandScopeChat(admin), ""):
            self._no_menu.discard(admin)

    async def _set_menu(
        self, menu: list[tuple[str, str]], scope: telegram.BotCommandScope, code: str
    ) -> bool:
        try:
            await self._bot.set_my_commands(menu, scope=scope, language_code=code or None)
        except BadRequest as e:  # such as "chat not found": the admin has not spoken to the bot yet
            log.info("no menu for %s yet: %s", scope.to_dict(), e)
            return False
        except TelegramError as e:
            log.warning("a menu was not set: %s", self._safe(e))
            return False
        return True

    # Words about it

    def _note_trouble(self, trouble: str) -> None:
        """Log trouble when it begins and when it ends, not each time round."""
        if trouble and trouble != self._trouble:
            log.warning("chat: %s", trouble.replace(self._bot.token, "<token>"))
        elif self._trouble and not trouble:
            log.info("chat: Telegram answers again")
        self._trouble = trouble

    def _safe(self, error: TelegramError) -> str:
        return repr(error).replace(self._bot.token, "<token>")


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


async def to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Do it all, even if cancelled meanwhile: a command is answered or it is not."""
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        with suppress(Exception):
            await task
        raise


def reopen(tx: Tx, update_id: int, message: telegram.Message, now: datetime) -> None:
    """A topic takes messages again."""
    if updates.advance(tx, update_id):
        topics.reopen(tx, message.chat.id, thread_of(message) or 0, now)


def note_presence(tx: Tx, update_id: int, chat_id: int, why: str, now: datetime) -> None:
    """A chat has the bot again, or has it no more. why: Telegram's word for the latter, else ""."""
    if updates.advance(tx, update_id):
        for known in watches.of_chat(tx, chat_id):
            if why:
                watches.set_state(tx, known.id, SubscriberState.GONE, now=now, reason=why)
            else:
                _welcome_back(tx, known, now)


def _welcome_back(tx: Tx, known: Subscriber, now: datetime) -> None:
    if known.state is SubscriberState.GONE:
        watches.set_state(tx, known.id, SubscriberState.ACTIVE, now=now)


def follow(tx: Tx, update_id: int, message: telegram.Message, now: datetime) -> None:
    """Follow a group that became a supergroup; either side tells, in any order."""
    if updates.advance(tx, update_id):
        old = message.migrate_from_chat_id or message.chat.id
        new = message.migrate_to_chat_id or message.chat.id
        watches.move_chat(tx, old, new)
        for known in watches.of_chat(tx, new):
            _welcome_back(tx, known, now)


def apologise(
    tx: Tx, update_id: int, chat_id: int | None, words: str, now: datetime
) -> WaitingReply | None:
    """Note that an update will not be answered; return the apology to send, if there is a chat for it."""
    if not updates.advance(tx, update_id) or chat_id is None:
        return None
    message = Message(texts.escape(words))
    return updates.keep_reply(
        tx, chat_id=chat_id, thread_id=None, edits=None, message=message, now=now
    )
