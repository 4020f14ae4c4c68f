"""Joins commands to Telegram: reads updates, answers them through the desk, keeps the menus.

An update is noted as answered in the transaction that answers it (bot.store.updates), and getUpdates
confirms it only after that: a command survives a crash, and one that Telegram repeats does nothing. The
library's own updater confirms a whole batch first, and loses it when it is killed.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, TypeVar

import telegram
from telegram.constants import ChatMemberStatus
from telegram.error import (
    BadRequest,
    Conflict,
    InvalidToken,
    TelegramError,
)

from bot import texts
from bot.adapters.messenger import TelegramMessenger
from bot.chat import presence
from bot.chat.command import Caller
from bot.chat.desk import Answer, Desk
from bot.chat.hearing import Ears, Heard, thread_of
from bot.chat.lanes import Lanes
from bot.chat.replies import Replies, waits
from bot.chat.rulers import Rulers
from bot.domain.errors import DatabaseDown, TokenError
from bot.domain.model import ChatKind, Message, Role
from bot.store import updates
from bot.store.engine import Store, Tx
from bot.store.updates import WaitingReply
from bot.texts import escape

log = logging.getLogger(__name__)

T = TypeVar("T")

LISTEN_TO = ("message", "callback_query", "my_chat_member", "message_reaction")
POLL_S = 25  # a long poll; below the minute after which proxies cut silent connections
SILENCE = timedelta(days=1)  # after which the offset is forgotten: a week later numbers begin anew
SOON_S = 0.6  # after which a tap is told that it was heard; a second is what a reader waits
LOOKS = 2  # into the archive at once, of the store's eight threads: alerts need theirs
ANSWERS = 2  # at once: a long one holds up no short one
MOST_TRIES = 5  # at a command that Telegram will not help us with; half a minute
LAST_WORDS_S = 5.0  # for replies under way when we are told to stop
ABSENT = (ChatMemberStatus.LEFT, ChatMemberStatus.BANNED)


class TelegramChat:
    """Hears and answers one bot's chats. Only one process may: getUpdates has one reader.

    soon_s: seconds after which a tap whose answer takes its time is told to wait.
    """

    def __init__(
        self,
        bot: telegram.Bot,
        desk: Desk,
        store: Store,
        *,
        now: Callable[[], datetime],
        replies: Replies | None = None,
        soon_s: float = SOON_S,
    ) -> None:
        self._soon_s = soon_s
        self._bot = bot
        self._desk = desk
        self._store = store
        self._now = now
        self._replies = replies or Replies(store, TelegramMessenger(bot), now=now)
        self._name = ""
        self._lanes = Lanes(self._settle)
        self._looks, self._answers = asyncio.Semaphore(LOOKS), asyncio.Semaphore(ANSWERS)
        self._soothed: set[str] = set()  # taps that were told to wait
        self._heard_at = now()
        self._trouble = ""
        self._rulers = Rulers(bot, now=now)
        self._ears = Ears(bot, desk, store, self._rulers)
        self._no_menu = set(desk.admins)

    async def run(self) -> None:
        """Hear and answer until cancelled; then the commands in hand are finished first.

        Telegram being down is waited out, from the first call on. Raises TokenError if it refuses
        the token at the start.
        """
        await self._meet()
        await self._replies.look()
        menus = asyncio.create_task(self._set_menus())
        try:
            while True:
                if found := await self._listen():
                    self._lanes.take(found)
                    self._heard_at = self._now()
                await self._lanes.rest()
        finally:
            menus.cancel()
            await self._lanes.close()
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
        self._desk.bot_name = self._ears.name = self._name
        log.info("chat: hearing commands as @%s", self._name)

    # What comes in

    async def _listen(self) -> tuple[telegram.Update, ...]:
        """Return the next updates, oldest first; () after trouble, which is logged and waited out."""
        if self._now() - self._heard_at > SILENCE:
            self._lanes.forget()
        for wait in waits():
            try:
                found = await self._bot.get_updates(
                    offset=self._lanes.offset, timeout=POLL_S, allowed_updates=LISTEN_TO
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
        tap = update.callback_query
        if tap is None:
            return await self._try(update)
        soothing = asyncio.create_task(self._soothe(tap))
        try:
            await self._try(update)
        finally:
            if tap.id not in self._soothed:
                soothing.cancel()
            await asyncio.wait([soothing])  # cut short, it might leave the circle turning
            self._soothed.discard(tap.id)

    async def _soothe(self, tap: telegram.CallbackQuery) -> None:
        """Stop the waiting circle of a tap whose answer takes its time, and say that it was heard."""
        await asyncio.sleep(self._soon_s)
        self._soothed.add(tap.id)
        language = texts.nearest(tap.from_user.language_code or "")
        await self._answer_tap(tap.id, Answer(None, toast=texts.say(language, "toast.wait")))

    async def _try(self, update: telegram.Update) -> None:
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
        if message := update.message:
            at, now = message.chat.id, self._now()
            if message.migrate_to_chat_id or message.migrate_from_chat_id:
                old = message.migrate_from_chat_id or at
                new = message.migrate_to_chat_id or at
                await self._store.run(presence.follow, update.update_id, old, new, now)
                return
            if message.forum_topic_reopened or message.general_forum_topic_unhidden:
                topic = thread_of(message) or 0
                await self._store.run(presence.reopen, update.update_id, at, topic, now)
                return
        await self._hear(update)

    async def _hear(self, update: telegram.Update) -> None:
        """Answer what was said or tapped."""
        heard = await self._ears.hear(update)
        if heard is None:
            await self._store.run(updates.mark_answered, update.update_id, self._now())
            if update.callback_query:  # under a post of a channel, which had buttons once
                await self._answer_tap(update.callback_query.id, Answer(None))
            return
        found = None
        if heard.order.looks:
            async with self._looks:
                found = await self._desk.look(heard.order, heard.caller, self._now())
        async with self._answers:
            answered = await self._store.run(self._answer_in, heard, found)
        answer, reply = answered or (Answer(None), None)  # None: answered before, by all signs
        if heard.query_id:
            reply = await self._end_tap(heard, answer) or reply
        if reply:
            self._replies.send_soon(reply)
        await self._greet_admin(heard.caller)

    async def _end_tap(self, heard: Heard, answer: Answer) -> WaitingReply | None:
        """Answer a tap; return what to say in the chat instead, where it was told to wait before."""
        if heard.query_id not in self._soothed:
            await self._answer_tap(heard.query_id, answer)
        elif answer.toast and not answer.message:
            return await self._store.run(self._keep, heard, Message(escape(answer.toast)))
        return None

    def _answer_in(
        self, tx: Tx, heard: Heard, found: object
    ) -> tuple[Answer, WaitingReply | None] | None:
        now = self._now()
        if not updates.mark_answered(tx, heard.update_id, now):
            return None
        answer = self._desk.answer_in(tx, heard.order, heard.caller, now, found)
        if answer.message is None:
            return answer, None
        return answer, self._keep(tx, heard, answer.message, edit=answer.edit)

    def _keep(self, tx: Tx, heard: Heard, message: Message, *, edit: bool = False) -> WaitingReply:
        return updates.keep_reply(
            tx,
            chat_id=heard.chat_id,
            thread_id=heard.thread_id,
            edits=heard.message_id if edit else None,
            message=message,
            now=self._now(),
        )

    async def _meet_chat(self, update_id: int, told: telegram.ChatMemberUpdated) -> None:
        """Blocked, unblocked, added to a chat, given or denied rights there, thrown out of it."""
        old, new, chat = told.old_chat_member, told.new_chat_member, told.chat
        change = presence.Change(
            caller=Caller(
                chat_id=chat.id,
                kind=ChatKind(chat.type),
                title=chat.title or chat.full_name or "",
                language=told.from_user.language_code or "",
                user_id=None if told.from_user.is_bot else told.from_user.id,
            ),
            was_here=is_here(old),
            here=is_here(new),
            may_write=is_here(new) and await self._rulers.may_write(chat, new),
            status=str(new.status),
        )
        replies = await self._store.run(presence.meet, update_id, change, self._desk, self._now())
        for reply in replies:
            self._replies.send_soon(reply)

    async def _give_up(self, update: telegram.Update) -> None:
        """Apologise for a command that a bug of ours stopped, and go on to the next."""
        chat, user = update.effective_chat, update.effective_user
        language = texts.nearest((user.language_code or "") if user else "")
        words = texts.say(language, "command.failed")
        tap = update.callback_query
        soothed = tap is not None and tap.id in self._soothed  # and can be told no more
        if tap and not soothed:
            await self._answer_tap(tap.id, Answer(None, toast=words, popup=True))
        speaks = chat and chat.type != ChatKind.CHANNEL and (update.message or soothed)
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


def is_here(member: telegram.ChatMember) -> bool:
    """Return whether one who stands so in a chat is in it."""
    if isinstance(member, telegram.ChatMemberRestricted):
        return member.is_member
    return member.status not in ABSENT


async def to_the_end(work: Coroutine[Any, Any, T]) -> T:
    """Do it all, even if cancelled meanwhile: a command is answered or it is not."""
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        with suppress(Exception):
            await task
        raise


def apologise(
    tx: Tx, update_id: int, chat_id: int | None, words: str, now: datetime
) -> WaitingReply | None:
    """Note that an update will not be answered; return the apology to send, if there is a chat for it."""
    if not updates.mark_answered(tx, update_id, now) or chat_id is None:
        return None
    message = Message(escape(words))
    return updates.keep_reply(
        tx, chat_id=chat_id, thread_id=None, edits=None, message=message, now=now
    )
