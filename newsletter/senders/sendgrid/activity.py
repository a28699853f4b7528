"""What SendGrid shows of the messages it took: its Email Activity, else its Email Logs.

Email Activity (vendor's pages "Filter all messages" and "Getting started with the Email Activity Feed API", read in
November 2026) is searched by a custom argument, but is a paid addition to the account, wants a right of its own from
the key, and answers six requests a minute. Email Logs (API description "Email Logs") know no custom arguments in a
search, so a few readers are looked up by their address. Neither was used on a live account. A search that did not
understand its filter would show any message: so a message counts only when its own details bear the request's name.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

from newsletter.errors import SendError
from newsletter.senders.https import Api, JsonReply, ask_json
from newsletter.senders.reports import Found, NotShownError, Question

ACTIVITY, LOGS = "/v3/messages", "/v3/logs"
REQUEST = "nashra_request"
"""The custom argument that names a request in each of its messages."""
MOST_LOOKED_UP = 2
"""Readers of a request that are looked up in the logs."""
_MOST_SHOWN = 3
"""Messages of a search whose details are looked at."""
_NOT_SHOWN = frozenset({400, 401, 402, 403, 404, 405})
"""The key has no right to it, or the account has not got it."""


class AccountActivity:
    """The messages of one account.

    Args:
        api: The account.
    """

    a_minute = 2
    """A question is a search and a look at what it found; the vendor takes six requests a minute (page "Email
    Activity", rate limits)."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._hidden: dict[str, NotShownError] = {}
        """What of the two is not shown to us, and why."""

    def find(self, question: Question) -> Found:
        """Look for a message of a request; one proves all of it, since a request is taken whole or not at all.

        Raises:
            NotShownError: Neither activity nor logs are shown to this key.
            SendError: No answer, or none that is understood.
        """
        for path, search in ((ACTIVITY, self._in_activity), (LOGS, self._in_logs)):
            if path not in self._hidden:
                try:
                    return Found(request=any(_named(one, question.request_id) for one in search(question)))
                except NotShownError as error:
                    self._hidden[path] = error
        raise self._hidden[ACTIVITY]

    def _in_activity(self, question: Question) -> Iterator[Mapping[str, Any]]:
        filtered = f"(unique_args['{REQUEST}']=\"{question.request_id}\")"
        query = urlencode({"query": filtered, "limit": _MOST_SHOWN}, quote_via=quote)
        for message in self._messages(ACTIVITY, self._answer(ACTIVITY, f"{ACTIVITY}?{query}")):
            yield from self._details(ACTIVITY, message.get("msg_id"))

    def _in_logs(self, question: Question) -> Iterator[Mapping[str, Any]]:
        since = datetime.fromtimestamp(question.since, UTC)
        for _, address in question.deliveries[:MOST_LOOKED_UP]:
            if '"' in address or "\\" in address:
                continue
            wanted = f'to_email="{address}" AND sg_message_id_created_at >= TIMESTAMP "{since:%Y-%m-%dT%H:%M:%SZ}"'
            found = self._answer(LOGS, LOGS, {"query": wanted, "limit": _MOST_SHOWN})
            for message in self._messages(LOGS, found):
                yield from self._details(LOGS, message.get("sg_message_id"))

    def _details(self, path: str, message_id: object) -> Iterator[Mapping[str, Any]]:
        if not isinstance(message_id, str) or not message_id:
            return
        answer = self._answer(path, f"{path}/{quote(message_id, safe='')}", gone=True)
        if isinstance(answer.content, dict):
            yield answer.content

    def _answer(self, path: str, asked: str, question: object = None, *, gone: bool = False) -> JsonReply:
        """What it answers; with ``gone``, 404 says that one message is not there."""
        answer = ask_json(self._api, asked, question)
        if answer.status == 200 or (gone and answer.status == 404):
            return answer
        # A page of a proxy says nothing of the account.
        if answer.status in _NOT_SHOWN and isinstance(answer.content, dict):
            raise NotShownError(
                f"SendGrid shows nothing at {path} ({answer.status}{_words(answer.content)})",
                where=self._api.where,
                mend="buy additional activity history, or give the key the right to read Email Activity",
                status=answer.status,
            )
        said = "is asked too often" if answer.status == 429 else "gives no answer"
        raise SendError(f"SendGrid {said} at {path} ({answer.status})", where=self._api.where)

    def _messages(self, path: str, answer: JsonReply) -> list[Mapping[str, Any]]:
        found = answer.content.get("messages") if isinstance(answer.content, dict) else None
        if not isinstance(found, list):
            raise SendError(f"SendGrid's answer at {path} is no list of messages", where=self._api.where)
        return [one for one in found[:_MOST_SHOWN] if isinstance(one, dict)]


def _named(message: Mapping[str, Any], request_id: str) -> bool:
    """Whether the details of a message bear the name of a request; activity has them as text, logs as an object."""
    for key in ("unique_args", "custom_args"):
        found = message.get(key)
        if isinstance(found, str):
            try:
                found = json.loads(found)
            except (ValueError, RecursionError):
                continue
        if isinstance(found, dict) and found.get(REQUEST) == request_id:
            return True
    return False


def _words(content: Mapping[str, Any]) -> str:
    """Its own words, as far as they are words: one line of them."""
    errors = content.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    words = first.get("message") if isinstance(first, dict) else None
    if not isinstance(words, str):
        return ""
    return f": {' '.join(''.join(sign if sign.isprintable() else ' ' for sign in words[:200]).split())}"
