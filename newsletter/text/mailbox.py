"""A mailbox and a host as they stand in settings and header lines."""

from __future__ import annotations

import re

_MAILBOX = re.compile(r"\s*(?P<name>[^<>]*?)\s*<(?P<address>[^<>\s]+)>\s*\Z")
_ADDRESS = re.compile(r"[^\s<>()\[\]{},;:\"']+@[^\s<>()\[\]{},;:\"']+")


def split_mailbox(mailbox: str) -> tuple[str, str]:
    """The display name and the address of ``Name <address>`` or of a bare address."""
    match = _MAILBOX.match(mailbox)
    if match is None:
        return "", mailbox.strip()
    name = match["name"].strip()
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    return name, match["address"]


def without_addresses(text: str, instead: str = "(address)") -> str:
    """A text in which nobody's address stands any more, as of what a server says of a reader.

    Args:
        text: Whatever looks like an address in it goes, a name beside it stays.
        instead: What stands in each one's place.
    """
    return _ADDRESS.sub(instead, text)


def ascii_host(host: str) -> str:
    """A host name as a header can hold it: its labels in A-label form (RFC 5891 section 4).

    Args:
        host: With letters of any script.

    Raises:
        ValueError: It is no host name.
    """
    if host.isascii():
        return host.lower()
    import idna

    try:
        return idna.encode(host, uts46=True).decode("ascii")
    except idna.IDNAError as error:
        raise ValueError(f"the host {host} cannot be written in ASCII ({error})") from None
