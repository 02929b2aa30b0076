from __future__ import annotations

from ipaddress import ip_address

import pytest

from webhooks.addresses import why_not_public


@pytest.mark.parametrize(
    ("before", "first", "last", "after"),
    [
        ("9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0"),
        ("100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0"),
        ("126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0"),
        ("169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0"),
        ("172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0"),
        ("192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0"),
        ("198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0"),
        ("2001:4860::1", "2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2003::"),
    ],
)
def test_a_block_is_refused_from_its_first_to_its_last_address(before: str, first: str, last: str, after: str) -> None:
    assert why_not_public(ip_address(first))
    assert why_not_public(ip_address(last))
    assert why_not_public(ip_address(before)) is None
    assert why_not_public(ip_address(after)) is None


def test_the_reason_is_the_most_telling_one() -> None:
    assert why_not_public(ip_address("169.254.169.254")) == "the metadata address of most clouds"
    assert why_not_public(ip_address("::1")) == "loopback, RFC 4291"
    assert why_not_public(ip_address("2001::1")) == "Teredo, RFC 4380"


def test_an_ipv6_address_outside_of_what_was_handed_out_is_refused() -> None:
    for address in ("1fff:ffff::1", "4000::1", "5f00::1", "8000::1"):
        assert why_not_public(ip_address(address))
    assert why_not_public(ip_address("2a00:1450:4001:80b::200e")) is None
