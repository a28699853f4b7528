"""Local files to Articles: plain text, Markdown, saved pages and saved feeds."""

from __future__ import annotations

import html
import re
import zlib
from collections.abc import Mapping
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path

from newsletter.errors import SourceError
from newsletter.models import Article
from newsletter.sources import feed, page, when
from newsletter.sources.charset import decode
from newsletter.sources.clean import clean, first_image, paragraphs
from newsletter.sources.clean.boilerplate import author_name, cut_tail, section_name
from newsletter.sources.http import LIMITS
from newsletter.sources.http.unpack import UnpackedTooLargeError, unpacked
from newsletter.sources.links import absolute, is_web
from newsletter.text.tidy import summary, tidy

TEXT_SUFFIXES = frozenset({".txt", ".text"})
MARKDOWN_SUFFIXES = frozenset({".md", ".markdown"})
PAGE_SUFFIXES = frozenset({".html", ".htm", ".xhtml"})
FEED_SUFFIXES = frozenset({".xml", ".rss", ".atom", ".rdf", ".json"})
_LARGEST_TEXT = 1_000_000
_LONGEST_HEADLINE = 300

# Beginnings of files that are no text, with the name a person knows them by.
_MAGIC = (
    (b"%PDF-", "a PDF"),
    (b"PK\x03\x04", "a Word file or a ZIP archive"),
    (b"\xd0\xcf\x11\xe0", "an old Word file"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"{\\rtf", "an RTF file"),
)
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


def read(path: Path, now: datetime, *, zone: tzinfo = UTC) -> list[Article]:
    """Read the articles of one file: one of a text, a Markdown file or a page, all of a feed.

    What the file is, its content says before its name does: a feed or page with another suffix is read as such.

    Args:
        path: The file.
        now: The present moment, aware; later dates are not believed.
        zone: Zone of dates that name none.

    Raises:
        SourceError: There is no article in it: missing, a directory, unreadable, empty, too large, no text.
    """
    data = content(path)
    where = str(path)
    suffix = path.suffix.lower()
    if feed.looks_like(data) or suffix in FEED_SUFFIXES:
        return _some(feed.parse(data, where, now=now, zone=zone), where)
    _refuse_binary(data, where)
    if suffix in PAGE_SUFFIXES or (suffix not in TEXT_SUFFIXES | MARKDOWN_SUFFIXES and _is_page(data)):
        return [page.parse(data, where, now=now, zone=zone)]
    if len(data) > _LARGEST_TEXT:
        raise SourceError("the file is larger than 1 MB", where=where, mend="give a file with one article")
    text = decode(data)
    if suffix in MARKDOWN_SUFFIXES:
        return [_markdown(text, path, now, zone)]
    return [_text(text, where)]


def content(path: Path) -> bytes:
    """Read the bytes of a file, unpacked if it is a gzip file.

    Args:
        path: The file.

    Raises:
        SourceError: It is missing, a directory, unreadable, empty or larger than 15 MB.
    """
    where = str(path)
    limit = max(LIMITS.values())
    try:
        if path.is_dir():
            raise SourceError("this is a directory", where=where, mend="give the files in it, for example with *.txt")
        if not path.is_file() and path.exists():
            raise SourceError("this is no ordinary file", where=where, mend="give a text, Markdown or HTML file")
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except FileNotFoundError:
        raise SourceError(
            "there is no such file", where=where, mend="check the path; an address begins with https://"
        ) from None
    except PermissionError:
        raise SourceError("the file may not be read", where=where, mend="allow reading it") from None
    except (OSError, ValueError) as error:
        words = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise SourceError(f"the file cannot be read: {words}", where=where, mend="check the path") from None
    try:
        data = unpacked(data, limit)
    except UnpackedTooLargeError:
        size = limit // 1_000_000
        raise SourceError(
            f"the file is larger than {size} MB", where=where, mend="give a file with one article"
        ) from None
    except zlib.error:
        raise SourceError("its gzip packing is broken", where=where, mend="fetch it again") from None
    if not data.strip(b"\x00 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise SourceError(
            "the file is empty", where=where, mend="put the headline in its first line and the text below"
        )
    return data


