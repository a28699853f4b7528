"""The text of an XML feed made readable: mended where it is no XML, and cut to what feedparser can bear."""

from __future__ import annotations

import html.entities
import itertools
import re

_PROLOG = re.compile(r"^[\s\ufeff]*(?:<\?xml[^>]*\?>[\s\ufeff]*)+", re.IGNORECASE)  # some sites send two
_DOCTYPE = re.compile(r"<!DOCTYPE[^>\[]{0,1000}\[", re.IGNORECASE)
_DOCTYPE_END = re.compile(r"\]\s*>")
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_REFERENCE = re.compile(
    r"<!\[CDATA\[(?:.*?\]\]>|.*)|&(?:(#\d{1,7}|#[xX][\da-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});)?", re.DOTALL
)
_ENTRY = re.compile(r"<(?:item|entry)[\s>]", re.IGNORECASE)
_ROOT = re.compile(r"<(?:!doctype\s+)?(?:\w{1,20}:)?(html|head|body|rss|feed|rdf|channel)\b", re.IGNORECASE)
HEAD = 4096
MOST_ENTRIES = 2000
_NAMED = re.compile(
    r"<((?:[\w.-]{1,40}:)?(?:author|creator|publisher|owner|name|email|webmaster|managingeditor|keywords|tags))"
    r"(?=[\s>])[^<>]{0,400}>",
    re.IGNORECASE,
)
_LONGEST_NAME = 600
"""Feedparser looks for an address in a name by a pattern whose time grows with the square of its length: 40,000
characters take 15 s. Keywords it compares each with each."""
_ENTRY_OR_REPEATED = re.compile(
    r"<!\[CDATA\[(?:.*?\]\]>|.*)|(<(?:item|entry)[\s>])"
    r"|<((?:[\w.-]{1,40}:)?(?:category|subject|author|creator|contributor|enclosure|link))(?:\s[^<>]*)?"
    r"(?:/>|(?<!/)>(?:[^<]|<!\[CDATA\[[^\]]*\]\]>)*</\2\s*>)",
    re.DOTALL | re.IGNORECASE,
)
_REPEATED = re.compile(r"<(?:[\w.-]{1,40}:)?(?:category|subject|author|creator|contributor|enclosure|link)[\s/>]", re.I)
_MOST_REPEATED = 100
"""Of the small elements of an entry together; feedparser compares each category with each."""
_LONG_TAG = re.compile(r"<[^<>]{1000}")
_LONG_TAG_OR_CDATA = re.compile(r"<!\[CDATA\[(?:.*?\]\]>|.*)|<(?=[^<>]{1000})([^\s<>/!?]{1,200})[^<>]*>", re.DOTALL)
_MOST_ATTRIBUTES = 200
"""Feedparser's time grows with the square of their number: 20,000 take 7 s."""
_TAG = re.compile(r"<(/)?[^\s<>!?/][^<>]*?(/)?>")
DEEPEST = 20_000
"""Feedparser takes seconds for a hundred thousand tags within one another; line breaks of HTML are some hundreds."""


def root_of(head: str) -> str:
    """Name of the first element that decides between a page and a feed, in lower case.

    Args:
        head: The beginning of the document.
    """
    found = _ROOT.search(head)
    return found[1].lower() if found else ""


def well_formed(text: str) -> str:
    """Mend what makes a feed no XML: control characters, bare ampersands, HTML's entities, too many entries.

    An internal document type goes: it is an attack, or declares HTML's entities, which are resolved here.

    Args:
        text: Of the feed.
    """
    text = _NOT_XML.sub("", _PROLOG.sub("", text.lstrip("\ufeff"), count=1))
    begin = _DOCTYPE.search(text, 0, HEAD)
    end = _DOCTYPE_END.search(text, begin.end()) if begin else None
    if begin and end:
        text = text[: begin.start()] + text[end.end() :]
    text = _REFERENCE.sub(_mended_reference, text)
    beyond = next(itertools.islice(_ENTRY.finditer(text), MOST_ENTRIES, None), None)
    if beyond:
        closing = {"feed": "</feed>", "rdf": "</rdf:RDF>"}.get(root_of(text[:HEAD]), "</channel></rss>")
        text = text[: beyond.start()] + closing
    return text


def bounded(text: str) -> str:
    """Take out what feedparser would need minutes for: names as long as books, and elements of attributes alone.

    Args:
        text: Of the feed, well-formed as far as it can be.
    """
    if _LONG_TAG.search(text):
        text = _LONG_TAG_OR_CDATA.sub(_with_few_attributes, text)
    if sum(1 for _ in _REPEATED.finditer(text)) > _MOST_REPEATED * (1 + len(_ENTRY.findall(text)) // 2):
        text = _with_few_repeated(text)
    kept, at = [], 0
    for found in _NAMED.finditer(text):
        if found.start() < at:
            continue
        closing, begin = f"</{found[1]}", found.end()
        if text.find(closing, begin, begin + _LONGEST_NAME + len(closing)) < 0 < len(text) - begin - _LONGEST_NAME:
            kept.append(text[at:begin])
            end = text.find(closing, begin)
            at = end if end >= 0 else len(text)
    return "".join([*kept, text[at:]])


def _with_few_repeated(text: str) -> str:
    """The text with a bearable number of categories, links and authors in every entry."""
    count = 0

    def mended(match: re.Match[str]) -> str:
        nonlocal count
        count = 0 if match[1] else count + bool(match[2])
        return match[0] if not match[2] or count <= _MOST_REPEATED else ""

    return _ENTRY_OR_REPEATED.sub(mended, text)


def _with_few_attributes(match: re.Match[str]) -> str:
    whole, name = match[0], match[1]
    if name is None or whole.count("=") <= _MOST_ATTRIBUTES:
        return whole
    return f"<{name}/>" if whole.endswith("/>") else f"<{name}>"


def depth_of(text: str) -> int:
    """How deep tags stand within one another, outside CDATA sections; one that is never closed counts for good.

    Args:
        text: Of the feed.
    """
    bare = _REFERENCE.sub(lambda match: "" if match[0].startswith("<") else match[0], text)
    if bare.count("<") <= DEEPEST:
        return 0
    steps = (-1 if tag[1] else 0 if tag[2] else 1 for tag in _TAG.finditer(bare))
    return max(itertools.accumulate(steps), default=0)


def _mended_reference(match: re.Match[str]) -> str:
    """A reference that XML knows, for whatever stood after an ampersand; CDATA sections stay as they are."""
    whole, name = match[0], match[1]
    if name is None:
        return whole if whole.startswith("<") else "&amp;"
    if name.startswith("#"):
        digits = name[1:].lower()
        number = int(digits[1:], 16) if digits.startswith("x") else int(digits)
        is_character = number <= 0x10FFFF and not _NOT_XML.match(chr(number))
        return f"&#{number};" if is_character else ""
    if name in ("amp", "lt", "gt", "quot", "apos"):
        return whole
    meaning = html.entities.html5.get(f"{name};")
    return "".join(f"&#{ord(char)};" for char in meaning) if meaning else f"&amp;{name};"
