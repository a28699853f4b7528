"""The documents as a site: whole in both languages, asking nobody else for anything, and fit for a telephone."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from browser import Browser
from lxml import html
from markdown_it import MarkdownIt
from site_pages import (
    ARABIC,
    ENGLISH,
    HALVES,
    INDEX,
    MADE_OF,
    Broken,
    Half,
    as_zensical_reads,
    build,
    build_half,
    groups,
    parsed,
    relinked,
    targets,
)

pytestmark = pytest.mark.slow  # both halves are built, in three seconds

ELEMENTS = ("h1", "h2", "h3", "h4", "ul", "ol", "li", "table", "tr", "td", "pre", "blockquote", "img", "br")
FEW_ENOUGH = 6
"""Pages in English alone, which docs/ar/index.md names in its last part. This number only falls."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole site."""
    folder = tmp_path_factory.mktemp("built") / "site"
    build(folder)
    return folder


@cache
def read(path: Path) -> html.HtmlElement:
    return html.parse(str(path)).getroot()


def pages(site: Path) -> list[Path]:
    return sorted(site.rglob("*.html"))


def test_every_page_is_built(site: Path) -> None:
    for half in HALVES:
        built = {path.stem for path in (site / half.language).glob("*.html")}
        assert built == {path.stem for path in half.folder.glob("*.md")}


def test_no_link_is_broken_and_no_anchor_missing(site: Path) -> None:
    for path in pages(site):
        for element, _, link, _ in read(path).iterlinks():
            url = urlsplit(link)
            if url.scheme or element.tag == "style":
                continue
            led = (path.parent / unquote(url.path)).resolve() if url.path else path
            assert led.is_file(), f"{path.relative_to(site)} leads to {link}"
            if url.fragment and led.suffix == ".html" and not url.fragment.startswith("__"):
                assert read(led).xpath("//*[@id=$id]", id=unquote(url.fragment)), f"{path.relative_to(site)}: {link}"


def test_pages_take_nothing_from_elsewhere(site: Path) -> None:
    """Readers may follow a link to another host; no page fetches from one, and the browser would refuse it."""
    for path in pages(site):
        root = read(path)
        for element, attribute, link, _ in root.iterlinks():
            if element.tag != "a":
                assert urlsplit(link).scheme in ("", "data"), f"{path.relative_to(site)}: {attribute} {link}"
        policy = root.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")
        assert policy, path
        assert "http" not in policy[0]
    for path in site.rglob("*.css"):
        assert not re.search(r"(url\(|@import)\s*[\"']?(https?:)?//", path.read_text("utf-8")), path


@pytest.mark.parametrize(("language", "direction"), [("en", "ltr"), ("ar", "rtl")])
def test_pages_say_their_language_and_direction(site: Path, language: str, direction: str) -> None:
    for path in (site / language).glob("*.html"):
        root = read(path)
        assert root.get("lang") == language, path
        assert root.find("body").get("dir") == direction, path


@pytest.mark.parametrize("half", HALVES, ids=lambda half: half.language)
def test_pages_show_what_github_shows(site: Path, half: Half) -> None:
    """Documents are written for one reader of Markdown, and the site is made by another."""
    github = MarkdownIt("gfm-like", {"linkify": False, "html": True})
    for path in sorted(half.folder.glob("*.md")):
        there = html.fromstring(f"<div>{github.render(path.read_text('utf-8'))}</div>")
        here = html.parse(str(site / half.language / f"{path.stem}.html")).getroot().find(".//article")
        for added in here.xpath(".//a[@class='headerlink' or @id='__skip' or contains(@href, '__codelineno')]"):
            added.drop_tree()
        assert seen(here) == seen(there), path


def seen(page: html.HtmlElement) -> tuple[dict[str, int], list[str], str]:
    """How many of each element, what stands as code, and all words."""
    elements = Counter(element.tag for element in page.iter(*ELEMENTS))
    code = [" ".join(one.text_content().split()) for one in page.xpath(".//code[not(parent::pre)]")]
    return elements, code, "".join(page.text_content().split())


def test_pages_lead_to_the_same_page_in_the_other_language(site: Path) -> None:
    for half, other in (HALVES, HALVES[::-1]):
        for path in (site / half.language).glob("*.html"):
            (link,) = read(path).xpath("//a[@class='nashra-other']/@href")
            there = site / other.language / path.name
            assert link == f"../{other.language}/{path.name if there.exists() else 'index.html'}"


