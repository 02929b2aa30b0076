from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import pytest

from tests.unit.web.apps import app_without_redis

LOADS = {"script": "src", "link": "href", "img": "src", "iframe": "src", "source": "src"}


class _Assets(HTMLParser):
    """What a page loads, and whether anything in it is script or style of its own."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.urls: list[str] = []
        self.inline: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if url := values.get(LOADS.get(tag, "")):
            self.urls.append(url)
        self.inline += [name for name in values if name.startswith("on") or name == "style"]
        if tag == "style" or (tag == "script" and "src" not in values):
            self.inline.append(tag)


@pytest.mark.parametrize("page", ["/", "/docs/"])
def test_a_page_loads_everything_from_this_server_and_its_policy_lets_it(page: str) -> None:
    client = app_without_redis().test_client()
    answer = client.get(page)
    assets = _Assets(answer.get_data(as_text=True))

    assert answer.content_type.startswith("text/html")
    policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
    nothing = {name for name, sources in policy.items() if sources == "'none'"}
    assert nothing == {"default-src", "form-action", "base-uri", "frame-ancestors"}
    assert (policy["script-src"], policy["connect-src"]) == ("'self'", "'self'")
    assert policy["style-src"] == ("'self'" if page == "/" else "'self' 'unsafe-inline'")
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "geolocation=()" in answer.headers["Permissions-Policy"]
    assert assets.inline == []
    loaded = [url for url in assets.urls if not url.startswith("data:")]
    assert len(loaded) >= 2
    for url in loaded:
        parts = urlsplit(urljoin(f"http://localhost{page}", url))
        assert parts.netloc == "localhost", url
        fetched = client.get(parts.path)
        assert fetched.status_code == 200, url
        kind = "javascript" if parts.path.endswith(".js") else "css"
        assert kind in fetched.content_type, url


def test_the_docs_page_names_a_contract_that_is_there() -> None:
    client = app_without_redis().test_client()

    assert '"/openapi.json"' in client.get("/static/docs.js").get_data(as_text=True)
    assert client.get("/openapi.json").status_code == 200


def test_docs_without_the_slash_leads_to_docs() -> None:
    answer = app_without_redis().test_client().get("/docs", follow_redirects=True)

    assert answer.status_code == 200
    assert "swagger-ui" in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("proxies", "location"), [("0", "http://localhost/docs/"), ("1", "https://coach.example.org/docs/")]
)
def test_only_a_trusted_proxy_says_what_the_address_was(proxies: str, location: str) -> None:
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "coach.example.org"}

    answer = app_without_redis(TRUSTED_PROXIES=proxies).test_client().get("/docs", headers=forwarded)

    assert answer.headers["Location"] == location


@pytest.mark.parametrize(
    "path",
    [
        "/docs/../app.py",
        "/docs/..%2f..%2fpip/__init__.py",
        "/docs//etc/passwd",
        "/static/../app.py",
        "/static/..%2fapp.py",
    ],
)
def test_no_other_file_of_the_machine_can_be_had(path: str) -> None:
    assert app_without_redis().test_client().get(path).status_code in {404, 308}


def test_the_chat_page_says_what_it_is_not() -> None:
    page = " ".join(app_without_redis().test_client().get("/").get_data(as_text=True).split())

    assert "not a health professional and not an emergency service" in page
