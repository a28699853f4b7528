"""A Markdown file as an article, with the front matter that Nashra, Hugo, Jekyll and the like put above it."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from datetime import date

from newsletter.errors import SourceError
from newsletter.models import Article
from newsletter.sources import when
from newsletter.sources.clean import clean, first_image, paragraphs
from newsletter.sources.clean.boilerplate import author_name, section_name
from newsletter.sources.documents import ArticleFilter, Document, SourceResult
from newsletter.sources.links import absolute, is_web
from newsletter.sources.plain_text import text_of
from newsletter.text.tidy import summary, tidy

SUFFIXES = frozenset({".md", ".markdown"})
_KEYS: Mapping[str, str] = {
    "title": "title",
    "العنوان": "title",
    "url": "url",
    "link": "url",
    "canonical_url": "url",
    "الرابط": "url",
    "author": "author",
    "الكاتب": "author",
    "section": "section",
    "category": "section",
    "القسم": "section",
    "date": "date",
    "published": "date",
    "التاريخ": "date",
    "image": "image",
    "cover": "image",
    "الصورة": "image",
    "image_alt": "image_alt",
    "summary": "summary",
    "description": "summary",
    "excerpt": "summary",
    "الملخص": "summary",
}
_FENCES = ("+++", "---")


def read(document: Document, wanted: ArticleFilter) -> SourceResult:
    """Read the article of a Markdown file; raw HTML in it stays text.

    Args:
        document: The file; front matter is TOML between ``+++`` or YAML between ``---``.
        wanted: Says what the time is, and the zone of dates that name none.

    Raises:
        SourceError: It is larger than 1 MB, has no headline, or front matter that cannot be read.
    """
    from markdown_it import MarkdownIt

    where = document.where
    matter, text, line = _front_matter(text_of(document), where)
    values = _known(matter)
    title = tidy(values.get("title", ""))
    if not title:
        title, text = _leading_heading(text)
    if not title:
        raise SourceError(
            "it has no headline", where=f"{where}:{line}", mend="begin it with a line like: # the headline"
        )
    url = absolute("", values.get("url", ""))
    markdown = MarkdownIt("js-default", {"html": False})
    body, local = _with_local_pictures(markdown.render(text), document, url)
    image, alt = document.picture(values.get("image", ""), url), tidy(values.get("image_alt", ""))
    if not image:
        image, alt = local or first_image(body)
    article = Article(
        title=title,
        url=url or document.url,
        summary=tidy(values.get("summary", "")) or summary("\n".join(paragraphs(body, headings=False))),
        body=body,
        image=image,
        image_alt=alt,
        author=author_name(values.get("author", "")),
        section=section_name([values.get("section", "")]),
        published=when.parse(values.get("date", ""), now=wanted.now, zone=wanted.zone),
        source=where,
    )
    return SourceResult((article,))


def _front_matter(text: str, where: str) -> tuple[Mapping[str, object], str, int]:
    """Split the front matter off: its values, the rest of the text, and the line the rest starts on."""
    lines = text.splitlines(keepends=True)
    fence = lines[0].strip() if lines else ""
    if fence not in _FENCES:
        return {}, text, 1
    end = next((number for number, line in enumerate(lines[1:], start=1) if line.strip() == fence), 0)
    if not end:
        if fence == "---":  # a rule, not front matter
            return {}, text, 1
        raise SourceError(
            "its front matter is not closed", where=f"{where}:1", mend="end it with a line of three plus signs: +++"
        )
    inner, rest = "".join(lines[1:end]), "".join(lines[end + 1 :])
    return (_toml(inner, where) if fence == "+++" else _yamlish(inner)), rest, end + 2


def _toml(inner: str, where: str) -> Mapping[str, object]:
    import tomllib

    try:
        return tomllib.loads(inner.replace("\r\n", "\n"))
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        line = int(found[1]) + 1 if found else 1
        words = str(error).partition(" (at ")[0]
        raise SourceError(
            f"its front matter cannot be read: {words}",
            where=f"{where}:{line}",
            mend='write each value as: name = "text"',
        ) from None


def _yamlish(inner: str) -> Mapping[str, object]:
    """YAML front matter; where ordinary Arabic headlines break YAML, each line is read as ``key: value``."""
    import yaml

    try:
        values = yaml.safe_load(inner)
    except (yaml.YAMLError, ValueError, RecursionError):
        values = None
    if isinstance(values, dict):
        return {str(key): value for key, value in values.items()}
    pairs = (line.partition(":") for line in inner.splitlines() if line[:1] not in (" ", "#", "-", "\t"))
    return {key.strip(): value.strip().strip("\"'") for key, colon, value in pairs if colon}


def _known(matter: Mapping[str, object]) -> dict[str, str]:
    """The values we know, as text; the first of a list, ISO for dates."""
    values: dict[str, str] = {}
    for key, value in matter.items():
        name = _KEYS.get(key.strip().lower().replace("-", "_"))
        one = value[0] if isinstance(value, list) and value else value
        if name and one is not None and not isinstance(one, (dict, list)):
            values.setdefault(name, one.isoformat() if isinstance(one, date) else str(one))
    return values


def _leading_heading(text: str) -> tuple[str, str]:
    """Take the headline from the top of a text: its first heading, or its first line."""
    lines = text.splitlines()
    first = next((number for number, line in enumerate(lines) if line.strip()), None)
    if first is None:
        return "", text
    bare = lines[first].strip()
    is_underlined = len(lines) > first + 1 and re.fullmatch(r"(=+|-+)\s*", lines[first + 1]) is not None
    if not bare.startswith("# ") and not is_underlined:
        return "", text
    rest = lines[first + 1 + is_underlined :]
    return tidy(bare.removeprefix("# ").strip("# ")), "\n".join(rest)


def _with_local_pictures(rendered: str, document: Document, url: str) -> tuple[str, tuple[str, str] | None]:
    """The body with its web pictures, and the first picture of it that is a file beside the text."""
    local: list[tuple[str, str]] = []

    def take_out(match: re.Match[str]) -> str:
        picture = document.picture(html.unescape(match[1]), url)
        if not picture or is_web(picture):
            return match[0]
        local.append((picture, tidy(html.unescape(match[2]))))
        return ""

    rendered = re.sub(r'<img src="([^"]*)" alt="([^"]*)"[^>]*>', take_out, rendered)
    return clean(rendered, document.url or url), local[0] if local else None
