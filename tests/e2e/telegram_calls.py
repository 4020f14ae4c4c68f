"""The methods of the Bot API that the strict server serves: what is checked, and what the chat then shows."""

import re
import time
from typing import Any, ClassVar

from tests.e2e.telegram_chats import PERMISSIONS, Chat, Shown, bad, member
from tests.e2e.telegram_html import BadMarkup, Parsed, checked_url, parse_html, trimmed, utf16
from tests.e2e.telegram_world import QUERY_LIFE_S, World

MAX_TEXT, MAX_CAPTION = 4096, 1024
MAX_DATA_BYTES = 64
MAX_BUTTONS, MAX_ROW = 100, 8
MAX_COMMANDS = 100
SAME = (
    "message is not modified: specified new message content and reply markup are exactly the same"
    " as a current content and reply markup of the message"
)
TOO_OLD = "query is too old and response timeout expired or query ID is invalid"
Json = dict[str, Any]
ChatId = int | str


class Calls:
    """One method per method of the API, by its published name and parameters."""

    COUNTED: ClassVar = frozenset(  # what flood limits count
        (
            "sendMessage",
            "editMessageText",
            "editMessageReplyMarkup",
            "editMessageMedia",
            "sendPhoto",
            "sendDocument",
        )
    )

    def __init__(self, world: World) -> None:
        self.world = world

    def check(self, method: str, params: Json) -> None:
        """Raise the refusal a message earns before flood limits look at it."""
        chat = self._chat(params.get("chat_id", 0))
        if method.startswith("send"):
            chat.refuse_if_mute(params.get("message_thread_id"))
        chat.refuse_if_closed()
        if method == "sendMessage":
            _content(params.get("text"), params, MAX_TEXT)
            _keyboard(params.get("reply_markup"))

    # -- messages -----------------------------------------------------------------------------

    def sendMessage(self, chat_id: ChatId, text: str, **more: Any) -> Json:
        chat = self._chat(chat_id)
        chat.refuse_if_mute(more.get("message_thread_id"))
        parsed = _content(text, more, MAX_TEXT)
        return self.world.json(self._show(chat, parsed, text, more))

    def sendDocument(self, chat_id: ChatId, document: Any, **more: Any) -> Json:
        return self._send_file(chat_id, "document", document, more)

    def sendPhoto(self, chat_id: ChatId, photo: Any, **more: Any) -> Json:
        return self._send_file(chat_id, "photo", photo, more)

    def _send_file(self, chat_id: ChatId, kind: str, file: Any, more: Json) -> Json:
        chat = self._chat(chat_id)
        chat.refuse_if_mute(more.get("message_thread_id"))
        if not isinstance(file, dict) or not file["bytes"]:
            raise bad("file must be non-empty")
        _picture(kind, file["bytes"])
        caption = more.get("caption", "")
        parsed = _content(caption, more, MAX_CAPTION) if caption else Parsed("")
        shown = self._show(chat, parsed, caption, more)
        self._put_file(shown, kind, file)
        return self.world.json(shown)

    def _put_file(self, shown: Shown, kind: str, file: Json) -> None:
        file_id = f"{kind}_{shown.chat_id}_{shown.message_id}_{shown.edits}"
        self.world.files[f"{kind}s/{file_id}"] = file["bytes"]
        body: Json = {
            "file_id": file_id,
            "file_unique_id": file_id,
            "file_size": len(file["bytes"]),
        }
        if kind == "photo":
            body |= {"width": 1280, "height": 720}
        else:
            body["file_name"] = file["name"]
        shown.file = {"kind": kind, "json": [body] if kind == "photo" else body, **file}

    def _show(self, chat: Chat, parsed: Parsed, source: str, more: Json) -> Shown:
        buttons = _keyboard(more.get("reply_markup"))
        reply = more.get("reply_parameters") or {}
        target = reply.get("message_id")
        if target is not None and target not in chat.messages:
            if not reply.get("allow_sending_without_reply"):
                raise bad("message to be replied not found")
            target = None
        thread = more.get("message_thread_id")
        shown = self.world.put(chat, self.world.bot, parsed.text, parsed.entities, thread_id=thread)
        shown.buttons, shown.source, shown.reply_to = buttons, source, target
        shown.silent = bool(more.get("disable_notification"))
        shown.preview = not (more.get("link_preview_options") or {}).get("is_disabled", False)
        return shown

    def editMessageText(self, text: str = "", **more: Any) -> Json:
        shown = self._editable(more)
        if shown.file:
            raise bad("there is no text in the message to edit")
        parsed = _content(text, more, MAX_TEXT)
        buttons = _keyboard(more.get("reply_markup"))
        if (parsed.text, parsed.entities, buttons) == (shown.text, shown.entities, shown.buttons):
            raise bad(SAME)
        shown.history.append(shown.text)
        shown.text, shown.entities, shown.source = parsed.text, parsed.entities, text
        shown.buttons = buttons
        return self._edited(shown)

    def editMessageMedia(self, media: Json, **more: Any) -> Json:
        """The media's file comes as hexadecimal digits: see bot_api._parameters."""
        shown = self._editable(more)
        kind, body = media["type"], bytes.fromhex(media["media"])
        if not shown.file:
            raise bad("there is no media in the message to edit")
        _picture(kind, body)
        parsed = _content(media.get("caption", ""), media, MAX_CAPTION)
        shown.history.append(shown.text)
        shown.text, shown.entities, shown.source = parsed.text, parsed.entities, media["caption"]
        shown.buttons = _keyboard(more.get("reply_markup"))
        self._put_file(shown, kind, {"name": "media", "bytes": body})
        return self._edited(shown)

    def editMessageReplyMarkup(self, **more: Any) -> Json:
        shown = self._editable(more)
        buttons = _keyboard(more.get("reply_markup"))
        if buttons == shown.buttons:
            raise bad(SAME)
        shown.buttons = buttons
        return self._edited(shown)

    def _editable(self, more: Json) -> Shown:
        chat = self._chat(more.get("chat_id", 0))
        chat.refuse_if_closed()
        shown = chat.messages.get(more.get("message_id", 0))
        if shown is None:
            raise bad("message to edit not found")
        if not shown.from_bot:
            raise bad("message can't be edited")
        return shown

    def _edited(self, shown: Shown) -> Json:
        shown.edits += 1
        shown.edit_date = int(time.time())
        return self.world.json(shown)

    def deleteMessage(self, chat_id: ChatId, message_id: int) -> bool:
        chat = self._chat(chat_id)
        chat.refuse_if_closed()
        if chat.messages.pop(message_id, None) is None:
            raise bad("message to delete not found")
        return True

    def sendChatAction(self, chat_id: ChatId, action: str, **_: Any) -> bool:
        self._chat(chat_id).refuse_if_mute(None)
        return bool(action)

    # -- taps ---------------------------------------------------------------------------------

    def answerCallbackQuery(self, callback_query_id: str, **more: Any) -> bool:
        asked = self.world.queries.pop(callback_query_id, None)
        if asked is None or time.monotonic() - asked > QUERY_LIFE_S:
            raise bad(TOO_OLD)
        if utf16(more.get("text", "")) > 200:
            raise bad("MESSAGE_TOO_LONG")
        self.world.answers[callback_query_id] = more
        return True

    # -- the bot itself -----------------------------------------------------------------------

    def getMe(self) -> Json:
        return self.world.bot.json() | {
            "can_join_groups": True,
            "can_read_all_group_messages": not self.world.privacy,
            "supports_inline_queries": False,
        }

    def deleteWebhook(self, **_: Any) -> bool:
        return True

    def setMyCommands(
        self, commands: list[dict[str, str]], scope: Json | None = None, language_code: str = ""
    ) -> bool:
        if len(commands) > MAX_COMMANDS:
            raise bad("BOT_COMMANDS_TOO_MUCH")
        for command in commands:
            if not re.fullmatch(r"[a-z0-9_]{1,32}", command["command"]):
                raise bad("BOT_COMMAND_INVALID")
            if not 1 <= utf16(command["description"].strip()) <= 256:
                raise bad("BOT_COMMAND_DESCRIPTION_INVALID")
        if language_code and not re.fullmatch(r"[a-z]{2}", language_code):
            raise bad("LANG_CODE_INVALID")
        self.world.commands[self._scope(scope), language_code] = commands
        return True

    def getMyCommands(
        self, scope: Json | None = None, language_code: str = ""
    ) -> list[dict[str, str]]:
        return self.world.commands.get((self._scope(scope), language_code), [])

    def deleteMyCommands(self, scope: Json | None = None, language_code: str = "") -> bool:
        self.world.commands.pop((self._scope(scope), language_code), None)
        return True

    def _scope(self, scope: Json | None) -> str:
        if not scope or scope["type"] == "default":
            return "default"
        if "chat_id" in scope:
            self._chat(scope["chat_id"])
        ids = [str(scope[name]) for name in ("chat_id", "user_id") if name in scope]
        return ":".join([scope["type"], *ids])

    # -- chats --------------------------------------------------------------------------------

    def _chat(self, chat_id: ChatId) -> Chat:
        if isinstance(chat_id, str):
            named = [c for c in self.world.chats.values() if f"@{c.username}" == chat_id]
            chat_id = named[0].id if named else 0
        if chat_id not in self.world.chats:
            raise bad("chat not found")
        return self.world.chats[chat_id]

    def getChat(self, chat_id: ChatId) -> Json:
        chat = self._chat(chat_id)
        chat.refuse_if_closed()
        gifts = dict.fromkeys(
            ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription"), False
        )
        more: Json = {"accent_color_id": 0, "max_reaction_count": 11}
        gifts["gifts_from_channels"] = False
        if chat.type in ("group", "supergroup"):
            more["permissions"] = dict.fromkeys(PERMISSIONS, not chat.silenced)
        return chat.json(self.world.people) | more | {"accepted_gift_types": gifts}

    def getChatMember(self, chat_id: ChatId, user_id: int) -> Json:
        chat = self._chat(chat_id)
        chat.refuse_if_closed()
        if user_id == self.world.bot.id:
            return member(self.world.bot, chat.bot_status, chat.rights)
        if chat.type == "channel" and chat.bot_status != "administrator":
            raise bad("member list is inaccessible")
        if user_id not in self.world.people:
            raise bad("PARTICIPANT_ID_INVALID")
        return member(self.world.people[user_id], chat.members.get(user_id, "left"))

    def getChatAdministrators(self, chat_id: ChatId, **_: Any) -> list[Json]:
        chat = self._chat(chat_id)
        if chat.type == "private":
            raise bad("there are no administrators in the private chat")
        chat.refuse_if_closed()
        found = [
            member(self.world.people[user], status)
            for user, status in chat.members.items()
            if status in ("creator", "administrator")
        ]
        return found

    def leaveChat(self, chat_id: ChatId) -> bool:
        chat = self._chat(chat_id)
        if chat.type == "private":
            raise bad("chat member status can't be changed in private chats")
        chat.refuse_if_closed()
        self.world.set_bot(chat.id, "left", self.world.bot)
        return True

    def getFile(self, file_id: str) -> Json:
        for path, body in self.world.files.items():
            if path.endswith(f"/{file_id}"):
                return {
                    "file_id": file_id,
                    "file_unique_id": file_id,
                    "file_size": len(body),
                    "file_path": path,
                }
        raise bad("invalid file_id")


