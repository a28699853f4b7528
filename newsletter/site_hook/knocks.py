"""A knock: what the plugin of the site tells of one post, read strictly (pure).

Whoever signed it holds the secret, and still nothing of it is taken that is not what it should be: the values were
typed by people.
"""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from newsletter.models import PostBox
from newsletter.sources.identity import of_wordpress
from newsletter.sources.links import absolute
from newsletter.text.tidy import tidy

BODY_BYTES = 64 * 1024
"""Most bytes of a knock."""
SHOWN = frozenset({"publish"})
"""States in which anybody can read a post."""
STATES = ("publish", "password", "private", "draft", "pending", "future", "trash", "deleted")
GONE = {
    "password": "it wants a password now",
    "private": "its site has made it private",
    "draft": "its site has made it a draft again",
    "pending": "its site has made it a draft again",
    "future": "its site has put its publication off",
    "trash": "its site has put it into the trash",
    "deleted": "its site has deleted it",
}
"""State of a post that nobody can read to what an editor is told."""
KNOCK_ID = re.compile(r"[0-9a-f]{32}")
"""Random, in each message that is to be heard once."""
_LETTERS = ("", "no", "yes", "lead")
_LARGEST = 2**53
_ADDRESS = 2000


@dataclass(frozen=True, slots=True)
class Knock:
    """One post as its site tells it."""

    site: str
    """Address of its front page."""
    number: int
    """WordPress' number of the post."""
    state: str
    """One of `STATES`."""
    url: str
    before: str
    """Its address before this change; empty when it had none."""
    modified: datetime
    moment: int
    """Milliseconds of the site's clock at which this was so; of two knocks the later one is true."""
    box: PostBox = field(default_factory=PostBox)
    correction: str = ""
    """What is to be said of it to those who had it."""

    @property
    def name(self) -> str:
        """The name that the library knows the post by."""
        return f"id:{of_wordpress(self.site, self.number)}"


def read_body(body: bytes) -> tuple[str, Knock]:
    """The random id of a knock and what it tells.

    Args:
        body: Of the request, JSON in UTF-8.

    Raises:
        ValueError: It is no knock.
    """
    values = _object(json.loads(body.decode("utf-8")))
    number = values.get("id")
    if not isinstance(number, str) or not KNOCK_ID.fullmatch(number):
        raise ValueError("no id")
    return number, read(values)


def read(values: Any) -> Knock:
    """One post of a knock, or of the list that the site gives when it is asked.

    Args:
        values: As JSON gave them.

    Raises:
        ValueError: They tell of no post.
    """
    said = _object(values)
    # Kept as its site spells it: both ends name it so.
    site, number = _text(said, "site", _ADDRESS), _whole(said, "post")
    state, url = _text(said, "status", 20), absolute("", _text(said, "address", _ADDRESS))
    if not absolute("", site) or not number:
        raise ValueError("no post")
    if state not in STATES:
        state = "draft"  # a state of some plugin: whatever it is called, nobody can be sure to read the post
    if state == "publish" and said.get("password") is True:
        state = "password"
    own = said.get("values")
    box = _object(own) if own else {}  # PHP writes an empty array as a list
    letter = _text(box, "letter", 10)
    return Knock(
        site,
        number,
        state,
        url,
        absolute("", _text(said, "before", _ADDRESS)),
        datetime.fromtimestamp(min(_whole(said, "modified"), 253_402_300_799), UTC),
        _whole(said, "moment"),
        PostBox(
            letter if letter in _LETTERS else "",
            _words(box, "headline", 500),
            _words(box, "summary", 2000),
            _words(box, "section", 200),
            _text(box, "at_once", 10) == "yes",
        ),
        _words(box, "correction", 1000),
    )


def _object(values: Any) -> dict[str, Any]:
    if not isinstance(values, dict):
        raise ValueError("no object")
    return values


def _text(values: dict[str, Any], name: str, most: int) -> str:
    value = values.get(name, "")
    # What no database takes goes: half of a pair, and NUL.
    clean = value.encode("utf-8", "replace").decode("utf-8").replace("\0", "") if isinstance(value, str) else ""
    return clean[:most]


def _words(values: dict[str, Any], name: str, most: int) -> str:
    """What somebody typed, on one line; nothing where nobody would see anything, as of a direction mark alone."""
    words = tidy(_text(values, name, most))
    return words if any(unicodedata.category(sign)[0] not in "CMZ" for sign in words) else ""


def _whole(values: dict[str, Any], name: str) -> int:
    value = values.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _LARGEST:
        raise ValueError(f"no {name}")
    return value
