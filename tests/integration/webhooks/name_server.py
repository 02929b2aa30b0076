"""A DNS server on loopback that answers what a test tells it to, and may say something else the next time."""

from __future__ import annotations

import threading
from types import TracebackType

import dns.resolver
from dnslib import QTYPE, RCODE, RR
from dnslib.server import BaseResolver, DNSHandler, DNSLogger, DNSServer

Records = list[str]  # in zone file form


class NameServer(BaseResolver):  # type: ignore[misc]  # dnslib has no types
    """`zone` maps (name, type) to the answers of the first, second, … question; the last one stays.

    An answer that is no list is an error code such as `"SERVFAIL"`. A name that is nowhere in the zone is NXDOMAIN.
    """

    def __init__(self, zone: dict[tuple[str, str], list[Records | str]]) -> None:
        self.questions: list[tuple[str, str]] = []
        self._zone = zone
        self._server = DNSServer(self, address="127.0.0.1", port=0, logger=DNSLogger(logf=lambda _: None)).server
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.01,)
        )  # seconds until it sees its end

    def resolve(self, request: object, handler: DNSHandler) -> object:
        question, reply = request.q, request.reply()  # type: ignore[attr-defined]  # dnslib has no types
        name, kind = str(question.qname), QTYPE[question.qtype]
        self.questions.append((name, kind))
        answers = self._zone.get((name, kind), [[]])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, str):
            reply.header.rcode = getattr(RCODE, answer)
        elif answer:
            reply.add_answer(*RR.fromZone("\n".join(answer)))
        elif name not in {known for known, _ in self._zone}:
            reply.header.rcode = RCODE.NXDOMAIN
        return reply

    def __enter__(self) -> NameServer:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def resolver(self) -> dns.resolver.Resolver:
        """What asks this server and no other."""
        return resolver_at(self._server.server_address[1])


def resolver_at(port: int) -> dns.resolver.Resolver:
    """What asks the server at this port of loopback."""
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers = ["127.0.0.1"]
    resolver.port = port
    resolver.search = [dns.name.from_text("corp.example.")]
    return resolver
