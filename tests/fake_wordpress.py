"""A WordPress in memory: what its REST interface answers to a request, as WordPress 6.1 does, and what can be wrong."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from newsletter.sources.http import Fetched, FetchError

SITE = "https://almawja.example.org"
ROLES: Mapping[str, tuple[str, ...]] = {
    "administrator": ("manage_options", "publish_posts", "upload_files", "edit_published_posts", "edit_posts"),
    "editor": ("publish_posts", "upload_files", "edit_published_posts", "edit_others_posts", "edit_posts"),
    "author": ("publish_posts", "upload_files", "edit_published_posts", "edit_posts"),
    "contributor": ("edit_posts",),
    "subscriber": ("read",),
}


@dataclass
class FakeWordPress:
    """The site; each call is one request of its REST interface."""

    user: str = "salma"
    password: str = "abcdefghijklmnopqrstuvwx"
    role: str = "author"
    authentication: bool = True
    """Whether it takes application passwords."""
    loses_header: bool = False
    closed: bool = False
    authorize: Any = f"{SITE}/wp-admin/authorize-application.php"
    """Where it says that passwords are given."""
    has_meta: bool = False
    keeps: Callable[[str], str] = field(default=lambda content: content)
    """What its filter leaves of a text."""
    moved_to: str = ""
    status: int = 0
    """What it answers to everything; 0 for what it should."""
    code: str | None = None
    """With what code; by itself as WordPress has it."""
    forbids_drafts: int = 0
    """What it means by refusing to show drafts: 401 nobody is known, 403 who is may not."""
    of_others: set[int] = field(default_factory=set)
    """Posts whose author is somebody else."""
    noise: bytes = b""
    """What a plugin prints before each answer."""
    before: Callable[[str], None] = field(default=lambda _asked: None)
    after: Callable[[str], None] = field(default=lambda _asked: None)
    """Called around each request with its method and route."""
    asked: list[str] = field(default_factory=list)
    posts: dict[int, dict[str, Any]] = field(default_factory=dict)
    media: dict[int, dict[str, Any]] = field(default_factory=dict)
    categories: dict[str, int] = field(default_factory=lambda: {"letters": 7})
    revisions: int = 0
    _number: int = 100

    def exchange(
        self, method: str, url: str, *, headers: Mapping[str, str], content: bytes = b"", seconds: float = 30.0
    ) -> Fetched:
        """Answer one request."""
        del seconds
        parts = urlsplit(url)
        route = parts.path.removeprefix("/wp-json/").removeprefix("wp/v2/")
        name = f"{method} {route or '/'}"
        self.asked.append(name)
        self.before(name)
        if self.moved_to:
            return self._answer(url, 301, {}, location=self.moved_to)
        if self.status:
            code = "rest_no_route" if self.status == 404 else "internal_server_error"
            code = code if self.code is None else self.code
            return self._answer(url, self.status, {"code": code})
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        status, found = self._routed(method, route, query, headers, content)
        self.after(name)
        return self._answer(url, status, found)

    def get(self, url: str, kind: str = "any", *, headers: Any = None, statuses: Any = ()) -> Fetched:
        """Bring a page to anybody: the front page, the index of the interface."""
        del headers
        if kind == "image":
            raise FetchError("there is nothing at this address (404)", where=url, status=404)
        if kind == "page":
            return Fetched(
                f"{SITE}/", b"<html></html>", headers={"link": f'<{SITE}/wp-json/>; rel="https://api.w.org/"'}
            )
        found = self.exchange("GET", url, headers={})
        if found.status != 200 and found.status not in statuses:
            raise FetchError(f"the site answered {found.status}", where=url, status=found.status)
        return found

    def close(self) -> None:
        """There is nothing to close."""

    def trash(self, number: int) -> None:
        """Throw a post away, as an editor does."""
        self.posts[number]["status"] = "trash"
        self.posts[number]["slug"] += "__trashed"

    def _routed(
        self, method: str, route: str, query: Mapping[str, str], headers: Mapping[str, str], content: bytes
    ) -> tuple[int, Any]:
        if self.closed:
            return 401, {"code": "rest_login_required"}
        if route == "":
            ways = {"application-passwords": {"endpoints": {"authorization": self.authorize}}}
            return 200, {"namespaces": ["wp/v2"], "authentication": ways if self.authentication else []}
        sent = base64.b64decode(headers.get("Authorization", "Basic ").removeprefix("Basic ")).decode()
        known = sent == f"{self.user}:{self.password}" and self.authentication and not self.loses_header
        if not known:
            return 401, {"code": "rest_not_logged_in" if route == "users/me" else "rest_cannot_create"}
        if route == "users/me":
            rights = dict.fromkeys((*ROLES[self.role], self.role), True)
            return 200, {"name": "سلمى", "roles": [self.role], "capabilities": rights}
        if method == "OPTIONS":
            names = {"nashra_issue": {}} if self.has_meta else {}
            return 200, {"schema": {"properties": {"meta": {"properties": names}}}}
        if route == "categories":
            wanted = query["slug"].split(",")
            return 200, [{"id": number, "slug": slug} for slug, number in self.categories.items() if slug in wanted]
        if route == "media" and method == "POST":
            return 201, self._uploaded(headers, content)
        if route == "media":
            return 200, self._media(query)
        kind, _, number = route.partition("/")
        values = json.loads(content) if content else {}
        if kind == "media":
            self.media[int(number)]["alt_text"] = values["alt_text"]
            return 200, self.media[int(number)]
        assert kind == "posts", route
        if not number:
            if method == "GET" and self.forbids_drafts and query.get("status") == "any":
                inner = {"code": "rest_forbidden_status", "data": {"status": self.forbids_drafts}}
                return 400, {"code": "rest_invalid_param", "data": {"status": 400, "details": {"status": inner}}}
            return (201, self._made(values)) if method == "POST" else (200, self._listed(query))
        if int(number) not in self.posts:
            return 404, {"code": "rest_post_invalid_id"}
        if int(number) in self.of_others:
            return 403, {"code": "rest_cannot_edit" if method == "POST" else "rest_forbidden_context"}
        if method == "POST":
            self._changed(self.posts[int(number)], values)
        return 200, self._shown(self.posts[int(number)])

    def _uploaded(self, headers: Mapping[str, str], content: bytes) -> dict[str, Any]:
        name = re.fullmatch(r'attachment; filename="([!-~]+)"', headers["Content-Disposition"])
        assert name is not None
        assert content.startswith((b"\xff\xd8", b"\x89PNG"))
        self._number += 1
        stem = name[1].rpartition(".")[0]
        taken = {one["slug"] for one in self.media.values()}
        slug = stem if stem not in taken else f"{stem}-2"
        one = {"id": self._number, "slug": slug, "source_url": f"{SITE}/wp-content/uploads/{name[1]}", "alt_text": ""}
        self.media[self._number] = one
        return one

    def _media(self, query: Mapping[str, str]) -> list[dict[str, Any]]:
        if "include" in query:
            return [one for number, one in self.media.items() if str(number) in query["include"].split(",")]
        return [one for one in self.media.values() if one["slug"] == query.get("slug")]

    def _made(self, values: Mapping[str, Any]) -> dict[str, Any]:
        self._number += 1
        # Two drafts may have one slug: it is made unique when they are published.
        post = {"id": self._number, "status": "draft", "slug": "", "featured_media": 0, "categories": [1], "meta": {}}
        self.posts[self._number] = post
        self._changed(post, values)
        self.revisions -= 1
        return self._shown(post)

    def _changed(self, post: dict[str, Any], values: Mapping[str, Any]) -> None:
        known = {**values, "meta": values.get("meta", post["meta"]) if self.has_meta else {}}
        post.update(known)
        if "content" in values:
            post["content"] = self.keeps(values["content"])
        self.revisions += 1

    def _listed(self, query: Mapping[str, str]) -> list[dict[str, Any]]:
        wanted = query.get("status", "publish")
        return [
            self._shown(one)
            for one in self.posts.values()
            if one["slug"] == query["slug"]
            and not (query.get("context") == "edit" and one["id"] in self.of_others)
            and (one["status"] == wanted or (wanted == "any" and one["status"] != "trash"))
        ]

    def _shown(self, post: Mapping[str, Any]) -> dict[str, Any]:
        public = post["status"] == "publish"
        link = f"{SITE}/2026/11/{post['slug']}/" if public else f"{SITE}/?p={post['id']}"
        texts = {name: {"raw": post.get(name, "")} for name in ("title", "content", "excerpt")}
        return {**post, **texts, "link": link, "meta": post["meta"] or []}

    def _answer(self, url: str, status: int, found: Any, **headers: str) -> Fetched:
        return Fetched(url, self.noise + json.dumps(found).encode(), "application/json", "utf-8", status, headers)
