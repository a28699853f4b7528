"""Addresses made absolute, and the one way to spell them."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.models import Article
from newsletter.sources.identity import article_key, normal_url
from newsletter.sources.links import absolute, host, unwrapped


@pytest.mark.parametrize(
    ("base", "reference", "expected"),
    [
        ("https://example.org/a/b", "../خبر.jpg?x=ب#ق", "https://example.org/%D8%AE%D8%A8%D8%B1.jpg?x=%D8%A8#%D9%82"),
        ("https://example.org/a/", "//cdn.example.org/x y.png", "https://cdn.example.org/x%20y.png"),
        ("https://example.org", "", ""),
        ("", "https://example.org", "https://example.org/"),
        ("", "HTTP://WWW.Example.ORG:80/a", "http://www.example.org/a"),
        ("", "https://example.org:8443/", "https://example.org:8443/"),
        ("https://مثال.example/", "/أ", "https://xn--mgbh0fb.example/%D8%A3"),
        ("https://example.org", "%d8%50%", "https://example.org/%d8%50%25"),
        ("https://example.org", "\n /a\tb\n", "https://example.org/ab"),
        ("", "https://user:secret@example.org/", "https://example.org/"),
        ("", "https://[2001:db8::1]/", "https://[2001:db8::1]/"),
        ("", "/relative", ""),
        ("https://example.org/", "javascript:alert(1)", ""),
        ("https://example.org/", "java\nscript:alert(1)", ""),
        ("https://example.org/", "\u2028javascript:alert(1)", ""),
        ("https://example.org/", "data:text/html,x", ""),
        ("https://example.org/", "file:///etc/passwd", ""),
        ("https://example.org/", "http://[::1", ""),
        ("https://example.org/", "http://a:99999/", ""),
        ("https://example.org/", "http://exa mple.org/", ""),
        ("https://example.org/", "http://ex\u0001ample.org/", ""),
        ("https://example.org/", "/a\u202egpj.exe", ""),
        ("https://example.org/", "/a%E2%80%AEgpj.exe", ""),
        ("https://example.org/", "/" + "a" * 3000, ""),
    ],
)
def test_absolute(base: str, reference: str, expected: str) -> None:
    assert absolute(base, reference) == expected


@given(st.text(), st.text())
def test_absolute_gives_ascii_web_addresses_or_nothing(base: str, reference: str) -> None:
    found = absolute(base, reference)
    assert found == "" or (found.isascii() and found.startswith(("http://", "https://")))
    assert absolute("", found) == found


@pytest.mark.parametrize(
    "spelling",
    [
        "https://example.org/الجزائر/خبر",
        "https://example.org/%D8%A7%D9%84%D8%AC%D8%B2%D8%A7%D8%A6%D8%B1/%D8%AE%D8%A8%D8%B1/",
        "http://EXAMPLE.org:80/%d8%a7%d9%84%d8%ac%d8%b2%d8%a7%d8%a6%d8%b1/خبر/",
        "https://example.org/الجزائر/خبر/?utm_source=x&fbclid=1&UTM_Medium=y#comments",
        "https://example.org/./الجزائر/../الجزائر/خبر/amp/",
        "https://example.org/الجزائر/خبر?share=twitter&replytocom=9&mc_eid=1",
    ],
)
def test_all_spellings_of_an_address_are_one(spelling: str) -> None:
    assert normal_url(spelling) == ("https://example.org/%D8%A7%D9%84%D8%AC%D8%B2%D8%A7%D8%A6%D8%B1/%D8%AE%D8%A8%D8%B1")


def test_parameters_that_choose_the_article_stay() -> None:
    assert normal_url("https://example.org/?p=5&utm_source=x") == "https://example.org?p=5"
    assert normal_url("https://example.org/?p=5") != normal_url("https://example.org/?p=6")
    assert normal_url("https://example.org/show?id=7&lang=ar") == "https://example.org/show?id=7&lang=ar"
    assert normal_url("not an address") == ""


@given(st.text())
def test_normal_url_changes_nothing_twice(tail: str) -> None:
    once = normal_url("https://example.org/" + tail)
    assert normal_url(once) == once


def test_the_key_is_the_address_or_else_the_words() -> None:
    assert article_key(Article("أ", url="https://example.org/a/")) == "url:https://example.org/a"
    bare = Article("إعلان هام", body="<p>نصٌّ طويل</p>")
    assert article_key(bare) == article_key(Article("اعلان هام", body="<p>نص <b>طويل</b></p>"))
    assert article_key(bare) != article_key(Article("إعلان هام", body="<p>نص آخر</p>"))
    assert article_key(bare).startswith("text:")


def test_host() -> None:
    assert host("https://www.Example.org:8080/x") == "example.org"
    assert host("http://[") == host("x") == ""


REAL = "https://example.org/2026/11/%D8%AE%D8%A8%D8%B1/?p=5&x=1"
CODED = quote(REAL, safe="")


@pytest.mark.parametrize(
    "wrapped",
    [
        f"https://www.google.com/url?rct=j&sa=t&url={CODED}&ct=ga&cd=CAIyGjk&usg=AOvVaw0",
        f"https://www.google.com.eg/url?q={CODED}&sa=D",
        f"http://news.google.com/news/url?sa=t&fd=R&ct2=ar&usg=AFQ&url={CODED}",
        f"https://l.facebook.com/l.php?u={CODED}&h=AT0",
        f"https://l.instagram.com/?u={CODED}&e=AT1",
        f"https://t.umblr.com/redirect?z={CODED}&t=NDk",
        f"https://eur02.safelinks.protection.outlook.com/?url={CODED}&data=05%7C02&sdata=x&reserved=0",
        f"https://eur02.safelinks.protection.outlook.com/GetUrlReputation?url={CODED}",
        f"https://www.youtube.com/redirect?event=video_description&q={CODED}",
        f"https://www.bing.com/news/apiclick.aspx?ref=FexRss&aid=&url={CODED}&c=1",
        f"https://l.facebook.com/l.php?u={quote(f'https://www.google.com/url?url={CODED}', safe='')}",
        f"https://www.google.com/url?url={quote(CODED, safe='')}",
        "https://www.google.com/amp/s/example.org/2026/11/%D8%AE%D8%A8%D8%B1/?p=5&x=1",
        "https://example-org.cdn.ampproject.org/c/s/example.org/2026/11/%D8%AE%D8%A8%D8%B1/?p=5&x=1",
        f"HTTPS://WWW.Google.COM/url?url={CODED}",
    ],
)
def test_an_address_that_names_its_target_is_the_target(wrapped: str) -> None:
    assert absolute("", wrapped) == REAL
    assert unwrapped(wrapped) == REAL
    assert normal_url(wrapped) == normal_url(REAL)


@pytest.mark.parametrize(
    "plain",
    [
        "https://www.google.com/url?q=/search",
        "https://www.google.com/url?url=javascript:alert(1)",
        "https://www.google.com/search?q=https://example.org/",
        "https://www.facebook.com/sharer/sharer.php?u=https://example.org/",
        "https://www.google.com.example.org/url?url=https://example.net/",
        "https://example.org/url?url=https://example.net/",
        "https://example.org/?next=https://www.google.com/url",
        "https://l.facebook.com/l.php?h=AT0",
        "https://www.google.com/amp/s/x",
        "https://[www.google.com/url?url=https://example.org/",
        "",
    ],
)
def test_an_address_that_leads_nowhere_else_stays(plain: str) -> None:
    assert unwrapped(plain) == plain


def test_redirects_that_turn_in_a_circle_end() -> None:
    wrapped = REAL
    for _ in range(9):
        wrapped = f"https://t.umblr.com/redirect?z={quote(wrapped, safe='')}"
    assert unwrapped(wrapped).startswith("https://t.umblr.com/redirect?z=")
