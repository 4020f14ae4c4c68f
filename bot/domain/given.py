"""What an operator writes into a setting: read, or refused with a ValueError that says what is wanted.

No message repeats the value of a secret.
"""

import re
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any
from urllib.parse import urlsplit

from bot.domain.prospect import COUNTRIES, is_language, is_outlet_url

MAX_ID = 2**52  # Telegram's ids have at most 52 significant bits

_TOKEN = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{1,200}")
_URL = re.compile(r"https?://[!-~]+")  # printable ASCII: what travels in a request or a header


def listed(value: object) -> object:
    """Return the parts of a list written as one text, as JSON or with commas; any other value as it is."""
    if not isinstance(value, str):
        return value
    parts = (part.strip(" \t\r\n\"'") for part in value.strip().strip("[]").split(","))
    return tuple(part for part in parts if part)


def network(value: object) -> IPv4Network | IPv6Network:
    """Return a network; a bare address is one of its own."""
    return ip_network(str(value))


def web_address(value: str) -> str:
    """Return an http(s) URL with a host, without a slash at its end."""
    wanted = "should be an address such as https://outpost.example"
    if not _URL.fullmatch(value):
        raise ValueError(wanted)
    try:
        parts = urlsplit(value)
        complete = bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, brackets around no address
        complete = False
    if not complete:
        raise ValueError(wanted)
    return value.rstrip("/")


def site(value: str) -> str:
    """Return an http(s) URL of a host alone, or "" for none."""
    if not value.strip("/"):
        return ""
    parts = urlsplit(web_address(value))
    if parts.path or parts.query or parts.fragment:
        raise ValueError("should be an address without a path, such as https://outpost.example")
    return value.rstrip("/")


def outlet_address(value: str) -> str:
    """Return the address of an outlet or a feed, which may be in any script."""
    if not is_outlet_url(value):
        raise ValueError("should be an address that begins with http:// or https://")
    return value


def country(value: str) -> str:
    """Return a country, ISO 3166-1 alpha-2."""
    if value not in COUNTRIES:
        wrong = f"{value[:60]!r} is none" if value else "it is not said and cannot be told"
        wanted = "should be a country's two capital letters (ISO 3166-1), such as AM"
        raise ValueError(f"{wanted}; {wrong}")
    return value


def language(value: str) -> str:
    """Return a language, BCP 47."""
    if not is_language(value):
        raise ValueError("should be a language's code (BCP 47), such as hy")
    return value


def bot_token(value: str) -> str:
    """Return a token of the shape @BotFather gives, or "" for none."""
    if value and not _TOKEN.fullmatch(value):
        raise ValueError("is not the shape of a token; one from @BotFather is like 123456:ABC-DEF")
    return value


def sentry_dsn(value: str) -> str:
    """Return the address of a Sentry project, or "" for none."""
    if not value:
        return value
    wanted = "is no address of a Sentry project, which is like https://key@sentry.example/1"
    try:
        parts = urlsplit(web_address(value))
    except ValueError:
        raise ValueError(wanted) from None
    if not parts.username or not parts.path.rpartition("/")[2].isdecimal():
        raise ValueError(wanted)
    return value


def fault_in_words(fault: Mapping[str, Any], known: Sequence[str] = ()) -> str:
    """Return what is wrong, without the inner words of the library that found it.

    fault: one of pydantic's error details. known: what may stand in that section.
    """
    match fault["type"]:
        case "value_error":
            return str(fault["ctx"]["error"])
        case "extra_forbidden":
            return f"unknown setting; there are {', '.join(known)}" if known else "unknown"
        case "model_type":
            return f"should be a section of settings: {', '.join(known)}"
        case _:
            said: str = fault["msg"]
            return said.replace("Input should", "should").replace("Field required", "is missing")
