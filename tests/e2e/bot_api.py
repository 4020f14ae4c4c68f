"""A strict Telegram Bot API server on loopback: what the real one would refuse, it refuses, in its words.

In a test: `with BotApi() as api:` runs it in a thread; `api.say`, `api.tap`, `api.shown` are the people
in the chats. As a process: `python -m tests.e2e.bot_api --port 8081` (see `--help` for its controls).
"""

import argparse
import asyncio
import contextlib
import json
import threading
import time
from typing import Any

from aiohttp import web

from tests.e2e.loopback import Loopback
from tests.e2e.telegram_calls import Calls
from tests.e2e.telegram_chats import Chat, Fault, FloodGate, Refusal, Shown, User
from tests.e2e.telegram_spec import BadCall, Spec
from tests.e2e.telegram_world import World

TOKEN = "4242424242:AAEfakeTokenForTheLoopbackServer_0000"
MAX_BODY = 60 * 2**20


class BotApi(Loopback):
    """The server and the people behind it. Every method may be called from any thread.

    flood: None lets everything through. faults: what goes wrong, in order of application.
    """

    def __init__(
        self,
        *,
        token: str = TOKEN,
        port: int = 0,
        flood: FloodGate | None = None,
        username: str = "outpost_test_bot",
        host: str = "127.0.0.1",
    ) -> None:
        super().__init__(host)
        self.token = token
        self.port = port
        self.flood = flood
        self.world = World(username)
        self.spec = Spec()
        self.calls = Calls(self.world)
        self.faults: list[Fault] = []
        self.log: list[list[Any]] = []  # method, parameters, status (0: not answered yet)
        self.refused: list[str] = []  # every 400: what a correct bot never causes
        self.lost_answers = (
            0  # messages and edits that took effect, and whose sender was not told so
        )
        self.lost_sends: set[tuple[int, int]] = set()  # those of them that are new: chat, message
        self.sent_at: dict[
            tuple[int, int], float
        ] = {}  # chat, message -> when it arrived, monotonic
        self._runner: web.AppRunner | None = None
        self._poll = 0  # the youngest getUpdates; older ones give way to it

    # -- life ---------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """What TELEGRAM_API_URL is set to."""
        return f"http://{self.host}:{self.port}"

    async def _open(self) -> None:
        app = web.Application(client_max_size=MAX_BODY)
        app.router.add_route("*", "/bot{token}/{method}", self._answer)
        app.router.add_get("/file/bot{token}/{path:.+}", self._file)
        app.router.add_post("/control/{verb}", self._control)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, self.port, reuse_address=True)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def _close(self) -> None:
        if self._runner:
            self.world.wake()
            runner, self._runner = self._runner, None
            await runner.cleanup()

    # -- the wire -----------------------------------------------------------------------------

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if request.match_info["token"] != self.token:
            code = 401 if ":" in request.match_info["token"] else 404
            return _error(Refusal(code, "Unauthorized" if code == 401 else "Not Found"))
        method = self.spec.method(request.match_info["method"])
        if method is None:
            return _error(Refusal(404, "Not Found: method not found"))
        given = await _parameters(request)
        fault = self._fault(method, given)
        if fault and (spoiled := await self._spoil_before(fault, request)):
            return spoiled
        entry = [method, given, 0]
        self.log.append(entry)
        result: Any = None
        try:
            result = await self._call(method, given)
            answer: web.StreamResponse = web.json_response({"ok": True, "result": result})
            status = 200
        except Refusal as e:
            answer, status = _error(e), e.code
            if e.code == 400:
                self.refused.append(f"{method}: {e.description}")
        entry[2] = status
        changed = status == 200 and method in self.calls.COUNTED
        sent = self._note(result) if changed else None
        if fault and fault.kind.endswith("_after"):
            if sent and fault.kind != "slow_after":
                self.lost_sends.add(sent)
            return await self._spoil_after(fault, request, answer, changed=changed)
        return answer

    def _note(self, result: Any) -> tuple[int, int] | None:
        """Remember when a message arrived; return it if it is new."""
        if not isinstance(result, dict) or "edit_date" in result:
            return None
        sent = result["chat"]["id"], result["message_id"]
        self.sent_at[sent] = time.monotonic()
        return sent

    async def _call(self, method: str, given: dict[str, Any]) -> Any:
        try:
            params = self.spec.read(method, given)
        except BadCall as e:
            raise Refusal(400, f"Bad Request: {e}") from e
        if method == "getUpdates":
            result = await self._get_updates(**params)
        else:
            handler = getattr(self.calls, method, None)
            if handler is None:
                raise Refusal(400, f"Bad Request: this test server does not serve {method}")
            if method in self.calls.COUNTED:
                self.calls.check(method, params)  # a refused message does not count
                self._hold_flood(params)
            result = handler(**params)
        self.spec.check_result(method, result)
        return result

    def _hold_flood(self, params: dict[str, Any]) -> None:
        chat_id = params.get("chat_id")
        if self.flood and isinstance(chat_id, int):
            wait = self.flood.wait_s(chat_id)
            if wait > 0:
                seconds = max(1, int(wait + 0.999))
                text = f"Too Many Requests: retry after {seconds}"
                raise Refusal(429, text, retry_after=seconds)

    async def _get_updates(
        self,
        offset: int = 0,
        limit: int = 100,
        timeout: int = 0,
        allowed_updates: list[str] | None = None,
    ) -> list[dict[str, Any]]:
        self._poll += 1
        mine = self._poll
        self.world.wake()  # the older poll must see that it has lost
        self.world.confirm(offset, allowed_updates)
        until = time.monotonic() + min(timeout, 50)
        while True:
            if self._poll != mine:
                text = "terminated by other getUpdates request"
                more = "make sure that only one bot instance is running"
                raise Refusal(409, f"Conflict: {text}; {more}")
            found = [u for u in self.world.updates if u["update_id"] >= offset]
            left = until - time.monotonic()
            if found or left <= 0 or self._runner is None:
                return found[: max(1, min(limit, 100))]
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.world.news(), left)

    def _fault(self, method: str, given: dict[str, Any]) -> Fault | None:
        chat_id = (
            int(given["chat_id"]) if str(given.get("chat_id", "")).lstrip("-").isdigit() else 0
        )
        for fault in self.faults:
            if fault.fits(method, chat_id) and self.world.random.random() < fault.share:
                fault.times -= 1
                return fault
        return None

    async def _spoil_before(self, fault: Fault, request: web.Request) -> web.StreamResponse | None:
        """Answer in place of the call; None: it may go on (late, or to be spoiled after)."""
        if fault.kind == "drop_before":
            return _cut(request)
        if fault.kind == "status_before":
            return web.Response(status=fault.status, text="<html>Bad Gateway</html>")
        if fault.kind == "garbage_before":
            return web.Response(text="<html>not JSON</html>")
        if fault.kind == "flood":
            text = f"Too Many Requests: retry after {fault.retry_after}"
            return _error(Refusal(429, text, retry_after=fault.retry_after))
        if fault.kind == "slow_before":
            await asyncio.sleep(fault.delay_s)
        return None

    async def _spoil_after(
        self,
        fault: Fault,
        request: web.Request,
        answer: web.StreamResponse,
        *,
        changed: bool,
    ) -> web.StreamResponse:
        self.lost_answers += changed
        if fault.kind == "drop_after":
            return _cut(request)
        if fault.kind == "garbage_after":
            return web.Response(text="<html>not JSON</html>")
        if fault.kind == "slow_after":
            await asyncio.sleep(fault.delay_s)
            return answer
        return web.Response(status=fault.status, text="<html>Bad Gateway</html>")

    async def _file(self, request: web.Request) -> web.Response:
        body = self.world.files.get(request.match_info["path"])
        if body is None or request.match_info["token"] != self.token:
            return web.Response(status=404)
        return web.Response(body=body)

    async def _control(self, request: web.Request) -> web.Response:
        """Serve the people's side over HTTP: POST /control/say {"chat_id": 7, "text": "/start"}."""
        verb = request.match_info["verb"]
        if verb == "flood":
            gate = self.flood or FloodGate()
            broken = {"passed": gate.passed, "violations": gate.violations, "peak": gate.peak}
            span_s = gate.ended - gate.began
            return web.json_response({**broken, "span_s": span_s, "refused": self.refused})
        if verb not in ("say", "tap", "block", "unblock", "shown", "add_group"):
            return web.Response(status=404)
        result = getattr(self.world, verb)(**(await request.json()))
        if verb == "shown":
            result = [self.world.json(message) for message in result]
        return web.json_response(text=json.dumps(result, default=str, ensure_ascii=False))

    # -- the people ---------------------------------------------------------------------------

    def say(self, chat_id: int, text: str, user: User | int | None = None, **more: Any) -> int:
        """Write a message into a chat as a person; return its id. See World.say for `more`."""
        return self.in_loop(self.world.say, chat_id, text, user, **more)

    def tap(self, chat_id: int, message_id: int, label: str, user: User | int | None = None) -> str:
        """Press a button by its label or data; return the id of the callback query."""
        return self.in_loop(self.world.tap, chat_id, message_id, label, user)

    def answer_of(self, query_id: str) -> dict[str, Any] | None:
        """Return what a tap was answered with (text, show_alert), None while it was not."""
        return self.in_loop(self.world.answers.get, query_id)

    def react(
        self, chat_id: int, message_id: int, emoji: str, user: User | int | None = None
    ) -> None:
        """Put one emoji under a message; "" takes it away."""
        self.in_loop(self.world.react, chat_id, message_id, emoji, user)

    def block(self, chat_id: int) -> None:
        """A person blocks the bot, or a group throws it out."""
        self.in_loop(self.world.block, chat_id)

    def unblock(self, chat_id: int) -> None:
        """The reverse of block."""
        self.in_loop(self.world.unblock, chat_id)

    def add_group(self, chat_id: int, title: str = "Newsroom", **more: Any) -> Chat:
        """Make a group (or channel) with the bot in it; see World.add_group."""
        return self.in_loop(self.world.add_group, chat_id, title, **more)

    def set_bot(self, chat_id: int, status: str, by: User | int | None = None, **more: Any) -> None:
        """Promote, demote or restrict the bot; see World.set_bot."""
        self.in_loop(self.world.set_bot, chat_id, status, by, **more)

    def add_topic(self, chat_id: int, name: str) -> int:
        """Open a topic in a forum; return its id."""
        return self.in_loop(self.world.add_topic, chat_id, name)

    def close_topic(self, chat_id: int, thread_id: int, *, closed: bool = True) -> None:
        """Close a topic, or open it again; 0 is General."""
        self.in_loop(self.world.close_topic, chat_id, thread_id, closed=closed)

    def delete_topic(self, chat_id: int, thread_id: int) -> None:
        """Delete a topic with its messages; the bot is not told."""
        self.in_loop(self.world.delete_topic, chat_id, thread_id)

    def stranger(self, user: User) -> User:
        """Make a person known who has never written to the bot."""
        return self.in_loop(self.world.stranger, user)

    def migrate(self, chat_id: int, new_chat_id: int) -> None:
        """Turn a group into a supergroup with another id."""
        self.in_loop(self.world.migrate, chat_id, new_chat_id)

    def person(self, user: User) -> User:
        """Make a person known, with a private chat of their own that they have started."""
        return self.in_loop(self.world.person, user)

    def shown(self, chat_id: int, *, bot: bool = True) -> list[Shown]:
        """Return what a chat shows, oldest first: the bot's messages, or everybody's."""
        return self.in_loop(self.world.shown, chat_id, bot=bot)

    def chat(self, chat_id: int) -> Chat:
        """Return a chat with all that is known of it."""
        return self.in_loop(self.world.chat, chat_id)

    def pending(self) -> int:
        """Return how many updates the bot has not confirmed yet."""
        return self.in_loop(lambda: len(self.world.updates))

    def called(self, method: str) -> list[dict[str, Any]]:
        """Return the parameters of every call of a method, in order, refused ones too."""
        return [params for name, params, _ in list(self.log) if name == method]

    def describe(self) -> str:
        """Return what the chats show."""
        return self.transcript()

    def transcript(self) -> str:
        """Return all chats as text, for a person to read."""
        return self.in_loop(self.world.transcript)


