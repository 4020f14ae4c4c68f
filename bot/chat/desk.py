"""The desk that answers commands: shared by Telegram and the terminal, knowing neither.

The shell reads what came with `Desk.read` or `Desk.read_button`, asks the network who may change things
where `Command.changes` says so, and shows the `Answer` of `Desk.answer`.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from rapidfuzz import fuzz, process

from bot import render, texts
from bot.chat import behalf
from bot.chat.command import LIMITS, NO_NAMES, Caller, Command, Look, Reply, Request, fits
from bot.config import Chat
from bot.domain.errors import DatabaseDown, QueryError, UserError
from bot.domain.model import Button, ChatKind, Message, Role, Subscriber, SubscriberState
from bot.domain.names import Names
from bot.domain.query import parse_query
from bot.store import alerts, chats, keepers, subscribers
from bot.store.engine import Store, Tx

MAX_TOAST = 200  # characters; Telegram's limit for an answer to a tap
REMEMBERED = 10_000  # chats turned away
GUESS_PCT = 65  # below it a guess at a mistyped command is noise: "wacth" scores 80, "foo" nothing

_TYPED = re.compile(r"/([^\s@]+)(?:@(\S+))?\s*(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Order:
    """A message or a tap, read. command None: nothing we know; name is then what was typed, "" for prose.

    of: the channel it is asked for, as bot.chat.behalf has it; "" for the chat it comes from.
    file: the document that came along.
    """

    name: str
    argument: str
    command: Command | None
    pressed: bool = False
    file: bytes = b""
    of: str = ""

    @property
    def looks(self) -> bool:
        """Return whether the command reads something beforehand, which may take its time."""
        return self.command is not None and self.command.look is not None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the shell shows. message None: nothing to send. edit: in place of the tapped message.

    toast: plain words for the tap, at most 200 characters; popup: to be dismissed, not to fade.
    """

    message: Message | None
    edit: bool = False
    toast: str = ""
    popup: bool = False


def is_opml(name: str) -> bool:
    """Return whether a document's name says that it holds outlets."""
    return name.lower().endswith(".opml")


