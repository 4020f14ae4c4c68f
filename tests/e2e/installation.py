"""`outpost` as a process of its own, with the environment a test gives it, its log kept."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.bot_api import BotApi
from tests.e2e.press import Press

ROOT = Path(__file__).resolve().parents[2]
FAST = {
    "OUTPOST__POLLING__MIN_INTERVAL_S": "1",
    "OUTPOST__POLLING__MAX_INTERVAL_S": "1",
    "OUTPOST__POLLING__POLLS_PER_MINUTE": "10000",
    "OUTPOST__POLLING__FEED_GAP_S": "0",
    "OUTPOST__POLLING__PAGE_GAP_S": "0",
    "OUTPOST__NETWORK__ALLOW_PRIVATE": "127.0.0.0/8",
    "OUTPOST__DELIVERY__EDIT_GAP_S": "0",
    "OUTPOST__DELIVERY__DIGEST_OVER": "100000",  # its own tests show it
    "OUTPOST__WORK__LEASE_S": "5",
}
STOP_S = 20  # what SIGTERM is promised to take at most


class Outpost:
    """One installation: a folder, an environment, and its processes, one after another or beside."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = environment
        self.prefix: tuple[
            str, ...
        ] = ()  # of the next commands, such as one that enters another host
        self.hours_ahead = 0.0  # of the clock of the processes to be started
        self.running: list[subprocess.Popen[bytes]] = []
        self._starts = 0
        self._logs: dict[int, Path] = {}  # by process id

    def command(self, *words: str, timeout_s: float = 60) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            [sys.executable, "-m", "bot", *words],
            cwd=self.folder,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def begin_command(self, *words: str) -> subprocess.Popen[bytes]:
        """Start a command; what it says is kept with the log of the runs."""
        return self._start(*words)

    def _environment(self) -> dict[str, str]:
        inherited = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG", "TMPDIR")}
        return {**inherited, "PYTHONPATH": str(ROOT), **FAST, **self.environment}

    def start(self, roles: str = "poll,ingest,deliver,chat") -> subprocess.Popen[bytes]:
        """Start `outpost run` with these roles."""
        process = self._start("run", "--roles", roles)
        self.running.append(process)
        return process

    def _start(self, *words: str) -> subprocess.Popen[bytes]:
        self._starts += 1
        file = self.folder / f"run{self._starts}.log"
        by_clock = ("tests.e2e.ahead", str(self.hours_ahead)) if self.hours_ahead else ("bot",)
        with file.open("wb") as log:
            process = subprocess.Popen(
                [*self.prefix, sys.executable, "-m", *by_clock, *words],
                cwd=self.folder,
                env=self._environment(),
                stdout=log,
                stderr=log,
            )
        self._logs[process.pid] = file
        return process

    def works(self, process: subprocess.Popen[bytes]) -> bool:
        """Return whether a process has begun its work."""
        return "outpost runs" in self._logs[process.pid].read_text("utf-8", "replace")

    @contextmanager
    def terminal(self) -> Iterator["Typed"]:
        """Run `outpost run --chat terminal` while somebody types."""
        out = self.folder / "terminal.txt"
        with out.open("wb") as shown:
            process = subprocess.Popen(
                [sys.executable, "-m", "bot", "run", "--chat", "terminal"],
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.PIPE,
                stdout=shown,
                stderr=subprocess.DEVNULL,
            )
        self.running.append(process)
        yield Typed(process, out)
        assert process.stdin
        process.stdin.close()
        assert process.wait(STOP_S) == 0
        self.running.remove(process)

    @property
    def log(self) -> str:
        """Return what all runs have logged, in order."""
        files = sorted(self.folder.glob("run*.log"), key=lambda f: int(f.stem.removeprefix("run")))
        return "\n".join(f.read_text("utf-8", "replace") for f in files)

    def stop(self) -> list[int]:
        """Ask all to end (SIGTERM); return their exit codes. TimeoutExpired after STOP_S."""
        for process in self.running:
            process.send_signal(signal.SIGTERM)
        codes = [process.wait(STOP_S) for process in self.running]
        self.running.clear()
        return codes

    def kill(self) -> None:
        """End all at once (SIGKILL)."""
        for process in self.running:
            process.kill()
            process.wait(10)
        self.running.clear()


class Typed:
    """A person at a terminal: what they type, and what has been shown."""

    def __init__(self, process: subprocess.Popen[bytes], out: Path) -> None:
        self._process = process
        self._out = out

    def say(self, line: str) -> None:
        """Type a line."""
        assert self._process.stdin
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()

    @property
    def shown(self) -> str:
        """Return all that was shown, lines joined: a terminal wraps them."""
        return " ".join(self._out.read_text("utf-8").replace("│", " ").split())


class Installation(Outpost):
    """Outpost with its press, its Telegram and its database."""

    def __init__(self, folder: Path, api: BotApi, press: Press, database_url: str) -> None:
        config = folder / "config"
        config.mkdir()
        super().__init__(
            folder,
            {
                "TELEGRAM_BOT_TOKEN": api.token,
                "TELEGRAM_API_URL": api.url,
                "DATABASE_URL": database_url,
                "OUTPOST_CONFIG": str(config),
                "OUTPOST_ADMINS": "1",
            },
        )
        self.database_url = database_url
        self.api, self.press = api, press
        if not database_url.startswith("sqlite"):
            migrated = self.command("migrate")
            assert migrated.returncode == 0, migrated.stderr

    def reload(self) -> None:
        """Write the outlets file anew and tell the running processes to read it (SIGHUP)."""
        file = self.folder / "config" / "outlets.toml"
        file.write_text(self.press.outlets_toml(), "utf-8")
        for process in self.running:
            process.send_signal(signal.SIGHUP)

    def begin(self, roles: str = "poll,ingest,deliver,chat") -> None:
        """Write the outlets file, start, and wait until every outlet's history is filed."""
        file = self.folder / "config" / "outlets.toml"
        file.write_text(self.press.outlets_toml(), "utf-8")
        self.start(roles)
        self.wait_polled()

    def wait_polled(self, timeout_s: float = 60) -> None:
        """Wait until every well-behaved outlet was polled twice more; fail at once if a process ends."""
        outlets = [o for o in self.press.outlets.values() if not o.feed]
        before = {o.key: o.polls for o in outlets}

        def polled() -> bool:
            ended = [p.returncode for p in self.running if p.poll() is not None]
            assert not ended, f"a process ended with {ended}:\n{self.log[-3000:]}"
            return all(o.polls >= before[o.key] + 2 for o in outlets)

        self.press.wait_for(polled, timeout_s, "every outlet is polled")
