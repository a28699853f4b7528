"""The post of an issue at the site: found by its number or its slug, never made twice, and told from what we wrote."""

from __future__ import annotations

import difflib
import html
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from newsletter.publish.models import PublishError
from newsletter.sources.links import absolute

if TYPE_CHECKING:
    from newsletter.publish.wordpress.session import SiteSession

TRASHED = "__trashed"
"""What WordPress puts behind the slug of a post that was thrown away."""
META = "nashra_issue"
"""The key of the issue, where the newsroom's plugin has registered it."""

_BETWEEN = re.compile(r">\s*\n\s*<")
_SLASH = re.compile(r"\s*/>")
_BLOCKS = re.compile(r"(?=<!-- )|(?<=-->)|\n")
_BLOCK = re.compile(r"<!-- wp:([\w/-]+) (\{[^\n]*?\}) -->")
_ATTRIBUTE = re.compile(r' [\w-]+="[^"]*"')
_USUAL = {("table", "hasFixedLayout"): False, ("heading", "level"): 2, ("list", "ordered"): False}
"""What the editor leaves out, as it is so anyhow in one version of WordPress or another."""
_SILENT = re.compile(r"<!-- /?wp:[\w/-]+ -->")
"""Comments of blocks that say no more than what stands between them."""


@dataclass(frozen=True, slots=True)
class PublishedPost:
    """A post as the site has it."""

    number: int
    status: str
    slug: str
    link: str
    edit: str
    """Where it is edited."""
    title: str
    content: str
    excerpt: str
    picture: int
    """Number of its featured picture; 0 without one."""
    meta: Mapping[str, Any]

    @property
    def said(self) -> dict[str, Any]:
        """What of it is ours to write."""
        return {"title": self.title, "content": self.content, "excerpt": self.excerpt, "picture": self.picture}

    @property
    def is_published(self) -> bool:
        """Whether somebody has decided that it is published: now, by the clock, or for those who are signed in."""
        return self.status in ("publish", "future", "private")

    @property
    def is_public(self) -> bool:
        """Whether everybody can see it."""
        return self.status == "publish"