class Desk:
    """Finds the command, checks who asks, runs it in one transaction and words the outcome."""

    def __init__(
        self,
        store: Store,
        commands: Sequence[Command],
        *,
        admins: Collection[int] = (),
        limits: Chat = LIMITS,
        names: Names = NO_NAMES,
    ) -> None:
        self.store = store
        self.limits = limits
        self.names = names
        self.bot_name = ""  # Telegram says it
        self.admins = frozenset(admins)
        self._commands = {c.name: c for c in commands}
        self._turned_away: dict[int, None] = {}  # chats that heard that they are not served

    def role(self, user_id: int | None) -> Role:
        """Return what this person may do."""
        return Role.ADMIN if user_id in self.admins else Role.SUBSCRIBER

    def serves(self, tx: Tx, caller: Caller) -> bool:
        """Return whether the settings, or what an admin decided of it, allow the chat; admins always are."""
        if caller.user_id in self.admins:
            return True
        return chats.is_served(chats.rule_of(tx, caller.chat_id), self.limits.allow)

    def _turn_away(self, caller: Caller) -> bool:
        """Return whether a chat that is not served is yet to hear so: once is polite, twice is noise."""
        new = caller.chat_id not in self._turned_away
        if len(self._turned_away) >= REMEMBERED:
            self._turned_away.clear()
        self._turned_away[caller.chat_id] = None
        return new

    def commands(self, role: Role) -> tuple[Command, ...]:
        """Return the commands this role may type, in order."""
        allowed = (Role.SUBSCRIBER, role)
        return tuple(c for c in self._commands.values() if c.typed and c.role in allowed)

    def menu(self, role: Role, language: str) -> list[tuple[str, str]]:
        """Return (name, description) for Telegram's menu of commands."""
        return [(c.name, texts.say(language, c.menu)) for c in self.commands(role) if c.menu]

    def read(self, text: str, *, kind: ChatKind, bot_name: str = "", of: str = "") -> Order | None:
        """Read what was typed. None: not meant for us, say nothing.

        bot_name: ours, without @. In groups others' commands, unknown ones and prose are not for us
        unless a command names us. of: the channel that the message answered was about.
        """
        typed = _TYPED.fullmatch(text.strip())
        private = kind is ChatKind.PRIVATE
        if not typed:
            name = "watch" if of else ""
            return Order(name, text.strip(), self._commands.get(name), of=of) if private else None
        name, to, argument = typed[1].lower(), typed[2] or "", typed[3].strip()
        if to and to.lower() != bot_name.lower():
            return None
        command = self._commands.get(name)
        if command and not command.typed:
            command = None
        if not (command or private or to):
            return None
        if not (private and command and (command.changes or command.remote)):
            return Order(name, argument, command)
        named, rest = behalf.addressed(argument)
        return Order(name, rest, command, of=named or of)

    def read_document(self, name: str) -> Order | None:
        """Read a document that comes without a command, by its name. None: not meant for us."""
        return Order("opml", "", self._commands.get("opml")) if is_opml(name) else None

    def read_button(self, data: str) -> Order:
        """Read a tap: `command:argument`, or that for a channel."""
        of, data = behalf.tapped(data)
        name, _, argument = data.partition(":")
        return Order(name, argument, self._commands.get(name), pressed=True, of=of)

    async def answer(self, order: Order, caller: Caller, now: datetime) -> Answer:
        """Return what to show. Mistakes and a database out of reach are answered, not raised."""
        try:
            found = await self.look(order, caller, now)
            return await self.store.run(self.answer_in, order, caller, now, found)
        except DatabaseDown:
            words = texts.say(caller.language, "database.down")
            return Answer(None if order.pressed else Message(words), toast=words, popup=True)

    async def look(self, order: Order, caller: Caller, now: datetime) -> object:
        """Return what the command wants to read beforehand, None if nothing. Raises DatabaseDown."""
        if order.command is None or order.command.look is None:
            return None
        return await self.store.read(self._look_in, order.command.look, order, caller, now)

    def _look_in(self, tx: Tx, look: Look, order: Order, caller: Caller, now: datetime) -> object:
        if not self.serves(tx, caller):
            return None
        req = self._request(tx, order, caller, now)
        try:
            if order.command:
                _check(order.command, req, caller)
            return look(tx, req)
        except UserError:  # the command itself will say so
            return None

    def answer_in(
        self, tx: Tx, order: Order, caller: Caller, now: datetime, found: object = None
    ) -> Answer:
        """Answer within a transaction; a mistake undoes what the command did, and nothing else of it."""
        if not self.serves(tx, caller):
            if not order.pressed and not self._turn_away(caller):
                return Answer(None)
            error = UserError("command.not_served", id=str(caller.chat_id))
            return _refusal(error, _reader(tx, caller).language, pressed=order.pressed)
        try:
            with tx.begin_nested():
                reply, language = self._run(tx, order, caller, now, found)
        except UserError as e:
            return _refusal(e, _reader(tx, caller).language, pressed=order.pressed)
        answer = _worded(reply, reply.language or language, pressed=order.pressed)
        return answer if caller.asker is None else _on_behalf(tx, answer, caller)

    def _run(
        self, tx: Tx, order: Order, caller: Caller, now: datetime, found: object
    ) -> tuple[Reply, str]:
        req = replace(self._request(tx, order, caller, now), found=found)
        if order.command is None:
            return _unknown(order, req), req.language
        _check(order.command, req, caller)
        return order.command.run(tx, req), req.language

    def _request(self, tx: Tx, order: Order, caller: Caller, now: datetime) -> Request:
        role = self.role(caller.user_id)
        own = chats.rule_of(tx, caller.chat_id).watches
        limits = self.limits.of(role, caller.kind)
        if own:  # an admin's word on this chat, from the console
            limits = limits.model_copy(update={"watches_per_subscriber": own})
        return Request(
            subscriber=_speaker(tx, caller),
            now=now,
            argument=order.argument,
            role=role,
            limits=limits,
            commands=self.commands(role),
            user_id=caller.user_id,
            message_id=caller.message_id,
            pressed=order.pressed,
            reply_to=caller.reply_to,
            answered=caller.answered,
            names=self.names,
            bot_name=self.bot_name,
            file=order.file,
            asker=None if caller.asker is None else _reader(tx, caller),
        )


