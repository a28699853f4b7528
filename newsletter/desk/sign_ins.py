"""Who has opened the desk with which browser, and the tokens that let somebody in: in memory, gone with the process."""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

ALONE = timedelta(hours=12)
"""How long a sign-in lasts where whoever starts the desk is the only one at it."""
NAMED = timedelta(days=7)
"""How long it lasts where people have passwords."""
TOKEN = timedelta(minutes=5)
"""How long a token lets somebody in."""
MOST = 500
"""Sign-ins, and tokens, that are kept; the oldest goes."""
_BYTES = 32


@dataclass(slots=True)
class SignIn:
    """One browser that an editor has opened the desk with."""

    name: str
    """Of the editor."""
    began: datetime
    proved: datetime
    """When the password, or the token, was given last."""
    stamp: str = ""
    """What the editor's password and second factor were then: another one ends it."""
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(_BYTES), repr=False)
    """What every form of this browser carries."""


class SignIns:
    """Every sign-in of a desk.

    Args:
        now: The clock.
        lasts: How long one lasts.
    """

    def __init__(self, now: Callable[[], datetime], lasts: timedelta = ALONE) -> None:
        self._now = now
        self._lasts = lasts
        self._all: OrderedDict[bytes, SignIn] = OrderedDict()
        self._tokens: OrderedDict[bytes, datetime] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, name: str, *, stamp: str = "") -> str:
        """Begin a sign-in, and give what its cookie says.

        Args:
            name: Of the editor.
            stamp: What their password and second factor are.
        """
        cookie, now = secrets.token_urlsafe(_BYTES), self._now()
        with self._lock:
            self._all[_digest(cookie)] = SignIn(name, now, now, stamp)
            while len(self._all) > MOST:
                self._all.popitem(last=False)
        return cookie

    def find(self, cookie: str) -> SignIn | None:
        """The sign-in of a cookie; None when there is none, or it is over."""
        digest = _digest(cookie)
        with self._lock:
            found = self._all.get(digest)
            if found is not None and not timedelta(0) <= self._now() - found.began < self._lasts:
                del self._all[digest]
                return None
        return found

    def end(self, cookie: str) -> None:
        """End the sign-in of a cookie."""
        with self._lock:
            self._all.pop(_digest(cookie), None)

    def token(self, lasts: timedelta = TOKEN) -> str:
        """A new token, which lets one browser in once.

        Args:
            lasts: How long it does.
        """
        token = secrets.token_urlsafe(_BYTES)
        with self._lock:
            self._tokens[_digest(token)] = self._now() + lasts
            while len(self._tokens) > MOST:
                self._tokens.popitem(last=False)
        return token

    def take(self, token: str) -> bool:
        """Whether a token is good; it is not any more afterwards."""
        with self._lock:
            until = self._tokens.pop(_digest(token), None)
        return until is not None and self._now() < until


def _digest(text: str) -> bytes:
    """What stands in memory in place of a cookie or token: found by it without comparing the secret itself."""
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()
