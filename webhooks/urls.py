"""Reading a webhook URL strictly: one spelling, so that no two parsers can disagree about the host."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

import idna

from webhooks.addresses import IPAddress
from webhooks.errors import Blocked

MAX_URL_LENGTH = 2048
_MAX_HOST_LENGTH = 253  # RFC 1035, without the trailing dot
_MAX_PORT = 65_535
_DEFAULT_PORTS = {"http": 80, "https": 443}

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)(.*)")
_AUTHORITY = re.compile(r"(\[[^\]]*\]|[^:\[\]]*)(?::([^:]*))?")
_PORT = re.compile(r"[1-9][0-9]{0,4}")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")  # RFC 1123, without underscores
_PATH_AND_QUERY = re.compile(  # RFC 3986, section 3.3 and 3.4
    r"(?:/(?:[A-Za-z0-9._~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*)?(?:\?(?:[A-Za-z0-9._~!$&'()*+,;=:@/?-]|%[0-9A-Fa-f]{2})*)?"
)
_OTHER_DOTS = re.compile("[\u3002\uff0e\uff61]")  # ideographic, fullwidth and halfwidth: IDNA 2003 reads them as dots


@dataclass(frozen=True)
class Url:
    """An http or https URL, in the one spelling that is sent."""

    scheme: str
    host: str  # lower case ASCII; an IPv6 address without brackets
    port: int
    path: str  # with the query

    @property
    def literal(self) -> IPAddress | None:
        """The host as an address, if it is one and no name."""
        if ":" in self.host:
            return IPv6Address(self.host)
        return IPv4Address(self.host) if _is_ipv4(self.host) else None

    @property
    def bracketed_host(self) -> str:
        """The host as URLs write it."""
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def authority(self) -> str:
        """The value of the `Host` header: the port is left out where it is the scheme's own (RFC 9110, 7.2)."""
        return self.bracketed_host if self.port == _DEFAULT_PORTS[self.scheme] else f"{self.bracketed_host}:{self.port}"

    @property
    def url(self) -> str:
        """The whole URL."""
        return f"{self.scheme}://{self.authority}{self.path}"


def parse(text: str) -> Url:
    """Read an absolute http or https URL of at most 2,048 characters.

    Raises:
        Blocked: for everything that a lenient parser would repair or ignore: spaces and control characters,
            backslashes, user information, fragments, empty or padded ports, hosts in percent-encoding, numbers that are
            no dotted quad, trailing dots, zone ids.
    """
    if len(text) > MAX_URL_LENGTH:
        raise Blocked("url", f"The URL is too long: use at most {MAX_URL_LENGTH} characters.")
    if any(character <= " " or character in "\\\x7f" or not character.isprintable() for character in text):
        raise Blocked(
            "url", "The URL holds a space, a backslash or an invisible character: remove or percent-encode it."
        )
    split = _SCHEME.fullmatch(text)
    if not split:
        raise Blocked("url", "This is not an absolute URL: write it like https://example.com/hook.")
    scheme, authority, rest = split[1].lower(), split[2], split[3]
    if scheme not in _DEFAULT_PORTS:
        raise Blocked("scheme", "Webhooks are sent over HTTPS only: use a URL that starts with https://.")
    if "@" in authority:
        raise Blocked("userinfo", "The URL holds a user name or password: remove it; the signature proves the sender.")
    if "#" in rest:
        raise Blocked("fragment", "The URL has a fragment, which is never sent: remove the part from # on.")
    if not _PATH_AND_QUERY.fullmatch(rest):
        raise Blocked("url", "The path or query holds a character that URLs do not allow: percent-encode it.")
    parts = _AUTHORITY.fullmatch(authority)
    if not parts:
        raise Blocked("host", "The host cannot be read: write a plain name or address, IPv6 in square brackets.")
    port = _DEFAULT_PORTS[scheme] if parts[2] is None else _port(parts[2])
    return Url(scheme, _host(parts[1]), port, rest if rest.startswith("/") else f"/{rest}")


def _port(text: str) -> int:
    if not _PORT.fullmatch(text) or int(text) > _MAX_PORT:
        raise Blocked("port", "The port is not a number from 1 to 65535: correct it, or leave it out for 443.")
    return int(text)


def _host(text: str) -> str:
    if text.startswith("["):
        return _ipv6(text[1:-1])
    name = text.lower() if text.isascii() else _to_ascii(text)
    if name.endswith("."):
        raise Blocked("host", "The host ends with a dot: remove it.")
    labels = name.split(".")
    if len(name) > _MAX_HOST_LENGTH or not all(_LABEL.fullmatch(label) for label in labels):
        raise Blocked("host", "The host is not a valid name: use letters, digits and hyphens between single dots.")
    if labels[-1][0].isdigit() and not _is_ipv4(name):
        raise Blocked("host", "The host is a number in a short or unusual form: write four decimal numbers, 1.2.3.4.")
    return name


def _is_ipv4(name: str) -> bool:
    """Whether this is an IPv4 address in its canonical form."""
    try:
        return str(IPv4Address(name)) == name
    except ValueError:
        return False


def _ipv6(text: str) -> str:
    if "%" in text:
        raise Blocked("host", "The address has a zone id, which means something on one machine only: remove it.")
    try:
        return str(IPv6Address(text))
    except ValueError:
        raise Blocked("host", "The address in square brackets is not an IPv6 address: correct it.") from None


def _to_ascii(name: str) -> str:
    """The `xn--` form of an international name (IDNA 2008, RFC 5891), without any mapping.

    Dots and digits of other scripts are refused, and so are (by IDNA) characters that stand for others, such as
    fullwidth letters: lenient resolvers turn them into an address such as 127.0.0.1.
    """
    if not _OTHER_DOTS.search(name) and not any(each.isdigit() and not each.isascii() for each in name):
        try:
            return idna.encode(name.lower()).decode("ascii")
        except idna.IDNAError:
            pass
    raise Blocked("host", "The host holds characters that names do not allow: write it in its xn-- form.")
