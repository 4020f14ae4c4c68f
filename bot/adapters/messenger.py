"""Telegram as a messenger: one call, one Outcome. Here the errors of python-telegram-bot get their meaning.

What surely never reached Telegram is LATER; what may have been shown is UNCERTAIN. The order of the
cases matters: to the library BadRequest and TimedOut are both NetworkErrors.
"""

import html
import logging
import math
import os
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx
import telegram
from telegram.constants import ParseMode
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)
from telegram.request import HTTPXRequest

from bot.adapters.turnstile import Turnstile
from bot.domain.model import Attachment, Message, Outcome, Sent
from bot.domain.pacing import Rank

# Without it the library warns at each flood limit that seconds will become a timedelta. It reads
# the environment itself, so there is no setting of ours to put it in.
os.environ.setdefault("PTB_TIMEDELTA", "1")  # noqa: TID251 - see above

NEVER_LEFT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
MAX_UNITS = 4096  # UTF-16, the strictest reading of Telegram's "characters"
POOL = 16  # calls at once; 28 a second at half a second each
READ_TIMEOUT_S = 20.0  # Telegram answers within one; a lost answer costs a doubled message
POOL_TIMEOUT_S = 10.0

# Refusals that are about the chat, not about the message (lower case; the library re-cases them).
CLOSED = (
    "chat not found",
    "user not found",
    "peer_id_invalid",
    "chat_write_forbidden",
    "chat_admin_required",
    "not enough rights",
    "have no rights to send",
    "need administrator rights",
    "group chat was deactivated",
    "chat_restricted",
)
TOPICS = {  # lower case; of the topic alone, not of its chat
    "topic_closed": Sent.TOPIC_CLOSED,
    "topic_deleted": Sent.TOPIC_GONE,
    "message thread not found": Sent.TOPIC_GONE,
}
UNPARSED = ("can't parse entities", "message is too long", "entities_too_long")
BAD_BUTTONS = ("button", "reply_markup")

_TAG = re.compile(r"<[^<>]*>")

Call = Callable[[str, telegram.InlineKeyboardMarkup | None, str | None], Awaitable[int]]


def open_bot(token: str, api_url: str, *, pool: int = POOL) -> telegram.Bot:
    """Return the bot of a token at a server. No request is made; shut it down to let connections go.

    From here on the HTTP client's own log is silent: it would print the token with every call.
    """
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # An unreadable answer is an Outcome; the library would print a traceback besides.
    logging.getLogger("telegram.request").setLevel(logging.CRITICAL)
    calls = HTTPXRequest(
        connection_pool_size=pool,
        connect_timeout=5.0,
        pool_timeout=POOL_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        write_timeout=10.0,
    )
    polls = HTTPXRequest(
        connection_pool_size=1, connect_timeout=5.0, read_timeout=10.0, pool_timeout=10.0
    )
    return _Bot(
        token,
        base_url=f"{api_url}/bot",
        base_file_url=f"{api_url}/file/bot",
        request=calls,
        get_updates_request=polls,
    )


class _Bot(telegram.Bot):
    """The library's bot, whose shutdown works without `initialize`: that one insists on a getMe."""

    async def shutdown(self) -> None:
        for request in self._request:
            await request.shutdown()


