"""One question to a REST interface, and its JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from newsletter.sources.charset import decode
from newsletter.sources.http.models import Fetched, FetcherProtocol, FetchError
from newsletter.sources.wordpress.values import as_text


@dataclass(frozen=True, slots=True)
class ApiAnswer:
    """What an interface answered: objects, and the headers that tell how many more there are."""

    values: list[Mapping[str, Any]]
    headers: Mapping[str, str] = field(default_factory=dict)


def ask(
    door: FetcherProtocol,
    root: str,
    route: str,
    asked: Mapping[str, str],
    *,
    query: Sequence[tuple[str, str]] = (),
    past_the_end: bool = False,
) -> ApiAnswer:
    """Ask for JSON: 200 with a list, or with one object, which is a list of one; anything else is a refusal.

    Args:
        door: Fetches an address, as a Fetcher does.
        root: Address of the interface.
        route: Below it, for example ``wp/v2/posts``.
        asked: Parameters of the query.
        query: What else an address asks for; a name may stand there twice.
        past_the_end: A page behind the last one is an empty answer.

    Raises:
        SourceError: The interface is closed, cannot be reached, or answers with something else than JSON.
    """
    url = _endpoint(root, route, [*query, *asked.items()])
    got = door.get(url, "json", statuses={400, 401, 403, 404})
    if past_the_end and got.status == 400 and b"rest_post_invalid_page_number" in got.data:
        return ApiAnswer([])
    if got.status != 200:
        code = as_text(_json(got).get("code")) if isinstance(_json(got), Mapping) else ""
        reason = f"{got.status} {code}".strip()
        raise FetchError(
            f"its REST interface is closed ({reason})",
            where=root,
            mend="the site's operator can open it for reading",
            status=got.status,
        )
    value = _json(got)
    values = value if isinstance(value, list) else [value]
    if not all(isinstance(each, dict) for each in values):
        raise FetchError("its REST interface answers with no JSON", where=root, mend="read its feed", status=200)
    return ApiAnswer(values, got.headers)


def _endpoint(root: str, route: str, asked: Sequence[tuple[str, str]]) -> str:
    """Address of a route, for both shapes of an interface: ``/wp-json/`` and ``/?rest_route=/``."""
    parts = urlsplit(root)
    query = parse_qsl(parts.query, keep_blank_values=True)
    path = parts.path
    if any(name == "rest_route" for name, _ in query):
        query = [(name, value.rstrip("/") + "/" + route if name == "rest_route" else value) for name, value in query]
    else:
        path = path.rstrip("/") + "/" + route
    return urlunsplit((parts.scheme, parts.netloc, path, urlencode([*query, *asked], safe=",:/"), ""))


def _json(got: Fetched) -> Any:
    """The JSON of an answer; notices that PHP printed before it are passed over."""
    text = decode(got.data).lstrip("\ufeff \r\n\t")
    begin = re.search(r"[\[{]\s*(?:[\"{\]}]|$)", text)
    for candidate in (text, text[begin.start() :] if begin else ""):
        try:
            return json.loads(candidate, strict=False)
        except (ValueError, RecursionError):
            continue
    return None
