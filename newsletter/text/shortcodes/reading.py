"""Where shortcodes stand in a text: what is one, by its shape, and what are an editor's own brackets."""

from __future__ import annotations

import html
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from newsletter.text.shortcodes.names import is_built, is_word, plays
from newsletter.text.tags import past, tag_at

_LONGEST = 5000
"""Characters between brackets; builders write whole style sheets into an attribute."""
# WordPress ends a shortcode at the first closing bracket, too (wp-includes/shortcodes.php, get_shortcode_regex).
_BRACKET = re.compile(
    rf"\[(/?)([0-9]{{0,2}}[A-Za-z][A-Za-z0-9_-]{{0,60}}+)(?=[\s=/\]<&\u00a0])([^\[\]]{{0,{_LONGEST}}}+)\]"
)
_CLOSING = re.compile(r"\[/([0-9]{0,2}[A-Za-z][A-Za-z0-9_-]{0,60}+)\s*+\]")
_NEXT = re.compile(r"[<\[]")
_CODE = frozenset({"pre", "code", "kbd", "samp", "tt"})
_BLOCK = r"(?:p|div|h[1-6]|li|ul|ol|dl|dd|dt|table|t[dhr]|figure|figcaption|blockquote|section|article|body|html|br|hr)"
_BREAKS_INSIDE = re.compile(rf"</?(?!br\b){_BLOCK}\b|<img\b", re.IGNORECASE)
_BEFORE_LINE = re.compile(rf"(?:^|\n|\]|</?{_BLOCK}(?:\s[^<>]*)?/?>)(?:\s|&nbsp;|&#160;)*$", re.IGNORECASE)
_AFTER_LINE = re.compile(rf"[ \t\xa0]*(?:$|[\r\n\[]|</?{_BLOCK}\b)", re.IGNORECASE)
_TAGS = re.compile(r"<[^<>]*>")
_SELF_CLOSED = re.compile(r"(?:(?<=[\s\"'])|^)/$")
# As wptexturize leaves them; French puts a space within its marks.
_DOUBLE = dict.fromkeys(map(ord, "“”„‟″«»"), '"')
_SINGLE = dict.fromkeys(map(ord, "‘’‚‛′"), "'")
_ARGUMENT = re.compile(
    r"([\w:.-]+)\s*=\s*(?:\"([^\"]*+)\"|'([^']*+)')|([\w:.-]+)=([^\s\"'=]++)|\"([^\"]*+)\"|'([^']*+)'|(\S++)", re.ASCII
)
_TELLING = frozenset(
    {
        *("id", "ids", "src", "url", "href", "link", "class", "el_class", "css", "style", "width", "height", "size"),
        *(
            "align",
            "type",
            "title",
            "color",
            "limit",
            "count",
            "number",
            "posts",
            "cat",
            "category",
            "columns",
            "order",
        ),
        *("order", "orderby", "name", "slug", "form", "post", "post_id", "per_page", "template", "layout", "image"),
    }
)
"""Attributes that shortcodes of all kinds have: with one of them a value needs no quotation marks."""
_ODD = re.compile("[^\x00-\x7f]")


@dataclass(frozen=True, slots=True)
class Shortcode:
    """A shortcode, or the end of one, where it stands in a text."""

    name: str
    start: int
    end: int
    attributes: Mapping[str, str]
    """By name in lower case, entities resolved."""
    loose: tuple[str, ...] = ()
    """Values without a name, in order."""
    closes: bool = False
    """It is ``[/name]``."""