def of_answer(values: Mapping[str, Any], site: str) -> PublishedPost:
    """A post as the interface gives it to whoever may edit it.

    Args:
        values: With the context ``edit``.
        site: Its front page.

    Raises:
        PublishError: It is not what WordPress gives.
    """
    try:
        meta, number = values.get("meta"), int(values["id"])
        if not 0 < number < 2**53:
            raise ValueError("a number")
        return PublishedPost(
            number,
            str(values["status"]),
            str(values["slug"]),
            absolute("", str(values["link"])),  # nothing but an address of the web
            f"{site}/wp-admin/post.php?post={number}&action=edit",
            str(values["title"]["raw"]),
            str(values["content"]["raw"]),
            str((values.get("excerpt") or {}).get("raw") or ""),
            int(values.get("featured_media") or 0),
            meta if isinstance(meta, dict) else {},  # a list while it is empty
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        what = f"lacks {error}" if isinstance(error, KeyError) else "is none"
        raise PublishError(
            f"the post that it shows {what}", where=site, mend="look at what filters its interface"
        ) from None


def by_number(session: SiteSession, route: str, number: int) -> PublishedPost | None:
    """The post of a number; None when it is there no more.

    Args:
        session: With the site.
        route: Of its type.
        number: As WordPress counts.
    """
    found = session.find(f"{route}/{number}", context="edit")
    return of_answer(found.content, session.access.site) if found is not None else None


def by_slug(session: SiteSession, route: str, slug: str) -> PublishedPost | None:
    """The post that has a slug, be it a draft or thrown away.

    Args:
        session: With the site.
        route: Of its type.
        slug: As it was wanted when it was made.

    Raises:
        PublishError: Several have it: two drafts may, until one is published.
    """
    # Without a status only what is published is shown; `any` leaves the trash out.
    for name, status in ((slug, "any"), (f"{slug}{TRASHED}", "trash")):
        found = session.get(route, slug=name, status=status, context="edit", per_page=5).content
        posts = [of_answer(one, session.access.site) for one in found] if isinstance(found, list) else []
        if len(posts) > 1:
            numbers = " and ".join(str(one.number) for one in posts)
            raise PublishError(
                f"several posts have the slug {name}: {numbers}",
                where=session.access.site,
                mend="throw away all but one",
            )
        if posts:
            return posts[0]
    return None


def refuse_another(session: SiteSession, route: str, slug: str) -> None:
    """Refuse to make a post while one of somebody else has its slug: an author is shown no such post to edit.

    Args:
        session: With the site.
        route: Of its type.
        slug: As it is wanted.

    Raises:
        PublishError: Everybody can read such a post.
    """
    found = session.get(route, slug=slug, per_page=1).content
    if isinstance(found, list) and found and isinstance(found[0], dict):
        raise PublishError(
            f"the post is somebody else's there, and the user may not change it ({slug}, post {found[0].get('id')})",
            where=session.access.site,
            mend="give the post back to that user there, or connect as an editor: newsletter wordpress connect",
        )


def same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two posts say the same; WordPress writes `&` in titles in one way for authors, in another for editors.

    Args:
        one: As ``PublishedPost.said``.
        other: As ``PublishedPost.said``.
    """
    return bool(one) and bool(other) and _plain(one) == _plain(other)


def _plain(said: Mapping[str, Any]) -> tuple[str, str, str, int]:
    return (
        html.unescape(str(said.get("title", ""))).strip(),
        _lines(str(said.get("content", ""))),
        html.unescape(str(said.get("excerpt", ""))).strip(),
        int(said.get("picture", 0)),
    )


def _lines(content: str) -> str:
    """Blocks in one spelling: the block editor writes white space, slashes, quotes and attributes in another."""
    text = content.replace("\r\n", "\n").replace("&#038;", "&amp;").replace("&nbsp;", "\u00a0")
    text = text.replace("&#091;", "[").replace("&#91;", "[")
    text = _BLOCK.sub(_opening, text)
    # Within an attribute it leaves what an author's filter escapes.
    text = _ATTRIBUTE.sub(lambda found: found[0].replace("&lt;", "<").replace("&gt;", ">"), text)
    text = text.replace("&quot;", '"').replace("&#039;", "'").strip()
    return _BETWEEN.sub("><", _SLASH.sub(">", text))


def _opening(found: re.Match[str]) -> str:
    """The comment that begins a block, without what its kind has by itself, in the order of the alphabet."""
    name = found[1]
    try:
        said = json.loads(found[2])
    except (ValueError, RecursionError):
        return found[0]
    # A class that WordPress gives a block from 6.2 on is one of the editor's own to an older one.
    classes = [one for one in str(said.get("className", "")).split() if one != f"wp-block-{name}"]
    plain = {key: value for key, value in said.items() if key != "className" and _USUAL.get((name, key)) != value}
    if classes:
        plain["className"] = " ".join(classes)
    attributes = json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return f"<!-- wp:{name}{f' {attributes}' if plain else ''} -->"


def difference(ours: Mapping[str, Any], theirs: Mapping[str, Any], *, before: str, after: str) -> str:
    """What is different, as a unified diff: title, excerpt and picture, then the text block by block.

    Args:
        ours: As ``PublishedPost.said``.
        theirs: As ``PublishedPost.said``.
        before: What ``ours`` is called.
        after: What ``theirs`` is called.
    """
    return "\n".join(difflib.unified_diff(_told(ours), _told(theirs), before, after, lineterm="", n=1))


def _told(said: Mapping[str, Any]) -> list[str]:
    title, content, excerpt, picture = _plain(said)
    lines = [line for line in _BLOCKS.split(content) if line.strip() and not _SILENT.fullmatch(line)]
    return [f"title: {title}", f"excerpt: {excerpt}", f"featured picture: {picture or 'none'}", *lines]


def categories(session: SiteSession, slugs: Collection[str]) -> list[int]:
    """Numbers of categories that the site has.

    Args:
        session: With the site.
        slugs: Of each.

    Raises:
        PublishError: One is missing; an author cannot make it, and nobody should by a misspelling.
    """
    if not slugs:
        return []
    numbers: dict[str, int] = {}
    found = session.get("categories", slug=",".join(slugs), per_page=100, hide_empty=0).content
    for one in found if isinstance(found, list) else []:
        if isinstance(one, dict) and isinstance(one.get("id"), int):
            numbers[str(one.get("slug"))] = one["id"]
    # WordPress gives slugs of Arabic percent-encoded.
    from urllib.parse import quote

    wanted = {slug: numbers.get(slug) or numbers.get(quote(slug, safe="").lower()) for slug in slugs}
    missing = [slug for slug, number in wanted.items() if not number]
    if missing:
        raise PublishError(
            f"it has no category with the slug {' or '.join(missing)}",
            where=session.access.site,
            mend="make it there, or take it out of --category and of [publish] categories",
        )
    return [number for number in wanted.values() if number]


def route_of(session: SiteSession, kind: str) -> str:
    """Below what address posts of a type are.

    Args:
        session: With the site.
        kind: Of the posts.

    Raises:
        PublishError: The site has no such type, or does not show it.
    """
    if kind == "post":
        return "posts"
    found = session.find(f"types/{kind}", context="edit")
    base = found.content.get("rest_base") if found is not None and isinstance(found.content, dict) else ""
    if not base:
        raise PublishError(
            f"it has no type of posts {kind} that its interface shows",
            where=session.access.site,
            mend="write post, or set show_in_rest where that type is registered",
        )
    return str(base)


@dataclass(frozen=True, slots=True)
class SiteAuthor:
    """Whom the site takes us for."""

    name: str
    roles: tuple[str, ...]
    may: frozenset[str]


def user(session: SiteSession) -> SiteAuthor:
    """Whom the site takes us for, when that is somebody who may do this and no more than need be.

    Args:
        session: With the site.

    Raises:
        PublishError: It does not let us in, or as somebody who may too little or too much.
    """
    found = session.get("users/me", context="edit").content
    rights = found.get("capabilities") if isinstance(found, dict) else None
    if not isinstance(rights, dict):
        raise PublishError(
            "it does not say what the user may do", where=session.access.site, mend="look at what filters users/me"
        )
    given = found.get("roles")
    # WordPress numbers them with gaps after a role was taken away: then it is no list in JSON.
    named = list(given.values()) if isinstance(given, dict) else given
    roles = tuple(str(one) for one in named) if isinstance(named, list) else ()
    may = frozenset(str(name) for name, has in rights.items() if has)
    one = SiteAuthor(str(found.get("name") or session.access.user), roles, may)
    if may & {"manage_options", "administrator"} or found.get("is_super_admin"):
        raise PublishError(
            f"{session.access.user} is an administrator there, and this password would open everything",
            where=session.access.site,
            mend=f"take it back at {session.access.site}/wp-admin/profile.php, and connect as a user with the role "
            "author, which is enough",
        )
    lacks = [name for name in ("publish_posts", "upload_files", "edit_published_posts") if name not in may]
    if lacks:
        role = roles[0] if roles else "without a role"
        raise PublishError(
            f"{session.access.user} is {role} there, and may not do this ({', '.join(lacks)})",
            where=session.access.site,
            mend="give the user the role author: posts of a contributor lose their slug, by which they are found",
        )
    return one
