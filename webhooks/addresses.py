"""Which IP addresses lie on the public Internet."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_network

IPAddress = IPv4Address | IPv6Address

# IANA hands out public IPv6 addresses from this block only: https://www.iana.org/assignments/ipv6-unicast-address-assignments
_PUBLIC_IPV6 = IPv6Network("2000::/3")

# From IANA's registries of special-purpose addresses, with the RFC that each row gives, and from the clouds' manuals:
# https://www.iana.org/assignments/iana-ipv4-special-registry and https://www.iana.org/assignments/iana-ipv6-special-registry
# Blocks that the registries call globally reachable are refused as well where nobody can serve a webhook there. The
# first match names the reason, so single addresses come before the networks around them.
_REFUSED = tuple(
    (ip_network(network), why)
    for network, why in (
        ("169.254.169.254/32", "the metadata address of most clouds"),
        ("169.254.170.2/32", "the container credentials address of AWS"),
        ("168.63.129.16/32", "the platform address of Azure"),
        ("192.0.0.192/32", "the metadata address of Oracle Cloud"),
        ("100.100.100.200/32", "the metadata address of Alibaba Cloud"),
        ("fd00:ec2::254/128", "the metadata address of AWS"),
        ("fd20:ce::254/128", "the metadata address of Google Cloud"),
        ("0.0.0.0/8", "this network, RFC 791"),
        ("10.0.0.0/8", "private use, RFC 1918"),
        ("100.64.0.0/10", "shared by carriers (CGNAT), RFC 6598"),
        ("127.0.0.0/8", "loopback, RFC 1122"),
        ("169.254.0.0/16", "link-local, RFC 3927"),
        ("172.16.0.0/12", "private use, RFC 1918"),
        ("192.0.0.0/24", "IETF protocol assignments, RFC 6890"),
        ("192.0.2.0/24", "documentation, RFC 5737"),
        ("192.31.196.0/24", "AS112, RFC 7535"),
        ("192.52.193.0/24", "AMT relays, RFC 7450"),
        ("192.88.99.0/24", "6to4 relays, RFC 7526"),
        ("192.168.0.0/16", "private use, RFC 1918"),
        ("192.175.48.0/24", "AS112, RFC 7534"),
        ("198.18.0.0/15", "benchmarking, RFC 2544"),
        ("198.51.100.0/24", "documentation, RFC 5737"),
        ("203.0.113.0/24", "documentation, RFC 5737"),
        ("224.0.0.0/4", "multicast, RFC 1112"),
        ("240.0.0.0/4", "reserved, RFC 1112"),
        ("::/128", "unspecified, RFC 4291"),
        ("::1/128", "loopback, RFC 4291"),
        ("::/96", "IPv4-compatible, RFC 4291"),
        ("::ffff:0:0/96", "IPv4-mapped, RFC 4291"),
        ("::ffff:0:0:0/96", "IPv4-translated, RFC 2765"),
        ("64:ff9b::/96", "NAT64, RFC 6052"),
        ("64:ff9b:1::/48", "local-use NAT64, RFC 8215"),
        ("100::/64", "discard-only, RFC 6666"),
        ("2001::/32", "Teredo, RFC 4380"),
        ("2001:2::/48", "benchmarking, RFC 5180"),
        ("2001::/23", "IETF protocol assignments, RFC 2928"),
        ("2001:db8::/32", "documentation, RFC 3849"),
        ("2002::/16", "6to4, RFC 3056"),
        ("2620:4f:8000::/48", "AS112, RFC 7534"),
        ("3ffe::/16", "6bone, given back, RFC 3701"),
        ("3fff::/20", "documentation, RFC 9637"),
        ("fc00::/7", "private use (unique local), RFC 4193"),
        ("fe80::/10", "link-local, RFC 4291"),
        ("fec0::/10", "site-local, RFC 3879"),
        ("ff00::/8", "multicast, RFC 4291"),
    )
)


def why_not_public(address: IPAddress) -> str | None:
    """Why nothing is sent to this address, such as `"loopback, RFC 1122"`; None for a public one.

    The table alone decides for the addresses that are special today. Python's own properties are asked as well: a
    later Python may know more, and no Python knows all of the table (3.11 calls NAT64, 6to4 and multicast global).
    """
    for network, why in _REFUSED:
        if address in network:
            return why
    if isinstance(address, IPv6Address) and address not in _PUBLIC_IPV6:
        return "outside of the public IPv6 block, RFC 4291"
    if not address.is_global or address.is_multicast:
        return "not a public address"
    return None
