"""Which users of the newsroom's WordPress read the letter: a state for each address that its users' list shows.

Asked for only where the site's administrator has switched the column on. Whoever holds the plugin's secret may ask, so
nothing more is said than how a subscription stands, of lists that the pages offer; no address is written or logged.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from newsletter.errors import NashraError
from newsletter.site_hook import rows
from newsletter.site_hook.hook import BAD, FORBIDDEN, NOT_FOUND, OK, TRY_AGAIN, Secrets
from newsletter.site_hook.knocks import BODY_BYTES, KNOCK_ID
from newsletter.site_hook.signing import HEADER, SignedBy, body_signed
from newsletter.workflows.site_posts.routes import PATH
from newsletter.workspace.plugin_secret import plugin_secrets
from subscribers import store
from subscribers.addresses import normalise
from subscribers.errors import AddressError

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Connection
    from starlette.responses import Response
    from starlette.routing import BaseRoute

    from newsletter.storage.database import Database
    from newsletter.wiring import Workspace
    from subscribers.web import Request, Site

MOST = 200
"""Addresses in one question: as many users as a page of WordPress shows, and more."""
Asked = Callable[[Mapping[str, str], bytes], tuple[int, bytes]]


class ReaderQuestion(NamedTuple):
    """What the plugin asks."""

    id: str
    """Random, so that it is answered once."""
    list_name: str
    addresses: tuple[str, ...]
    """As WordPress has them."""


def people_routes(site: Site, workspace: Workspace) -> list[BaseRoute]:
    """The route of the users' column, for who signs with the plugin's secret.

    Args:
        site: The reader pages.
        workspace: The workspace.
    """
    from starlette.responses import Response

    from subscribers.web import route

    asked = people_hook(
        workspace.database, partial(plugin_secrets, workspace.root), lists=site.lists, now=workspace.now
    )

    def told(_site: Site, request: Request) -> Response:
        status, body = asked(request.headers, request.body)
        return Response(body, status, media_type="application/json" if body else None)

    return [route(site, f"{PATH}/people", told, ["POST"], most=BODY_BYTES, raw=True)]


def people_hook(database: Database, secrets: Secrets, *, lists: Collection[str], now: Callable[[], datetime]) -> Asked:
    """The answer to ``POST /hooks/wordpress/people``: headers (names in lower case) and body in, status and body out.

    404 where no plugin was made; 403 for what it did not sign, what is too old, and what was asked before; 400 for what
    is signed and no such question; 503 when the database does not answer. None of these has a body.

    Args:
        database: The workspace's.
        secrets: Of the plugin.
        lists: Names of those that may be asked about.
        now: The clock.
    """

    def hook(headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        moment = now()
        keys = secrets(moment)
        if not keys:
            return NOT_FOUND, b""
        if body_signed(headers.get(HEADER, ""), body, keys, now=moment) is not SignedBy.GENUINE:
            return FORBIDDEN, b""
        try:
            question = read_question(body)
        except (ValueError, RecursionError):
            return BAD, b""
        if question.list_name not in lists:
            return BAD, b""
        try:
            with database.write() as connection:
                if not rows.let_in(connection, question.id, now=moment):
                    return FORBIDDEN, b""
            with database.read() as connection:
                states = _states(connection, question, moment)
        except NashraError:
            return TRY_AGAIN, b""
        return OK, json.dumps({"states": states}).encode("ascii")

    return hook


def read_question(body: bytes) -> ReaderQuestion:
    """What a body asks.

    Args:
        body: Of the request, JSON in UTF-8.

    Raises:
        ValueError: It is no such question; says nothing of what stands in it.
    """
    values = json.loads(body.decode("utf-8"))
    if not isinstance(values, dict):
        raise ValueError("no object")
    number, name, addresses = (values.get(one) for one in ("id", "list", "addresses"))
    if not isinstance(number, str) or not KNOCK_ID.fullmatch(number):
        raise ValueError("no id")
    if not isinstance(name, str):
        raise ValueError("no list")
    if not isinstance(addresses, list) or len(addresses) > MOST:
        raise ValueError("no addresses, or too many")
    if not all(isinstance(one, str) for one in addresses):
        raise ValueError("no text")
    return ReaderQuestion(number, name, tuple(addresses))


def _states(connection: Connection, question: ReaderQuestion, now: datetime) -> list[str]:
    """A state for each address, in their order; empty for who is not on the list."""
    listed = store.list_or_none(connection, question.list_name)
    keys = [_key(one) for one in question.addresses]
    wanted = sorted({one for one in keys if one})
    found = store.reader_states(connection, listed.id, wanted, now=now) if listed is not None and wanted else {}
    return [found.get(one, "") for one in keys]


def _key(address: str) -> str:
    """As the readers' side folds it; empty for what nobody can write to."""
    try:
        return normalise(address).key
    except AddressError:
        return ""
