"""The addresses behind the answers of a letter's questions: which question and which answer, and no reader (pure).

The same address stands in the letter of everybody. It is signed, so that nobody makes pages of ours say other answers.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping

from newsletter.models import Poll

FOLDER = "polls"
"""Where the reader pages ask: ``<[web] url>/polls/<signed>``."""

_TOKEN = re.compile(r"[A-Za-z0-9_-]{36}")
_ID = re.compile(r"[0-9a-f]{16}")
_HEAD, _SIGNATURE = 10, 17
"""Bytes of key id, question and answer, and those kept of the HMAC-SHA-256: 27 are 36 characters of base64url. RFC 2104
section 5 asks for at least half of the hash, 16 bytes."""
_SIGNED_FOR = b"nashra poll 1\0"  # the same keys also sign other links; this keeps their signatures apart


def id_of(list_name: str, letter: str, poll: Poll) -> str:
    """The id of a question: the same for the same words in the same letter.

    Args:
        list_name: The list the letter goes to.
        letter: What tells the letter from others of its list.
        poll: What it asks.
    """
    said = "\0".join((list_name, letter, poll.question, *poll.answers))
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def path(poll_id: str, answer: int, *, keys: Mapping[int, bytes]) -> str:
    """The path of the page on which an answer is sent, below the address of the reader pages.

    Args:
        poll_id: As `id_of` gave it.
        answer: Place of the answer, from 0.
        keys: Keys of signed links by id; the highest signs.

    Raises:
        ValueError: That is no id, or no place.
    """
    if not _ID.fullmatch(poll_id):
        raise ValueError(f"{poll_id!r} is no id of a question")
    key_id = max(keys)
    head = bytes((key_id,)) + bytes.fromhex(poll_id) + bytes((answer,))
    return f"{FOLDER}/{base64.urlsafe_b64encode(head + _signature(keys[key_id], head)).decode('ascii')}"


def read(signed: str, *, keys: Mapping[int, bytes]) -> tuple[str, int] | None:
    """Id of the question and place of the answer; None for what we did not sign.

    Args:
        signed: What stood behind ``polls/``.
        keys: As for `path`; links of an older key open as long as it is kept.
    """
    if _TOKEN.fullmatch(signed) is None:
        return None
    raw = base64.urlsafe_b64decode(signed)
    head, signature = raw[:_HEAD], raw[_HEAD:]
    # An unknown key id costs the same HMAC as a known one, so that time tells nothing.
    good = hmac.compare_digest(_signature(keys.get(head[0], bytes(32)), head), signature)
    return (head[1:9].hex(), head[9]) if good and head[0] in keys else None


def _signature(key: bytes, head: bytes) -> bytes:
    return hmac.digest(key, _SIGNED_FOR + head, "sha256")[:_SIGNATURE]
