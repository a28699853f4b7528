"""Shortcodes written as the HTML that their own code would have made of them."""

from __future__ import annotations

import base64
import binascii
import html
import re
from urllib.parse import unquote

from newsletter.text.shortcodes.names import (
    heads,
    is_coded,
    is_unread,
    lays_out,
    links,
    plays,
    shows,
    stands_in_line,
)
from newsletter.text.shortcodes.reading import Reader, Shortcode

_PARTED = "<br><br>"
_LONGEST_CAPTION = 20_000
_LONGEST_ADDRESS = 3000
LONGEST_CODE = 200_000
"""Characters of a page's own HTML or program in base64."""
# As img_caption_shortcode() of WordPress tells picture and words apart (wp-includes/media.php).
_PICTURE = re.compile(r"(?:<a\s[^<>]*>\s*)?<img\s[^<>]*>(?:\s*</a>)?", re.IGNORECASE)
_TAGS = re.compile(r"<[^<>]*>")
_WEB = re.compile(r"(?:https?:)?//[^\s<>\"']+", re.IGNORECASE)
_ADDRESSES = (
    *(
        "src",
        "url",
        "link",
        "href",
        "mp4",
        "m4v",
        "webm",
        "ogv",
        "flv",
        "mov",
        "mp3",
        "m4a",
        "ogg",
        "wav",
        "aac",
        "wma",
    ),
    *("wma", "video", "video_url", "video_link", "audio", "audio_url", "audiourl", "file", "loc", "id", "video_id"),
)
_PICTURES = ("src", "url", "image_url", "image", "photo_url", "picture")
_TITLES = ("text", "title", "heading", "h2", "title_text")
_SOUND = re.compile(r"\.(?:mp3|m4a|oga|ogg|opus|wav|aac|wma|flac)(?:[?#]|$)", re.IGNORECASE)
_FILM = re.compile(r"\.(?:mp4|m4v|webm|ogv|flv|mov|wmv)(?:[?#]|$)", re.IGNORECASE)
_BY_NUMBER = (
    (re.compile(r"youtube|embedyt|(?:^|_)yt"), re.compile(r"[\w-]{11}"), "https://www.youtube.com/watch?v="),
    (re.compile("vimeo"), re.compile(r"\d{5,12}"), "https://vimeo.com/"),
    (re.compile("dailymotion"), re.compile(r"[a-z0-9]{5,12}", re.IGNORECASE), "https://www.dailymotion.com/video/"),
    (re.compile("tweet|twitter"), re.compile(r"\d{10,25}"), "https://x.com/i/status/"),
)


