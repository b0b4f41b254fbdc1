"""Which addresses may be called: the IANA registries, what hides inside IPv6, and what the operator allows."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tieline.core.errors import Misconfigured
from tieline.security.egress import parse_allow
from tieline.security.egress.addresses import embedded_ipv4, refusal, special_kind

PUBLIC = [
    "93.184.216.34", "1.1.1.1", "172.15.255.255", "172.32.0.1", "100.128.0.1", "198.17.255.255", "223.255.255.255",
    "11.0.0.1", "192.0.1.1", "2606:2800:220:1:248:1893:25c8:1946", "2a00:1450:4001:80b::200e", "2001:200::1",
    "2620:4f:8000::1", "3ffe::1",
]  # fmt: skip
INTERNAL = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.254",
    "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1",
    "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255",
    "240.0.0.1", "255.255.255.255", "100.100.100.200", "168.63.129.16", "::", "::1", "::127.0.0.1",
    "::93.184.216.34", "::ffff:127.0.0.1", "::ffff:93.184.216.34", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1",
    "64:ff9b::5db8:d822", "64:ff9b:1::1", "100::1", "2001::1", "2001:2::1", "2001:10::1", "2001:20::1",
    "2001:db8::1", "2002:7f00:1::", "2002:5db8:d822::1", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254",
    "fd20:ce::254", "fe80::1", "fec0::1", "ff02::1", "1::1", "4000::1",
]  # fmt: skip


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_may_be_called(text: str) -> None:
    assert refusal(ip_address(text), ()) is None


@pytest.mark.parametrize("text", INTERNAL)
def test_all_others_may_not(text: str) -> None:
    assert refusal(ip_address(text), ()) is not None


@pytest.mark.parametrize(
    "address, inner",
    [
        ("::ffff:10.1.2.3", ["10.1.2.3"]),
        ("::ffff:0:10.1.2.3", ["10.1.2.3"]),
        ("::10.1.2.3", ["10.1.2.3"]),
        ("64:ff9b::10.1.2.3", ["10.1.2.3"]),
        ("64:ff9b:1:a01:2:300::", ["10.1.2.3", "0.0.0.0"]),
        ("2002:a01:203::1", ["10.1.2.3"]),
        ("2001:0:5db8:d822:0:0:f5fe:fdfc", ["93.184.216.34", "10.1.2.3"]),
        ("2a00:1::5efe:10.1.2.3", ["10.1.2.3"]),
        ("2a00:1::200:5efe:10.1.2.3", ["10.1.2.3"]),
        ("2a00:1::1", []),
        ("::1", []),
        ("::", []),
        ("10.1.2.3", []),
    ],
)
def test_an_embedded_ipv4_address_is_found(address: str, inner: list[str]) -> None:
    assert [str(found) for found in embedded_ipv4(ip_address(address))] == inner


def test_a_tunnel_to_an_internal_address_inside_a_public_prefix_is_refused() -> None:
    assert "10.1.2.3" in str(refusal(ip_address("2a00:1::5efe:10.1.2.3"), ()))


@pytest.mark.parametrize(
    "allow, address, allowed",
    [
        ("10.0.0.0/8", "10.1.2.3", True),
        ("10.0.0.0/8", "11.0.0.1", True),
        ("10.0.0.0/8", "172.16.0.1", False),
        ("10.1.2.3", "10.1.2.3", True),
        ("10.1.2.3", "10.1.2.4", False),
        ("127.0.0.0/8", "::ffff:127.0.0.1", False),
        ("127.0.0.0/8,::ffff:0:0/96", "::ffff:127.0.0.1", True),
        ("64:ff9b::/96", "64:ff9b::5db8:d822", True),
        ("64:ff9b::/96", "64:ff9b::7f00:1", False),
        ("::/0", "fd00::1", True),
        ("::/0", "::ffff:127.0.0.1", False),
        ("::/0", "2002:a00:1::", False),
        ("::1/128", "::1", True),
        ("fd00::/8", "10.0.0.1", False),
        ("169.254.169.254/32", "169.254.169.254", True),
    ],
)
def test_what_the_operator_allows_wins_but_not_for_what_hides_inside(allow: str, address: str, allowed: bool) -> None:
    assert (refusal(ip_address(address), parse_allow(allow)) is None) is allowed


@given(st.integers(0, 2**32 - 1))
def test_ipv4_hidden_in_ipv6_is_never_more_than_the_ipv4_itself(number: int) -> None:
    plain = IPv4Address(number)
    for hidden in (0xFFFF << 32 | number, 0xFFFF << 48 | number, 0x64FF9B << 96 | number, 0x2002 << 112 | number << 80):
        every = parse_allow("::/0")
        assert (refusal(IPv6Address(hidden), every) is None) <= (refusal(plain, ()) is None)
        assert refusal(IPv6Address(hidden), ()) is not None


@given(st.integers(0, 2**128 - 1))
def test_nothing_outside_of_global_unicast_is_public(number: int) -> None:
    address = IPv6Address(number)
    if number >> 125 != 1:
        assert special_kind(address) is not None


@given(st.integers(0, 2**32 - 1))
def test_nothing_that_python_calls_private_is_public(number: int) -> None:
    address = IPv4Address(number)
    if not address.is_global or address.is_multicast:
        assert refusal(address, ()) is not None


@pytest.mark.parametrize(
    "text, networks",
    [
        ("", []),
        (" , ,", []),
        ("10.0.0.0/8", ["10.0.0.0/8"]),
        ("10.0.0.0/8, fd00::/8\n127.0.0.1", ["10.0.0.0/8", "fd00::/8", "127.0.0.1/32"]),
        ("::1", ["::1/128"]),
    ],
)
def test_allow_lists_are_read(text: str, networks: list[str]) -> None:
    assert [str(network) for network in parse_allow(text)] == networks


@pytest.mark.parametrize(
    "text", ["10.0.0.5/8", "10.0.0.0/33", "localhost", "10.0.0.0/8;::1", "10.0.0", "*", "0x0a000000/8"]
)
def test_a_wrong_allow_list_is_refused_by_name(text: str) -> None:
    with pytest.raises(Misconfigured, match="TIELINE_EGRESS_ALLOW"):
        parse_allow(text)
