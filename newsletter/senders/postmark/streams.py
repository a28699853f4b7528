"""How a Postmark server and its message streams are set up, asked without changing any of it.

Source: the developer documentation, "Server API" (``GET /server``) and "Message Streams API"
(``GET /message-streams/{stream_ID}``), read in November 2026; no live account was used.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from urllib.parse import quote

from newsletter.errors import SendError
from newsletter.senders.https import Api, ask_json
from newsletter.senders.reports import AccountFault, AccountState
from newsletter.text.sentences import said

PATH = "/server"


def look(api: Api, issues: str, transactional: str) -> AccountState:
    """Ask for the server that the token opens, and for the streams that letters go in.

    Args:
        api: The server.
        issues: Id of the message stream of the issues.
        transactional: Id of the one of small letters.

    Raises:
        SendError: Postmark cannot be reached, refuses the token, or answers something else.
    """
    answer = ask_json(api, PATH)
    at = time.time()
    if answer.status == 401:
        mend = "copy the server's API token at Postmark into the file secrets/postmark.token"
        raise SendError("Postmark refuses the token (401)", where=api.where, mend=mend)
    if answer.status != 200 or not isinstance(answer.content, dict):
        raise SendError(
            said("Postmark gives no answer at {path} ({status})", path=PATH, status=answer.status),
            where=api.where,
            mend="try again",
        )
    faults = []
    if answer.content.get("DeliveryType") == "Sandbox":
        faults.append(
            AccountFault(
                "the server is a sandbox: Postmark delivers none of its letters", "take the token of a live one"
            )
        )
    faults += _stream(api, issues, "Broadcasts", "message_stream")
    faults += _stream(api, transactional, "Transactional", "transactional_stream")
    return AccountState("the token works, and the server may send", tuple(faults), answer.date, at)


def _stream(api: Api, name: str, wanted: str, key: str) -> Iterator[AccountFault]:
    answer = ask_json(api, f"/message-streams/{quote(name, safe='')}")
    content = answer.content if isinstance(answer.content, dict) else {}
    mend = said("correct {key} under [postmark]", key=key)
    if answer.status in {404, 422}:
        yield AccountFault(said("the server has no message stream {name}", name=name), mend)
    elif answer.status != 200:
        yield AccountFault(
            said("Postmark does not show the message stream {name} ({status})", name=name, status=answer.status),
            mend,
            is_grave=False,
        )
    elif content.get("ArchivedAt"):
        yield AccountFault(said("the message stream {name} is archived and takes no letters", name=name), mend)
    elif content.get("MessageStreamType") != wanted:
        words = said(
            "the message stream {name} is not of type {wanted}, which Postmark wants for such letters",
            name=name,
            wanted=wanted,
        )
        yield AccountFault(words, mend, is_grave=False)
