"""Kinds of settings that several sections share, checked by pydantic."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict
from pydantic.config import JsonDict

from newsletter.text.mailbox import ascii_host, split_mailbox
from subscribers.addresses import plain


def web_address(value: str) -> str:
    """An http(s) address without query and fragment, no slash at its end."""
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("an address such as https://example.org is wanted")
    if re.search(r"[\s<>\"\\^`{|}]", value):
        raise ValueError("an address without spaces, quotes and brackets is wanted")
    if parts.port == 0:
        raise ValueError("a port from 1 to 65535 is wanted")
    ascii_host(parts.hostname)
    return value.rstrip("/")


def https_or_loopback(value: str) -> str:
    """An https address; http only to this machine itself; or empty."""
    if not value:
        return value
    address = web_address(value)
    if urlsplit(address).scheme != "https" and urlsplit(address).hostname not in {"localhost", "127.0.0.1", "::1"}:
        # RFC 8058 section 3.1: one-click unsubscribing needs an https address.
        raise ValueError("an https address such as https://news.example.org is wanted")
    return address


def mailbox(value: str) -> str:
    """``Name <address>`` or a bare address, the host in ASCII."""
    name, address = split_mailbox(plain_line(value))
    ascii_address = _plain_address(address) or _checked_address(address)
    return f"{name} <{ascii_address}>" if name else ascii_address


def _plain_address(address: str) -> str:
    """The address as email-validator would give it, which is dear to import; empty when that has to look."""
    found = plain(address)
    return found.address if found is not None else ""


def _checked_address(address: str) -> str:
    from email_validator import EmailNotValidError, validate_email

    try:
        checked = validate_email(address, check_deliverability=False, allow_smtputf8=False, test_environment=False)
    except EmailNotValidError as error:
        raise ValueError(f'"Name <address>" is wanted ({error})') from None
    return f"{checked.local_part}@{checked.ascii_domain}"


def optional_mailbox(value: str) -> str:
    """A mailbox, or empty."""
    return mailbox(value) if value else value


def bare_address(value: str) -> str:
    """An address without a name, or empty."""
    return split_mailbox(mailbox(value))[1] if value else value


def plain_line(value: str) -> str:
    """One line of text that is not empty, without control characters."""
    value = value.strip()
    if not value:
        raise ValueError("a text is wanted")
    if any(unicodedata.category(character) in {"Cc", "Zl", "Zp"} for character in value):
        raise ValueError("one line of text is wanted")
    return value


def listed(value: object) -> object:
    """A list, or the parts between the commas of a text."""
    # The environment and secret files hold text only: a list is written with commas there.
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def key_of_api(value: str) -> str:
    """A key that goes into a header line: printable ASCII without spaces, or empty."""
    if value and not re.fullmatch(r"[!-~]+", value):
        raise ValueError("a key without spaces, line breaks and other signs than ASCII is wanted")
    return value


BY_HAND: JsonDict = {"by_hand": True}
"""Marks a setting that decides who comes in, where a secret goes or which files are written: it is changed in the file
alone, by whoever has the machine, and by no page."""


class SettingsSection(BaseModel):
    """A section of the settings; a key that it does not know is an error."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


def no_opens(value: bool) -> bool:
    """Refuse to count who opens letters.

    Args:
        value: As the settings have it.

    Raises:
        ValueError: It is wanted.
    """
    if value:
        raise ValueError("who opens a letter is not counted any more; take the line out (docs/en/clicks.md says why)")
    return value


def clicks_elsewhere(value: bool) -> bool:
    """Refuse a second place where the counting of clicks is switched on.

    Args:
        value: As the settings have it.

    Raises:
        ValueError: It is wanted here.
    """
    if value:
        raise ValueError('that is said once for all now; take the line out, and write [tracking] clicks = "provider"')
    return value
