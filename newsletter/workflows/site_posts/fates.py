"""What became of a post of the site in letters, in numbers alone."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from newsletter import ledger, library
from newsletter.ledger import overview
from newsletter.site_hook import rows

if TYPE_CHECKING:
    from sqlalchemy import Connection


def place_of(site: str) -> str:
    """The name of a site in addresses: 16 digits of a digest, since one newsroom may have several sites.

    Args:
        site: Address of its front page, as it tells it.
    """
    return hashlib.sha256(site.encode()).hexdigest()[:16]


def fate(connection: Connection, place: str, number: int) -> dict[str, Any]:
    """Which letters a post was in, and how many of them went; of what is not known, nothing.

    Args:
        connection: An open connection to the database.
        place: As `place_of` gives it.
        number: WordPress' number of the post.
    """
    if number >= 2**53:
        return {"known": False, "letters": []}
    found = [one for one in rows.posts(connection, number=number) if place in _places_of(one.site)]
    keys = [
        key
        for one in found
        if one.article
        for key in library.carried_in(connection, [one.article]).get(one.article, ())
    ]
    return {
        "known": bool(found),
        "letters": [
            {"issue": _issue(key), "rhythm": _rhythm(key), "letters": _went(connection, key)}
            for key in sorted(keys, key=_order)
        ],
    }


def _places_of(site: str) -> set[str]:
    """Under http and https it is one site: editors may save by the one, and WordPress' clock tell by the other."""
    rest = site.partition("://")[2]
    return {place_of(site), place_of(f"http://{rest}"), place_of(f"https://{rest}")}


def _went(connection: Connection, key: str) -> int:
    return sum(overview.quick_account(connection, send.id).submitted for send in ledger.sends_of(connection, key))


def _issue(key: str) -> str:
    return key if key.isdecimal() else ""


def _rhythm(key: str) -> str:
    """Of a letter of the latest posts, whose key is as ``readers/daily/2026-11-24``."""
    return "" if key.isdecimal() else key.split("/")[1]


def _order(key: str) -> tuple[bool, int, str]:
    return not key.isdecimal(), int(key) if key.isdecimal() else 0, key