def _speaker(tx: Tx, caller: Caller) -> Subscriber:
    """Return the chat or topic that asks.

    Of one without a row, id 0: in the language and zone of its forum, else in that of its Telegram.
    """
    thread_id = caller.thread_id
    if thread_id is None:
        thread_id = alerts.thread_of(tx, caller.chat_id, caller.message_id or 0)
    known = subscribers.find(tx, caller.chat_id, thread_id)
    if known:
        return known
    language, zone = texts.nearest(caller.language), ""
    if thread_id and (forum := subscribers.find(tx, caller.chat_id)):
        language, zone = forum.language, forum.zone
    return Subscriber(
        0,
        caller.chat_id,
        caller.kind,
        caller.title,
        language,
        SubscriberState.GONE,
        zone=zone,
        thread_id=thread_id,
    )


def _reader(tx: Tx, caller: Caller) -> Subscriber:
    """Return whoever reads the answer: the chat that asks, or the private one that asks for it."""
    if caller.asker is None:
        return _speaker(tx, caller)
    alone = replace(caller, chat_id=caller.asker, kind=ChatKind.PRIVATE, thread_id=0, asker=None)
    return _speaker(tx, alone)


def _on_behalf(tx: Tx, answer: Answer, caller: Caller) -> Answer:
    """Say in the answer which channel it is about, and note who looks after that."""
    chat = subscribers.find(tx, caller.chat_id)
    if chat is None or not caller.may_change:
        return answer
    if caller.user_id is not None:
        keepers.add(tx, chat.id, caller.user_id)
    message = behalf.signed(answer.message, chat) if answer.message else None
    return replace(answer, message=message)


def _check(command: Command, req: Request, caller: Caller) -> None:
    if command.role is Role.ADMIN and req.role is not Role.ADMIN:
        raise UserError("command.admin_only", name=command.name)
    if caller.asker is not None and not caller.may_change:
        raise UserError("channel.unknown", name=caller.title)
    if command.changes and not caller.may_change:
        raise UserError("command.group_admin_only")
    if command.known and not req.subscriber.id:
        raise UserError("command.start_first")


def _unknown(order: Order, req: Request) -> Reply:
    """Answer what no command answers: an old button, a slip of the fingers, or prose."""
    if order.pressed:
        return Reply(toast="toast.stale")
    if not order.name:
        data = f"watch:{order.argument}"
        if not fits(data) or not _readable(order.argument):
            return Reply("text.hint_long")
        offer = ((req.button("button.watch_this", data),),)
        return Reply("text.hint", {"text": order.argument}, offer)
    names = [c.name for c in req.commands]
    guess = process.extractOne(order.name, names, scorer=fuzz.ratio, score_cutoff=GUESS_PCT)
    if guess is None:
        return Reply("command.unknown", {"name": order.name[:32]})
    again = f"{guess[0]} {order.argument}".strip()
    data = f"{guess[0]}:{order.argument}"
    params = {"name": order.name[:32], "guess": again[:200]}
    if not fits(data):
        return Reply("command.guess", params)
    return Reply("command.guess", params, ((Button(f"/{again}", data),),))


def _readable(text: str) -> bool:
    """Return whether a watch can be started on these words."""
    try:
        return bool(parse_query(text))
    except QueryError:
        return False


def _worded(reply: Reply, language: str, *, pressed: bool) -> Answer:
    html = reply.html or (texts.html(language, reply.key, **reply.params) if reply.key else "")
    toast = texts.say(language, reply.toast)[:MAX_TOAST] if reply.toast else ""
    shown = Message(html, reply.buttons, preview=reply.preview, file=reply.file)
    message = shown if html else None
    return Answer(message, edit=reply.edit and pressed, toast=toast)


def _refusal(error: UserError, language: str, *, pressed: bool) -> Answer:
    if isinstance(error, QueryError):
        message = render.caret(error, language)
    else:
        message = Message(texts.html(language, error.key, **error.params))
    if pressed:
        return Answer(None, toast=texts.plain(message.html)[:MAX_TOAST], popup=True)
    return Answer(message)
