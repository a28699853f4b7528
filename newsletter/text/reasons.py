"""Why a letter came back or waits, as one of a closed list: what is kept of a server's words (pure).

A server's own words can hold the reader's address, and are a different text for every letter. What they say is one of
the names below, found by the same table that tells whose fault it is (`newsletter.text.refusals`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from newsletter.text.refusal_words import WORDS
from newsletter.text.refusals import MOST_WORDS, grounds, without_servers
from subscribers.models import BounceKind

BLOCKLIST: Final = "blocklist"
"""Before the name of a list of ``BLOCKLISTS`` in a reason, with a space between."""
OTHER_LIST: Final = "blocklist other"

REASONS: Mapping[str, str] = {
    "no-mailbox": "there is no such mailbox",
    "no-domain": "the domain does not exist, or takes no mail",
    "bad-address": "it is no address",
    "full": "the mailbox is full",
    "busy": "the mailbox gets too much mail at the moment",
    "moment": "the server is busy or away at the moment",
    "name-server": "the domain's name server did not answer",
    "pace": "too many letters at once, or a sender that is new there",
    "sender-limit": "the limit of our own sender is reached",
    "authentication": "SPF, DKIM or DMARC did not pass",
    "server-name": "the name of the sending server in DNS is wrong",
    "sender-address": "our address is not accepted",
    "reputation": "our server or domain has a bad name there",
    "content": "the letter looks like spam",
    "size": "the letter is too big",
    "encryption": "encryption or relaying is refused",
    "rule": "a rule of theirs forbids it",
    "refused": "refused without a reason",
}
"""Name of a reason to what it means; beside them ``blocklist`` and the name of a list."""

MENDS: Mapping[str, str] = {
    "no-mailbox": "nothing to do: the address is suppressed by itself; many at once come from an old or bought list",
    "no-domain": "nothing to do: the address is suppressed by itself; look for typing errors of the form",
    "bad-address": "nothing to do: the address is suppressed by itself; look at where it was imported from",
    "full": "wait; readers whose mailbox is full for months: newsletter subscribers hygiene",
    "busy": "wait: it is tried again by itself",
    "moment": "wait: it is tried again by itself; for days from one domain, write to its postmaster",
    "name-server": "wait; if it is many domains at once, the resolver of the sending server is ill",
    "pace": "send more slowly: [sender] per_second, or pace for that domain; a new sender is warmed up: warm_up",
    "sender-limit": "send more slowly, or ask your provider for a higher limit",
    "authentication": "mend SPF, DKIM and DMARC of the From domain: newsletter check --online",
    "server-name": "give the sending server a PTR record whose name leads back to it, and greet with that name",
    "sender-address": "let the From and bounce addresses exist and take mail; see [sender] from",
    "reputation": "send to fewer, those who joined lately first, until it gets better; see the postmaster page there",
    "content": "look at links and pictures of the letter: newsletter check; ask the provider what it saw",
    "size": "make the letter smaller: fewer stories, smaller pictures",
    "encryption": "look at the TLS settings of the sending server and its certificate",
    "rule": "write to the postmaster of the domain with one refused letter",
    "refused": "write to the postmaster of the domain if it lasts",
}
"""What to do about each."""

BLOCKLISTS: Mapping[str, tuple[str, str]] = {
    # Spamhaus' zones, with CBL and XBL, are one list to be asked: spamhaus.org/blocklists.
    "spamhaus": (r"spamhaus|abuseat\.org|\b(?:sbl|xbl|pbl|cbl|dbl)\b", "https://check.spamhaus.org/"),
    "spamcop": (r"spamcop", "https://www.spamcop.net/bl.shtml"),
    "barracuda": (r"barracuda", "https://www.barracudacentral.org/rbl/removal-request"),
    "sorbs": (r"\bsorbs\b", ""),
    # Microsoft's list for consumer mailboxes (S3140, S3150) and for Exchange Online (5.7.511, 5.7.606 to 5.7.649):
    # learn.microsoft.com, "Email non-delivery reports and SMTP errors in Exchange Online".
    "microsoft": (
        r"\bs31[45]0\b|\bs775\b|part of their network|5\.7\.(?:511|60[6-9]|6[1-4][0-9])\b|delist[@.](?:\w+\.)?microsoft"
        r"|sendersupport|mail\.live\.com/mail/troubleshooting",
        "https://sendersupport.olc.protection.outlook.com/pm/",
    ),
    "cloudmark": (r"cloudmark|csi\.", "https://csi.cloudmark.com/en/reset/"),
    "proofpoint": (r"proofpoint|pphosted", "https://ipcheck.proofpoint.com/"),
    "talos": (r"senderbase|talosintelligence", "https://talosintelligence.com/reputation_center"),
    "validity": (r"senderscore|\breturnpath\b|validity\.com", "https://senderscore.org/"),
    "uceprotect": (r"uceprotect|backscatterer", "https://www.uceprotect.net/"),
    "abusix": (r"abusix", "https://lookup.abusix.com/"),
    "surbl": (r"\bsurbl\b", "https://surbl.org/surbl-analysis"),
    "uribl": (r"\buribl\b", "https://admin.uribl.com/"),
    "psbl": (r"\bpsbl\b", "https://psbl.org/"),
    "mailspike": (r"mailspike", "https://mailspike.io/"),
    "spamrats": (r"spamrats", "https://spamrats.com/"),
    "hostkarma": (r"hostkarma|junkemailfilter", ""),
    "invaluement": (r"invaluement", "https://www.invaluement.com/"),
    "trendmicro": (r"trend ?micro", "https://servicecentral.trendmicro.com/"),
}
"""Name of a blocklist to how servers name it, in lower-case words, and where one asks to be taken off."""

_LISTED = re.compile(r"(?:black|block|deny)[ -]?list|\b(?:dnsbl|rbl)\b|(?<!not )\blisted (?:in|on|by|at)\b|is listed")
_NAMES = re.compile("|".join(f"(?P<{name}>{words})" for name, (words, _) in BLOCKLISTS.items()))

# By the rows of ``WORDS``, in their order.
_OF_ROWS: tuple[str, ...] = (
    "sender-limit",
    "busy",
    "full",
    "authentication",
    "rule",
    "reputation",
    "server-name",
    "sender-address",
    "content",
    "pace",
    "size",
    "encryption",
    "name-server",
    "moment",
    "bad-address",
    "no-mailbox",
    "no-domain",
    "no-mailbox",
    "refused",
)
assert len(_OF_ROWS) == len(WORDS)
# By subject and detail of a code (RFC 3463, RFC 7372); the longest beginning that fits.
_OF_CODES: Mapping[str, str] = {
    "1.1": "no-mailbox",
    "1.2": "no-domain",
    "1.3": "bad-address",
    "1.6": "no-mailbox",
    "1.7": "sender-address",
    "1.8": "sender-address",
    "1.10": "no-mailbox",
    "1.20": "sender-address",
    "1.90": "sender-limit",
    "2": "full",
    "2.1": "no-mailbox",
    "2.3": "size",
    "3.4": "size",
    "5.3": "pace",
    "6": "content",
    "7": "rule",
    "7.17": "no-mailbox",
    "7.18": "no-mailbox",
    **{f"7.{detail}": "authentication" for detail in (20, 21, 22, 23, 24, 26, 27, 29, 515)},
    "7.25": "server-name",
    "7.28": "pace",
}
_BY_KIND: Mapping[BounceKind | None, str] = {
    "hard": "no-mailbox",
    "invalid": "bad-address",
    "soft": "moment",
    "policy": "rule",
    "blocked": "refused",
    None: "moment",
}


def reason_of(words: str, status: str = "", kind: BounceKind | None = None) -> str:
    """Why a letter bounced or was deferred, as a name of the closed list.

    Args:
        words: Of the server that refused; they are not kept.
        status: The code of who reports it; empty when there is none.
        kind: Whose fault it was taken for; None for a letter that was deferred.

    Returns:
        A key of ``REASONS``, or ``blocklist`` and the name of a list.
    """
    found = _of_grounds(grounds(words, status))
    if kind in {"hard", "invalid"} and found not in {"no-mailbox", "no-domain", "bad-address"}:
        # The provider knows better: it has a list of its own of addresses that are gone.
        return _BY_KIND[kind]
    if kind not in {"hard", "invalid"} and found in {"reputation", "rule", "server-name", "authentication"}:
        # Whose server or filter it is says nothing: half of all mail servers are called after one.
        said = without_servers(words[:MOST_WORDS].lower())
        if name := _NAMES.search(said):
            return f"{BLOCKLIST} {name.lastgroup}"
        if found == "reputation" and _LISTED.search(said):
            return OTHER_LIST
    return found or _BY_KIND[kind]


def is_reason(text: str) -> bool:
    """Whether a text is a name of the closed list, so that it may be kept.

    Args:
        text: For example ``full`` or ``blocklist spamhaus``.
    """
    return text in REASONS or text == OTHER_LIST or text.removeprefix(f"{BLOCKLIST} ") in BLOCKLISTS


def blocklist_of(reason: str) -> str:
    """The name of the blocklist in a reason; empty when it names none."""
    return reason.removeprefix(f"{BLOCKLIST} ") if reason.startswith(f"{BLOCKLIST} ") else ""


def blocklist_site(reason: str) -> str:
    """Where one asks the blocklist in a reason to be taken off; empty when that is not known."""
    found = BLOCKLISTS.get(blocklist_of(reason))
    return found[1] if found is not None else ""


def meaning_of(reason: str) -> str:
    """What a reason means, in plain words.

    Args:
        reason: As it is kept; empty for an event of before reasons were kept.
    """
    if name := blocklist_of(reason):
        return "our server or domain is on a blocklist" + ("" if name == "other" else f": {name}")
    return REASONS.get(reason, "not told")


def mend_of(reason: str) -> str:
    """What to do about a reason, in one sentence; empty when nothing is known of it.

    Args:
        reason: As it is kept.
    """
    name = blocklist_of(reason)
    if not name:
        return MENDS.get(reason, "")
    where = blocklist_site(reason)
    asked = f" at {where}" if where else ""
    return f"find out why (complaints, old addresses, a broken-into server), mend it, then ask to be taken off{asked}"


def _of_grounds(resting: str) -> str:
    row, _, code = resting.rpartition("/")
    if code.isdecimal():
        row, code = code, ""
    # A code that means one thing says more than words, which often tell of several; words more than a vague code.
    if code in _OF_CODES or not row:
        return _of_code(code)
    return _OF_ROWS[int(row)]


def _of_code(code: str) -> str:
    return _OF_CODES.get(code) or _OF_CODES.get(code.partition(".")[0], "")
