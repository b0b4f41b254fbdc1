"""Which addresses a server-side fetch may reach.

``ipaddress.is_global`` does not answer this: it passes NAT64, 6to4, multicast and ``::127.0.0.1``. The tables below
follow the IANA special-purpose registries (RFC 6890 and its updates) and are stricter where an entry is "reachable"
but never an API. IPv6 works the other way round: only 2000::/3 is global unicast, so everything outside of it is
refused.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

from tieline.core.errors import Misconfigured

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Most specific first: the first match names the address in the error.
_V4: tuple[tuple[IPv4Network, str], ...] = tuple(
    (IPv4Network(cidr), kind)
    for cidr, kind in (
        ("169.254.169.254/32", "a cloud metadata address"),
        ("169.254.170.2/32", "a cloud metadata address"),
        ("100.100.100.200/32", "a cloud metadata address"),
        ("192.0.0.192/32", "a cloud metadata address"),
        ("168.63.129.16/32", "a cloud metadata address"),
        ("0.0.0.0/8", "an address of this machine"),
        ("127.0.0.0/8", "a loopback address"),
        ("10.0.0.0/8", "an internal address"),
        ("172.16.0.0/12", "an internal address"),
        ("192.168.0.0/16", "an internal address"),
        ("100.64.0.0/10", "an internal address (carrier-grade NAT)"),
        ("169.254.0.0/16", "a link-local address"),
        ("192.0.0.0/24", "a reserved address (IETF protocols)"),
        ("192.0.2.0/24", "a documentation address"),
        ("198.51.100.0/24", "a documentation address"),
        ("203.0.113.0/24", "a documentation address"),
        ("192.88.99.0/24", "a reserved address (6to4 relay)"),
        ("198.18.0.0/15", "a benchmark address"),
        ("224.0.0.0/4", "a multicast address"),
        ("255.255.255.255/32", "the broadcast address"),
        ("240.0.0.0/4", "a reserved address"),
    )
)
_V6: tuple[tuple[IPv6Network, str], ...] = tuple(
    (IPv6Network(cidr), kind)
    for cidr, kind in (
        ("::/128", "an address of this machine"),
        ("::1/128", "a loopback address"),
        ("::ffff:0:0/96", "an IPv4 address in IPv6 form (mapped)"),
        ("::ffff:0:0:0/96", "an IPv4 address in IPv6 form (translated)"),
        ("::/96", "an IPv4 address in IPv6 form (compatible)"),
        ("64:ff9b::/96", "an IPv4 address in IPv6 form (NAT64)"),
        ("64:ff9b:1::/48", "an internal address (local NAT64)"),
        ("2002::/16", "a tunnel address (6to4)"),
        ("2001::/32", "a tunnel address (Teredo)"),
        ("2001::/23", "a reserved address (IETF protocols)"),
        ("2001:db8::/32", "a documentation address"),
        ("3fff::/20", "a documentation address"),
        ("fd00:ec2::254/128", "a cloud metadata address"),
        ("fd20:ce::254/128", "a cloud metadata address"),
        ("fc00::/7", "an internal address (unique local)"),
        ("fe80::/10", "a link-local address"),
        ("fec0::/10", "an internal address (site-local)"),
        ("ff00::/8", "a multicast address"),
    )
)
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_LAST_96_CARRY_V4 = tuple(IPv6Network(cidr) for cidr in ("::ffff:0:0/96", "::ffff:0:0:0/96", "::/96", "64:ff9b::/96"))
_SIX_TO_FOUR = IPv6Network("2002::/16")
_TEREDO = IPv6Network("2001::/32")
_LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")
_ISATAP_IDENTIFIERS = (0x00005EFE, 0x02005EFE)


def special_kind(address: Address) -> str | None:
    """What kind of not-public address this is, as words for a message; None for a public one. Looks at the outer
    address only."""
    if isinstance(address, IPv4Address):
        return next((kind for network, kind in _V4 if address in network), None)
    for network, kind in _V6:
        if address in network:
            return kind
    return None if address in _GLOBAL_UNICAST else "a reserved address"


def embedded_ipv4(address: Address) -> tuple[IPv4Address, ...]:
    """The IPv4 addresses that a translator or tunnel would take out of an IPv6 address (RFC 4291, 6052, 3056, 4380,
    5214)."""
    if isinstance(address, IPv4Address):
        return ()
    bits = int(address)
    low = bits & 0xFFFFFFFF
    if bits <= 1:
        return ()
    if any(address in network for network in _LAST_96_CARRY_V4):
        return (IPv4Address(low),)
    if address in _LOCAL_NAT64:
        # RFC 6052 section 2.2: a /48 prefix carries the first half in bits 48-63 and the second in bits 72-87; a /96
        # the last 32.
        split = ((bits >> 64) & 0xFFFF) << 16 | (bits >> 40) & 0xFFFF
        return (IPv4Address(split), IPv4Address(low))
    if address in _SIX_TO_FOUR:
        return (IPv4Address((bits >> 80) & 0xFFFFFFFF),)
    if address in _TEREDO:
        return (IPv4Address((bits >> 64) & 0xFFFFFFFF), IPv4Address(low ^ 0xFFFFFFFF))
    if (bits >> 32) & 0xFFFFFFFF in _ISATAP_IDENTIFIERS:
        return (IPv4Address(low),)
    return ()


@lru_cache(maxsize=8192)
def refusal(address: Address, allow: tuple[Network, ...]) -> str | None:
    """Why this address must not be called, as words for a message; None when it may.

    ``allow`` wins over the tables, but an IPv4 address inside an IPv6 one is judged by itself too: allowing
    64:ff9b::/96 lets an IPv6-only host reach the public IPv4 internet, and not 64:ff9b::7f00:1.
    """
    if (kind := special_kind(address)) is not None and not _listed(address, allow):
        return kind
    for inner in embedded_ipv4(address):
        if (kind := special_kind(inner)) is not None and not _listed(inner, allow):
            return f"{kind} ({inner}) in IPv6 form"
    return None


def _listed(address: Address, allow: tuple[Network, ...]) -> bool:
    return any(network.version == address.version and address in network for network in allow)


def parse_allow(text: str) -> tuple[Network, ...]:
    """CIDRs as in ``TIELINE_EGRESS_ALLOW``, separated by commas or blanks; a bare address is a network of one.

    Raises ``Misconfigured`` that names the entry: a typing error must not widen what may be called.
    """
    networks: list[Network] = []
    for entry in re.split(r"[\s,]+", text.strip()):
        if not entry:
            continue
        try:
            networks.append(ip_network(entry))
        except ValueError:
            raise Misconfigured(
                f"TIELINE_EGRESS_ALLOW holds {entry[:80]!r}, which is not a network; "
                "write CIDRs such as 10.1.0.0/16 or fd00:1::/64."
            ) from None
    return tuple(networks)
