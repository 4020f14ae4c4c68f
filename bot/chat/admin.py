"""The commands of those who run the bot: what it decided, what people said of it. COMMANDS is at the end."""

from bot import texts
from bot.chat import outlets
from bot.chat.command import Command, Reply, Request, number
from bot.domain.model import Role
from bot.render import MAX_OUTLET, link, short
from bot.store import ledger, verdicts
from bot.store.engine import Tx
from bot.store.filters import Filters
from bot.store.ledger import Line
from bot.texts import Html, escape

PAGE = 10  # lines; with the limits below a page stays far under 4096 characters
MAX_TITLE = 120
MAX_CHAT = 40
WORST = 5  # watches whose precision is told
FEW = 3  # matches below which a share says nothing


def log(tx: Tx, req: Request) -> Reply:
    """/log: the newest alerts and suppressed reposts. Argument: the decision that the page comes after."""
    before = number(req.argument)
    page = ledger.read_log(tx, Filters(), before=before, limit=PAGE)
    if not page.lines:
        return Reply("log.none", edit=True)
    row = []
    if before is not None:
        row.append(req.button("button.newest", "log"))
    if page.older is not None:
        row.append(req.button("button.older", f"log:{page.older}"))
    html = "\n\n".join((req.say("log.title"), *(_line(req, line) for line in page.lines)))
    return Reply(html=html, buttons=(tuple(row),) if row else (), edit=True)


def _line(req: Request, line: Line) -> Html:
    updates = line.state == "copy" and line.is_update
    return texts.html(
        req.language,
        "log.update" if updates else f"log.{line.state}",
        moment=req.moment(line.at),
        chat=short(line.chat, MAX_CHAT) or str(line.chat_id),
        headline=link(escape(short(line.title, MAX_TITLE)), line.url),
        outlet=short(line.outlet, MAX_OUTLET),
    )


def judged(tx: Tx, req: Request) -> Reply:
    """/verdicts: what readers said of decisions, newest first. Argument: the verdict the page comes after."""
    before = number(req.argument)
    found = verdicts.newest(tx, before=before, limit=PAGE + 1)
    if not found:
        return Reply("verdicts.none", edit=True)
    shown = found[:PAGE]
    parts = [req.say("verdicts.title"), *(_verdict(req, said) for said in shown)]
    if before is None:
        worst = verdicts.precision(tx, limit=WORST)
        parts += [_precision(req, p) for p in worst if p.matched >= FEW]
    row = []
    if before is not None:
        row.append(req.button("button.newest", "verdicts"))
    if len(found) > PAGE:
        row.append(req.button("button.older", f"verdicts:{shown[-1].id}"))
    return Reply(html="\n\n".join(parts), buttons=(tuple(row),) if row else (), edit=True)


def _verdict(req: Request, said: verdicts.Said) -> Html:
    return texts.html(
        req.language,
        f"verdicts.{said.kind}",
        moment=req.moment(said.at),
        chat=short(said.chat, MAX_CHAT) or str(said.chat_id),
        headline=link(escape(short(said.title, MAX_TITLE)), said.url),
        outlet=short(said.outlet, MAX_OUTLET),
        other=short(said.other, MAX_TITLE),
    )


def _precision(req: Request, found: verdicts.Precision) -> Html:
    return texts.html(
        req.language,
        "verdicts.precision",
        query=short(found.name, MAX_TITLE),
        percent=round(100 * found.share),
        n=found.matched,
    )


COMMANDS = (
    Command("log", Role.ADMIN, log, "menu.log"),
    *outlets.COMMANDS,
    Command("verdicts", Role.ADMIN, judged, "menu.verdicts"),
)
