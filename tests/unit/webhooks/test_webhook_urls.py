"""What a client may type as a webhook URL, and what becomes of it."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from webhooks.addresses import IPAddress
from webhooks.errors import Blocked
from webhooks.guard import Guard
from webhooks.resolving import Unresolvable

PUBLIC = "93.184.215.14"
PUBLIC_IPV6 = "2606:2800:21f:cb07::1"
NAMES = {
    "example.com": [PUBLIC],
    "hooks.example.com": [PUBLIC, PUBLIC_IPV6],
    "six.example.com": [PUBLIC_IPV6],
    "xn--caf-dma.example.com": [PUBLIC],
    "xn--4gqsa60bn8z4t5c.example.com": [PUBLIC],  # 一二三在线
    "3com.com": [PUBLIC],
    "a-1.b-2.example.com": [PUBLIC],
    "127.0.0.1.example.com": [PUBLIC],
    "localhost.example.com": [PUBLIC],
    "notlocalhost.com": [PUBLIC],
    "private.example.com": ["10.0.0.5"],
    "mixed.example.com": [PUBLIC, "192.168.1.1"],
    "mixed6.example.com": [PUBLIC, "fd00::1"],
    "mapped.example.com": ["::ffff:93.184.215.14"],
    "nat64.example.com": ["64:ff9b::5db8:d70e"],
    "metadata.example.com": ["169.254.169.254"],
    "localtest.me": ["127.0.0.1"],
    "127.0.0.1.nip.io": ["127.0.0.1"],
    "metadata.tencentyun.com": ["169.254.0.23"],
    "zero.example.com": ["0.0.0.0"],  # noqa: S104 (an answer, nothing is bound)
    # A resolver that makes up answers for names that exist in private networks only:
    "localhost": [PUBLIC],
    "app.localhost": [PUBLIC],
    "localhost.localdomain": [PUBLIC],
    "printer.local": [PUBLIC],
    "metadata.google.internal": [PUBLIC],
    "nas.home.arpa": [PUBLIC],
    "redis": [PUBLIC],
    "metadata": [PUBLIC],
}

ALLOWED = [
    ("https://example.com", PUBLIC),
    ("https://example.com/", PUBLIC),
    ("HTTPS://EXAMPLE.COM/Hook", PUBLIC),
    ("https://example.com:443/hook", PUBLIC),
    ("https://hooks.example.com/a/b?c=d&e=%20f", PUBLIC),
    ("https://hooks.example.com?x=1", PUBLIC),
    ("https://hooks.example.com/@user/~me/a;b=c,d!$'()*+", PUBLIC),
    ("https://hooks.example.com//double//slash/../up", PUBLIC),
    ("https://hooks.example.com/?next=http://127.0.0.1/", PUBLIC),
    ("https://six.example.com/", PUBLIC_IPV6),
    ("https://café.example.com/", PUBLIC),
    ("https://CAFÉ.example.com/", PUBLIC),
    ("https://xn--caf-dma.example.com/", PUBLIC),
    ("https://一二三在线.example.com/", PUBLIC),
    ("https://3com.com/", PUBLIC),
    ("https://a-1.b-2.example.com/", PUBLIC),
    ("https://127.0.0.1.example.com/", PUBLIC),
    ("https://localhost.example.com/", PUBLIC),
    ("https://notlocalhost.com/", PUBLIC),
    ("https://1.1.1.1/", "1.1.1.1"),
    ("https://8.8.8.8:443/hook", "8.8.8.8"),
    ("https://172.15.255.255/", "172.15.255.255"),
    ("https://172.32.0.1/", "172.32.0.1"),
    ("https://100.63.255.255/", "100.63.255.255"),
    ("https://223.255.255.255/", "223.255.255.255"),
    ("https://[2606:4700:4700::1111]/", "2606:4700:4700::1111"),
    ("https://[2606:4700:4700:0:0:0:0:1111]:443/x", "2606:4700:4700::1111"),
    ("https://example.com/" + "a" * 2028, PUBLIC),
]

BLOCKED = [
    # Not a URL of one reading
    ("", "url"),
    (" ", "url"),
    ("example.com/hook", "url"),
    ("//example.com/hook", "url"),
    ("https:example.com", "url"),
    ("https:/example.com", "url"),
    ("javascript:alert(1)", "url"),
    ("https://example.com/" + "a" * 2029, "url"),
    (" https://example.com/", "url"),
    ("https://example.com/\n", "url"),
    ("https://example.com/\r\nX-Injected: 1", "url"),
    ("https://exam\tple.com/", "url"),
    ("https://example.com/a b", "url"),
    ("https://example.com\x00.evil.com/", "url"),
    ("https://example.com\\@127.0.0.1/", "url"),
    ("https:\\\\127.0.0.1\\", "url"),
    ("https://example.com/\u00e9", "url"),
    ("https://exam\u00adple.com/", "url"),
    ("https://exam\u200bple.com/", "url"),
    ("https://example.com/\u2028", "url"),
    ("https://example.com/\ud800", "url"),
    ("https://example.com/%zz", "url"),
    ('https://example.com/"<>', "url"),
    ("https://example.com/{id}", "url"),
    ("https://example.com/#fragment", "fragment"),
    ("https://example.com#@127.0.0.1/", "fragment"),
    ("https://user:secret@example.com/", "userinfo"),  # pragma: allowlist secret
    ("https://example.com@127.0.0.1/", "userinfo"),
    ("https://example.com:443@127.0.0.1/", "userinfo"),
    ("https://@example.com/", "userinfo"),
    # Scheme and port
    ("http://example.com/", "scheme"),
    ("http://example.com:443/", "scheme"),
    ("ftp://example.com/", "scheme"),
    ("file:///etc/passwd", "scheme"),
    ("gopher://127.0.0.1:6379/_FLUSHALL", "scheme"),
    ("redis://127.0.0.1:6379/0", "scheme"),
    ("unix:///run/docker.sock", "scheme"),
    ("https+unix://example.com/", "scheme"),
    ("https://example.com:80/", "port"),
    ("https://example.com:6379/", "port"),
    ("https://example.com:8443/", "port"),
    ("https://example.com:/", "port"),
    ("https://example.com:0443/", "port"),
    ("https://example.com:+443/", "port"),
    ("https://example.com:-443/", "port"),
    ("https://example.com:65979/", "port"),  # 443 modulo 65,536
    ("https://example.com:٤٤٣/", "port"),
    # The host cannot be a public name
    ("https://", "host"),
    ("https:///hook", "host"),
    ("https://?x", "host"),
    ("https://:443/", "host"),
    ("https://.example.com/", "host"),
    ("https://example..com/", "host"),
    ("https://example.com./", "host"),
    ("https://127.0.0.1./", "host"),
    ("https://localhost./", "host"),
    ("https://-example.com/", "host"),
    ("https://example-.com/", "host"),
    ("https://ex_ample.com/", "host"),
    ("https://*.example.com/", "host"),
    ("https://example.com%2f@127.0.0.1/", "userinfo"),
    ("https://%31%32%37.0.0.1/", "host"),
    ("https://example.com%00/", "host"),
    ("https://example.com:443:443/", "host"),
    ("https://" + "a" * 64 + ".com/", "host"),
    ("https://" + "a." * 130 + "com/", "host"),
    ("https://localhost/", "host"),
    ("https://LOCALHOST/", "host"),
    ("https://app.localhost/", "host"),
    ("https://localhost.localdomain/", "host"),
    ("https://printer.local/", "host"),
    ("https://metadata.google.internal/computeMetadata/v1/", "host"),
    ("https://nas.home.arpa/", "host"),
    ("https://redis/", "host"),
    ("https://metadata/", "host"),
    # Numbers that lenient parsers take for an address
    ("https://2130706433/", "host"),
    ("https://017700000001/", "host"),
    ("https://0x7f000001/", "host"),
    ("https://0x7f.0.0.1/", "host"),
    ("https://127.0.0.0x1/", "host"),
    ("https://0177.0.0.1/", "host"),
    ("https://127.0.0.01/", "host"),
    ("https://127.1/", "host"),
    ("https://127.0.1/", "host"),
    ("https://0/", "host"),
    ("https://256.256.256.256/", "host"),
    ("https://127.0.0.1.1/", "host"),
    ("https://example.123/", "host"),
    ("https://１２７.０.０.１/", "host"),  # noqa: RUF001 (on purpose)
    ("https://①②⑦.⓪.⓪.①/", "host"),
    ("https://١٢٧.٠.٠.١/", "host"),  # noqa: RUF001 (on purpose)
    ("https://१२७.०.०.१/", "host"),  # noqa: RUF001 (on purpose; IDNA alone would let these pass)
    ("https://127。0。0。1/", "host"),
    ("https://127．0．0．1/", "host"),  # noqa: RUF001 (on purpose)
    ("https://example｡com/", "host"),
    ("https://ｅｘａｍｐｌｅ.com/", "host"),  # noqa: RUF001 (on purpose)
    ("https://ｌｏｃａｌｈｏｓｔ/", "host"),  # noqa: RUF001 (on purpose)
    ("https://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/", "host"),
    ("https://exam℀ple.com/", "host"),  # NFKC gives a slash
    ("https://example.com\uff0f127.0.0.1/", "host"),  # a fullwidth slash
    ("https://example\u2024com/", "host"),  # a one dot leader
    ("https://हुक१.example.com/", "host"),
    # Square brackets
    ("https://[::1/", "host"),
    ("https://::1/", "host"),
    ("https://[::1]x/", "host"),
    ("https://[]/", "host"),
    ("https://[127.0.0.1]/", "host"),
    ("https://[v1.fe80::a]/", "host"),
    ("https://[fe80::1%25eth0]/", "host"),
    ("https://[2606:4700:4700::1111%1]/", "host"),
    # Addresses of no public host
    ("https://0.0.0.0/", "address"),
    ("https://0.1.2.3/", "address"),
    ("https://10.0.0.1/", "address"),
    ("https://100.64.0.1/", "address"),
    ("https://100.100.100.200/", "address"),
    ("https://127.0.0.1/", "address"),
    ("https://127.255.255.254/", "address"),
    ("https://168.63.129.16/", "address"),
    ("https://169.254.0.1/", "address"),
    ("https://169.254.169.254/latest/meta-data/", "address"),
    ("https://172.16.0.1/", "address"),
    ("https://172.31.255.255/", "address"),
    ("https://192.0.0.192/", "address"),
    ("https://192.0.2.1/", "address"),
    ("https://192.88.99.1/", "address"),
    ("https://192.168.0.1/", "address"),
    ("https://198.18.0.1/", "address"),
    ("https://198.19.255.255/", "address"),
    ("https://198.51.100.1/", "address"),
    ("https://203.0.113.1/", "address"),
    ("https://224.0.0.1/", "address"),
    ("https://239.255.255.250/", "address"),
    ("https://240.0.0.1/", "address"),
    ("https://255.255.255.255/", "address"),
    ("https://[::]/", "address"),
    ("https://[::1]/", "address"),
    ("https://[0:0:0:0:0:0:0:1]/", "address"),
    ("https://[::7f00:1]/", "address"),
    ("https://[::8.8.8.8]/", "address"),
    ("https://[::ffff:127.0.0.1]/", "address"),
    ("https://[::ffff:8.8.8.8]/", "address"),
    ("https://[::ffff:0:8.8.8.8]/", "address"),
    ("https://[64:ff9b::127.0.0.1]/", "address"),
    ("https://[64:ff9b::8.8.8.8]/", "address"),
    ("https://[64:ff9b:1::a00:1]/", "address"),
    ("https://[100::1]/", "address"),
    ("https://[2001::1]/", "address"),
    ("https://[2001:0:53aa:64c::7f00:1]/", "address"),
    ("https://[2001:2::1]/", "address"),
    ("https://[2001:10::1]/", "address"),
    ("https://[2001:20::1]/", "address"),
    ("https://[2001:db8::1]/", "address"),
    ("https://[2002:7f00:1::]/", "address"),
    ("https://[2002:808:808::1]/", "address"),
    ("https://[3fff::1]/", "address"),
    ("https://[4000::1]/", "address"),
    ("https://[5f00::1]/", "address"),
    ("https://[fc00::1]/", "address"),
    ("https://[fd00:ec2::254]/", "address"),
    ("https://[fd20:ce::254]/", "address"),
    ("https://[fe80::1]/", "address"),
    ("https://[fec0::1]/", "address"),
    ("https://[ff02::1]/", "address"),
    ("https://[ff0e::1]/", "address"),
    # Names
    ("https://private.example.com/", "address"),
    ("https://mixed.example.com/", "address"),
    ("https://mixed6.example.com/", "address"),
    ("https://mapped.example.com/", "address"),
    ("https://nat64.example.com/", "address"),
    ("https://metadata.example.com/", "address"),
    ("https://localtest.me/", "address"),
    ("https://127.0.0.1.nip.io/", "address"),
    ("https://metadata.tencentyun.com/", "address"),
    ("https://zero.example.com/", "address"),
    ("https://nowhere.example.com/", "unresolvable"),
]


def _resolve(host: str, timeout: float) -> list[IPAddress]:
    if host not in NAMES:
        raise Unresolvable("the name has no address")
    return [ip_address(address) for address in NAMES[host]]


@pytest.mark.parametrize(("url", "address"), ALLOWED, ids=ascii)
def test_a_public_receiver_is_allowed(url: str, address: str) -> None:
    assert Guard(resolve=_resolve).check(url).address == address


@pytest.mark.parametrize(("url", "code"), BLOCKED, ids=ascii)
def test_every_other_url_is_blocked_with_its_reason(url: str, code: str) -> None:
    with pytest.raises(Blocked) as blocked:
        Guard(resolve=_resolve).check(url)

    assert blocked.value.code == code
    assert str(blocked.value).endswith(".")


def test_a_url_is_sent_in_one_spelling() -> None:
    target = Guard(resolve=_resolve).check("HTTPS://Café.Example.COM:443?q=1")

    assert target.url == "https://xn--caf-dma.example.com/?q=1"
    assert (target.host, target.authority, target.path) == (
        "xn--caf-dma.example.com",
        "xn--caf-dma.example.com",
        "/?q=1",
    )


def test_a_client_does_not_learn_which_private_names_exist() -> None:
    reasons = []
    for url in ("https://private.example.com/", "https://nowhere.example.com/"):
        with pytest.raises(Blocked) as blocked:
            Guard(resolve=_resolve).check(url)
        reasons.append(str(blocked.value))
        assert blocked.value.detail != reasons[-1]

    assert reasons[0] == reasons[1]
    assert "10.0.0.5" not in reasons[0]


@pytest.mark.parametrize(
    ("entry", "url", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:9000/hook", "127.0.0.1"),
        ("127.0.0.1", "https://127.0.0.1/", "127.0.0.1"),
        ("127.0.0.1:9000", "http://127.0.0.1:9000/hook", "127.0.0.1"),
        ("127.0.0.1:80", "http://127.0.0.1/", "127.0.0.1"),
        ("[::1]:9000", "http://[0::1]:9000/", "::1"),
        ("LocalHost", "http://localhost:9000/", "127.0.0.1"),
    ],
)
def test_a_host_on_the_exception_list_may_be_private_and_plain(entry: str, url: str, address: str) -> None:
    assert Guard([entry], resolve=_resolve).check(url).address == address


@pytest.mark.parametrize(
    ("entry", "url", "code"),
    [
        ("127.0.0.1:9000", "http://127.0.0.1:9001/", "scheme"),
        ("127.0.0.1:9000", "https://127.0.0.1/", "address"),
        ("127.0.0.1", "http://127.0.0.2/", "scheme"),
        ("localhost", "http://app.localhost/", "scheme"),
        ("localhost", "http://user@localhost/", "userinfo"),
        ("localhost", "http://localhost./", "host"),
        ("localhost", "ftp://localhost/", "scheme"),
        ("127.0.0.1", "http://0x7f.0.0.1/", "host"),
        ("example.com", "https://hooks.example.com:444/", "port"),
        ("[fe80::1]", "http://[fe80::1%25eth0]/", "host"),
        ("nobody-knows.invalid", "http://nobody-knows.invalid/", "unresolvable"),
        ("", "https:///", "host"),
    ],
)
def test_the_exception_list_excepts_nothing_but_what_it_names(entry: str, url: str, code: str) -> None:
    with pytest.raises(Blocked) as blocked:
        Guard([entry], resolve=_resolve).check(url)

    assert blocked.value.code == code


def test_the_table_is_as_long_as_it_should_be() -> None:
    assert len({url for url, _ in ALLOWED + BLOCKED}) == len(ALLOWED + BLOCKED) >= 120