class TelegramMessenger:
    """Brings messages to chats through the Bot API, within its flood limits.

    All that a process sends goes through one messenger, or the limits are kept by none.
    """

    def __init__(self, bot: telegram.Bot, door: Turnstile | None = None) -> None:
        self._bot = bot
        self._door = door or Turnstile()

    def resting(self) -> set[int]:
        """Return the chats that Telegram's limits keep waiting for more than half a second."""
        return self._door.resting()

    def take_over(self) -> None:
        """Begin to send where an earlier process may have left off just now."""
        self._door.take_over()

    def recall(self, chat_id: int, ago_s: float) -> None:
        """Count a message that an earlier process sent so long ago; the oldest first."""
        self._door.recall(chat_id, ago_s)

    async def send(
        self,
        chat_id: int,
        message: Message,
        *,
        thread_id: int | None = None,
        rank: Rank = Rank.ALERT,
    ) -> Outcome:
        """Send one message. Not idempotent: UNCERTAIN means the chat may already show it.

        thread_id: the topic of a forum, None for a chat without topics or its general one.
        """

        async def call(
            text: str, keys: telegram.InlineKeyboardMarkup | None, mode: str | None
        ) -> int:
            if message.file:
                return await self._send_file(
                    chat_id, message.file, caption=text, keys=keys, mode=mode, thread_id=thread_id
                )
            sent = await self._bot.send_message(
                chat_id,
                text,
                parse_mode=mode,
                reply_markup=keys,
                link_preview_options=telegram.LinkPreviewOptions(is_disabled=not message.preview),
                disable_notification=message.silent,
                message_thread_id=thread_id,
            )
            return sent.message_id

        return await self._attempt(call, message, chat_id, rank)

    async def _send_file(
        self,
        chat_id: int,
        file: Attachment,
        *,
        caption: str,
        keys: telegram.InlineKeyboardMarkup | None,
        mode: str | None,
        thread_id: int | None,
    ) -> int:
        body = telegram.InputFile(file.body, filename=file.name)
        send = self._bot.send_photo if file.picture else self._bot.send_document
        sent = await send(
            chat_id,
            body,
            caption=caption,
            parse_mode=mode,
            reply_markup=keys,
            message_thread_id=thread_id,
        )
        return int(sent.message_id)

    async def _edit_file(
        self,
        chat_id: int,
        message_id: int,
        file: Attachment,
        *,
        caption: str,
        keys: telegram.InlineKeyboardMarkup | None,
        mode: str | None,
    ) -> None:
        kind = telegram.InputMediaPhoto if file.picture else telegram.InputMediaDocument
        media = kind(file.body, caption=caption, parse_mode=mode, filename=file.name)
        await self._bot.edit_message_media(media, chat_id, message_id, reply_markup=keys)

    async def edit(
        self, chat_id: int, message_id: int, message: Message, *, rank: Rank = Rank.EDIT
    ) -> Outcome:
        """Make a message show this. Idempotent; REFUSED if the chat has deleted it."""

        async def call(
            text: str, keys: telegram.InlineKeyboardMarkup | None, mode: str | None
        ) -> int:
            if message.file:
                await self._edit_file(
                    chat_id, message_id, message.file, caption=text, keys=keys, mode=mode
                )
                return message_id
            await self._bot.edit_message_text(
                text,
                chat_id,
                message_id,
                parse_mode=mode,
                reply_markup=keys,
                link_preview_options=telegram.LinkPreviewOptions(is_disabled=not message.preview),
            )
            return message_id

        outcome = await self._attempt(call, message, chat_id, rank)
        if outcome.sent is Sent.REFUSED and "message is not modified" in outcome.detail.lower():
            return Outcome(Sent.OK, message_id=message_id)
        return outcome

    async def _attempt(self, call: Call, message: Message, chat_id: int, rank: Rank) -> Outcome:
        """Try as meant; what Telegram will not parse, once more as plain text (detail then says so)."""
        text, keys = _encodable(message.html), keyboard(message)
        async with self._door.turn(chat_id, rank):
            return await self._at_the_door(call, text, keys, chat_id)

    async def _at_the_door(
        self, call: Call, text: str, keys: telegram.InlineKeyboardMarkup | None, chat_id: int
    ) -> Outcome:
        first = await self._outcome(call(text, keys, ParseMode.HTML))
        if first.retry_after_s:
            self._door.hold(chat_id, first.retry_after_s)
        if first.sent is not Sent.REFUSED:
            return first
        complaint = first.detail.lower()
        if any(word in complaint for word in UNPARSED):
            second = await self._outcome(call(plain(text), keys, None))
        elif keys is not None and any(word in complaint for word in BAD_BUTTONS):
            second = await self._outcome(call(text, None, ParseMode.HTML))
        else:
            return first
        detail = f"simplified: {first.detail}; {second.detail}".rstrip("; ")
        return replace(second, detail=detail, complaint=first.detail)

    async def _outcome(self, call: Awaitable[int]) -> Outcome:
        try:
            return Outcome(Sent.OK, message_id=await call)
        except TelegramError as e:
            return self._meaning(e)

    def _meaning(self, error: TelegramError) -> Outcome:
        match error:
            case RetryAfter():  # flood limit: not delivered
                wait = _seconds(error.retry_after)
                outcome = Outcome(Sent.LATER, retry_after_s=wait, detail=str(error))
            case Forbidden():
                outcome = Outcome(Sent.GONE, detail=str(error))
            case ChatMigrated():
                outcome = Outcome(Sent.MOVED, new_chat_id=error.new_chat_id, detail=str(error))
            case InvalidToken():  # its words may hold the token
                outcome = Outcome(Sent.LATER, detail="Telegram refuses the token")
            case BadRequest():  # a NetworkError to the library, so it must come first
                outcome = _refusal(str(error))
            case NetworkError():  # TimedOut too; harmless only if it never left this machine
                sent = Sent.LATER if _never_left(error) else Sent.UNCERTAIN
                outcome = Outcome(sent, detail=self._safe(error))
            case _:  # a good status, and an answer that cannot be read
                outcome = Outcome(Sent.UNCERTAIN, detail=self._safe(error))
        return outcome

    def _safe(self, error: TelegramError) -> str:
        return repr(error).replace(self._bot.token, "<token>")


