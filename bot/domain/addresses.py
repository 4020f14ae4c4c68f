"""Which network addresses an untrusted URL may lead to. Checked on the address dialled, never on the name."""

from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from urllib.parse import urlsplit

from bot.domain.errors import SettingsError
from bot.domain.urls import DEFAULT_PORTS

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network

PORTS = frozenset({80, 443, 8080, 8443})  # where the web is; anything else is someone's service
METADATA = frozenset({ip_address("169.254.169.254"), ip_address("fd00:ec2::254")})
_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
_IPV4_COMPATIBLE = IPv6Network("::/96")


class Guard:
    """The addresses that may be dialled: public ones on web ports, and the networks the operator allows."""

    def __init__(self, allow_private: Iterable[str] = ()) -> None:
        """Raise SettingsError if one of the networks is not a network."""
        try:
            self._allowed = tuple(ip_network(text, strict=False) for text in allow_private)
        except ValueError as e:
            raise SettingsError(f"network.allow_private: {e}") from e

    def refusal(self, address: str, port: int) -> str:
        """Return why this address must not be dialled, in one line, or "" if it may be.

        address: as the resolver gave it, with or without an IPv6 zone.
        """
        ip = ip_address(address.partition("%")[0])
        inner = unwrap(ip)
        if any(_within(ip, n) or _within(inner, n) for n in self._allowed):
            return ""
        reason = _private(inner) or ("" if inner is ip else _odd_form(ip))
        if reason:
            return reason
        return "" if port in PORTS else f"port {port} is not a web port"

    def refusal_of_url(self, url: str) -> str:
        """Return why the address in a URL must not be dialled; "" if it may be, or is a name.

        url: http or https, with a host. What a name leads to is known only when it is dialled.
        """
        parts = urlsplit(url)
        host = "127.0.0.1" if parts.hostname == "localhost" else parts.hostname or ""
        try:
            ip_address(host.partition("%")[0])
        except ValueError:
            return ""
        return self.refusal(host, parts.port or DEFAULT_PORTS[parts.scheme])


def unwrap(ip: IPAddress) -> IPAddress:
    """Return the IPv4 address inside an IPv4-mapped, NAT64, 6to4 or Teredo form, else the address."""
    if isinstance(ip, IPv4Address):
        return ip
    if ip.ipv4_mapped:
        return ip.ipv4_mapped
    if ip.sixtofour:
        return ip.sixtofour
    if ip.teredo:
        return ip.teredo[1]
    if any(ip in network for network in _NAT64) or (ip in _IPV4_COMPATIBLE and int(ip) > 1):
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip


def _within(ip: IPAddress, network: IPNetwork) -> bool:
    return ip.version == network.version and ip in network


def _private(ip: IPAddress) -> str:
    """Return what kind of not public address this is, or ""."""
    kinds = (
        (ip in METADATA, "a cloud metadata address"),
        (ip.is_loopback, "a loopback address"),
        (ip.is_link_local, "a link-local address"),
        (ip.is_multicast, "a multicast address"),
        (ip.is_unspecified, "the unspecified address"),
        (not ip.is_global, "a private or reserved address"),
    )
    return next((reason for found, reason in kinds if found), "")


def _odd_form(ip: IPAddress) -> str:
    """Return why an IPv4 address in IPv6 clothes is refused even if public: nobody publishes news there."""
    return f"an IPv4 address inside IPv6 ({unwrap(ip)})"
