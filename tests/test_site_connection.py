"""The way to the newsroom's WordPress: one request and nothing followed, a password caught and out of the address."""

from __future__ import annotations

import contextlib
import http.client
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
from conftest import MakeDatabase
from test_sources_http import AGENT, Site, ok

from newsletter.publish import PublishInterruptedError, rows
from newsletter.publish.rows import PublishedIssue
from newsletter.sources.http import Fetcher, FetchError
from newsletter.storage.database import Database, open_database
from newsletter.workflows.publishing.alone import alone
from newsletter.workflows.publishing.catching import Caught, listening


@pytest.fixture
def fetcher() -> Iterator[Fetcher]:
    with Fetcher(AGENT, allow_loopback=True) as opened:
        yield opened


def test_a_request_is_handed_over_whole_and_answered_whatever_the_answer_is(fetcher: Fetcher) -> None:
    site = Site(lambda path, headers: ok(b'{"code":"no"}', "Content-Type: application/json", status="403 Forbidden"))
    with contextlib.closing(site):
        found = fetcher.exchange(
            "POST", f"{site.url}/wp-json/", headers={"Authorization": "Basic c2FsbWE="}, content=b"{}"
        )
    assert (found.status, found.data) == (403, b'{"code":"no"}')
    ((path, headers),) = site.asked
    assert (path, headers["authorization"], headers["content-length"]) == ("/wp-json/", "Basic c2FsbWE=", "2")


def test_a_redirect_is_not_followed_with_the_password(fetcher: Fetcher) -> None:
    elsewhere = Site(lambda path, headers: ok(b"{}"))
    lines = (f"Location: {elsewhere.url}/",)
    site = Site(lambda path, headers: ok(b"", *lines, status="301 Moved Permanently"))
    with contextlib.closing(site), contextlib.closing(elsewhere):
        found = fetcher.exchange("GET", f"{site.url}/", headers={"Authorization": "Basic c2FsbWE="})
    assert (found.status, found.headers["location"]) == (301, f"{elsewhere.url}/")
    assert elsewhere.asked == []


def test_nothing_is_tried_twice_and_no_private_address_is_asked() -> None:
    site = Site(lambda path, headers: ok(b"{}", status="503 Service Unavailable"))
    with contextlib.closing(site), Fetcher(AGENT, allow_loopback=True) as opened:
        assert opened.exchange("GET", f"{site.url}/", headers={}).status == 503
        assert len(site.asked) == 1
    with Fetcher(AGENT) as guarded, pytest.raises(FetchError, match="no public address"):
        guarded.exchange("GET", f"{site.url}/", headers={})


def answered(caught: Caught, path: str) -> tuple[int, str, str]:
    """Status, place and body of what the waiting answers to a browser."""
    parts = urlsplit(caught.address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 0, timeout=60)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.headers.get("Location", ""), answer.read().decode()
    finally:
        connection.close()


def test_a_password_is_caught_and_does_not_stay_in_the_address() -> None:
    with listening() as caught:
        path = urlsplit(caught.address).path
        assert len(path) > 30
        assert answered(caught, "/?user_login=eve&password=x")[0] == 404
        assert not caught.over.is_set()
        query = "?site_url=https%3A%2F%2Fexample.org&user_login=salma&password=abcd%20efgh"
        status, place, body = answered(caught, path + query)
        assert (status, place, body) == (303, f"{path}/done", "")
        assert (caught.site, caught.user, caught.password) == ("https://example.org", "salma", "abcd efgh")
        assert caught.over.is_set()
        assert "abcd" not in repr(caught)
        # Whoever comes later changes nothing.
        answered(caught, f"{path}?site_url=x&user_login=eve&password=y")
        assert caught.user == "salma"
        status, _, body = answered(caught, place)
        assert (status, "Nashra has it" in body, "abcd" in body) == (200, True, False)


def test_somebody_may_say_no() -> None:
    with listening() as caught:
        answered(caught, f"{urlsplit(caught.address).path}?success=false")
        assert (caught.over.is_set(), caught.refused) == (True, True)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, ready_urls: MakeDatabase) -> Iterator[Database]:
    with contextlib.closing(open_database(ready_urls(request.param))) as opened:
        yield opened


def test_what_was_published_is_kept_in_one_row(database: Database) -> None:
    from datetime import UTC, datetime

    now = datetime(2026, 11, 27, 8, tzinfo=UTC)
    one = PublishedIssue("wordpress", "https://example.org", "12", writing={"title": "أ"})
    with database.write() as connection:
        rows.keep(connection, one, now=now)
        done = PublishedIssue(
            *("wordpress", "https://example.org", "12", 7, "post", "https://example.org/n-12/", True),
            written={"title": "أ"},
            pictures={"ab": (3, "https://example.org/p.jpg")},
        )
        rows.keep(connection, done, now=now)
    with database.read() as connection:
        assert rows.find(connection, "wordpress", "https://example.org", "12") == done
        assert rows.every(connection) == [done]
        assert rows.find(connection, "wordpress", "https://other.example.org", "12") is None
        assert rows.link_of(connection, "12") == "https://example.org/n-12/"
        assert rows.links(connection) == {"12": "https://example.org/n-12/"}


def test_the_lock_holds_over_machines_that_share_a_database(database: Database, tmp_path_factory: Any) -> None:
    """On PostgreSQL also for workspaces in other folders; on SQLite by the file beside the database."""
    folders = [tmp_path_factory.mktemp("one")] * 2
    if not database.is_sqlite:
        folders[1] = tmp_path_factory.mktemp("two")
    first, second = (cast("Any", SimpleNamespace(root=folder, database=database)) for folder in folders)
    with alone(first, "wordpress", "12"):
        with pytest.raises(PublishInterruptedError), alone(second, "wordpress", "12", wait=0.0):
            raise AssertionError
        with alone(second, "wordpress", "13", wait=0.0):
            pass
    with alone(second, "wordpress", "12", wait=0.0):
        pass