def _content(text: str | None, more: Json, limit: int) -> Parsed:
    """Return what a text shows. Raises what Telegram says of empty, long and broken ones.

    The limit is on UTF-16 units after parsing: the strictest reading of "characters".
    """
    if not text or not text.strip():
        raise bad("message text is empty")
    mode = more.get("parse_mode", "")
    if mode and mode.lower() != "html":
        raise bad("unsupported parse_mode")
    try:
        parsed = parse_html(text) if mode else trimmed(Parsed(text, more.get("entities") or []))
    except BadMarkup as e:
        raise bad(f"can't parse entities: {e}") from e
    if not parsed.text:
        raise bad("message text is empty" if not mode else "text must be non-empty")
    if utf16(parsed.text) > limit:
        raise bad("message is too long" if limit == MAX_TEXT else "message caption is too long")
    return parsed


def _picture(kind: str, body: bytes) -> None:
    if kind == "photo" and not body.startswith((b"\x89PNG", b"\xff\xd8", b"RIFF")):
        raise bad("IMAGE_PROCESS_FAILED")


def _keyboard(markup: Json | None) -> list[list[Json]]:
    """Return the rows of buttons. Raises what Telegram says of buttons nobody could press."""
    if not markup:
        return []
    if "inline_keyboard" not in markup:
        return []
    rows = [row for row in markup["inline_keyboard"] if row]
    if sum(map(len, rows)) > MAX_BUTTONS or any(len(row) > MAX_ROW for row in rows):
        raise bad("REPLY_MARKUP_TOO_LONG")
    for button in (b for row in rows for b in row):
        _button(button)
    return rows


def _button(button: Json) -> None:
    if not button["text"].strip():
        raise bad('can\'t parse inline keyboard button: Field "text" must be non-empty')
    actions = set(button) - {"text", "icon_custom_emoji_id", "style"}
    if not actions:
        raise bad(
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"
        )
    if len(actions) > 1:
        raise bad("can't parse inline keyboard button: exactly one action must be specified")
    data = button.get("callback_data")
    if data is not None and not 1 <= len(data.encode()) <= MAX_DATA_BYTES:
        raise bad("BUTTON_DATA_INVALID")
    url = button.get("url")
    if url is not None and not checked_url(url):
        raise bad(f"inline keyboard button URL '{url}' is invalid: Wrong HTTP URL")
