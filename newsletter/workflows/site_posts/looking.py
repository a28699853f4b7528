"""Posts that the site told of, looked at: fetched as their source is always read, taken back, and sent at once.

A knock is a hint. A post is fetched by collecting the sources of its site, so nothing gets into a letter that polling
would not bring; what flows to those who read at once is decided by the streams and held by its periods, so nothing
depends on how often a knock comes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from newsletter.publish import own
from newsletter.publish import rows as published
from newsletter.site_hook import knocks, rows
from newsletter.site_hook.rows import ToldPost
from newsletter.sources.links import host, is_web
from newsletter.workflows import draft, latest, recheck
from newsletter.workflows.background import BackgroundThread
from newsletter.workflows.collect import CollectOutcome, gather, sources_of
from newsletter.workflows.site_posts import told
from subscribers.errors import Complaint

if TYPE_CHECKING:
    from newsletter.wiring import Workspace

SITE_LOG = logging.getLogger("nashra.site")
Tell = Callable[[str], None]
NOT_THERE = "its source does not show it"
"""Why a post is looked at again that no source brought."""


@dataclass(frozen=True, slots=True)
class LookOutcome:
    """What a look at the posts brought."""

    posts: int = 0
    """Those that were looked at."""
    letters: int = 0
    """Letters that went at once."""


def look(workspace: Workspace, tell: Tell = lambda _: None) -> LookOutcome:
    """Look at every post that the site told of, if nobody else does.

    Args:
        workspace: The workspace.
        tell: Told one line for each thing that is done.
    """
    now = workspace.now()
    with workspace.database.read() as connection:
        if not rows.waiting(connection, now=now):
            return LookOutcome()
    with workspace.database.write() as connection:
        posts = rows.claim(connection, now=now)
    if not posts:
        return LookOutcome()
    try:
        return _looked(workspace, posts, tell)
    except Exception as error:
        # What cannot be looked at is tried after growing pauses, not after each lease without end, and told in status.
        with workspace.database.write() as connection:
            rows.fail(connection, dict.fromkeys(posts, told.why(error)), now=workspace.now())
        raise


def _looked(workspace: Workspace, posts: Sequence[ToldPost], tell: Tell) -> LookOutcome:
    """What a look at posts that were claimed brings."""
    for renewed in told.take_back(workspace, posts):
        for line in recheck.told(renewed):
            tell(f"note: {line}")
    for issue in draft.correct(workspace):
        tell(f"note: {told.corrected_in(issue)}")
    issues = _issues(workspace, posts)
    shown = [one for one in posts if one.state in knocks.SHOWN and one.name not in issues]
    settled = [one for one in posts if one not in shown]
    failed: dict[ToldPost, str] = {}
    letters = 0
    if shown:
        _fetch(workspace, shown, failed, tell)
        there = [one for one in shown if one not in failed]
        try:
            letters = _at_once(workspace, there, tell) if there else 0
            settled += there
        except Complaint as complaint:
            tell(f"trouble: {complaint}")
            failed |= dict.fromkeys(there, complaint.what)
    with workspace.database.write() as connection:
        rows.settle(connection, settled)
        rows.fail(connection, failed, now=workspace.now())
    return LookOutcome(len(posts), letters)


def _issues(workspace: Workspace, posts: Sequence[ToldPost]) -> set[str]:
    """Names of the posts that are issues of ours: no source brings them, and the archive leads to what all can see."""
    with workspace.database.read() as connection:
        issues = {f"id:{name}": one for name, one in own.posts_of(published.every(connection)).items()}
    told_of = [(issues[one.name], one) for one in posts if one.name in issues]
    if told_of:
        with workspace.database.write() as connection:
            for issue, one in told_of:
                is_public = one.state in knocks.SHOWN
                published.note_shown(connection, issue, link=one.url if is_public else "", is_public=is_public)
    return set(issues)


def _fetch(workspace: Workspace, posts: Sequence[ToldPost], failed: dict[ToldPost, str], tell: Tell) -> None:
    """Collect from the sources of the posts' sites; whoever is not there afterwards has failed."""
    hosts = {host(one.site) for one in posts}
    sources = [one for one in sources_of(workspace) if is_web(one) and host(one) in hosts]
    outcome = gather(workspace, sources) if sources else CollectOutcome()
    for each in outcome.troubles:
        tell(f"trouble: {each}")
    with workspace.database.read() as connection:
        now = {one.id: one for one in rows.posts(connection, ids=[one.id for one in posts])}
    seen = {*outcome.added, *outcome.updated, *outcome.known}
    # What is older than what a source lists is asked for by its number: corrected, or shown again.
    behind = [article for one in posts if (article := now[one.id].article) and article not in seen]
    looked = recheck.recheck(workspace, behind) if behind else None
    for line in looked.notes if looked is not None else ():
        tell(f"note: {line}")
    why = told.trouble_of(outcome.troubles[0]) if outcome.troubles else NOT_THERE
    for one in posts:
        if now[one.id].article is not None:
            continue
        if any(_reads(source, one.site) for source in sources):
            failed[one] = why
        else:
            # One of a network, or of a second site, that the newsroom does not collect from: nobody waits for it.
            tell(f"note: no source of [collect] reads {one.site}, whose plugin told of {one.url}")


