"""How mail programs treat a letter before they draw it, as well as Chromium can play them.

None of them is the program itself: Word's layout, for one, is not here, only its tables, and without what it ignores.
Sources: caniemail.com for what is ignored; Microsoft's "Word 2007 HTML and CSS rendering capabilities in Outlook 2007".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from browser import Mode

_STYLE = re.compile(r"<style\b[^>]*>.*?</style>", re.DOTALL)
_TAG = re.compile(r"<([a-z][a-z0-9]*)((?:\s[^<>]*)?)>")
_INLINE = re.compile(r'(\sstyle=")([^"]*)(")')

# Word draws no corner, no shadow and no layer, and knows no width but that of tables, cells and pictures' attributes.
_UNKNOWN = frozenset(
    {
        *("border-radius", "box-shadow", "max-width", "min-width", "max-height", "min-height", "overflow", "float"),
        *("overflow-wrap", "object-fit", "aspect-ratio", "position", "opacity", "display", "box-sizing", "white-space"),
        *("background-image", "background-size", "text-wrap"),
    }
)
_NO_BOX = frozenset({"width", "height", "padding", "padding-top", "padding-right", "padding-bottom", "padding-left"})
_MARGINS = frozenset({"margin", "margin-top", "margin-right", "margin-bottom", "margin-left"})
# What keeps a box of its own in Word.
_BOXES = frozenset({"table", "td", "th", "tr"})


def outlook(html: str) -> str:
    """The letter with the branches for Outlook on Windows switched on, and those for everybody else off."""
    html = re.sub(r"<!--\[if lte mso 11\]>.*?<!\[endif\]-->", "", html, flags=re.DOTALL)
    html = re.sub(r"<!--\[if (?:mso(?: \| IE)?|gte mso \d+)\]>(.*?)<!\[endif\]-->", r"\1", html, flags=re.DOTALL)
    html = re.sub(r"<!--\[if !mso[^\]]*\]><!-->.*?<!--<!\[endif\]-->", "", html, flags=re.DOTALL)
    assert "<!--[if" not in html
    return html


def word(html: str) -> str:
    """The letter as Outlook on Windows has it, without what Word ignores; hidden is what ``mso-hide`` hides."""

    def spared(match: re.Match[str]) -> str:
        tag, rest = match[1], match[2]
        return f"<{tag}{_INLINE.sub(lambda style: _for_word(tag, style), rest)}>"

    html = _STYLE.sub(lambda match: re.sub(r"@[^{]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}", "", match[0]), outlook(html))
    return _TAG.sub(spared, html)


def _for_word(tag: str, style: re.Match[str]) -> str:
    kept = []
    for one in style[2].split(";"):
        name, _, value = one.partition(":")
        name, value = name.strip(), value.strip()
        ignored = name in _UNKNOWN and not (name == "display" and value == "none")
        ignored |= tag not in _BOXES and name in _NO_BOX
        # A picture keeps no distance; blocks do.
        ignored |= tag in {"img", "span", "a"} and name in _MARGINS
        if name and not ignored:
            kept.append(f"{name}:{value}")
        if name == "mso-hide" and value == "all":
            kept.append("display:none")
        if name == "mso-padding-alt":
            kept.append(f"padding:{value}")
    return f"{style[1]}{';'.join(kept)}{style[3]}"


def without_style(html: str) -> str:
    """The letter as Gmail has it where it drops every ``<style>``, and the body is a mere ``<div>``."""
    html = _STYLE.sub("", html)
    html = re.sub(r"<html\b[^>]*>", "<html>", html)
    html = re.sub(r"<body\b([^>]*)>", r'<body style="margin:0"><div\1>', html)
    return html.replace("</body>", "</div></body>")


def without_pictures(html: str) -> str:
    """The letter where pictures are not loaded: what is left of each is its room and its alt text."""
    return re.sub(r'(<img\b[^>]*\ssrc=")[^"]*"', r'\1https://blocked.invalid/"', html)


def outlook_in_the_dark(html: str) -> str:
    """The letter with the marks of Outlook.com and Outlook's apps in the dark, which its own rules answer to."""
    return html.replace("<body ", '<body data-ogsc="" data-ogsb="" ', 1)


@dataclass(frozen=True)
class Program:
    """A manner of showing letters."""

    words: str
    """What it is, for people."""
    change: Callable[[str], str] = str
    """What becomes of the HTML."""
    mode: Mode = "light"
    dark: bool = False
    """Whether the letter must be dark in it."""


PROGRAMS: Mapping[str, Program] = {
    "light": Program("light"),
    "dark": Program("dark, as the reader's system says", mode="dark", dark=True),
    "forced": Program("dark by force: the program turns colours round by itself", mode="forced", dark=True),
    "outlook-dark": Program("dark in Outlook.com and Outlook's apps", outlook_in_the_dark, dark=True),
    "no-pictures": Program("pictures not loaded", without_pictures),
    "no-style": Program("Gmail without <style>", without_style),
    "no-style-forced": Program("Gmail without <style>, dark by force", without_style, mode="forced", dark=True),
    "word": Program("Outlook on Windows, without what Word ignores", word),
}
