"""The people's side of the strict server: who is where, what they write and press, what they then see."""

import asyncio
import random
import re
import time
from typing import Any

from tests.e2e.telegram_chats import (
    ABSENT,
    ANONYMOUS,
    CHANNEL_RIGHTS,
    STRANGER,
    Chat,
    Shown,
    Topic,
    User,
    commands,
    member,
)

OFF_BY_DEFAULT = ("chat_member", "message_reaction", "message_reaction_count")
CHANNEL_BOT = 136817688  # Telegram's own account that writes in a channel's name
QUERY_LIFE_S = 60.0  # after which answering a tap is too late


class World:
    """All chats, people and updates of one bot. Not safe for threads: BotApi keeps it on one."""

    def __init__(self, username: str) -> None:
        self.bot = User(4242424242, "Outpost", username=username, is_bot=True)
        self.people: dict[int, User] = {self.bot.id: self.bot}
        self.chats: dict[int, Chat] = {}
        self.updates: list[dict[str, Any]] = []
        self.commands: dict[tuple[str, str], list[dict[str, str]]] = {}
        self.queries: dict[str, float] = {}  # unanswered taps: id -> monotonic time
        self.answers: dict[str, dict[str, Any]] = {}
        self.files: dict[str, bytes] = {}
        self.privacy = (
            True  # in groups the bot sees commands and replies to it, as bots do by default
        )
        self.random = random.Random(7)  # faults by share, the same in each run
        self._allowed: list[str] | None = None
        self._update_id = 700_000_000
        self._query_id = 0
        self._news = asyncio.Event()

    # -- updates ------------------------------------------------------------------------------

    def wake(self) -> None:
        """Let every waiting getUpdates look again."""
        self._news.set()
        self._news = asyncio.Event()

    async def news(self) -> None:
        """Wait until something happens."""
        await self._news.wait()

    def confirm(self, offset: int, allowed: list[str] | None) -> None:
        """Forget what the bot has confirmed; remember what it wants to hear about."""
        if offset < 0:
            self.updates = self.updates[offset:]
        elif offset:
            self.updates = [u for u in self.updates if u["update_id"] >= offset]
        if allowed is not None:
            self._allowed = allowed

    def push(self, kind: str, body: dict[str, Any]) -> None:
        """Queue an update, if the bot listens to its kind."""
        wanted = kind in self._allowed if self._allowed else kind not in OFF_BY_DEFAULT
        if wanted:
            self._update_id += 1
            self.updates.append({"update_id": self._update_id, kind: body})
            self.wake()

    # -- people and chats ---------------------------------------------------------------------

    def person(self, user: User | int) -> User:
        """Make a person known, and their private chat with the bot."""
        if isinstance(user, int):
            user = self.people.get(user) or User(user)
        self.people[user.id] = user
        self.chats.setdefault(user.id, Chat(user.id))
        return user

    def stranger(self, user: User) -> User:
        """Make a person known who has never written to the bot: it may not write first."""
        self.person(user)
        self.chats[user.id].bot_status = STRANGER
        return user

    def add_group(
        self,
        chat_id: int,
        title: str = "Newsroom",
        *,
        kind: str = "supergroup",
        creator: User | int = 1001,
        bot_status: str = "",
        is_forum: bool = False,
        username: str = "",
        silenced: bool = False,
        rights: frozenset[str] = CHANNEL_RIGHTS,
    ) -> Chat:
        """Make a group or channel; its creator adds the bot to it, which the bot is told.

        bot_status: "" makes it a member of a group, an administrator of a channel.
        """
        owner = self.person(creator)
        chat = Chat(chat_id, kind, title, username, is_forum=is_forum, bot_status="left")
        chat.members[owner.id] = "creator"
        chat.silenced = silenced
        chat.topics = {0: Topic("General")} if is_forum else {}
        self.chats[chat_id] = chat
        usual = "administrator" if kind == "channel" else "member"
        self.set_bot(chat_id, bot_status or usual, owner, rights=rights)
        return chat

    def chat(self, chat_id: int) -> Chat:
        """Return a chat; a private one comes into being."""
        if chat_id not in self.chats and chat_id > 0:
            self.person(chat_id)
        return self.chats[chat_id]

    def set_bot(
        self,
        chat_id: int,
        status: str,
        by: User | int | None = None,
        *,
        rights: frozenset[str] = frozenset(),
    ) -> None:
        """Change the bot's standing in a chat and tell it so. rights: as an administrator, see Chat."""
        chat = self.chat(chat_id)
        actor = self.person(by if by is not None else _owner(chat))
        before = member(self.bot, chat.bot_status, chat.rights)
        chat.bot_status = status
        chat.rights = rights if status == "administrator" else frozenset()
        self.push(
            "my_chat_member",
            {
                "chat": chat.json(self.people),
                "from": actor.json(),
                "date": int(time.time()),
                "old_chat_member": before,
                "new_chat_member": member(self.bot, status, chat.rights),
            },
        )

    def block(self, chat_id: int) -> None:
        """A person blocks the bot, or a group throws it out."""
        self.set_bot(chat_id, "kicked")

    def unblock(self, chat_id: int) -> None:
        """A person unblocks the bot, or a group takes it back."""
        usual = "administrator" if self.chat(chat_id).type == "channel" else "member"
        self.set_bot(chat_id, usual, rights=CHANNEL_RIGHTS)

    def migrate(self, chat_id: int, new_chat_id: int) -> None:
        """A group becomes a supergroup: both sides say so, and the old id answers no more."""
        old = self.chats[chat_id]
        new = Chat(new_chat_id, "supergroup", old.title, members=dict(old.members))
        new.bot_status = old.bot_status
        self.chats[new_chat_id] = new
        actor = self.person(_owner(old))
        self._write(old, actor, "", {"migrate_to_chat_id": new_chat_id})
        old.migrated_to = new_chat_id
        self._write(new, actor, "", {"migrate_from_chat_id": chat_id})

    # -- topics -------------------------------------------------------------------------------

    def add_topic(self, chat_id: int, name: str) -> int:
        """Open a topic in a forum; return its id, that of the service message."""
        chat = self.chats[chat_id]
        chat.last_id = max(chat.last_id, 1)  # the first message of any group tells that it was made
        chat.topics[chat.last_id + 1] = Topic(name)
        made = {"forum_topic_created": {"name": name, "icon_color": 7322096}}
        sender, thread_id = self.person(_owner(chat)), chat.last_id + 1
        return self._write(chat, sender, "", made, thread_id=thread_id).message_id

    def close_topic(self, chat_id: int, thread_id: int, *, closed: bool = True) -> None:
        """Close a topic, or open it again; 0 is General. The bot hears of it."""
        chat = self.chats[chat_id]
        chat.topics[thread_id].closed = closed
        event = {"forum_topic_closed" if closed else "forum_topic_reopened": {}}
        self._write(chat, self.person(_owner(chat)), "", event, thread_id=thread_id or None)

    def delete_topic(self, chat_id: int, thread_id: int) -> None:
        """Delete a topic with all its messages. Nobody tells the bot."""
        chat = self.chats[chat_id]
        del chat.topics[thread_id]
        gone = [m.message_id for m in chat.messages.values() if m.thread_id == thread_id]
        for message_id in gone:
            del chat.messages[message_id]

    # -- what people do -----------------------------------------------------------------------

    def say(
        self,
        chat_id: int,
        text: str,
        user: User | int | None = None,
        *,
        reply_to: int | None = None,
        thread_id: int | None = None,
        anonymous: bool = False,
        as_channel: int | None = None,
        document: tuple[str, bytes] | None = None,
    ) -> int:
        """Write into a chat as a person (of a private chat: its owner); return the message id.

        thread_id: a topic. anonymous: as an administrator who hides behind the group. as_channel: in
        the name of a channel, such as one that is linked to the group. document: name and content; the
        text is its caption.
        """
        chat = self.chat(chat_id)
        sender = self.person(user if user is not None else _owner(chat))
        if chat.type == "private":
            self._begin(chat)
        elif chat.type != "channel":
            chat.members.setdefault(sender.id, "member")
        speaks_as = chat if anonymous else self.chats.get(as_channel or 0)
        if anonymous:
            sender = User(ANONYMOUS, "Group", username="GroupAnonymousBot", is_bot=True)
        elif as_channel:
            sender = User(CHANNEL_BOT, "Channel", username="Channel_Bot", is_bot=True)
        more = self._answers(chat, reply_to, thread_id)
        file = self._upload(chat, *document) if document else None
        shown = self._write(
            chat, sender, text, more, thread_id=thread_id, speaks_as=speaks_as, file=file
        )
        return shown.message_id

    def forward(self, chat_id: int, from_chat: int, message_id: int) -> int:
        """Forward a post of a channel into a private chat; return the new message's id."""
        chat, source = self.chat(chat_id), self.chats[from_chat]
        post = source.messages[message_id]
        origin: dict[str, Any] = {"type": "channel", "date": post.date, "message_id": message_id}
        shown = self.put(chat, self.person(chat_id), post.text, post.entities)
        shown.extra = {"forward_origin": origin | {"chat": source.json(self.people)}}
        self.push("message", self.json(shown))
        return shown.message_id

    def _upload(self, chat: Chat, name: str, body: bytes) -> dict[str, Any]:
        file_id = f"document_{chat.id}_{chat.last_id + 1}"
        self.files[f"documents/{file_id}"] = body
        told = {"file_id": file_id, "file_unique_id": file_id, "file_name": name}
        told |= {"mime_type": "application/octet-stream"}
        return {"kind": "document", "json": {**told, "file_size": len(body)}}

    def _begin(self, chat: Chat) -> None:
        """Whoever writes to a bot may be written to, even if they had blocked it."""
        if chat.bot_status == STRANGER:
            chat.bot_status = "member"
        if chat.bot_status == "kicked":
            self.unblock(chat.id)

    def _answers(self, chat: Chat, reply_to: int | None, thread_id: int | None) -> dict[str, Any]:
        """Return what a message says of the one before it. In a topic all answer the one that opened it."""
        if thread_id is not None and (not thread_id or thread_id not in chat.topics):
            raise KeyError(f"no topic {thread_id} in chat {chat.id}: {chat.topics}")
        target = reply_to or thread_id
        if target is None:
            return {}
        more: dict[str, Any] = {"reply_to_message": self.json(chat.messages[target], bare=True)}
        if chat.type == "supergroup" and thread_id is None:
            more["message_thread_id"] = target  # of no use for sending: the thread is no topic
        return more

    def _write(
        self,
        chat: Chat,
        sender: User,
        text: str,
        more: dict[str, Any],
        *,
        thread_id: int | None = None,
        speaks_as: Chat | None = None,
        file: dict[str, Any] | None = None,
    ) -> Shown:
        shown = self.put(chat, sender, text, commands(text), thread_id=thread_id)
        shown.extra, shown.file = more, file
        if speaks_as:
            shown.sender_chat = speaks_as.json(self.people)
        if chat.type == "channel":
            self.push("channel_post", self.json(shown))
        elif self._heard(chat, shown):
            self.push("message", self.json(shown))
        return shown

    def _heard(self, chat: Chat, shown: Shown) -> bool:
        """Whether a bot in privacy mode is told of this message."""
        if chat.bot_status in ABSENT:
            return False
        if chat.type == "private" or not self.privacy or chat.bot_status == "administrator":
            return True
        if any(k.startswith(("migrate", "forum_topic", "general_forum")) for k in shown.extra):
            return True  # bots hear all service messages
        to_bot = shown.extra.get("reply_to_message", {}).get("from", {}).get("id") == self.bot.id
        named = re.match(r"/\w+(?:@(\w+))?", shown.text)
        return to_bot or bool(named and named[1] in (None, self.bot.username))

    def put(
        self,
        chat: Chat,
        sender: User | None,
        text: str,
        entities: list[dict[str, Any]],
        *,
        thread_id: int | None = None,
    ) -> Shown:
        """Let a chat show one message more."""
        chat.last_id += 1
        shown = Shown(chat.id, chat.last_id, sender, int(time.time()), text, entities)
        shown.thread_id = thread_id
        chat.messages[shown.message_id] = shown
        return shown

    def tap(self, chat_id: int, message_id: int, label: str, user: User | int | None = None) -> str:
        """Press a button. KeyError if it is not there or is no callback button."""
        chat = self.chat(chat_id)
        shown = chat.messages[message_id]
        button = shown.button(label)
        sender = self.person(user if user is not None else _owner(chat))
        return self.press(shown, button["callback_data"], sender)

    def press(self, shown: Shown, data: str, sender: User, *, inaccessible: bool = False) -> str:
        """Press a button with that data, such as one of an old message no longer shown.

        inaccessible: Telegram does not say any more what the message was, nor its topic.
        """
        self._query_id += 1
        query_id = f"9{self._query_id:017d}"
        self.queries[query_id] = time.monotonic()
        self.push(
            "callback_query",
            {
                "id": query_id,
                "from": sender.json(),
                "chat_instance": str(shown.chat_id),
                "message": _without_content(self.json(shown)) if inaccessible else self.json(shown),
                "data": data,
            },
        )
        return query_id

    def react(
        self, chat_id: int, message_id: int, emoji: str, user: User | int | None = None
    ) -> None:
        """Put one emoji under a message, in place of what this person put there.

        In a group the bot is told only as an administrator.
        """
        chat = self.chat(chat_id)
        if chat.type != "private" and chat.bot_status != "administrator":
            return
        sender = self.person(user if user is not None else _owner(chat))
        new = [{"type": "emoji", "emoji": emoji}] if emoji else []
        self.push(
            "message_reaction",
            {
                "chat": chat.json(self.people),
                "message_id": chat.messages[message_id].message_id,
                "user": sender.json(),
                "date": int(time.time()),
                "old_reaction": [],
                "new_reaction": new,
            },
        )

    # -- what they see ------------------------------------------------------------------------

    def shown(self, chat_id: int, *, bot: bool = True) -> list[Shown]:
        """Return the messages of a chat, oldest first: the bot's, or all."""
        if chat_id not in self.chats:
            return []
        return [m for m in self.chats[chat_id].messages.values() if m.from_bot or not bot]

    def json(self, shown: Shown, *, bare: bool = False) -> dict[str, Any]:
        """Return a message as the API gives it. bare: without what it replies to."""
        chat = self.chats[shown.chat_id]
        body: dict[str, Any] = {
            "message_id": shown.message_id,
            "date": shown.date,
            "chat": chat.json(self.people),
        }
        if shown.sender and chat.type != "channel":
            body["from"] = shown.sender.json()
        body |= _text_of(shown)
        if chat.type == "channel":
            body["sender_chat"] = chat.json(self.people)
        if shown.thread_id:
            body |= {"message_thread_id": shown.thread_id, "is_topic_message": True}
        if shown.buttons:
            body["reply_markup"] = {"inline_keyboard": shown.buttons}
        if shown.edit_date:
            body["edit_date"] = shown.edit_date
        if shown.sender_chat:
            body["sender_chat"] = shown.sender_chat
        if not bare:
            return body | shown.extra
        made = {k: v for k, v in shown.extra.items() if k == "forum_topic_created"}
        return body | made

    def transcript(self) -> str:
        """Return all chats as text, for a person to read."""
        lines = []
        for chat in self.chats.values():
            lines.append(f"== chat {chat.id} {chat.type} {chat.title}".rstrip())
            for m in chat.messages.values():
                who = m.sender.first_name if m.sender else "?"
                edited = f" (edited {m.edits}x)" if m.edits else ""
                lines.append(f"[{m.message_id}] {who}{edited}: {m.text}")
                lines += ["     " + " ".join(f"[{b['text']}]" for b in row) for row in m.buttons]
        return "\n".join(lines)


def _text_of(shown: Shown) -> dict[str, Any]:
    """Return a message's file and words: a text has entities, a file has a caption with its own."""
    words, marks = ("caption", "caption_entities") if shown.file else ("text", "entities")
    body: dict[str, Any] = {shown.file["kind"]: shown.file["json"]} if shown.file else {}
    if shown.text:
        body[words] = shown.text
    if shown.entities:
        body[marks] = shown.entities
    return body


def _owner(chat: Chat) -> int:
    if chat.type == "private":
        return chat.id
    return next((user for user, status in chat.members.items() if status == "creator"), 1001)


def _without_content(body: dict[str, Any]) -> dict[str, Any]:
    return {"chat": body["chat"], "message_id": body["message_id"], "date": 0}