def _never_left(error: NetworkError) -> bool:
    """Return whether Telegram surely did not act: no connection, or a bare 429 of something before it."""
    refused = str(error).lower().startswith("too many requests")
    return refused or isinstance(error.__cause__, NEVER_LEFT)


def _refusal(words: str) -> Outcome:
    for phrase, sent in TOPICS.items():
        if phrase in words.lower():
            return Outcome(sent, detail=words)
    closed = any(phrase in words.lower() for phrase in CLOSED)
    return Outcome(Sent.GONE if closed else Sent.REFUSED, detail=words)


def _seconds(wait: int | timedelta) -> int:
    return math.ceil(wait.total_seconds()) if isinstance(wait, timedelta) else wait


def _encodable(text: str) -> str:
    """Replace lone surrogates: they cannot be sent, and the message would be tried for ever."""
    return text.encode("utf-8", "replace").decode()


def keyboard(message: Message) -> telegram.InlineKeyboardMarkup | None:
    """Return a message's buttons as Telegram has them, None where it has none."""
    rows = [
        [
            telegram.InlineKeyboardButton(b.label, url=b.url)
            if b.url
            else telegram.InlineKeyboardButton(b.label, callback_data=b.data)
            for b in row
        ]
        for row in message.buttons
    ]
    return telegram.InlineKeyboardMarkup(rows) if rows else None


def plain(text: str) -> str:
    """Return what HTML says, without its markup, cut to what one message holds."""
    bare = html.unescape(_TAG.sub("", text))
    units = bare.encode("utf-16-le")
    if len(units) <= 2 * MAX_UNITS:
        return bare
    return units[: 2 * MAX_UNITS - 2].decode("utf-16-le", "ignore") + "…"


async def token_fault(bot: telegram.Bot) -> str | None:
    """Return why the bot cannot be used, in one line without the token; None if Telegram knows it."""
    try:
        await bot.get_me()
    except InvalidToken:
        return "TELEGRAM_BOT_TOKEN: Telegram does not know this token; @BotFather gives a new one"
    except TelegramError as e:
        return f"Telegram does not answer at TELEGRAM_API_URL: {type(e).__name__}"
    return None


async def clock_of(api_url: str) -> datetime | None:
    """Return the time of the Bot API server, as its answers carry it; None if it does not answer with one."""
    try:
        async with httpx.AsyncClient(timeout=10) as client:
            said = (await client.head(api_url)).headers.get("date", "")
        at = parsedate_to_datetime(said)
    except (httpx.HTTPError, ValueError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
