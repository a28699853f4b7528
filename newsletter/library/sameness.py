"""Whether an article that was collected is one that is known, when a name alone does not settle it. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from newsletter.sources.identity import normal_url
from newsletter.text.likeness import containment, shares_words
from newsletter.text.tidy import arabic_fold

_DAY = 86_400
_ALIKE = 0.8
"""Share of common runs of three words in bodies: an edited text keeps more, another on the same subject far less."""
_DOUBTFUL = 0.3
"""Share of runs as they are spelt from which on another spelling may hide that two texts are one."""
_MOST = 20
"""Articles of one place that are compared word by word."""
_LEAST_WORDS = 12
"""Fewer words say nothing: captions and numbers of the day."""
_TAGS = re.compile(r"<[^>]*>")


@dataclass(slots=True, eq=False)
class Known:
    """An article of the library, or one that is about to be."""

    id: int
    """0 until it is written."""
    row: dict[str, Any]
    """Its columns."""
    keys: set[str]
    """Every name it is known by."""
    fresh: set[str] = field(default_factory=set)
    """Those of its names that are still to be written."""
    changed: set[str] = field(default_factory=set)
    """Those of its columns that are still to be written."""
    is_own: bool = False
    """Whether the road that its text came by showed it just now."""


def is_same_post(known: Known, row: Mapping[str, Any]) -> bool:
    """Whether two articles of one name given for good are one: a site that was set up anew counts its posts from 1.

    Args:
        known: Of the library.
        row: Columns of what was collected.
    """
    old = known.row
    if normal_url(old["url"]) == normal_url(row["url"]) or _near(old["published"], row["published"]):
        return True
    return shares_words(old["title"], row["title"]) or is_same_text(known, row)


def is_same_text(known: Known, row: Mapping[str, Any]) -> bool:
    """Whether two articles of one host are one by their words.

    Moments that differ set them apart: columns that come every day have the headline and most words of the day before.

    Args:
        known: Of the library.
        row: Columns of what was collected.
    """
    old = known.row
    moments = {old["published"], row["published"]} - {None}
    if len(moments) > 1:
        return False
    is_titled = bool(row["title"]) and arabic_fold(old["title"]) == arabic_fold(row["title"])
    one, other = _words(old["body"]), _words(row["body"])
    runs = [set(zip(each, each[1:], each[2:], strict=False)) for each in (one.split(), other.split())]
    least = min(map(len, runs))
    if least >= _LEAST_WORDS:
        # As they are spelt, which costs a tenth; only what is neither the same nor another text is folded.
        share = len(runs[0] & runs[1]) / least
        return share >= _ALIKE or (share >= _DOUBTFUL and containment(one, other) >= _ALIKE)
    return is_titled and arabic_fold(old["summary"]) == arabic_fold(row["summary"])


class KnownTexts:
    """Where an article of the same words may stand: at the same host, with the same moment or headline.

    Feeds that give only days, and columns that have one headline every day, fill a place with hundreds; then only what
    agrees in both is looked at.
    """

    def __init__(self) -> None:
        self._places: defaultdict[tuple[object, ...], list[Known]] = defaultdict(list)

    def add(self, known: Known, place: str) -> None:
        """Enter an article.

        Args:
            known: Of the library, or about to be.
            place: Its host, or where it was read from if it has no address.
        """
        moment, title = known.row["published"], arabic_fold(known.row["title"])
        self._places[place, title].append(known)
        self._places[place, moment, title].append(known)
        if moment is not None:
            self._places[place, moment].append(known)

    def near(self, row: Mapping[str, Any], places: Iterable[str]) -> Iterator[Known]:
        """The articles that one may be by its words, the likeliest first.

        Args:
            row: Columns of what was collected.
            places: Its hosts.
        """
        moment, title = row["published"], arabic_fold(row["title"])
        for place in places:
            yield from self._places.get((place, moment, title), ())[-_MOST:]
            if moment is None:
                yield from self._places.get((place, title), ())[-_MOST:]
                continue
            yield from self._places.get((place, None, title), ())[-_MOST:]
            at_once = self._places.get((place, moment), ())
            yield from at_once if len(at_once) <= _MOST else ()


def _near(one: int | None, other: int | None) -> bool:
    return one is None or other is None or abs(one - other) <= _DAY


def _words(body: str) -> str:
    return _TAGS.sub(" ", body)
