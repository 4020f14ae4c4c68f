"""Who may change what a chat watches: its administrators, as Telegram names them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import telegram
from telegram.constants import ChatMemberStatus
from telegram.error import BadRequest, ChatMigrated, Forbidden

from bot.domain.model import ChatKind

TRUSTED = timedelta(seconds=60)  # how long an answer about who is an administrator holds
REMEMBERED = 10_000
RULING = (ChatMemberStatus.OWNER, ChatMemberStatus.ADMINISTRATOR)


@dataclass(frozen=True, slots=True)
class Place:
    """A chat by its id and names."""

    chat_id: int
    kind: ChatKind
    title: str


class Rulers:
    """Asks Telegram, and remembers for a minute."""

    def __init__(self, bot: telegram.Bot, *, now: Callable[[], datetime]) -> None:
        self._bot = bot
        self._now = now
        self._known: dict[tuple[int, int], tuple[datetime, bool]] = {}

    async def rules(self, chat_id: int, user: telegram.User | None, *, anew: bool = False) -> bool:
        """Return whether a person is an administrator of the chat; anew: at this moment."""
        if user is None:
            return False
        known = self._known.get((chat_id, user.id))
        if known and not anew and self._now() - known[0] < TRUSTED:
            return known[1]
        try:
            member = await self._bot.get_chat_member(chat_id, user.id)
            rules = member.status in RULING
        except ChatMigrated as e:  # said just before the group became a supergroup
            return await self.rules(e.new_chat_id, user, anew=anew)
        except Forbidden:  # thrown out meanwhile: nobody here may change anything
            return False
        except BadRequest:  # hidden members; administrators never are
            rules = user.id in await self._listed(chat_id)
        if len(self._known) > REMEMBERED:
            self._known.clear()
        self._known[chat_id, user.id] = (self._now(), rules)
        return rules

    async def _listed(self, chat_id: int) -> set[int]:
        try:
            rulers = await self._bot.get_chat_administrators(chat_id)
        except (BadRequest, Forbidden):  # we are none of them ourselves
            return set()
        return {r.user.id for r in rulers}

    async def find(self, name: str | int) -> Place | None:
        """Return the chat of an @name or id; None if there is none that the bot may know."""
        try:
            chat = await self._bot.get_chat(name)
        except (BadRequest, Forbidden):
            return None
        if chat.type == ChatKind.PRIVATE:
            return None
        return Place(chat.id, ChatKind(chat.type), chat.title or "")

    async def may_write(self, chat: telegram.Chat, member: telegram.ChatMember) -> bool:
        """Return whether the bot, standing so in the chat, may write there."""
        if chat.type == ChatKind.CHANNEL:
            if not isinstance(member, telegram.ChatMemberAdministrator):
                return False
            return bool(member.can_post_messages)
        if isinstance(member, telegram.ChatMemberRestricted):
            return member.can_send_messages
        if chat.type == ChatKind.PRIVATE or not isinstance(member, telegram.ChatMemberMember):
            return True
        try:
            allowed = (await self._bot.get_chat(chat.id)).permissions
        except (BadRequest, Forbidden):
            return True  # we shall see
        return allowed is None or allowed.can_send_messages is not False