def _refuse_binary(data: bytes, where: str) -> None:
    kind = next((name for magic, name in _MAGIC if data.startswith(magic)), "")
    if not kind:
        head = decode(data[:4096])
        controls = sum(1 for char in head if char < " " and char not in "\t\n\r\x0b\x0c\x1b")
        kind = "no text" if controls * 50 > len(head) or "\x00" in head else ""
    if kind:
        raise SourceError(f"this is {kind}", where=where, mend="save the article as plain text")


def _is_page(data: bytes) -> bool:
    head = decode(data[:2048]).lstrip().lower()
    return head.startswith(("<!doctype html", "<html", "<head", "<body"))


def _some(articles: list[Article], where: str) -> list[Article]:
    if not articles:
        raise SourceError("the feed holds no article", where=where, mend="check the file")
    return articles


def _text(text: str, where: str) -> Article:
    """A plain text: the first line is the headline, every further line a paragraph."""
    own, _ = cut_tail(text.lstrip("\ufeff").splitlines())
    lines = [line for line in map(tidy, own) if line]
    if not lines:
        raise SourceError(
            "the file is empty", where=where, mend="put the headline in its first line and the text below"
        )
    title, *rest = lines
    if len(title) > _LONGEST_HEADLINE:
        raise SourceError(
            f"its first line is too long for a headline ({len(title)} letters)",
            where=f"{where}:1",
            mend="put the headline in a line of its own at the top",
        )
    url = next((line for line in rest[:1] if is_web(line) and absolute("", line)), "")
    body = rest[1:] if url else rest
    return Article(
        title=title,
        url=absolute("", url) if url else "",
        summary=summary("\n".join(body)),
        body="".join(f"<p>{html.escape(line, quote=False)}</p>" for line in body),
        source=where,
    )


# Markdown


def _markdown(text: str, path: Path, now: datetime, zone: tzinfo) -> Article:
    from markdown_it import MarkdownIt

    where = str(path)
    matter, text, line = _front_matter(text.lstrip("\ufeff"), where)
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
    body, local = _with_local_pictures(markdown.render(text), path, url)
    image, alt = _picture(values.get("image", ""), path, url), tidy(values.get("image_alt", ""))
    if not image:
        image, alt = local or first_image(body)
    return Article(
        title=title,
        url=url,
        summary=tidy(values.get("summary", "")) or summary("\n".join(paragraphs(body, headings=False))),
        body=body,
        image=image,
        image_alt=alt,
        author=author_name(values.get("author", "")),
        section=section_name([values.get("section", "")]),
        published=when.parse(values.get("date", ""), now=now, zone=zone),
        source=where,
    )


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


def _with_local_pictures(rendered: str, path: Path, url: str) -> tuple[str, tuple[str, str] | None]:
    """The body with its web pictures, and the first picture of it that is a file beside the text."""
    local: list[tuple[str, str]] = []

    def take_out(match: re.Match[str]) -> str:
        picture = _picture(html.unescape(match[1]), path, url)
        if not picture or is_web(picture):
            return match[0]
        local.append((picture, tidy(html.unescape(match[2]))))
        return ""

    rendered = re.sub(r'<img src="([^"]*)" alt="([^"]*)"[^>]*>', take_out, rendered)
    return clean(rendered, url), local[0] if local else None


def _picture(value: str, path: Path, url: str) -> str:
    """A web address, or the absolute path of a picture that lies beside the file."""
    value = value.strip()
    if not value or is_web(value) or value.startswith("//"):
        return absolute(url or "https://", value) if value else ""
    from urllib.parse import unquote

    for name in (value, unquote(value)):
        try:
            beside = (path.parent / name).resolve()
            if beside.is_file():
                return str(beside)
        except (OSError, ValueError):
            continue
    return absolute(url, value) if url else ""
