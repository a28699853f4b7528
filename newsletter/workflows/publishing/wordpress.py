"""An issue as one post of the newsroom's WordPress: made once, brought up to date, never written over.

What is about to be written is kept in the database before it is, and the number that WordPress gave right after it:
whoever is killed between any two steps is followed by one who finds the post by its number or its slug, and each
picture by its name. Nothing becomes public in the step that makes the post.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from newsletter import issues, library
from newsletter.issues import compose
from newsletter.publish import PublishError, PublishOutcome, PublishTalk, PublishWish, rows
from newsletter.publish.rows import PublishedIssue
from newsletter.publish.wordpress import posts
from newsletter.publish.wordpress.blocks import PostText, post_text
from newsletter.publish.wordpress.session import SiteSession, is_safe
from newsletter.workflows.publishing.alone import alone
from newsletter.workflows.publishing.post_pictures import PostPictures
from newsletter.workspace import site_access

if TYPE_CHECKING:
    from newsletter.models import Issue
    from newsletter.publish.wordpress.posts import PublishedPost
    from newsletter.publish.wordpress.session import SiteAccess
    from newsletter.wiring import Workspace

TARGET = "wordpress"
_OWED = "owed"
"""In what is known of a post: that it was made to be published."""
_ANEW = "To make another post: the same command with --new."


def publish(workspace: Workspace, name: str, wish: PublishWish, talk: PublishTalk) -> PublishOutcome:
    """Make the post of an issue, or bring it up to date.

    Args:
        workspace: The workspace.
        name: The issue, as an editor names it; empty for the newest.
        wish: What is asked.
        talk: How to speak with whoever asked.

    Raises:
        PublishError: The site refuses something, or cannot be reached.
    """
    issue = issues.newest(workspace.root, name)
    session = SiteSession(access_of(workspace), workspace.fetcher.exchange)
    with workspace.database.read() as connection:
        known = {story.url: one for story, one in library.of_stories(connection, issue.stories).items()}
    with alone(workspace, TARGET, str(issue.number)):
        return _Publishing(workspace, compose.enriched(issue, known), session, wish, talk).outcome()


def access_of(workspace: Workspace) -> SiteAccess:
    """How to come in at the site.

    Raises:
        PublishError: None is connected, or its password would travel without TLS.
    """
    access = site_access.read(workspace.root)
    if access is None:
        raise PublishError("no WordPress is connected", mend="connect yours: newsletter wordpress connect https://…")
    if not (is_safe(access.site) and is_safe(access.rest)):
        raise PublishError(
            "its password would travel without encryption",
            where=access.site,
            mend="let the site answer over https, and connect it again",
        )
    return access


@dataclass
class _Publishing:
    """One issue on its way to the site."""

    workspace: Workspace
    issue: Issue
    session: SiteSession
    wish: PublishWish
    talk: PublishTalk
    known: PublishedIssue = field(init=False)
    route: str = field(init=False, default="posts")
    owed: bool = field(init=False, default=False)
    """Whether the post was made to be published, and has not been so far."""

    @property
    def key(self) -> str:
        return str(self.issue.number)

    @property
    def slug(self) -> str:
        return f"{self.workspace.settings.publish.slug}-{self.key}"

    def outcome(self) -> PublishOutcome:
        """Do it."""
        settings, site = self.workspace.settings.publish, self.session.access.site
        with self.workspace.database.read() as connection:
            found = rows.find(connection, TARGET, site, self.key)
        self.known = found or PublishedIssue(TARGET, site, self.key, kind=self.wish.post_type or settings.type)
        if self.wish.post_type and self.known.post and self.wish.post_type != self.known.kind:
            raise PublishError(
                f"issue {self.key} is a {self.known.kind} there already", where=site, mend="leave --type away"
            )
        self.known = replace(
            self.known, kind=self.known.kind if self.known.post else self.wish.post_type or settings.type
        )
        self.owed = bool(self.known.writing.get(_OWED) or self.known.written.get(_OWED))
        user = posts.user(self.session)
        self.talk.tell(f"{site}: as {user.name}{f' ({user.roles[0]})' if user.roles else ''}.")
        self.route = posts.route_of(self.session, self.known.kind)
        post = self.found()
        if self.known.is_public and not (post and post.is_public):
            # The archive sends readers and search engines to the letter's own page again.
            self.kept(is_public=False)
        if post is not None and post.status == "trash":
            line = f"Issue {self.key} was thrown away there (post {post.number}); nothing is done."
            return self.told("refused", post, line, _ANEW, reason="trashed")
        if post is None and self.known.post:
            line = f"Issue {self.key} was deleted there (post {self.known.post}); nothing is done."
            return self.told("refused", None, line, _ANEW, reason="deleted")
        filed = () if post is not None else self.wish.categories or tuple(settings.categories)
        numbers = posts.categories(self.session, filed)
        pictures = PostPictures(self.workspace, self.issue, self.session, self.kept, self.talk, self.wish.dry_run)
        if post is None:
            posts.refuse_another(self.session, self.route, self.slug)
        wanted, text = self.wanted(pictures, post)
        if post is None:
            return self.created(wanted, text, numbers)
        return self.brought_up_to_date(post, wanted)

    def found(self) -> PublishedPost | None:
        """The post of the issue; with ``--new`` none that was thrown away."""
        if self.known.post:
            post = posts.by_number(self.session, self.route, self.known.post)
            if self.wish.anew and (post is None or post.status == "trash"):
                self.known = replace(self.known, post=0, link="", is_public=False, written={}, writing={})
            else:
                return post
        post = posts.by_slug(self.session, self.route, self.slug)
        return None if post is not None and post.status == "trash" and self.wish.anew else post

    def kept(self, **changes: Any) -> PublishedIssue:
        """Write down what is known now; nothing in a dry run."""
        self.known = replace(self.known, **changes)
        if not self.wish.dry_run:
            with self.workspace.database.write() as connection:
                rows.keep(connection, self.known, now=self.workspace.now())
        return self.known

    def wanted(self, pictures: PostPictures, post: PublishedPost | None) -> tuple[dict[str, Any], PostText]:
        """What the post is to say."""

        def text() -> PostText:
            return post_text(
                self.issue,
                self.workspace.settings.publication_of(self.issue.list),
                self.workspace.templates,
                pictures=pictures.local.sizes,
                on_site=pictures.on_site,
                leads_above=self.workspace.settings.publish.picture_above,
            )

        lead = pictures.placed(text(), self.known.pictures)
        made = text()
        # Without a picture of its own the issue says nothing of the post's.
        picture = lead or (post.picture if post is not None else 0)
        return {"title": made.title, "content": made.content, "excerpt": made.excerpt, "picture": picture}, made

    def created(self, wanted: dict[str, Any], text: PostText, numbers: list[int]) -> PublishOutcome:
        """Make the post as a draft, and publish it when that was said."""
        public = (self.wish.status or self.workspace.settings.publish.status) == "publish"
        site = self.session.access.site
        if self.wish.dry_run:
            what = "published" if public else "a draft"
            return self.told("created", None, f"Would make a post of issue {self.key} at {site}, {what}.")
        if public and not self.sure(text.title):
            return self.told("refused", None, "Nothing was made.")
        self.owed = public
        self.kept(writing={**wanted, _OWED: public})
        values = {**_values(wanted), "status": "draft", "slug": self.slug}
        if numbers:
            values["categories"] = numbers
        if self.has_meta():
            values["meta"] = {posts.META: self.key}
        self.talk.tell("Makes the post.")
        post = posts.of_answer(self.session.post(self.route, values).content, site)
        self.kept(post=post.number, link=post.link)
        post, lost = self.settled(post.number, wanted)
        if lost:
            return self.lossy(post, wanted)
        if public:
            return self.published(post, "created")
        return self.told("created", post, f"Issue {self.key} is a draft there: {post.edit}")

    def brought_up_to_date(self, post: PublishedPost, wanted: dict[str, Any]) -> PublishOutcome:
        """Write what has changed in the issue, unless somebody has changed the post."""
        theirs = post.said
        if not wanted["picture"] or not self.known.written.get("picture"):
            theirs = {**theirs, "picture": wanted["picture"]}
        asked = self.known.written.get("asked") == _digest(wanted) and posts.same(self.known.written, post.said)
        if posts.same(wanted, post.said) or asked:
            return self.unchanged(post, wanted)
        written = {**self.known.written, "picture": self.known.written.get("picture") or theirs["picture"]}
        ours = posts.same(written, post.said) or posts.same(self.known.writing, post.said)
        if not (ours or self.wish.force):
            return self.edited(post, wanted)
        if self.wish.dry_run:
            shown = posts.difference(post.said, wanted, before="there", after="issue")
            return self.told("updated", post, f"Would bring post {post.number} up to date.", difference=shown)
        if self.goes_public(post) and not self.sure(post.title):
            return self.told("refused", post, "Nothing was changed.")
        # Putting pictures up takes minutes, in which somebody may have begun to write there.
        again = posts.by_number(self.session, self.route, post.number)
        if again is None or again.status == "trash" or not posts.same(again.said, post.said):
            line = f"Post {post.number} of issue {self.key} was changed there just now; nothing is done."
            return self.told("refused", again or post, line, "Run the same command again.", reason="edited")
        self.kept(post=post.number, link=post.link, writing={**wanted, _OWED: self.owed})
        self.talk.tell(f"Brings post {post.number} up to date.")
        values = _values(wanted)
        if posts.META in post.meta and post.meta[posts.META] != self.key:
            values["meta"] = {posts.META: self.key}
        self.session.post(f"{self.route}/{post.number}", values)
        post, lost = self.settled(post.number, wanted)
        if lost:
            return self.lossy(post, wanted)
        if self.goes_public(post):
            return self.published(post, "updated")
        return self.told("updated", post, f"Post {post.number} of issue {self.key} is up to date.")

    def unchanged(self, post: PublishedPost, wanted: dict[str, Any]) -> PublishOutcome:
        """Nothing to write; a draft may still be published."""
        self.kept(
            post=post.number,
            link=post.link,
            is_public=post.is_public,
            written={**post.said, "asked": _digest(wanted), _OWED: self.owed and not post.is_published},
            writing={},
        )
        if not self.goes_public(post):
            return self.told("unchanged", post, f"Post {post.number} of issue {self.key} says the same already.")
        if not (self.wish.force or posts.same(wanted, post.said)):
            return self.lossy(post, wanted)  # saying it twice makes it no better
        if self.wish.dry_run:
            return self.told("published", post, f"Would publish post {post.number}.")
        if not self.sure(post.title):
            self.kept(written={**self.known.written, _OWED: False})
            return self.told("refused", post, "Nothing was published.")
        return self.published(post, "published")

    def goes_public(self, post: PublishedPost) -> bool:
        """Whether a post that is there is to be published: when that was said now, or when it was made for that.

        Settings alone publish none that is there; who was cut off between making and publishing is followed by one who
        does both.
        """
        wanted = self.wish.status == "publish" or (self.owed and not self.wish.status)
        return wanted and not post.is_published

    def sure(self, title: str) -> bool:
        """Whether it may become public."""
        import html

        return self.talk.sure(f"Everybody can then read «{html.unescape(title)}» at {self.session.access.site}.")

    def settled(self, number: int, wanted: Mapping[str, Any]) -> tuple[PublishedPost, bool]:
        """The post as it was kept there, and whether something of it was taken away."""
        post = posts.by_number(self.session, self.route, number)
        if post is None:
            raise PublishError(
                f"post {number} is not there, though it took it", where=self.session.access.site, mend="run it again"
            )
        whole = posts.same(wanted, post.said)
        said = {**post.said, "asked": _digest(wanted), _OWED: self.owed and whole and not post.is_published}
        self.kept(link=post.link, is_public=post.is_public, written=said, writing={})
        return post, not whole

    def published(self, post: PublishedPost, done: Literal["created", "updated", "published"]) -> PublishOutcome:
        """Let everybody see it."""
        self.talk.tell("Publishes it.")
        values = self.session.post(f"{self.route}/{post.number}", {"status": "publish"}).content
        post = posts.of_answer(values, self.session.access.site)
        if not post.is_published:
            raise PublishError(
                f"post {post.number} is {post.status}, though it was to be published",
                where=self.session.access.site,
                mend=f"publish it there: {post.edit}",
            )
        written = {**self.known.written, **post.said, _OWED: False}
        self.kept(link=post.link, is_public=post.is_public, written=written)
        return self.told(done, post, f"Issue {self.key} is published there.")

    def has_meta(self) -> bool:
        """Whether the newsroom's plugin has registered our meta; WordPress drops any other without a word."""
        found = self.session.options(self.route)
        schema = found.get("schema") if isinstance(found, dict) else None
        names: Any = schema
        for name in ("properties", "meta", "properties"):
            names = names.get(name) if isinstance(names, dict) else None
        return isinstance(names, dict) and posts.META in names

    def edited(self, post: PublishedPost, wanted: Mapping[str, Any]) -> PublishOutcome:
        """Somebody has changed it there."""
        ours = self.known.written or self.known.writing or wanted
        if not (wanted["picture"] and ours.get("picture")):
            ours = {**ours, "picture": post.picture}
        shown = posts.difference(ours, post.said, before="as Nashra wrote it", after="as it is there")
        line = f"Post {post.number} of issue {self.key} was changed there; nothing is done."
        mend = "To write over it: the same command with --force. To keep it: leave it as it is."
        return self.told("refused", post, line, mend, difference=shown, reason="edited")

    def lossy(self, post: PublishedPost, wanted: Mapping[str, Any]) -> PublishOutcome:
        """WordPress, or something in it, has taken away some of what was written."""
        shown = posts.difference(wanted, post.said, before="as Nashra wrote it", after="as the site kept it")
        line = f"The site took something out of post {post.number} while saving it; it is left {post.status}."
        mend = "A plugin, or the user's role, filters what is saved. If it is well, publish it there, or with --force."
        return self.told("refused", post, line, mend, difference=shown, reason="lossy")

    def told(
        self,
        done: Literal["created", "updated", "unchanged", "published", "refused"],
        post: PublishedPost | None,
        *lines: str,
        difference: str = "",
        reason: str = "",
    ) -> PublishOutcome:
        """What came of it."""
        public = post is not None and post.is_public
        return PublishOutcome(
            TARGET,
            done,
            (post.link if public else post.edit) if post is not None else "",
            lines,
            difference,
            {
                "issue": self.issue.number,
                "site": self.session.access.site,
                "post": post.number if post is not None else None,
                "status": post.status if post is not None else None,
                "link": post.link if post is not None else None,
                "edit": post.edit if post is not None else None,
                "reason": reason or None,
                "dry_run": self.wish.dry_run,
            },
            self.key,
        )


def _values(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What is sent of a post: its text and picture, and never its status, date, author or categories."""
    values = {name: wanted[name] for name in ("title", "content", "excerpt")}
    return {**values, "featured_media": wanted["picture"]} if wanted["picture"] else values


def _digest(wanted: Mapping[str, Any]) -> str:
    text = json.dumps([wanted[name] for name in ("title", "content", "excerpt", "picture")], ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
