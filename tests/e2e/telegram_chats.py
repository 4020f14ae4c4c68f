"""What the strict server remembers: chats and what they show, people, faults to inject, floods to stop."""

import re
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import Any

from tests.e2e.telegram_html import utf16

ANONYMOUS = 1087968824  # Telegram's own "Group" account, which anonymous administrators speak as
RIGHTS = (
    "can_manage_chat", "can_delete_messages", "can_manage_video_chats", "can_restrict_members",
    "can_promote_members", "can_change_info", "can_invite_users", "can_post_stories",
    "can_edit_stories", "can_delete_stories",
)  # fmt: skip
CHANNEL_RIGHTS = frozenset(("can_post_messages", "can_edit_messages"))
PERMISSIONS = (
    "can_send_messages", "can_send_audios", "can_send_documents", "can_send_photos",
    "can_send_videos", "can_send_video_notes", "can_send_voice_notes", "can_send_polls",
    "can_send_other_messages", "can_add_web_page_previews", "can_react_to_messages",
    "can_edit_tag", "can_change_info", "can_invite_users", "can_pin_messages", "can_manage_topics",
)  # fmt: skip
COMMAND = re.compile(r"(?<!\S)/[A-Za-z0-9_]{1,32}(?:@[A-Za-z0-9_]{3,32})?(?![A-Za-z0-9_@])")
STRANGER = "stranger"  # of a private chat: the person has never written to the bot
ABSENT = ("left", "kicked")


