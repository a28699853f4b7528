"""What must be done to the compiler's HTML: direction where mail programs look for it, and checks of the result."""

from __future__ import annotations

import re
from typing import Literal

_BODY = re.compile(r'<body style="')
_TABLE = re.compile(r"<table(?=[\s>])([^>]*)>")
_COLUMN = "font-size:0px;text-align:left;direction:rtl;"
_PREVIEW = re.compile(r'(<body[^>]*>)<div style="(display:none;[^"]*)">(.*?)</div>', re.DOTALL)
_WHITE = "color:#ffffff;"
"""The compiler's colour of the preheader. White on white is what spam hides its words with, and SpamAssassin counts
0.7 points for it (HTML_FONT_LOW_CONTRAST; measured on 4.0)."""
_PADDING = "&#847;&zwnj;&nbsp;" * 40

_STYLE = re.compile(r"<style\b[^>]*>.*?</style>", re.DOTALL)
_INDENT = re.compile(r"\s*\n\s*")

_IMAGE = re.compile(r"<img\b[^>]*>")
_ALT = re.compile(r"\salt=")
_BROKEN_ATTRIBUTE = re.compile(r'<[a-zA-Z][^<>]*=\s*"[^"<>]*\\"')
_CODE = re.compile(r"\\u\{")
_MJML = re.compile(r"</?mj-?[a-z]*")
_MEANT = re.compile(r'<[a-z]+(?=\s)[^<>]*\sdir="ltr"[^<>]*text-align:left')
_LEFT_TO_RIGHT = re.compile(r"direction:\s*ltr")
_TAGS = re.compile(r"""<[a-zA-Z/][^<>"']*+(?:"[^"]*+"[^<>"']*+|'[^']*+'[^<>"']*+)*>""")
_ATTRIBUTES = re.compile(r"""\s([\w:-]+)=("[^"]*"|'[^']*')""")


def finish(html: str, language: str, direction: Literal["rtl", "ltr"]) -> str:
    """Write language and direction where they survive: Gmail strips ``<html>``, and Outlook reads its own tables.

    Args:
        html: What the compiler made.
        language: Language tag of the letter.
        direction: Writing direction of the letter, ``rtl`` or ``ltr``.
    """
    side = "right" if direction == "rtl" else "left"
    body = (
        f'<body lang="{language}" dir="{direction}" style="direction:{direction};text-align:{side};margin:0;padding:0;'
    )
    # The compiler's own, which is no number of pixels; the style says the same.
    html = html.replace(' height="auto"', "")
    # Two comments for Outlook that touch are one; the compiler writes several at each end of a section.
    html = html.replace("<![endif]--><!--[if mso | IE]>", "")
    html = _STYLE.sub(lambda match: _INDENT.sub("\n", match[0]), html)
    html = _BODY.sub(lambda _: body, html, count=1)
    html = _TABLE.sub(lambda match: f"<table{_table(match[1], direction)}>", html)
    if direction == "rtl":
        html = html.replace(_COLUMN, _COLUMN.replace("left", "right"))

    def hidden(preheader: re.Match[str]) -> str:
        style = "mso-hide:all;" + preheader[2].replace(_WHITE, "color:inherit;")
        opened = f'<div lang="{language}" dir="{direction}" style="{style}">'
        return f"{preheader[1]}{opened}{preheader[3]}{_PADDING}</div>"

    return _PREVIEW.sub(hidden, html, count=1)


def _table(attributes: str, direction: str) -> str:
    if not re.search(r"\srole=", attributes):
        attributes = ' role="presentation"' + attributes
    if direction == "rtl" and not re.search(r"\sdir=", attributes):
        attributes = ' dir="rtl"' + attributes
    return attributes


def leaks(html: str, direction: Literal["rtl", "ltr"]) -> list[tuple[str, str]]:
    """Find what must never leave the workspace, as pairs of what is wrong and the piece of HTML.

    Args:
        html: The HTML of a finished letter.
        direction: Writing direction of the letter, ``rtl`` or ``ltr``.
    """
    found: list[tuple[str, str]] = []

    def look(pattern: re.Pattern[str], what: str, *, only_with: str, source: str = html) -> None:
        match = pattern.search(source) if only_with in source else None
        if match is not None:
            found.append((what, source[max(match.start() - 30, 0) : match.end() + 50]))

    # Whether the plain beginning of a pattern is there at all is told much faster than the pattern.
    if "\\u{" in html:
        # An article may speak of such a code: in words it is text. What words stand in an attribute with their
        # backslash, `before.attribute` wrote as a reference.
        look(_CODE, "a character of an attribute came out as its code", only_with="\\u{", source=_tags_of(html))
    look(_BROKEN_ATTRIBUTE, "a quotation mark ended an attribute too early", only_with='\\"')
    look(_MJML, "a tag of MJML was not understood", only_with="<mj")
    look(_MJML, "a tag of MJML was not understood", only_with="</mj")
    if direction == "rtl" and html.count("ltr") > html.count('dir="ltr"'):
        styling = styles_of(html)
        look(_LEFT_TO_RIGHT, "a part of the letter runs from left to right", only_with="ltr", source=styling)
    for image in _IMAGE.findall(html):
        if not _ALT.search(image):
            found.append(("a picture has no description (alt)", image))
    if html.count("<!--[if") != html.count("<![endif]-->"):
        found.append(("a conditional comment for Outlook is not closed", ""))
    return found


def _tags_of(html: str) -> str:
    """The tags of a letter without the words between them."""
    return "\n".join(_TAGS.findall(html))


def styles_of(html: str) -> str:
    """What decides how a letter looks, without anybody's words: its style sheets and its style attributes.

    Args:
        html: The HTML of a finished letter.
    """
    tags = _TAGS.findall(_STYLE.sub("", html))
    styles = [value for tag in tags for name, value in _ATTRIBUTES.findall(tag) if name == "style"]
    return "\n".join((*_STYLE.findall(html), *styles))


def left_to_right_leftovers(html: str) -> int:
    """How many places of a right-to-left letter still align their text left, code apart; worth a warning.

    Args:
        html: The HTML of a finished letter.
    """
    if "text-align:left" not in html:
        return 0
    return styles_of(html).count("text-align:left") - len(_MEANT.findall(html))


def sizes(html: str) -> tuple[int, int]:
    """Bytes of the letter's HTML as UTF-8, and as the base64 lines of 76 characters that travel.

    Args:
        html: The HTML of a finished letter.
    """
    plain = len(html.encode("utf-8", "surrogatepass"))
    encoded = (plain + 2) // 3 * 4
    return plain, encoded + 2 * ((encoded + 75) // 76)
