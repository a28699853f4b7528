"""Back to the post afterwards: a link to the newsroom's own site, and to nowhere else."""

from __future__ import annotations

import re
from html import unescape

import pytest
from reader_pages import Workspace

from newsletter.storage.database import Database
from subscribers.web.back import way_back

HOME = "https://example.org"
POST = "https://example.org/2026/11/%d8%b3%d9%88%d9%82/?x=1&y=2"
OWN = [
    POST,
    "https://www.example.org/a/",
    "https://EXAMPLE.org./a",
    "https://example.org:443/?p=12",
    "https://example.org/سوق",
]
STRANGE = [
    "",
    "/2026/",
    "//example.org/",
    "http://example.org/",  # the site is https
    "https://example.org.evil.example/",
    "https://evil.example/https://example.org/",
    "https://example.org@evil.example/",
    "https://evil.example@example.org/",
    "https://example.org:8443/",
    "https://example.org:x/",
    "https://example.org\\@evil.example/",
    "https:\\\\example.org/",
    "https://exam\tple.org/",
    "https://example.org/\r\nSet-Cookie: a=b",
    "https://example.org/\u202egpj",
    'https://example.org/"><script>',
    "javascript://example.org/%0aalert(1)",
    "data:text/html,x",
    "https://[::1",
    "https:///a",
    "https://example.org/" + "a" * 2000,
]


@pytest.mark.parametrize("address", OWN)
def test_a_page_of_the_own_site_is_led_back_to(address: str) -> None:
    assert way_back(address, HOME) == address


@pytest.mark.parametrize("address", STRANGE)
def test_no_other_address_is(address: str) -> None:
    assert way_back(address, HOME) == ""


def test_a_site_with_its_own_port_or_without_https_or_in_arabic_is_known() -> None:
    assert way_back("http://127.0.0.1:9480/?p=4", "http://127.0.0.1:9480") == "http://127.0.0.1:9480/?p=4"
    assert way_back("http://127.0.0.1:9481/?p=4", "http://127.0.0.1:9480") == ""
    assert way_back("https://example.org/", "http://example.org") == "https://example.org/"
    assert way_back("https://xn--4gbrim.example/a", "https://موقع.example") == "https://xn--4gbrim.example/a"
    assert way_back("https://example.org/", "") == ""


def test_the_second_press_and_the_inbox_page_keep_the_way_back(database: Database) -> None:
    pages = Workspace(database)
    client = pages.client(home=HOME)
    again = client.post("/subscribe", data={"email": "amal@example.net", "list": "readers", "back": POST})
    assert again.status_code == 200
    found = re.search(r'name="back" value="([^"]+)"', again.text)
    assert found is not None
    assert unescape(found[1]) == POST
    inbox = pages.subscribe(client, back=unescape(found[1]))
    assert f'href="{POST.replace("&", "&amp;")}"' in inbox.text
    assert pages.letters() == ["confirmation"]
    # An address that was mistyped: the form that corrects it keeps it too.
    slip = pages.subscribe(client, "amal@gmial.com", back=POST)
    assert 'name="back" value="' in slip.text


@pytest.mark.parametrize("address", [one for one in STRANGE if one])
def test_nothing_strange_is_on_any_page(database: Database, address: str) -> None:
    pages = Workspace(database)
    client = pages.client(home=HOME)
    again = client.post("/subscribe", data={"email": "amal@example.net", "back": address})
    inbox = pages.subscribe(client, back=address)
    for page in (again, inbox):
        assert 'name="back"' not in page.text
        assert "evil" not in page.text
        assert "location" not in page.headers
        assert "العودة إلى ما كنت تقرأ" not in page.text