class Reader:
    """Finds the shortcodes of a text one after the other, in time that grows with its length."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        """Where the search goes on; whoever has read on, behind a shortcode, moves it."""
        self._ends: dict[str, list[int]] = {}
        for match in _CLOSING.finditer(text):
            self._ends.setdefault(match[1], []).append(match.start())
        self._open: Counter[str] = Counter()
        self._unclosed: set[str] = set()

    def __iter__(self) -> Iterator[Shortcode]:
        while (found := self._next()) is not None:
            self.at = found.end
            yield found

    def partner(self, name: str, after: int) -> int:
        """Where the next ``[/name]`` stands behind a place; -1 when none does.

        Args:
            name: As the opening spells it.
            after: A place in the text.
        """
        ends = self._ends.get(name, [])
        at = bisect_right(ends, after)
        return ends[at] if at < len(ends) else -1

    def inside(self, shortcode: Shortcode, most: int) -> str | None:
        """What a shortcode holds, up to its own end.

        Args:
            shortcode: One that opens.
            most: Characters beyond which it is not looked at.

        Returns:
            None without an end near enough.
        """
        end = self.partner(shortcode.name, shortcode.end - 1)
        return self.text[shortcode.end : end] if 0 <= end - shortcode.end <= most else None

    def take(self, shortcode: Shortcode, most: int) -> str | None:
        """The same, and the search goes on behind that end.

        Args:
            shortcode: One that opens.
            most: Characters beyond which nothing is taken.
        """
        inside = self.inside(shortcode, most)
        if inside is not None:
            self._open[shortcode.name] = max(0, self._open[shortcode.name] - 1)
            self.at = self.text.index("]", shortcode.end + len(inside)) + 1
        return inside

    def _next(self) -> Shortcode | None:
        while match := _NEXT.search(self.text, self.at):
            at = match.start()
            if match[0] == "<":
                self.at = self._past_tag(at)
                continue
            bracket = _BRACKET.match(self.text, at)
            if bracket is None:
                self.at = at + 1
            elif self.text[at - 1 : at] == "[" and (end := self._escaped(bracket)):
                self.at = end
            elif (found := self._judged(bracket)) is not None:
                return found
            else:
                self.at = bracket.end()
        return None

    def _past_tag(self, at: int) -> int:
        tag = tag_at(self.text, at)
        if tag is None:
            return at + 1
        if tag.name in _CODE and not tag.closes and tag.name not in self._unclosed:
            closing = re.compile(rf"</{tag.name}(?=[\s/>])", re.IGNORECASE).search(self.text, tag.end)
            if closing:
                return closing.start()
            self._unclosed.add(tag.name)
        return past(self.text, tag)

    def _escaped(self, bracket: re.Match[str]) -> int:
        """End of ``[[name]]`` or ``[[name]…[/name]]``, which shows a shortcode and runs none; 0 when it is not so."""
        if self.text.startswith("]", bracket.end()):
            return bracket.end() + 1
        closing = self.partner(bracket[2], bracket.end() - 1)
        match = _CLOSING.match(self.text, closing) if closing >= 0 else None
        return match.end() + 1 if match and self.text.startswith("]", match.end()) else 0

    def _judged(self, bracket: re.Match[str]) -> Shortcode | None:
        name, inside = bracket[2], bracket[3]
        if bracket[1]:
            if inside.strip() or not (self._open[name] or is_built(name) or is_word(name)):
                return None
            self._open[name] = max(0, self._open[name] - 1)
            return Shortcode(name, bracket.start(), bracket.end(), {}, closes=True)
        if _BREAKS_INSIDE.search(inside):
            return None
        plain = html.unescape(_TAGS.sub(" ", inside)).replace("\xa0", " ").strip()
        has_partner = self.partner(name, bracket.end() - 1) >= 0
        attributes, loose, is_quoted = _arguments(_SELF_CLOSED.sub("", plain).removeprefix("="))
        if any(map(_ODD.search, loose)) or len(loose) > 3 + len(attributes):
            return None  # words of a person, which happen to begin as a shortcode would
        if plain.startswith("="):
            is_one = has_partner or (plays(name) and bool(loose))
        else:
            is_one = (
                is_built(name)
                or has_partner
                or is_quoted
                or self._is_known_word(name, bracket, attributes, loose)
                or _has_telling_value(name, attributes, loose)
            )
        if not is_one:
            return None
        self._open[name] += has_partner
        return Shortcode(name, bracket.start(), bracket.end(), attributes, loose)

    def _is_known_word(
        self, name: str, bracket: re.Match[str], attributes: Mapping[str, str], loose: tuple[str, ...]
    ) -> bool:
        if not is_word(name):
            return False
        if attributes or any(re.match(r"https?://|\d+$", each) for each in loose):
            return True
        before = self.text[max(0, bracket.start() - 300) : bracket.start()]
        return not loose and bool(_BEFORE_LINE.search(before)) and bool(_AFTER_LINE.match(self.text, bracket.end()))


def _has_telling_value(name: str, attributes: Mapping[str, str], loose: tuple[str, ...]) -> bool:
    is_named_oddly = "-" in name or any(sign.isdigit() for sign in name)
    return bool(attributes) and not loose and (is_named_oddly or not _TELLING.isdisjoint(attributes))


def _arguments(plain: str) -> tuple[dict[str, str], tuple[str, ...], bool]:
    """Named values, values without a name, and whether a named one stands in quotation marks."""
    if '"' not in plain:
        plain = plain.translate(_DOUBLE)
    if "'" not in plain:
        plain = plain.translate(_SINGLE)
    attributes: dict[str, str] = {}
    loose: list[str] = []
    is_quoted = False
    for match in _ARGUMENT.finditer(plain):
        if match[1]:
            attributes.setdefault(match[1].lower(), (match[2] if match[2] is not None else match[3]).strip())
            is_quoted = True
        elif match[4]:
            attributes.setdefault(match[4].lower(), match[5])
        else:
            quoted = match[6] if match[6] is not None else match[7]
            if quoted is None:
                loose.append(match[8])
            elif not _ODD.search(quoted):  # words in quotation marks of their own are a value, not a sentence
                loose.append(quoted)
    return attributes, tuple(each for each in loose if each), is_quoted