def test_every_page_is_in_both_languages_or_said_not_to_be() -> None:
    english, arabic = set(ENGLISH.pages), set(ARABIC.pages)
    assert arabic <= english, "pages in Arabic alone"
    lent = {target.removeprefix("../en/") for target in targets(ARABIC.folder / INDEX) if target.startswith("../en/")}
    assert lent == english - arabic, "docs/ar/index.md names, of docs/en, what is not in Arabic, and nothing else"
    assert len(lent) <= FEW_ENOUGH, "a new page is written in both languages"


@pytest.mark.parametrize("half", HALVES, ids=lambda half: half.language)
def test_every_page_is_in_the_navigation_once(site: Path, half: Half) -> None:
    named = [name for group in groups(half) for name in group.pages if "/" not in name]
    assert sorted([*named, INDEX]) == half.pages, f"docs/{half.language}/index.md is the navigation"
    shown = {
        urlsplit(link).path.removeprefix("./")
        for link in read(site / half.language / "index.html").xpath("//nav[@data-md-level='0']//a/@href")
    }
    assert shown >= {Path(name).with_suffix(".html").name for name in half.pages}


@pytest.mark.browser
def test_no_page_is_wider_than_a_telephone_or_asks_elsewhere(site: Path, chromium: Browser) -> None:
    for name in ("index", "ar/index", "ar/quick-start", "en/settings", "en/wordpress"):
        page = chromium.page()
        try:
            page.size(390, 800)
            page.send("Page.navigate", {"url": (site / f"{name}.html").as_uri()})
            page.run(
                "new Promise(done => document.readyState === 'complete' ? done() : addEventListener('load', done))"
            )
            assert page.run("document.documentElement.scrollWidth") <= 390, name
            asked = page.run("performance.getEntriesByType('resource').map(entry => entry.name)")
            assert all(url.startswith((site.as_uri(), "data:")) for url in asked), (name, asked)
        finally:
            page.close()


def test_a_broken_link_ends_the_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    docs = tmp_path / "docs"
    (docs / "en").mkdir(parents=True)
    (docs / "ar").mkdir()
    (docs / "en" / INDEX).write_text("# Nashra\n\n## All\n\n- [One](one.md)\n", "utf-8")
    (docs / "en" / "one.md").write_text("# One\n\n[Nothing](one.md#nothing)\n", "utf-8")
    monkeypatch.setattr("site_pages.DOCS", docs)
    with pytest.raises(Broken, match=r"docs/en: [\s\S]*one\.md:3.* [\s\S]*anchor does not exist"):
        build_half(ENGLISH, tmp_path / "work")
    assert MADE_OF.is_dir()


def test_what_github_reads_is_written_as_zensical_reads_it() -> None:
    document = """\
Before a list:
- one
  goes on
  - inner

    of the inner
1. first

   ```sh
   a \\
     b
   ```
2. second \\
   line
lazy

> quoted:
>
> - in it

A table:
| a | b |
|---|---|
| 1 | `2\\|3` |
"""
    assert (
        as_zensical_reads(document)
        == """\
Before a list:

- one
    goes on
    - inner

        of the inner

1. first

    ```sh
    a \\
      b
    ```

2. second \\
    line
    lazy

> quoted:
>
> - in it

A table:

| a | b |
|---|---|
| 1 | `2|3` |
""".replace("second \\", "second   ")
    )
    assert "hardbreak" in {part.type for token in parsed(document) for part in token.children or []}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("[near](letters.md#a) and [up](#b)", None),
        ("[there](../ar/moving.md#من-كل-خدمة)", "[there](../ar/moving.html#من-كل-خدمة)"),
        ("[`w`](../words.md) too", "`w` (`docs/words.md`) too"),
        ("[all](../../README.md)", "all (`README.md`)"),
        ("`[code](../words.md)` and [web](https://example.org/)", None),
        ("```\n[code](../words.md)\n```\n", None),
    ],
)
def test_links_that_leave_a_half_lead_where_its_pages_are(written: str, expected: str | None) -> None:
    assert relinked(written, ENGLISH) == (expected or written)
