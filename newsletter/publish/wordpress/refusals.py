"""What a WordPress means by a refusal, each with its mend. By its codes, never by its words: those are translated."""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import TYPE_CHECKING, Any

from newsletter.publish.models import PublishError, PublishInterruptedError

if TYPE_CHECKING:
    from newsletter.sources.http import Fetched

_BEGINS = re.compile(r"(?:^|>|\n)\s*[{\[]")
"""Where JSON may begin behind a warning of PHP."""
_MOST_BEGINNINGS = 20
_PASSING = frozenset({408, 423, 425, 429, 500, 502, 503, 504, 507, 508, 520, 521, 522, 523, 524})
_NOT_THEIRS = frozenset({"rest_cannot_edit", "rest_cannot_read", "rest_forbidden_context"})
"""Codes for a post that is there, and whose author is somebody else now."""
_FATAL = frozenset({"internal_server_error", "wp_die"})
"""Codes of a site that has fallen over, whatever was asked for."""
_ROLE = "give the user the role author, or connect as another one: newsletter wordpress connect"
_APACHE = (
    "Apache with PHP-FPM wants `CGIPassAuth On`, or in .htaccess "
    "`RewriteRule .* - [E=HTTP_AUTHORIZATION:%{HTTP:Authorization}]`; a proxy must hand the header on"
)
_FORBIDDEN = {
    "rest_cannot_create": "the user may not write posts there",
    "rest_cannot_publish": "the user may not publish posts there",
    "rest_cannot_edit": "the user may not change that post",
    "rest_cannot_edit_others": "the user may not change posts of others",
    "rest_cannot_assign_term": "the user may not file posts under that category",
    "rest_cannot_assign_featured_media": "the user may not give a post its picture",
    "rest_forbidden_context": "the user may not read what is to be changed",
    "rest_cannot_read": "the user may not read that post",
    "rest_forbidden_status": "the user may not read drafts there",
}


def content(found: Fetched) -> Any:
    """The JSON of an answer; None when it is none.

    Args:
        found: The answer. A plugin may print something before it, such as a warning of PHP.
    """
    text = found.data.decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    # Whole to the end of the answer, so that no bracket of the warning is taken for it.
    for start in islice(_BEGINS.finditer(text), _MOST_BEGINNINGS):
        try:
            return json.loads(text[start.end() - 1 :])
        except (ValueError, RecursionError):
            continue
    return None


def code(found: Fetched) -> str:
    """The code of a refusal; empty when it has none.

    Args:
        found: The answer.
    """
    return meaning(found)[0]


def meaning(found: Fetched) -> tuple[str, int]:
    """Code and status of an answer as they are meant.

    Drafts asked for by somebody whom WordPress does not know, or who may not see them, are told as a wrong parameter
    (400), and what it means stands within.

    Args:
        found: The answer.
    """
    said = content(found)
    if not isinstance(said, dict):
        return "", found.status
    name, data = str(said.get("code", "")), said.get("data")
    details = data.get("details") if isinstance(data, dict) else None
    inner = details.get("status") if name == "rest_invalid_param" and isinstance(details, dict) else None
    if isinstance(inner, dict) and inner.get("code") == "rest_forbidden_status":
        more = inner.get("data")
        known = isinstance(more, dict) and more.get("status") == 403
        return "rest_forbidden_status", 403 if known else 401
    return name, found.status


def refusal(found: Fetched, route: str, site: str) -> PublishError:
    """What an answer means that is neither taken nor a question of the password.

    Args:
        found: The answer.
        route: What was asked for.
        site: Of the newsroom.
    """
    said, status = meaning(found)
    where = f"{site} ({said or found.status})"
    if 300 <= status < 400:
        to = found.headers.get("location", "elsewhere")[:200]
        mend = "a password goes to no other address: connect where it leads, newsletter wordpress connect https://…"
        return PublishError(f"its interface leads to {to}", where=site, mend=mend)
    if said == "rest_no_route" or (status == 404 and not said):
        what = "its REST interface is closed or moved" if route in ("users/me", "posts", "/") else f"it has no {route}"
        return PublishError(what, where=where, mend="let the user in at /wp-json/ in the plugin that closes it")
    if route == "users/me" and said and said not in _FATAL and status in (400, 403, 500):
        # Whom it knows it tells who they are, whatever they may do: only a filter over the whole interface refuses it.
        return _closed(where)
    kind, _, number = route.rpartition("/")
    if said in _NOT_THEIRS and number.isdecimal() and kind != "media":
        mend = "give the post back to that user there, or connect as an editor: newsletter wordpress connect"
        return PublishError("the post is somebody else's there, and the user may not change it", where=where, mend=mend)
    if said in _FORBIDDEN:
        return PublishError(_FORBIDDEN[said], where=where, mend=_ROLE)
    if said == "rest_upload_sideload_error" or (route == "media" and status in (413, 500)):
        return PublishError("it does not take the picture", where=where, mend="look at its error log, or take a JPEG")
    if status == 413:
        return PublishError("it takes no post of this size", where=where, mend="raise its limit of a request")
    if status == 403:
        mend = f"a firewall or plugin may refuse us: let this machine in at /wp-json/; or {_ROLE}"
        return PublishError("it refuses that", where=where, mend=mend)
    if status in _PASSING:
        return PublishInterruptedError(
            "it does not answer as it should", where=where, mend="the same command completes it later"
        )
    return PublishError("it refuses that", where=where, mend="look at its error log")


def _closed(where: str) -> PublishError:
    """What a plugin means that lets nobody in."""
    mend = "let users with an application password in, in the plugin that closes it"
    return PublishError("its REST interface is closed, also to its own users", where=where, mend=mend)


def not_let_in(found: Fetched, site: str, index: Fetched | None) -> PublishError:
    """What 401 means: told apart as far as WordPress tells it.

    Args:
        found: The answer.
        site: Of the newsroom.
        index: What the interface says of itself to anybody; None when it could not be asked.
    """
    said = code(found)
    where = f"{site} ({said or found.status})"
    again = f"make one at {site}/wp-admin/profile.php, and: newsletter wordpress connect {site}"
    if said in ("incorrect_password", "invalid_username", "invalid_email", "application_passwords_disabled_for_user"):
        return PublishError("it knows no such user with this application password", where=where, mend=again)
    if said == "application_passwords_disabled":
        return PublishError("application passwords are switched off there", where=where, mend="switch them on")
    about = content(index) if index is not None else None
    if index is not None and index.status in (400, 401, 403):
        return _closed(where)
    if isinstance(about, dict) and "authentication" in about and not about["authentication"]:
        mend = (
            "let it answer over https; behind a proxy that ends TLS, wp-config.php must set $_SERVER['HTTPS'] = 'on' "
            "where X-Forwarded-Proto says https"
        )
        return PublishError(
            "it takes no application passwords, for it believes to be without TLS", where=where, mend=mend
        )
    return PublishError(
        "it does not know us: either the password is wrong or taken back, or its server loses the header Authorization",
        where=where,
        mend=f"if the password is no longer at {site}/wp-admin/profile.php, make a new one and connect again; else "
        f"mend the server: {_APACHE}. A site that has just become a multisite wants one new password, too",
    )