def _error(e: Refusal) -> web.Response:
    body: dict[str, Any] = {"ok": False, "error_code": e.code, "description": e.description}
    if e.parameters:
        body["parameters"] = e.parameters
    return web.json_response(body, status=e.code)


def _cut(request: web.Request) -> web.Response:
    if request.transport:
        request.transport.abort()
    return web.Response()


async def _parameters(request: web.Request) -> dict[str, Any]:
    given: dict[str, Any] = dict(request.query)
    if request.content_type == "application/json":
        given.update(await request.json() if request.can_read_body else {})
    elif request.can_read_body:
        for name, value in (await request.post()).items():
            if isinstance(value, web.FileField):
                given[name] = {"name": value.filename, "bytes": value.file.read()}
            else:
                given[name] = value
    attached = {k: v for k, v in given.items() if isinstance(v, dict) and "bytes" in v}
    for name, value in list(given.items()):
        if isinstance(value, str) and value.startswith("attach://"):
            given[name] = attached[value.removeprefix("attach://")]
            given.pop(value.removeprefix("attach://"), None)
    if "media" in given:  # InputMedia names the parts of the form that hold its files
        named = str(given["media"])
        given["media"] = json.dumps(
            json.loads(named)
            | {"media": next((given.pop(k)["bytes"].hex() for k in attached if k in named), "")}
        )
    return given


def main() -> None:
    """Serve until interrupted, and print where."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8081)
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--flood", action="store_true", help="enforce the flood limits")
    parser.add_argument("--people", type=int, default=0, help="chats 1 to N have been started")
    args = parser.parse_args()
    flood = FloodGate() if args.flood else None
    with BotApi(token=args.token, port=args.port, flood=flood) as api:
        for chat_id in range(1, args.people + 1):
            api.world.person(chat_id)
        print(
            json.dumps({"TELEGRAM_API_URL": api.url, "TELEGRAM_BOT_TOKEN": api.token}), flush=True
        )
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