class Refusal(Exception):
    """A call that Telegram answers with an error."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters


def bad(description: str, **parameters: int) -> Refusal:
    return Refusal(400, f"Bad Request: {description}", **parameters)


@dataclass(slots=True)
class User:
    """A person. language: as their Telegram app sends it, "" where it does not."""

    id: int
    first_name: str = "Ani"
    language: str = "en"
    username: str = ""
    is_bot: bool = False

    def json(self) -> dict[str, Any]:
        body: dict[str, Any] = {
            "id": self.id,
            "is_bot": self.is_bot,
            "first_name": self.first_name,
        }
        if self.username:
            body["username"] = self.username
        if self.language and not self.is_bot:
            body["language_code"] = self.language
        return body


@dataclass(slots=True)
class Shown:
    """One message as the chat shows it now."""

    chat_id: int
    message_id: int
    sender: User | None
    date: int
    text: str = ""
    entities: list[dict[str, Any]] = field(default_factory=list)
    buttons: list[list[dict[str, Any]]] = field(default_factory=list)
    source: str = ""  # the text as the bot sent it, markup and all
    edits: int = 0
    edit_date: int | None = None
    silent: bool = False
    preview: bool = True
    thread_id: int | None = None
    reply_to: int | None = None
    sender_chat: dict[str, Any] | None = None
    history: list[str] = field(default_factory=list)  # texts it showed before
    file: dict[str, Any] | None = None  # kind, name, bytes
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def from_bot(self) -> bool:
        anonymous = self.sender_chat is not None  # people who speak as their group are bots by name
        return self.sender is not None and self.sender.is_bot and not anonymous

    def labels(self) -> list[str]:
        """Return the labels of its buttons in reading order."""
        return [button["text"] for row in self.buttons for button in row]

    def button(self, label: str) -> dict[str, Any]:
        """Return the button with that label (or data); KeyError names what there is."""
        for row in self.buttons:
            for button in row:
                if label in (button["text"], button.get("callback_data")):
                    return button
        raise KeyError(f"no button {label!r} under message {self.message_id}: {self.labels()}")


@dataclass(slots=True)
class Topic:
    """A topic of a forum; its id is that of the service message that opened it."""

    name: str
    closed: bool = False


@dataclass(slots=True)
class Chat:
    """A chat and the bot's place in it. members: user id -> status as Telegram names it.

    rights: those of the bot as an administrator that Telegram may leave out. silenced: members, and so
    a bot that is no administrator, may not write. General is topic 0.
    """

    id: int
    type: str = "private"
    title: str = ""
    username: str = ""
    members: dict[int, str] = field(default_factory=dict)
    bot_status: str = "member"
    deactivated: bool = False
    migrated_to: int | None = None
    is_forum: bool = False
    topics: dict[int, Topic] = field(default_factory=dict)
    rights: frozenset[str] = frozenset()
    silenced: bool = False
    messages: dict[int, Shown] = field(default_factory=dict)
    last_id: int = 0

    def json(self, people: dict[int, User]) -> dict[str, Any]:
        body: dict[str, Any] = {"id": self.id, "type": self.type}
        if self.type == "private":
            person = people[self.id]
            body["first_name"] = person.first_name
            if person.username:
                body["username"] = person.username
            return body
        body["title"] = self.title
        if self.username:
            body["username"] = self.username
        if self.is_forum:
            body["is_forum"] = True
        return body

    def refuse_if_closed(self) -> None:
        """Raise what Telegram says to a bot that may not write here."""
        if self.migrated_to is not None:
            text = "group chat was upgraded to a supergroup chat"
            raise bad(text, migrate_to_chat_id=self.migrated_to)
        if self.deactivated:
            raise Refusal(403, "Forbidden: user is deactivated")
        kind = {"group": "group chat", "supergroup": "supergroup chat", "channel": "channel chat"}
        if self.bot_status == "kicked":
            if self.type == "private":
                raise Refusal(403, "Forbidden: bot was blocked by the user")
            raise Refusal(403, f"Forbidden: bot was kicked from the {kind[self.type]}")
        if self.bot_status == "left":
            raise Refusal(403, f"Forbidden: bot is not a member of the {kind[self.type]}")

    def refuse_if_mute(self, thread_id: int | None) -> None:
        """Raise what Telegram says to a bot that may read here but not write, or not in that topic."""
        self.refuse_if_closed()
        if self.bot_status == STRANGER:
            raise Refusal(403, "Forbidden: bot can't initiate conversation with a user")
        rules = self.bot_status == "administrator"
        if self.type == "channel" and not (rules and "can_post_messages" in self.rights):
            raise bad("need administrator rights in the channel chat")
        if self.bot_status == "restricted" or (self.silenced and not rules):
            raise bad("not enough rights to send text messages to the chat")
        if thread_id is not None and (
            not self.is_forum or not thread_id or thread_id not in self.topics
        ):
            raise bad("message thread not found")  # also for 1, which other interfaces call General
        topic = self.topics.get(thread_id or 0) if self.is_forum else None
        if topic and topic.closed and not (rules and "can_manage_topics" in self.rights):
            raise bad("TOPIC_CLOSED")


def member(user: User, status: str, rights: frozenset[str] = frozenset()) -> dict[str, Any]:
    """Return a ChatMember of that status with the fields it must have."""
    body: dict[str, Any] = {"status": status, "user": user.json()}
    if status == "creator":
        body["is_anonymous"] = False
    elif status == "administrator":
        body |= {"can_be_edited": False, "is_anonymous": False} | dict.fromkeys(RIGHTS, True)
        body |= dict.fromkeys(rights, True)
    elif status == "restricted":
        body |= {"is_member": True, "until_date": 0} | dict.fromkeys(PERMISSIONS, False)
    elif status == STRANGER:
        body["status"] = "left"
    elif status == "kicked":
        body["until_date"] = 0
    return body


def commands(text: str) -> list[dict[str, Any]]:
    """Return the entities Telegram itself puts on commands a person types."""
    return [
        {"type": "bot_command", "offset": utf16(text[: m.start()]), "length": utf16(m[0])}
        for m in COMMAND.finditer(text)
    ]


@dataclass(slots=True)
class Fault:
    """One thing that goes wrong with a call.

    kind: drop_before, drop_after (connection cut before or after the call took effect), status_before,
    status_after (an answer of `status`), garbage_before, garbage_after (200 with unreadable JSON),
    slow_before, slow_after (`delay_s`, then the call or its answer), flood (429 with `retry_after`).
    method, chat_id: None means any. times: how many calls it spoils. share: of those, 0..1, by `random`.
    """

    kind: str
    method: str | None = None
    chat_id: int | None = None
    times: int = 1
    status: int = 502
    delay_s: float = 0.0
    retry_after: int = 1
    share: float = 1.0

    def fits(self, method: str, chat_id: object) -> bool:
        wanted = self.method is None or self.method == method
        return self.times > 0 and wanted and self.chat_id in (None, chat_id)


class FloodGate:
    """Telegram's published limits: 30 messages a second in all, one a second in a private chat with a
    short burst, 20 a minute in a group.

    Every message or edit that is let through is remembered by its time of arrival (seconds, monotonic).
    """

    def __init__(
        self, *, overall: int = 30, burst: int = 3, group: int = 20, window_s: float = 60.0
    ) -> None:
        self.overall, self.burst, self.group, self.window_s = overall, burst, group, window_s
        self._all: deque[float] = deque()
        self._groups: dict[int, deque[float]] = defaultdict(deque)
        self._private: dict[int, tuple[float, float]] = {}
        self.passed = 0
        self.violations: list[str] = []
        self.peak = 0  # most in any one second
        self.began = self.ended = 0.0  # the first and the last that were let through

    def wait_s(self, chat_id: int, now: float | None = None) -> float:
        """Return 0 and count the message, or how long the chat must wait; a wait is a violation."""
        now = time.monotonic() if now is None else now
        wait = max(self._overall(now), self._of_chat(chat_id, now))
        if wait > 0:
            self.violations.append(f"chat {chat_id} {wait:.2f} s too early")
            return wait
        self.passed += 1
        self.began, self.ended = self.began or now, now
        self._all.append(now)
        self.peak = max(self.peak, len(self._all))
        if chat_id < 0:
            self._groups[chat_id].append(now)
        else:
            level, since = self._private.get(chat_id, (float(self.burst), now))
            self._private[chat_id] = (min(self.burst, level + now - since) - 1, now)
        return 0.0

    def _overall(self, now: float) -> float:
        while self._all and self._all[0] <= now - 1:
            self._all.popleft()
        return self._all[0] + 1 - now if len(self._all) >= self.overall else 0.0

    def _of_chat(self, chat_id: int, now: float) -> float:
        if chat_id < 0:
            sent = self._groups[chat_id]
            while sent and sent[0] <= now - self.window_s:
                sent.popleft()
            return sent[0] + self.window_s - now if len(sent) >= self.group else 0.0
        level, since = self._private.get(chat_id, (float(self.burst), now))
        return max(0.0, 1 - (level + now - since))
