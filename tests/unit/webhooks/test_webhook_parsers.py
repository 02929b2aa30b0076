"""Whatever passes the strict reading means the same host to other parsers."""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx
from hypothesis import given
from hypothesis import strategies as st

from webhooks.errors import Blocked
from webhooks.urls import Url, parse

_PIECES = ["https://", "http:", "//", "/", "\\", "@", ":", "443", "#", "?", "[", "]", "::1", "%25", "%2f", ".", "。"]
_HOSTS = ["example.com", "127.0.0.1", "0x7f", "localhost", "café.fr", "xn--caf-dma.fr", "１２７", " ", "\t", "\x00"]  # noqa: RUF001 (on purpose)


def _read(text: str) -> Url | None:
    try:
        return parse(text)
    except Blocked:
        return None


@given(st.lists(st.sampled_from(_PIECES + _HOSTS) | st.text(max_size=2), max_size=8).map("".join))
def test_what_is_read_at_all_is_read_alike_everywhere(rest: str) -> None:
    for text in (rest, f"https://{rest}", f"https://example.com{rest}"):
        url = _read(text)
        if url:
            split, other = urlsplit(url.url), httpx.URL(url.url)
            assert (split.hostname, split.scheme, split.username, split.fragment) == (url.host, url.scheme, None, "")
            assert (split.port or {"http": 80, "https": 443}[url.scheme]) == url.port
            assert (other.raw_host.decode().strip("[]"), other.scheme) == (url.host, url.scheme)
            assert parse(url.url) == url