class ShortcodeWriter:
    """Walks the shortcodes of a body once and writes HTML in their places."""

    def __init__(self, text: str, *, nested: bool = False) -> None:
        self.text = text
        self.nested = nested
        self.reader = Reader(text)
        self.closings: dict[str, list[str]] = {}

    def written(self) -> str:
        """The body as HTML."""
        pieces: list[str] = []
        done = 0
        for shortcode in self.reader:
            pieces.append(self.text[done : shortcode.start])
            pieces.append(self._closed(shortcode) if shortcode.closes else self._opened(shortcode))
            done = self.reader.at
        pieces.append(self.text[done:])
        return "".join(pieces)

    def _closed(self, shortcode: Shortcode) -> str:
        waiting = self.closings.get(shortcode.name)
        return waiting.pop() if waiting else _gap(shortcode.name)

    def _opened(self, shortcode: Shortcode) -> str:
        name = shortcode.name
        if name.lower() in ("caption", "wp_caption"):
            return self._caption(shortcode)
        if is_unread(name) or is_coded(name):
            inside = self.reader.take(shortcode, LONGEST_CODE)
            return _decoded(inside or "") if is_coded(name) else ""
        if shows(name) and (picture := self._picture(shortcode)):
            return picture
        if plays(name) and (player := self._player(shortcode)):
            return player
        opening, closing = _gap(name), _gap(name)
        address = _first_address(shortcode, ("url", "href", "link"))
        if links(name) and address and self.reader.partner(name, shortcode.end - 1) >= 0:
            opening, closing = f'<a href="{html.escape(address)}">', "</a>"
        elif heads(name) and (title := _title(shortcode)):
            opening = f"<h3>{html.escape(title)}</h3>"
        self.closings.setdefault(name, []).append(closing)
        return opening

    def _caption(self, shortcode: Shortcode) -> str:
        inside = None if self.nested else self.reader.take(shortcode, _LONGEST_CAPTION)
        if inside is None:
            return _PARTED
        words = html.escape(shortcode.attributes.get("caption", ""), quote=False)
        match = _PICTURE.search(inside)
        if match is None:
            return f"{_PARTED}{ShortcodeWriter(inside, nested=True).written()} {words}{_PARTED}"
        rest = ShortcodeWriter(inside[: match.start()] + inside[match.end() :], nested=True).written()
        rest = re.sub(r"</?(?:p|div)\b[^<>]*>", " ", rest, flags=re.IGNORECASE)
        return f"<figure>{match[0]}<figcaption>{rest}{' ' if words else ''}{words}</figcaption></figure>"

    def _picture(self, shortcode: Shortcode) -> str:
        address = _first_address(shortcode, _PICTURES)
        inside = self.reader.inside(shortcode, _LONGEST_ADDRESS)
        alone = html.unescape(_TAGS.sub("", inside or "")).strip()
        if inside is not None and "<img" not in inside.lower() and _WEB.fullmatch(alone):
            self.reader.take(shortcode, _LONGEST_ADDRESS)
            address = address or alone
        if not address:
            return ""
        alt = shortcode.attributes.get("alt") or shortcode.attributes.get("title_text", "")
        return f'<img src="{html.escape(address)}" alt="{html.escape(alt)}">'

    def _player(self, shortcode: Shortcode) -> str:
        address = _first_address(shortcode, _ADDRESSES) or _by_number(shortcode)
        inside = self.reader.inside(shortcode, _LONGEST_ADDRESS)
        alone = html.unescape(_TAGS.sub("", inside or "")).strip()
        if inside is not None and not re.search("<(?:iframe|img|video|audio)", inside, re.IGNORECASE):
            if _WEB.fullmatch(alone) or not alone:
                self.reader.take(shortcode, _LONGEST_ADDRESS)
                address = address or alone
            elif number := _by_number(shortcode, alone):
                self.reader.take(shortcode, _LONGEST_ADDRESS)
                address = address or number
        if not address:
            return ""
        title = html.escape(shortcode.attributes.get("title") or shortcode.attributes.get("caption", ""))
        if _SOUND.search(address):
            return f'<audio src="{html.escape(address)}" title="{title}"></audio>'
        if _FILM.search(address):
            poster = html.escape(shortcode.attributes.get("poster", ""))
            return f'<video src="{html.escape(address)}" poster="{poster}" title="{title}"></video>'
        return f'<figure><iframe src="{html.escape(address)}" title="{title}"></iframe></figure>'


def is_only_code(name: str, inside: str) -> bool:
    """Whether what a shortcode holds is for programs: code, or the address of a player or picture alone.

    Args:
        name: Of the shortcode.
        inside: What it holds.
    """
    if is_unread(name) or is_coded(name):
        return True
    return (plays(name) or shows(name)) and bool(_WEB.fullmatch(html.unescape(_TAGS.sub("", inside)).strip()))


def _gap(name: str) -> str:
    """What parts the words before a shortcode from those behind it."""
    if stands_in_line(name):
        return ""
    return _PARTED if lays_out(name) else " "


def _title(shortcode: Shortcode) -> str:
    return next((value for name in _TITLES if (value := shortcode.attributes.get(name))), "")


def _first_address(shortcode: Shortcode, names: tuple[str, ...]) -> str:
    """The first value that is a web address; WPBakery writes ``url:https%3A%2F%2F…|title:…``."""
    for value in (*(shortcode.attributes.get(name, "") for name in names), *shortcode.loose):
        packed = re.match("url:([^|]*)", value)
        address = unquote(packed[1]) if packed else value
        if _WEB.fullmatch(address):
            return address
    return ""


def _by_number(shortcode: Shortcode, inside: str = "") -> str:
    name = shortcode.name.lower()
    values = (*(shortcode.attributes.get(key, "") for key in ("id", "video_id", "v")), *shortcode.loose, inside)
    for names, number, start in _BY_NUMBER:
        if names.search(name):
            return next((start + value for value in values if number.fullmatch(value)), "")
    return ""


def _decoded(inside: str) -> str:
    """HTML that a builder keeps in base64, percent-encoded within it or not; empty when it is something else."""
    packed = "".join(html.unescape(_TAGS.sub("", inside)).split())
    try:
        text = base64.b64decode(packed, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return inside
    return unquote(text) if re.match(r"\s*%3C", text, re.IGNORECASE) else text
