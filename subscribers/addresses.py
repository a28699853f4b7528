"""E-mail addresses: which text is one, how it goes to a mail server, and which two are the same (pure)."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

from subscribers.display import shown
from subscribers.errors import AddressError


class Address(NamedTuple):
    """An address one can write to."""

    address: str
    """For the mail server: local part as written, domain in A-labels and lower case (RFC 5890)."""
    key: str
    """The address with its local part case-folded too: two people never share one."""
    needs_smtputf8: bool
    """The local part is not ASCII (RFC 6531)."""


LONGEST = 254
"""Octets of a whole address (RFC 3696, erratum 1690)."""

LONGEST_LOCAL = 64
"""Octets before the at sign (RFC 5321, section 4.5.3.1.1)."""

# Space, line breaks, and the marks that Arabic keyboards, word processors and spreadsheets leave at the ends:
# zero-width characters, direction marks and isolates, byte order mark, no-break space. A string for str.strip: a
# regular expression for the same would need time quadratic in a run of spaces.
_EDGES = (
    " \t\n\v\f\r\x85\xa0\u061c\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u202f"
    "\u2060\u2061\u2062\u2063\u2064\u2065\u2066\u2067\u2068\u2069\u3000\ufeff"
)

# Most addresses of the world: a plain local part and a lower-case host name whose labels have no two hyphens
# side by side (those may be Punycode, which only the library understands).
_PLAIN = re.compile(
    r"([A-Za-z0-9_+\-]+(?:\.[A-Za-z0-9_+\-]+)*)"
    r"@((?:[a-z0-9](?:[a-z0-9]|-(?!-)){0,61}(?<!-)\.)+([a-z]{2,63}))",
)

# Names that email-validator refuses (IANA's special-use domain names) and local parts that it lower-cases
# (RFC 2142): the quick road leaves both to it.
_SPECIAL_ENDS = frozenset({"arpa", "invalid", "local", "localhost", "onion", "test"})
_ROLE_NAMES = frozenset(
    {
        "info",
        "marketing",
        "sales",
        "support",
        "abuse",
        "noc",
        "security",
        "postmaster",
        "hostmaster",
        "usenet",
        "news",
        "webmaster",
        "www",
        "uucp",
        "ftp",
    }
)


def normalise(text: str) -> Address:
    """Read text as an e-mail address, without asking the network.

    Args:
        text: What somebody typed or a file holds; spaces and invisible marks around it do not matter.

    Raises:
        AddressError: It is not an address one can write to; says why in plain words.
    """
    quick = plain(text)
    if quick is not None:
        return quick
    stripped = text.strip(_EDGES)
    quick = plain(stripped)
    return thorough(stripped) if quick is None else quick


def plain(text: str) -> Address | None:
    """The answer for a plain ASCII address, or None when email-validator has to look at it.

    Args:
        text: Without spaces around it.
    """
    if not text.isascii():  # "K" (the Kelvin sign) has an ASCII lower case: it must not slip through below
        return None
    at = text.rfind("@")
    domain = text[at + 1 :]
    if not domain.islower():
        text = text[: at + 1] + domain.lower()
    match = _PLAIN.fullmatch(text)
    if match is None or len(text) > LONGEST or match.end(1) > LONGEST_LOCAL or match[3] in _SPECIAL_ENDS:
        return None
    key = text.lower()
    return Address(key if key[: match.end(1)] in _ROLE_NAMES else text, key, False)


def thorough(text: str) -> Address:
    """The answer of email-validator, which knows RFC 5321, 5322, 6531 and IDNA 2008.

    Args:
        text: Without spaces around it.

    Raises:
        AddressError: As for `normalise`.
    """
    from email_validator import EmailNotValidError, validate_email

    reason = _plain_reason(text)
    if reason:
        raise _refusal(text, reason)
    try:
        valid = validate_email(text, check_deliverability=False, strict=True)
    except EmailNotValidError as error:
        raise _refusal(text, str(error).rstrip(".")) from None
    except (UnicodeError, IndexError):  # what odd text can still raise inside the library and idna
        raise _refusal(text, "it has characters that no address can have") from None
    domain = (valid.ascii_domain or "").lower()
    local = valid.local_part or ""
    folded = unicodedata.normalize("NFC", local.casefold())
    # Not valid.smtputf8: that speaks of the text before NFC, which can turn a sign into an ASCII letter.
    return Address(f"{local}@{domain}", f"{folded}@{domain}", not local.isascii())


def _refusal(text: str, reason: str) -> AddressError:
    return AddressError(f"'{shown(text)}' is not an e-mail address: {reason}", reason=reason)


def _plain_reason(text: str) -> str:
    """The reason for the slips people really make; empty when none of them is there."""
    if not text:
        return "there is nothing here"
    if len(text.encode("utf-8", "replace")) > LONGEST + len("mailto:"):
        return f"it is longer than {LONGEST} bytes"
    if any("\ud800" <= letter <= "\udfff" or letter == "\0" for letter in text):
        return "it has characters that no address can have"
    if text.lower().startswith("mailto:"):
        return "write it without mailto:"
    if "@" not in text:
        return "it has no @"
    if "<" in text or ">" in text:
        return "write the address alone, without a name and angle brackets"
    if '"' not in text:
        if text.count("@") > 1:
            return "it has more than one @"
        if any(letter.isspace() for letter in text):
            return "it has a space in it"
        if any(comma in text for comma in (",", ";", "،", "؛")):
            return "it has a comma or semicolon in it"
    return ""


# Where most readers have their mailbox, in the Arab world too. Short names and the domains of single countries are left
# out: there, one letter more or less is often somebody else's domain.
_LARGE = (
    "gmail.com",
    "googlemail.com",
    "yahoo.com",
    "hotmail.com",
    "outlook.com",
    "icloud.com",
    "maktoob.com",
    "protonmail.com",
    "windowslive.com",
    "rocketmail.com",
)

# Real domains of mail that differ by a letter from one above.
_ALSO_REAL = frozenset(
    f"{name}.com"
    for name in ("mail", "email", "fmail", "hmail", "imail", "jmail", "rmail", "tmail", "vmail", "ymail", "zmail")
)


def likely_typo(address: str) -> str:
    """The address that was probably meant, when the domain is a slip of a large mail domain; else empty.

    Args:
        address: As it was typed, or as `normalise` gives it.

    Returns:
        The same local part at the large domain that is one letter, missing, added, wrong or swapped with its
        neighbour, away (the distance of Damerau, 1964).
    """
    local, at, domain = address.strip(_EDGES).rpartition("@")
    domain = domain.lower()
    if not at or not local or domain in _LARGE or domain in _ALSO_REAL:
        return ""
    meant = next((one for one in _LARGE if _one_slip(domain, one)), "")
    return f"{local}@{meant}" if meant else ""


def _one_slip(typed: str, meant: str) -> bool:
    """Whether exactly one letter is missing, added or wrong, or two neighbours are swapped."""
    if typed == meant or abs(len(typed) - len(meant)) > 1:
        return False
    start = next((n for n, (a, b) in enumerate(zip(typed, meant, strict=False)) if a != b), min(len(typed), len(meant)))
    rest, wanted = typed[start:], meant[start:]
    swapped = rest[:2] == wanted[1::-1] and len(wanted) > 1 and rest[2:] == wanted[2:]
    return swapped or rest[1:] == wanted[1:] or rest[1:] == wanted or rest == wanted[1:]
