"""The way out is guarded: which URL may be called, and the one address that the connection goes to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from webhooks.addresses import IPAddress, why_not_public
from webhooks.errors import Blocked
from webhooks.resolving import Unresolvable, by_dns, by_machine
from webhooks.urls import Url, parse

_PORT = 443

# Names that mean something in a private network only: RFC 6761 (localhost, test, invalid), RFC 6762 (local), RFC 8375
# (home.arpa), RFC 7686 (onion), RFC 9476 (alt), ICANN's `internal`; `localdomain` is what distributions put into
# /etc/hosts. Kept although their addresses would be refused too: some resolvers make up an answer.
_PRIVATE_NAMES = ("localhost", "localdomain", "local", "internal", "home.arpa", "test", "invalid", "onion", "alt")


@dataclass(frozen=True)
class Target(Url):
    """A URL that may be called now, and the checked IP address to connect to. Good for one attempt."""

    address: str


class Guard:
    """Decides where a webhook may go: at registration, and again before every attempt.

    `allow_hosts` are the operator's exceptions (`WEBHOOK_ALLOW_HTTP_HOSTS`), each `host` or `host:port`, IPv6 in
    brackets: http and any port and address are allowed there. `resolve(host, seconds)` looks up all other names.
    """

    def __init__(
        self, allow_hosts: Iterable[str] = (), resolve: Callable[[str, float], list[IPAddress]] = by_dns
    ) -> None:
        self._allow_hosts = frozenset(host.lower() for host in allow_hosts)
        self._resolve = resolve

    def check(self, url: str, timeout: float = 5.0) -> Target:
        """Check a URL and look up its host once, within `timeout` seconds.

        https on port 443 at public addresses only, *all* of them; connect to the address of the target and to nothing
        else, or the name may lead elsewhere by then (DNS rebinding).

        Raises:
            Blocked: with a sentence for the client.
        """
        parsed = parse(url)
        if {parsed.bracketed_host, f"{parsed.bracketed_host}:{parsed.port}"} & self._allow_hosts:
            addresses = _excepted(parsed)
        else:
            addresses = self._public(parsed, timeout)
        return Target(parsed.scheme, parsed.host, parsed.port, parsed.path, str(addresses[0]))

    def _public(self, url: Url, timeout: float) -> list[IPAddress]:
        if url.scheme != "https":
            raise Blocked("scheme", "Webhooks are sent over HTTPS only: use a URL that starts with https://.")
        if url.port != _PORT:
            raise Blocked("port", f"Webhooks are sent to port {_PORT} only: leave the port out of the URL.")
        if url.literal:
            if why := why_not_public(url.literal):
                raise Blocked("address", f"{url.literal} is not public ({why}): use a public address or name.")
            return [url.literal]
        if "." not in url.host or any(f".{url.host}".endswith(f".{name}") for name in _PRIVATE_NAMES):
            raise Blocked("host", "The host is a name inside a private network: use a public name.")
        # One sentence for both: the difference would tell a stranger which names exist in this network.
        reason = "The host is not reachable on the public Internet: use a name whose addresses are all public."
        try:
            addresses = self._resolve(url.host, timeout)
        except Unresolvable as error:
            raise Blocked("unresolvable", reason, f"{url.host}: {error}") from error
        for address in addresses:
            if why := why_not_public(address):
                raise Blocked("address", reason, f"{url.host} resolves to {address} ({why})")
        return addresses


def _excepted(url: Url) -> list[IPAddress]:
    if url.literal:
        return [url.literal]
    try:
        return by_machine(url.host, url.port)
    except Unresolvable as error:
        raise Blocked(
            "unresolvable", "The host cannot be found: check its spelling.", f"{url.host}: {error}"
        ) from error
