"""The whole product: a press, a Bot API server, an installation of Outpost between them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.bot_api import BotApi
from tests.e2e.installation import Installation
from tests.e2e.press import Outlet, Press


def unwrapped(text: str) -> str:
    """Return paragraphs as outlets have them: one line each."""
    return "\n\n".join(" ".join(p.split()) for p in text.strip().split("\n\n"))


STRIKE = unwrapped("""
Dock workers at the harbour of Batum walked out on Monday morning, leaving eleven ships at anchor
and the grain terminal silent for the first time in nine years.

The union says that shifts of fourteen hours have become the rule since the spring, when the port
was leased to a new operator. "We were promised a second crane and got a second schedule instead,"
said Nino Beridze, who has driven a forklift there since 2011.

The operator answered that talks would go on as soon as the gates were open again. Lorry drivers
waiting on the coast road counted more than four kilometres of trailers by noon, most of them
loaded with wheat and walnuts.

A mediator named by the ministry of labour is expected to arrive by the evening train. The last
strike at the harbour, over winter clothing, ended after six days with a written agreement that
both sides now quote against each other.
""")

VINEYARD = unwrapped("""
Hail the size of walnuts fell for twenty minutes on the vineyards east of Telav on Sunday, and
growers there put the loss at a third of the harvest.

Insurers have sent four assessors to the villages, where nets that were to be hung in April are
still lying in a warehouse. The region's council meets on Thursday to decide whether the season's
taxes can wait.

Older growers remember a worse storm in 1997, when the river took two presses and a bridge, and
the wine of the year after was the best of the decade.
""")


@pytest.fixture
def press() -> Iterator[Press]:
    """Return outlets to be, none yet."""
    with Press() as press:
        yield press


@pytest.fixture
def outpost(
    tmp_path: Path, bot_api: BotApi, press: Press, database_url: str
) -> Iterator[Installation]:
    """Return an installation that polls that press and speaks to that server; on each database."""
    outpost = Installation(tmp_path, bot_api, press, database_url)
    yield outpost
    outpost.kill()
    print(outpost.log)


@pytest.fixture
def city(press: Press) -> tuple[Outlet, Outlet]:
    """Two outlets with a past: nothing of it may ever be told."""
    herald = press.add("herald", "Batum Herald", country="GE")
    mail = press.add("mail", "Coast Mail", country="TR")
    herald.publish("Harbour strike of last year remembered", VINEYARD)
    return herald, mail
