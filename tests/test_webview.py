"""A letter on the web: the same to the eye, nothing of one reader in it, nothing that a strict policy forbids."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.letters.mime import LEAVE, slot
from newsletter.letters.render import render
from newsletter.letters.templates import environment
from newsletter.models import Issue, Letter, Picture, Prose, Publication, Rendered, Section, Story
from newsletter.web.letter_page import LetterPage, web_view

MARKER = "n0123456789abcdef"
LINK = f"https://news.example.org/leave/{slot(MARKER, LEAVE)}"
BECAUSE = "تصلك هذه الرسالة لأنك اشتركت في نشرة «الموجة»."
PICTURE = Picture("p1@example.org", "image/jpeg", b"\xff\xd8\xff", "a.jpg", 900, 600)


def letter(html: str, **changes: Any) -> Letter:
    rendered = Rendered("موضوع", html, "نص", changes.pop("pictures", ()))
    fields = {
        "sender": "news@example.org",
        "reply_to": "",
        "list_id": "readers.example.org",
        "marker": MARKER,
        "unsubscribe_url": LINK,
        "unsubscribe_mail": "",
        "date": datetime(2026, 11, 24, tzinfo=UTC),
    }
    return Letter(rendered=rendered, **{**fields, **changes})


def view(html: str, **changes: Any) -> LetterPage:
    return web_view(
        letter(f"<html><head></head><body>{html}</body></html>", **changes),
        folder="/letters/12",
        subscribe=("/", "اشترك"),
        because=BECAUSE,
    )


@pytest.mark.parametrize("template", ["weekly", "digest", "bulletin"])
@pytest.mark.parametrize("site", ["mailto", "https"])
def test_a_real_letter(template: str, site: str) -> None:
    story = Story("العنوان", url="https://example.org/a", summary="ملخص **قوي**.", image="a.jpg", image_alt="وصف")
    more = Story("ثانٍ", url="https://example.org/b", image="https://pictures.example.com/b.png", image_alt="صورة")
    issue = Issue(
        7, "الموضوع", "السطر الأول", template=template, sections=(Section("قسم", (story, more, Prose("> قول"))),)
    )
    rendered = render(
        issue,
        Publication("الموجة", "https://example.org"),
        environment(),
        marker=MARKER,
        leave_url=LINK if site == "https" else f"mailto:n@example.org?subject={slot(MARKER, LEAVE)}",
        date=datetime(2026, 11, 24, tzinfo=UTC),
        pictures={"a.jpg": PICTURE},
    )
    made = web_view(
        letter(rendered.html, pictures=rendered.pictures),
        folder="/letters/7",
        subscribe=("https://news.example.org/", "اشترك"),
        because=BECAUSE,
    )
    assert MARKER not in made.html + made.css
    assert "style=" not in made.html
    assert "<style" not in made.html
    assert "<!--[if" not in made.html
    assert "إلغاء الاشتراك" not in made.html
    assert "لأنك اشتركت" not in made.html
    assert made.html.count('href="https://news.example.org/"') == 1
    assert all(text in made.html for text in ("العنوان", "ثانٍ", "قول", 'lang="ar" dir="rtl"'))
    assert made.summary == "السطر الأول"
    with_pictures = template != "bulletin"
    assert made.hosts == (("https://pictures.example.com",) if with_pictures else ())
    assert list(made.pictures) == (["1.jpg"] if with_pictures else [])
    if with_pictures:
        assert 'src="/letters/7/1.jpg"' in made.html
    assert made.image == ("/letters/7/1.jpg" if template == "weekly" else "")
    # What stood in attributes weighs more than the letter's rules, but for the important ones.
    assert re.search(r"#letter \.s\d+,#letter\.s\d+\{[^}]*direction:rtl", made.css)
    assert "prefers-color-scheme: dark" in made.css


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '<a href="javascript:alert(1)">x</a>',
    '<a href=" java\nscript:alert(1)">x</a>',
    '<a href="\u0001javascript:alert(1)">x</a>',
    '<a href="vbscript:x">x</a>',
    '<img src="data:image/svg+xml,<svg onload=alert(1)>">',
    '<iframe src="https://example.com"></iframe>',
    '<form action="https://example.com"><input name=a><button>x</button></form>',
    '<meta http-equiv="refresh" content="0;url=https://example.com">',
    '<base href="https://example.com/">',
    '<link rel=stylesheet href="https://example.com/a.css">',
    '<object data="x"></object><embed src="x">',
    '<p style="background:url(https://example.com/a.png)">x</p>',
    '<p style="color:red;}body{display:none">x</p>',
    '<p style="width:expression(alert(1))">x</p>',
    "<p style=\"@import 'https://example.com'\">x</p>",
    '<svg onload="alert(1)"><script>1</script></svg>',
    "<div ONCLICK=alert(1)>x</div>",
    '<img src="http://example.com/a.png" width="400">',
    '<img src="https://[::1]/a.png" width="400">',
    '<img src="https://a.example;script-src *" width="400">',
]


@pytest.mark.parametrize("html", HOSTILE)
def test_nothing_that_could_run_or_load(html: str) -> None:
    made = view(f"<p>قبل</p>{html}<p>بعد</p>")
    assert "قبل" in made.html
    assert "بعد" in made.html
    harmless(made)


def harmless(made: LetterPage) -> None:
    import lxml.html

    page = lxml.html.document_fromstring(made.html)
    for element in page.iter():
        if not isinstance(element.tag, str):
            continue
        assert element.tag not in {"script", "iframe", "form", "input", "button", "object", "embed", "base", "style"}
        for name, value in element.attrib.items():
            assert not name.lower().startswith("on")
            assert name != "style"
            assert not re.match(r"[\s\x00-\x20]*(java|vb)script:", value, re.IGNORECASE) or name not in ("href", "src")
        if element.tag == "img":
            assert (element.get("src") or "https://").startswith(("https://", "/letters/12/"))
        if element.tag == "link":
            assert element.get("href") == "/letters/12/letter.css"
    own = [line for line in made.css.splitlines() if line.startswith("#letter")]
    for line in own:
        assert line.count("{") == line.count("}") == 1
        assert not re.search(r"url\(|expression|@import", line)
    for host in made.hosts:
        assert re.fullmatch(r"https://[a-z0-9.-]+(:\d+)?", host)


@given(
    st.lists(
        st.sampled_from([*HOSTILE, "<p>", "</div>", "<!--", "-->", "<!--[if mso]>", MARKER, LINK, "نص"]), max_size=8
    )
)
@settings(max_examples=60, deadline=None)
def test_any_mixture_of_them(parts: list[str]) -> None:
    made = view("".join(parts))
    harmless(made)
    assert slot(MARKER, LEAVE) not in made.html
    assert MARKER not in made.html


def test_what_stands_behind_a_dropped_part_stays() -> None:
    made = view("أول<script>x</script>ثانٍ<p>ثالث</p><iframe></iframe>رابع")
    assert "أولثانٍ" in made.html
    assert "رابع" in made.html


def test_two_equal_styles_are_one_class() -> None:
    made = view('<p style="color:red; mso-line-height-rule:exactly">a</p><b class="x" style="color:red;">b</b>')
    assert made.css.count("color:red") == 1
    assert re.search(r'class="x s\d+"', made.html)
    assert "mso-" not in made.css


def test_a_picture_that_is_not_in_the_letter_has_no_address() -> None:
    made = view('<img src="cid:nobody@x" alt="a"><img src="cid:p1@example.org" width="600">', pictures=(PICTURE,))
    assert "cid:" not in made.html
    assert made.image == "/letters/12/1.jpg"
