"""Issues as posts of WordPress: what is beside each golden issue, and what no post may hold."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from golden_letters import FOLDER, golden

from newsletter.letters.templates import environment
from newsletter.publish.wordpress.blocks import FRAME_CSS, PostText, SitePicture, post_text

if TYPE_CHECKING:
    from jinja2 import Environment

UPDATE = os.environ.get("UPDATE_LETTERS") == "1"
NAMES = ("elements-ar", "elements-en", "french", "hostile", "numbers", "sponsor-ar", "week", "whole")


@pytest.fixture(scope="module")
def templates() -> Environment:
    return environment()


def made(name: str, templates: Environment, *, above: bool = True) -> PostText:
    one = golden(name)
    there = {
        f"cid:{picture.cid}": SitePicture(100 + at, f"https://example.org/wp-content/uploads/{picture.name}")
        for at, picture in enumerate(one.pictures.values(), 1)
    }
    return post_text(one.issue, one.publication, templates, pictures=one.pictures, on_site=there, leads_above=above)


@pytest.mark.parametrize("name", NAMES)
def test_an_issue_becomes_the_post_beside_it(name: str, templates: Environment) -> None:
    post = made(name, templates)
    path = FOLDER / name / "post.html"
    shown = f"{post.title}\n{post.excerpt}\n{post.lead}\n\n{post.content}\n"
    if UPDATE:
        path.write_text(shown, "utf-8")
    assert shown == path.read_text("utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_a_post_holds_what_every_author_may_save_and_nothing_of_a_letter(name: str, templates: Environment) -> None:
    post = made(name, templates)
    tags = set(re.findall(r"<([a-z][a-z0-9]*)", post.content))
    assert tags <= {
        *("p", "h2", "h3", "h4", "a", "strong", "span", "sup", "br", "code", "pre", "ul", "ol", "li", "figure", "img"),
        *("figcaption", "blockquote", "cite", "div", "table", "thead", "tbody", "tr", "th", "td", "hr", "em"),
    }
    assert set(re.findall(r'style="([^"]*)"', post.content)) <= {FRAME_CSS}
    assert not re.search(r"cid:|\bn0123456789abcdef\b|&#\d\d;|&#x|/leave/|/preferences/", post.content)
    # Every block that begins ends, in the order of their nesting.
    open_blocks: list[str] = []
    for end, block in re.findall(r"<!-- (/?)wp:([a-z-]+)(?: \{.*\})? -->", post.content):
        if end:
            assert open_blocks.pop() == block
        else:
            open_blocks.append(block)
    assert open_blocks == []
    assert post.content.count("<!--") == len(re.findall(r"<!-- /?wp:[a-z-]+", post.content))


def test_the_picture_that_leads_stands_in_the_text_where_no_theme_shows_it_above(templates: Environment) -> None:
    shown = 'alt="مراكب صيد ملوّنة أمام رصيف حجري"'
    assert shown not in made("elements-ar", templates).content
    assert shown in made("elements-ar", templates, above=False).content


def test_a_sponsor_says_so_and_its_links_are_marked(templates: Environment) -> None:
    content = made("elements-ar", templates).content
    box = content[content.index("nashra-sponsor") :].partition("<!-- /wp:group -->")[0]
    assert "<strong>إعلان · مطاحن السهل</strong>" in box
    assert re.findall(r"<a [^>]*>", box)
    assert all('rel="sponsored nofollow noopener"' in link for link in re.findall(r"<a [^>]*>", box))


def test_a_number_that_a_text_shows_does_not_become_a_sign(templates: Environment) -> None:
    """The filter over authors' texts makes `&#039;` of `&amp;#39;`, wherever it stands."""
    one = golden("plain")
    shown = "مرجع &#39; و&#x27; و&amp;#39; و&copy;"
    story = replace(
        one.issue.sections[0].stories[0], headline=shown, summary="`&#39;`", url="https://example.org/?a=&#39;"
    )
    sections = (replace(one.issue.sections[0], blocks=(story,)),)
    issue = replace(one.issue, subject=shown, preheader=shown, sections=sections, extra={})
    post = post_text(issue, one.publication, templates, pictures={}, on_site={}, leads_above=True)
    for text in (post.title, post.excerpt, post.content):
        assert "&#038;#39;" in text
        assert "&#038;#x27;" in text
        assert "&amp;copy;" in text
        assert not re.search("&amp;#[0-9xX]", text)
    assert 'href="https://example.org/?a=&#038;#39;"' in post.content


def test_what_a_text_says_in_brackets_is_no_shortcode_of_the_site(templates: Environment) -> None:
    one = golden("plain")
    said = "قال [gallery ids='1'] و[/gallery] و[[nashra]] و[1] و[ ]"
    story = replace(one.issue.sections[0].stories[0], headline=said, summary=said, url="https://example.org/[x]")
    issue = replace(one.issue, preheader=said, sections=(replace(one.issue.sections[0], blocks=(story,)),))
    post = post_text(issue, one.publication, templates, pictures={}, on_site={}, leads_above=True)
    for text in (post.excerpt, post.content):
        assert re.findall(r"\[.", text)
        assert set(re.findall(r"\[.", text)) <= {"[1", "[ "}
        # A name that reads from the left is isolated right behind its bracket.
        assert re.search('&#091;(?:<span dir="ltr">)?gallery', text)
    assert 'href="https://example.org/&#091;x]"' in post.content


def test_no_sign_is_one_that_wordpress_fetches_a_picture_of(templates: Environment) -> None:
    """Emoji of ours would make each page ask s.w.org."""
    for name in NAMES:
        assert not re.search("[\u25b6\ufe0f\U0001f000-\U0001faff]", made(name, templates).content)
