"""What it means that a mail server refused a letter: judged by one table for every road they come by (pure).

Used for bounces in the mailbox, for what providers report, and fit for what a server says in an SMTP session. A
refusal is ``hard`` or ``invalid`` only when it says so of the reader's mailbox and of nothing else. Three rules,
strongest first:

1. Words that speak of the sender, the content, the pace, a full or busy mailbox or the moment are never ``hard``,
   whatever code stands beside them: servers put 5.1.1 and 5.1.0 before all of them (samples of Office 365 and
   Sendmail, the lists of errors of Spambrella and Yandex).
2. The code that the refusing server wrote in its own words counts more than the field Status, which the reporting
   server makes up when it has none: Sendmail writes 5.1.1 for every 550, Exim and Postfix 5.0.0.
3. Words about the mailbox count more than a vague code, which is one that servers use for everything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache, lru_cache

from newsletter.text.mailbox import without_addresses
from newsletter.text.refusal_words import CODES, VAGUE, WORDS
from subscribers.models import BounceKind

MOST_WORDS = 4000
"""Characters of a refusal that are looked at."""

_FIRST = next(number for number, (kind, _, _) in enumerate(WORDS) if kind == "invalid")
_ROWS = tuple((number, kind, pattern) for number, (kind, _, pattern) in enumerate(WORDS))
_SURE, _OF_THE_ADDRESS = _ROWS[:_FIRST], _ROWS[_FIRST:]
_CODE = re.compile(r"(?<![\w.])([245])\.([0-7])\.([0-9]{1,3})(?!\.?[0-9])")
_REPLY = re.compile(r"(?<![\w.:/-])([245])[0-5][0-9](?=[\s\-#:;,]|$)")
_LINK = re.compile(r"\b(?:https?://|www\.)\S+")
# Names of servers: one of them may be called after a filter, or after anything.
_HOST = re.compile(r"(?<![\w.])(?:[a-z0-9_-]+\.){2,}[a-z]{2,24}\b|(?<=host )[a-z0-9-]+\.[a-z]{2,24}\b", re.IGNORECASE)
_SERVER = re.compile(
    rf"(?<!see )(?<!visit )(?<!using )(?<!check )(?<!contact )(?<!\b[aio][tn] )(?:{_HOST.pattern})(?![\w.]*/)",
    re.IGNORECASE,
)
"""The same, but for a page that one is to look at."""
_LISTS = re.compile(r"spamhaus|spamcop|sorbs|barracudacentral|dnsbl|\brbl|\bbl\.", re.IGNORECASE)
_STRONGEST: tuple[BounceKind, ...] = ("policy", "soft", "blocked", "invalid", "hard")


def refusal(words: str, status: str = "", *, unclear: BounceKind | None = None) -> BounceKind:
    """Why a letter was refused for good.

    Args:
        words: What the refusing server said, on one line or several, with or without its codes.
        status: The code of who reports it (field Status of RFC 3464, or a provider's), empty when there is none.
        unclear: What it counts as when neither says anything, for who knows better; without it ``blocked``, and
            ``soft`` when there is not even a permanent reply.

    Returns:
        ``hard`` or ``invalid`` when the reader's address is at fault, ``soft`` when their mailbox or the moment is,
        ``policy`` when we are, ``blocked`` when neither the words nor the codes say.
    """
    plain = _LINK.sub(" ", without_addresses(" ".join(words[:MOST_WORDS].split()), " ")).lower()
    return _judged(plain, status[:100], unclear)[0]


def grounds(words: str, status: str = "") -> str:
    """What a verdict of ``refusal`` rests on.

    Args:
        words: What the refusing server said.
        status: The code of who reports it; empty when there is none.

    Returns:
        The number of a row of ``WORDS``, or subject and detail of a permanent code such as ``1.1``, or both with a
        slash between, such as ``3/7.26``; empty when it rests on neither.
    """
    plain = _LINK.sub(" ", without_addresses(" ".join(words[:MOST_WORDS].split()), " ")).lower()
    return _judged(plain, status[:100], None)[1]


def without_servers(words: str) -> str:
    """Words without the names of servers, which may be called after a filter; those of lists, and of pages, stay.

    Args:
        words: What the refusing server said.
    """
    links = _LINK.findall(words)
    quiet = _SERVER.sub(lambda found: found[0] if _LISTS.search(found[0]) else " ", _LINK.sub(" ", words))
    return " ".join((quiet, *links))


@lru_cache(maxsize=512)
def _judged(plain: str, status: str, unclear: BounceKind | None) -> tuple[BounceKind, str]:
    """The kind of words without addresses and links, and its grounds; many refusals of a server differ in no more."""
    quiet = _HOST.sub(lambda found: found[0] if _LISTS.search(found[0]) else " ", plain)
    own, reported = _CODE.findall(plain), _CODE.findall(status)
    by_code = next((code for code in own if _meaning(code) == "policy" and not _vague(code)), None)
    said = _by_words(_SURE, quiet)
    if by_code is not None:
        return "policy", (f"{said[1]}/" if said is not None and said[0] == "policy" else "") + _short(by_code)
    if said is not None:
        return said
    replies = set(_REPLY.findall(plain))
    if _for_now(own, replies, reported):
        return "soft", ""
    codes = [code for code in own if code[0] == "5"] or ([] if own else [code for code in reported if code[0] == "5"])
    sure = _strongest(code for code in codes if not _vague(code))
    # A code that the reporting server may have made up, beside words that do not bear it out, proves nothing.
    made_up = not own and "5" in replies and re.search(r"[^\W\d_]{3}", re.sub(r"\b(?:e?smtp|lmtp)\b", "", plain))
    if sure is not None and not (made_up and sure[0] in {"hard", "invalid"}):
        return sure
    if found := _by_words(_OF_THE_ADDRESS, plain):
        return found
    if sure is not None:
        return unclear or "blocked", ""
    vague = _strongest(code for code in codes if code[1] != "0")
    return vague or (unclear or ("blocked" if "5" in replies else "soft"), "")


def _by_words(rows: Iterable[tuple[int, BounceKind, str]], text: str) -> tuple[BounceKind, str] | None:
    return next(((kind, str(number)) for number, kind, pattern in rows if _compiled(pattern).search(text)), None)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compiled when the first refusal is judged: that takes longer than a command takes to start."""
    return re.compile(pattern)


def _for_now(own: list[tuple[str, str, str]], replies: set[str], reported: list[tuple[str, str, str]]) -> bool:
    """Whether the refusal was for the moment: by the server's own code, its reply, or the report, in this order."""
    for classes in ({code[0] for code in own}, replies, {code[0] for code in reported}):
        if classes & {"4", "5"}:
            return "5" not in classes
    return False


def _meaning(code: tuple[str, str, str]) -> BounceKind:
    return CODES.get(f"{code[1]}.{int(code[2])}") or CODES.get(code[1], "soft")


def _vague(code: tuple[str, str, str]) -> bool:
    return code[1] in VAGUE or f"{code[1]}.{int(code[2])}" in VAGUE


def _short(code: tuple[str, str, str]) -> str:
    return f"{code[1]}.{int(code[2])}"


def _strongest(codes: Iterable[tuple[str, str, str]]) -> tuple[BounceKind, str] | None:
    """The strongest meaning among codes, with the code that has it."""
    there = {_meaning(code): _short(code) for code in codes}
    return next(((kind, there[kind]) for kind in _STRONGEST if kind in there), None)
