"""Hosts of their own on one machine: network namespaces on a bridge, made and removed by the test."""

import subprocess
from contextlib import AbstractContextManager
from typing import Self

NETWORK = "10.201.77.0/24"
CENTRE = "10.201.77.1"  # where the database, Telegram and the outlets are
_BRIDGE = "outpost-br"


class NotPermitted(Exception):
    """This machine or this user may not make network namespaces."""


def _ip(*words: str, check: bool = True) -> None:
    try:
        subprocess.run(["ip", *words], check=check, capture_output=True, text=True)
    except FileNotFoundError:
        raise NotPermitted("needs iproute2's ip, which is not here") from None
    except subprocess.CalledProcessError as e:
        raise NotPermitted(f"ip {' '.join(words)}: {e.stderr.strip()}") from None


class Hosts(AbstractContextManager["Hosts"]):
    """So many hosts, each with one cable to a bridge. Raises NotPermitted when entered."""

    def __init__(self, n: int) -> None:
        self.names = [f"outpost-{k}" for k in range(1, n + 1)]

    def __enter__(self) -> Self:
        self._remove()  # what a run that was killed left behind
        try:
            self._make()
        except NotPermitted:
            self._remove()
            raise
        return self

    def _make(self) -> None:
        _ip("link", "add", _BRIDGE, "type", "bridge")
        _ip("address", "add", f"{CENTRE}/24", "dev", _BRIDGE)
        _ip("link", "set", _BRIDGE, "up")
        for name in self.names:
            _ip("netns", "add", name)
            _ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name)
            _ip("link", "set", name, "master", _BRIDGE)
            _ip("link", "set", name, "up")
            _ip("-n", name, "address", "add", f"{self.address(name)}/24", "dev", "eth0")
            _ip("-n", name, "link", "set", "eth0", "up")
            _ip("-n", name, "link", "set", "lo", "up")

    def address(self, name: str) -> str:
        """Return a host's address."""
        return f"10.201.77.{10 + self.names.index(name) + 1}"

    def at(self, address: str) -> str:
        """Return the name of the host with that address."""
        return next(n for n in self.names if self.address(n) == address)

    def prefix(self, name: str) -> tuple[str, ...]:
        """Return what a command begins with to run on that host."""
        return ("ip", "netns", "exec", name)

    def cut(self, name: str) -> None:
        """Pull the cable: whatever is sent from now on is lost on the way."""
        _ip("link", "set", name, "nomaster")

    def mend(self, name: str) -> None:
        """Plug it in again."""
        _ip("link", "set", name, "master", _BRIDGE)

    def _remove(self) -> None:
        for name in self.names:
            _ip("link", "delete", name, check=False)
            _ip("netns", "delete", name, check=False)
        _ip("link", "delete", _BRIDGE, check=False)

    def __exit__(self, *_: object) -> None:
        self._remove()
