"""Turning a host name into addresses, once."""

from __future__ import annotations

import socket
import time
from ipaddress import IPv4Address, IPv6Address, ip_address

import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver

from webhooks.addresses import IPAddress


class Unresolvable(Exception):
    """The name has no address, or nobody told in time. The text says which, for the operator."""


def by_dns(host: str, timeout: float, resolver: dns.resolver.Resolver | None = None) -> list[IPAddress]:
    """Every A and AAAA record of an absolute name, asked afresh: no cache, no search domains, no `/etc/hosts`.

    `timeout` in seconds holds for both questions together. `resolver` names other servers than the machine's own.

    Raises:
        Unresolvable: no records, no answer in time, or an answer to one of the two questions that is an error: then
            nobody can tell whether *all* addresses are public.
    """
    deadline = time.monotonic() + timeout
    addresses: list[IPAddress] = []
    try:
        asked = resolver or dns.resolver.Resolver()
        for kind in (dns.rdatatype.A, dns.rdatatype.AAAA):
            left = max(deadline - time.monotonic(), 0.001)
            addresses += _records(asked, dns.name.from_text(f"{host}."), kind, left)
    except dns.exception.DNSException as error:
        raise Unresolvable(f"the name could not be looked up ({type(error).__name__})") from error
    if not addresses:
        raise Unresolvable("the name has no address")
    return addresses


def _records(
    resolver: dns.resolver.Resolver, name: dns.name.Name, kind: dns.rdatatype.RdataType, timeout: float
) -> list[IPAddress]:
    try:
        answer = resolver.resolve(name, kind, lifetime=timeout, raise_on_no_answer=False)
    except dns.resolver.NXDOMAIN:  # some balancers say so about AAAA only
        return []
    return [ip_address(record.address) for record in answer.rrset or ()]


def by_machine(host: str, port: int) -> list[IPAddress]:
    """What this machine itself connects to for the name: `/etc/hosts` and container names included. IPv4 first.

    For hosts that the operator has named only. The system's resolver sets the time limit.

    Raises:
        Unresolvable: the machine knows no such name.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Unresolvable("this machine knows no such name") from error
    addresses: list[IPAddress] = []
    for family, _, _, _, address in found:
        addresses.append(IPv4Address(address[0]) if family == socket.AF_INET else IPv6Address(address[0]))
    return sorted(addresses, key=lambda address: address.version)
