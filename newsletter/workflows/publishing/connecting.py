"""The newsroom's WordPress connected: where its interface is, an application password, and whom it makes of us.

Facts: WordPress Developer Resources, "Application Passwords: Integration Guide" (`authorize-application.php`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from newsletter.publish import PublishError
from newsletter.publish.wordpress import posts, refusals
from newsletter.publish.wordpress.session import SiteAccess, SiteSession, is_safe
from newsletter.sources.http import FetchError
from newsletter.sources.wordpress.signs import signpost
from newsletter.workspace import site_access

if TYPE_CHECKING:
    from datetime import datetime

    from newsletter.publish.wordpress.posts import SiteAuthor
    from newsletter.wiring import Workspace

APP = "6e617368-7261-4a6f-b1e5-70756c736521"
"""By which WordPress knows this program among others that have a password; any UUID, but always the same."""
_NO_TLS = (
    "let it answer over https; behind a proxy that ends TLS, wp-config.php must set $_SERVER['HTTPS'] = 'on' where "
    "X-Forwarded-Proto says https"
)


@dataclass(frozen=True, slots=True)
class SiteFound:
    """A WordPress, before anybody has a password for it."""

    site: str
    rest: str
    authorize: str
    """The page on which somebody who is signed in gives a program a password."""

    def question(self, now: datetime, back: str = "") -> str:
        """Address of that page for this program.

        WordPress gives no second password under one name, also when nobody has caught the first: the moment makes
        each its own, and tells people which one to take back.

        Args:
            now: The present moment, in the zone of the newsroom.
            back: Where WordPress leads the browser afterwards, the password in its address; empty shows it instead.
        """
        name = f"Nashra {now:%Y-%m-%d %H:%M:%S}"
        words = {"app_name": name, "app_id": APP, **({"success_url": back} if back else {})}
        return f"{self.authorize}{'&' if '?' in self.authorize else '?'}{urlencode(words)}"


def look_for(workspace: Workspace, site: str) -> SiteFound:
    """Find the interface of a WordPress.

    Args:
        workspace: The workspace.
        site: Its front page; redirects are followed, and where they end is the site.

    Raises:
        PublishError: There is none, or a password would not be safe with it.
    """
    try:
        page = workspace.fetcher.get(site, "page")
    except FetchError as error:
        raise PublishError(error.what, where=site, mend=error.mend) from None
    home = page.url.partition("?")[0].partition("#")[0].rstrip("/")
    if not is_safe(home):
        raise PublishError(
            "a password would travel to it without encryption",
            where=home,
            mend="let the site answer over https, and connect https://…",
        )
    link = signpost(page)
    root = link.root if link is not None else f"{home}/wp-json/"
    if not is_safe(root) or _host(root) != _host(home):
        raise PublishError(
            f"it says that its interface is at {root}",
            where=home,
            mend="set the addresses of the site in its settings to https, and to this host",
        )
    try:
        answer = workspace.fetcher.get(root, "json", statuses=(400, 401, 403, 404))
    except FetchError as error:
        raise PublishError(error.what, where=root, mend=error.mend) from None
    about = refusals.content(answer)
    usual = f"{home}/wp-admin/authorize-application.php"
    if answer.status in (400, 401, 403):
        return SiteFound(home, root, usual)  # closed to strangers, perhaps not to its own users
    if not isinstance(about, dict) or "namespaces" not in about:
        raise PublishError(
            "no WordPress shows itself there",
            where=home,
            mend="give the front page of the site; its REST interface must answer at /wp-json/",
        )
    ways = about.get("authentication")
    if not ways:
        raise PublishError(
            "it takes no application passwords: it believes to be without TLS, or they are switched off",
            where=home,
            mend=_NO_TLS,
        )
    given = ways.get("application-passwords") if isinstance(ways, dict) else None
    ends = given.get("endpoints") if isinstance(given, dict) else None
    authorize = str(ends.get("authorization") or "") if isinstance(ends, dict) else ""
    return SiteFound(home, root, authorize if is_safe(authorize) and _host(authorize) == _host(home) else usual)


def _host(address: str) -> str:
    """The host of an address that others wrote; empty when it is none."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def same_site(found: SiteFound, handed: str) -> None:
    """Refuse a password that another site has handed over.

    Args:
        found: The site that was asked.
        handed: What whoever handed it over calls itself.

    Raises:
        PublishError: It is another host.
    """
    if _host(handed) != _host(found.site):
        raise PublishError(
            f"a password came for {handed[:200] or 'no site'}", where=found.site, mend="run it again for that site"
        )


def connect(workspace: Workspace, found: SiteFound, user: str, password: str) -> SiteAuthor:
    """Try a password, once, and keep it when it is one that may publish and nothing more.

    Args:
        workspace: The workspace.
        found: The site.
        user: As WordPress knows them; an address of mail will do.
        password: An application password, with its spaces or without.

    Raises:
        PublishError: The site does not let it in, or it opens too little or too much.
    """
    access = SiteAccess(found.site, found.rest, user.strip(), "".join(password.split()))
    if not access.user or not access.password or ":" in access.user:
        raise PublishError("a user and an application password are wanted", where=found.site)
    one = posts.user(SiteSession(access, workspace.fetcher.exchange))
    site_access.write(workspace.root, access)
    return one
