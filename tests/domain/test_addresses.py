"""What may be dialled: nothing but public addresses at web ports, unless the operator says so."""

import pytest

from bot.domain.addresses import Guard
from bot.domain.errors import SettingsError

PUBLIC = ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"]
REFUSED = [
    pytest.param("127.0.0.1", "loopback", id="loopback"),
    pytest.param("127.8.9.1", "loopback", id="all of 127/8"),
    pytest.param("::1", "loopback", id="loopback of IPv6"),
    pytest.param("10.1.2.3", "private", id="10/8"),
    pytest.param("172.16.0.1", "private", id="172.16/12"),
    pytest.param("192.168.1.1", "private", id="192.168/16"),
    pytest.param("100.64.0.1", "private", id="carrier-grade NAT"),
    pytest.param("192.0.2.1", "private", id="documentation"),
    pytest.param("198.18.0.1", "private", id="benchmarking"),
    pytest.param("240.0.0.1", "private", id="reserved"),
    pytest.param("255.255.255.255", "private", id="broadcast"),
    pytest.param("0.0.0.0", "unspecified", id="unspecified"),
    pytest.param("::", "unspecified", id="unspecified of IPv6"),
    pytest.param("169.254.1.1", "link-local", id="link-local"),
    pytest.param("fe80::1%eth0", "link-local", id="link-local with a zone"),
    pytest.param("224.0.0.1", "multicast", id="multicast"),
    pytest.param("ff02::1", "multicast", id="multicast of IPv6"),
    pytest.param("fd00::1", "private", id="unique local"),
    pytest.param("169.254.169.254", "metadata", id="metadata"),
    pytest.param("fd00:ec2::254", "metadata", id="metadata of IPv6"),
    pytest.param("::ffff:127.0.0.1", "loopback", id="IPv4-mapped"),
    pytest.param("::ffff:169.254.169.254", "metadata", id="IPv4-mapped metadata"),
    pytest.param("::127.0.0.1", "loopback", id="IPv4-compatible"),
    pytest.param("64:ff9b::7f00:1", "loopback", id="NAT64"),
    pytest.param("64:ff9b:1::7f00:1", "loopback", id="local NAT64"),
    pytest.param("2002:7f00:1::", "loopback", id="6to4"),
    pytest.param("2002:c0a8:101::", "private", id="6to4 of 192.168.1.1"),
    pytest.param("2001:0:4136:e378:8000:63bf:80ff:fffe", "loopback", id="Teredo of 127.0.0.1"),
    pytest.param("::ffff:93.184.216.34", "inside IPv6", id="IPv4-mapped, public"),
    pytest.param("64:ff9b::5db8:d822", "inside IPv6", id="NAT64, public"),
]


@pytest.mark.parametrize(("address", "why"), REFUSED)
def test_no_address_but_a_public_one_is_dialled(address, why):
    assert why in Guard().refusal(address, 443)


@pytest.mark.parametrize("address", PUBLIC)
@pytest.mark.parametrize("port", [80, 443, 8080, 8443])
def test_public_addresses_are_dialled_at_web_ports(address, port):
    assert Guard().refusal(address, port) == ""


@pytest.mark.parametrize("port", [22, 25, 6379, 5432, 11211, 0, 65535])
def test_other_ports_are_someone_elses_service(port):
    assert "not a web port" in Guard().refusal(PUBLIC[0], port)


def test_an_allowed_network_opens_itself_at_any_port_and_nothing_else():
    guard = Guard(["127.0.0.0/8", "fd12::/16"])
    assert guard.refusal("127.0.0.1", 18080) == ""
    assert guard.refusal("fd12::5", 18080) == ""
    assert guard.refusal("::ffff:127.0.0.1", 80) == ""
    assert guard.refusal("10.0.0.1", 80)
    assert guard.refusal("fd00:ec2::254", 80)
    assert guard.refusal("93.184.216.34", 22)


def test_a_network_that_is_none_is_a_mistake_in_the_settings():
    with pytest.raises(SettingsError, match="allow_private"):
        Guard(["loopback"])