def _reads(source: str, site: str) -> bool:
    """Whether a source may show posts of a site: of its host, and where the site lies in a folder, in that one."""
    return host(source) == host(site) and f"{urlsplit(source).path}/".startswith(urlsplit(site).path)


def _at_once(workspace: Workspace, posts: Sequence[ToldPost], tell: Tell) -> int:
    """Send what is new to those who read at once: all of it where the schedule says so, else what its box says."""
    settings = workspace.settings
    if "instant" not in settings.rhythms.offered:
        return 0
    only: frozenset[int] | None = None
    if not settings.schedule.instant:
        with workspace.database.read() as connection:
            now = rows.posts(connection, ids=[one.id for one in posts])
        only = frozenset(one.article for one in now if one.box.at_once and one.article is not None)
        if not only:
            return 0
    letters = 0
    for name in settings.schedule.lists:
        outcome = latest.run(workspace, "instant", list_name=name, only=only)
        letters += outcome.sent_now
        for problem in outcome.latest.problems:
            tell(f"trouble: {problem.place}: {problem.words}; {problem.mend}")
        if outcome.sent_now and outcome.latest.issue is not None:
            tell(f"instant '{name}': {outcome.sent_now:,} letters: {outcome.latest.issue.subject}")
    return letters


class SitePostThread(BackgroundThread):
    """Looks at what the site tells in a thread of its own, beside the pages or a worker.

    Args:
        workspace: The workspace, open as long as the thread runs.
        tell: Told one line for each thing that is done.
        pause: Seconds between two looks.
    """

    def __init__(self, workspace: Workspace, tell: Tell, pause: float = 1.0) -> None:
        super().__init__("site posts", pause)
        self._workspace, self._tell = workspace, tell

    def _work(self) -> None:
        self._warm()
        pause = self._pause
        while not self._over.wait(pause):
            try:
                look(self._workspace, self._tell)
                pause = self._pause
            except Exception as error:
                # Whatever it is, the pages go on, and so does this. The words can hold an address.
                self._tell(f"error: the site's posts: {type(error).__name__}")
                pause = min(pause * 2, 60.0)

    def _warm(self) -> None:
        """Load what the first letter needs, where a site may knock: nobody waits for it then."""
        from newsletter.workspace.layers import SITE_PLUGIN
        from newsletter.workspace.secret_files import secret_file

        if not secret_file(self._workspace.root, SITE_PLUGIN).exists():
            return
        try:
            import mjml  # noqa: F401

            self._workspace.fence.start()
            _ = self._workspace.templates, self._workspace.sender
        except Exception as error:
            # What is wrong with it is told when it is needed.
            SITE_LOG.debug("not loaded early: %s", type(error).__name__)
