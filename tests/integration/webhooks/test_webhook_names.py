"""The guard asking a real DNS server, which may lie, change its mind or say nothing."""

from __future__ import annotations

import socket
from functools import partial

import dns.resolver
import pytest

from tests.integration.webhooks.conftest import Certificate
from tests.integration.webhooks.name_server import NameServer, Records, resolver_at
from tests.integration.webhooks.receivers import Receiver, answers
from webhooks.errors import Blocked
from webhooks.guard import Guard
from webhooks.resolving import by_dns
from webhooks.send import Sender

NAME = "hooks.example.com."
URL = "https://hooks.example.com/hook"
PUBLIC = "93.184.215.14"
PUBLIC_IPV6 = "2606:2800:21f:cb07::1"


def _guard(resolver: dns.resolver.Resolver) -> Guard:
    return Guard(resolve=partial(by_dns, resolver=resolver))


def _a(*addresses: str) -> Records:
    return [f"{NAME} 60 A {address}" for address in addresses]


def _aaaa(*addresses: str) -> Records:
    return [f"{NAME} 60 AAAA {address}" for address in addresses]


def _blocked(zone: dict[tuple[str, str], list[Records | str]]) -> str:
    with NameServer(zone) as server, pytest.raises(Blocked) as blocked:
        _guard(server.resolver).check(URL, timeout=2)
    return blocked.value.code


def test_a_name_whose_answer_changes_leads_to_the_address_that_was_checked(
    sender: Sender, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding. The wire is the one thing replaced: what is sent to the public address arrives on loopback."""
    connected: list[tuple[str, int]] = []
    original = socket.create_connection

    with (
        NameServer({(NAME, "A"): [_a(PUBLIC), _a("127.0.0.1")]}) as server,
        Receiver(answers(200), certificate("hooks.example.com")) as receiver,
    ):

        def wire(address: tuple[str, int], *rest: object, **more: object) -> socket.socket:
            connected.append(address)
            return original(("127.0.0.1", receiver.port), *rest, **more)  # type: ignore[arg-type]  # passed on

        guard = _guard(server.resolver)
        target = guard.check(URL)
        with monkeypatch.context() as patch:
            patch.setattr(socket, "create_connection", wire)
            answer = sender.post(target, {}, b"{}")
        questions = list(server.questions)
        with pytest.raises(Blocked) as again:
            guard.check(URL)

    assert answer.status == 200
    assert connected == [(PUBLIC, 443)]
    assert questions == [(NAME, "A"), (NAME, "AAAA")]
    assert b"Host: hooks.example.com\r\n" in receiver.requests[0]
    assert receiver.server_names == ["hooks.example.com"]
    assert (again.value.code, "127.0.0.1" in again.value.detail) == ("address", True)


def test_public_addresses_of_both_kinds_are_allowed_and_ipv4_is_taken() -> None:
    with NameServer({(NAME, "A"): [_a(PUBLIC)], (NAME, "AAAA"): [_aaaa(PUBLIC_IPV6)]}) as server:
        assert _guard(server.resolver).check(URL).address == PUBLIC


def test_a_name_with_ipv6_alone_is_allowed() -> None:
    with NameServer({(NAME, "AAAA"): [_aaaa(PUBLIC_IPV6)]}) as server:
        assert _guard(server.resolver).check(URL).address == PUBLIC_IPV6


def test_a_balancer_that_denies_the_name_for_ipv6_is_allowed() -> None:
    with NameServer({(NAME, "A"): [_a(PUBLIC)], (NAME, "AAAA"): ["NXDOMAIN"]}) as server:
        assert _guard(server.resolver).check(URL).address == PUBLIC


@pytest.mark.parametrize(
    "zone",
    [
        {(NAME, "A"): [_a(PUBLIC, "10.0.0.5")]},
        {(NAME, "A"): [_a("10.0.0.5", PUBLIC)]},
        {(NAME, "A"): [_a(*[PUBLIC] * 20, "127.0.0.1")]},
        {(NAME, "A"): [_a(PUBLIC)], (NAME, "AAAA"): [_aaaa("::1")]},
        {(NAME, "A"): [_a(PUBLIC)], (NAME, "AAAA"): [_aaaa("::ffff:7f00:1")]},
        {(NAME, "A"): [_a(PUBLIC)], (NAME, "AAAA"): [_aaaa("64:ff9b::a00:5")]},
    ],
    ids=["last", "first", "many", "ipv6", "mapped", "nat64"],
)
def test_one_private_answer_among_public_ones_blocks_the_name(zone: dict[tuple[str, str], list[Records | str]]) -> None:
    assert _blocked(zone) == "address"


def test_a_cname_to_a_private_address_is_blocked() -> None:
    chain = [f"{NAME} 60 CNAME inside.example.com.", "inside.example.com. 60 A 169.254.169.254"]

    assert _blocked({(NAME, "A"): [chain]}) == "address"


def test_a_cname_to_a_public_address_is_allowed() -> None:
    chain = [f"{NAME} 60 CNAME edge.example.net.", f"edge.example.net. 60 A {PUBLIC}"]
    with NameServer({(NAME, "A"): [chain]}) as server:
        assert _guard(server.resolver).check(URL).address == PUBLIC


@pytest.mark.parametrize(
    "zone",
    [
        {},
        {(NAME, "A"): [[]], (NAME, "AAAA"): [[]]},
        {(NAME, "A"): ["SERVFAIL"]},
        {(NAME, "A"): ["REFUSED"]},
        {(NAME, "A"): [_a(PUBLIC)], (NAME, "AAAA"): ["SERVFAIL"]},
        {(NAME, "A"): [[f"{NAME} 60 CNAME {NAME}"]]},
        {(NAME, "A"): [[f"{NAME} 60 CNAME redis."]], ("redis.", "A"): [["redis. 60 A 10.0.0.5"]]},
        {(NAME, "A"): [[f"other.example.com. 60 A {PUBLIC}"]]},
    ],
    ids=["unknown", "empty", "broken", "refused", "half", "loop", "no end", "another name"],
)
def test_a_name_that_leads_nowhere_is_blocked(zone: dict[tuple[str, str], list[Records | str]]) -> None:
    assert _blocked(zone) == "unresolvable"


def test_search_domains_are_not_tried() -> None:
    with NameServer({(f"{NAME}corp.example.", "A"): [[f"{NAME}corp.example. 60 A {PUBLIC}"]]}) as server:
        with pytest.raises(Blocked):
            _guard(server.resolver).check(URL)
        assert {name for name, _ in server.questions} == {NAME}


def test_a_name_server_that_never_answers_is_given_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        with pytest.raises(Blocked) as blocked:
            _guard(resolver_at(silent.getsockname()[1])).check(URL, timeout=0.3)

    assert (blocked.value.code, "LifetimeTimeout" in blocked.value.detail) == ("unresolvable", True)


def test_an_address_is_not_looked_up() -> None:
    with NameServer({}) as server:
        assert _guard(server.resolver).check("https://1.1.1.1/").address == "1.1.1.1"
        assert server.questions == []
