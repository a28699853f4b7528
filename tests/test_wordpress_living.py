"""Four weeks of a real WordPress whose editors edit: addresses, corrections, retractions, an interface that closes.

What readers got is counted in the outbox, by the words of each post and not by anything of ours.
"""

from __future__ import annotations

import email
import email.policy
import re
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from newsroom import subscribe
from real_wordpress import NEEDED, Site, running
from settings_text import add_settings

from newsletter.sources.http import Fetcher
from newsletter.wiring import Workspace, open_workspace
from newsletter.workflows import latest, weekly
from newsletter.workflows.collect import gather
from newsletter.workspace import folder as workspaces
from subscribers import store

pytestmark = NEEDED
HOST = "waha.example.org"
ALGIERS = ZoneInfo("Africa/Algiers")
START = datetime(2026, 1, 8, 10, 0, tzinfo=ALGIERS)
WORDS = "افتتح سكان القرية المشروع رقم {number} صباح اليوم بحضور أهل الواحة، وقالوا إن العمل فيه دام عامين كاملين."
TITLE = "سكان القرية يفتتحون مشروعهم رقم {number}"


class Weeks:
    """The site, its newsroom and a clock; posts are known by the number in their words."""

    def __init__(self, site: Site, workspace: Workspace) -> None:
        self.site, self.workspace = site, workspace
        self.now = START
        self.ids: dict[int, str] = {}

    def publish(self, *numbers: int) -> None:
        """Posts of the last hour: the first letter to those who read at once looks no further back."""
        for number in numbers:
            moment = self.now - timedelta(minutes=50 - number)
            words, title = WORDS.format(number=number), TITLE.format(number=number)
            said = (title, f"<p>{words}</p>", moment.strftime("%Y-%m-%d %H:%M:%S"), f"mashru-{number}")
            self.ids[number] = self.site.edit("publish", *said)

    def edit(self, action: str, number: int, *arguments: str) -> None:
        self.site.edit(action, self.ids[number], *arguments)

    def draft(self) -> Path:
        """The week's draft, as ``weekly --draft`` leaves it."""
        week = weekly.prepare(self.workspace)
        assert week.plan is not None
        return Path(week.plan.issue.path)

    def next_week(self) -> None:
        self.now += timedelta(days=7)


def given(outbox: Path) -> dict[str, Counter[int]]:
    """How often each reader got each post, by the words in the letters."""
    counts: dict[str, Counter[int]] = {}
    for path in sorted((outbox / "new").glob("*.eml")):
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        body = message.get_body(("plain",))
        assert body is not None
        text = " ".join(re.sub("[\u2066-\u2069\u200e\u200f]", "", body.get_content()).split())
        numbers = {int(one) for one in re.findall(r"سكان القرية المشروع رقم (\d+)", text)}
        counts.setdefault(str(message["To"]), Counter()).update(numbers)
    return counts


def newsroom(root: Path, site: Site) -> dict[str, Any]:
    """A workspace that collects from the site, with a weekly and an instant reader."""
    workspaces.make(
        root,
        name="الواحة",
        url=site.url,
        sender="الواحة <news@example.org>",
        web="https://news.example.org",
        language="ar",
        timezone="Africa/Algiers",
    )
    add_settings(root, f'[collect]\nsources = ["{site.url}"]')
    return {"NASHRA_COMPOSE__DAYS": "7"}


def test_four_weeks_of_editing(tmp_path: Path) -> None:
    root = tmp_path / "w"
    with running(HOST) as site:
        settings = newsroom(root, site)
        with open_workspace(root, settings) as workspace:
            weeks = Weeks(site, workspace)
            workspace.now = lambda: weeks.now  # type: ignore[method-assign]
            fetcher = Fetcher("Nashra", allow=[HOST], resolve=lambda *_: ["127.0.0.1"])
            workspace.__dict__["fetcher"] = fetcher
            with workspace.database.write() as connection:
                store.add_list(connection, "readers", "الواحة", now=START)
                subscribe(connection, workspace, "weekly@example.net", START)
                subscribe(connection, workspace, "instant@example.net", START, "instant")
            expected = _four_weeks(weeks, root)
    assert given(root / "outbox") == expected


def _instant(weeks: Weeks) -> None:
    gather(weeks.workspace)
    latest.run(weeks.workspace, "instant")


def _four_weeks(weeks: Weeks, root: Path) -> dict[str, Counter[int]]:
    weeks.publish(1, 2, 3)
    _instant(weeks)
    assert weekly.run(weeks.workspace).sent_now == 1

    # The second week: a slug and a headline of what went are edited, the structure of all addresses is changed; a post
    # is thrown away when the draft is written, and another right before the letter goes.
    weeks.next_week()
    weeks.edit("slug", 1, "unwan-jadid")
    weeks.edit("title", 2, "سكان القرية يفتتحون مشروعهم الثاني، تصحيح")
    weeks.site.edit("structure", "/%postname%/")
    weeks.publish(4, 5, 6)
    _instant(weeks)
    draft = weeks.draft()
    weeks.edit("trash", 4)
    week = weekly.prepare(weeks.workspace)
    assert week.plan is not None
    assert [one.code for one in week.plan.problems if one.level == "error"] == ["story-withdrawn"]
    assert weekly.run(weeks.workspace).sent_now == 0
    assert "<!-- withdrawn: " in draft.read_text("utf-8")
    week = weekly.prepare(weeks.workspace, drop_withdrawn=True)
    weeks.edit("status", 5, "private")
    week, looked = weekly.look_again(weeks.workspace, week, drop_withdrawn=True)
    assert len(looked.withdrawn) == 1
    assert weekly.run(weeks.workspace).sent_now == 1

    # The third week: the interface is closed; a slug of what went is edited, a headline of the draft corrected, and a
    # post of it gets a password.
    weeks.next_week()
    (weeks.site.folder / "closed").touch()
    weeks.edit("slug", 3, "unwan-akhar")
    weeks.publish(7, 8, 9)
    _instant(weeks)
    draft = weeks.draft()
    weeks.edit("title", 7, "سكان القرية يفتتحون مشروعهم السابع، تصحيح")
    weeks.edit("password", 8, "sirr")
    week = weekly.prepare(weeks.workspace, drop_withdrawn=True)
    assert week.dropped == (TITLE.format(number=8),)
    assert "مشروعهم السابع، تصحيح" in draft.read_text("utf-8")
    assert weekly.run(weeks.workspace).sent_now == 1

    # The fourth week: it is open again, all has come back, and the structure is changed once more.
    weeks.next_week()
    (weeks.site.folder / "closed").unlink()
    weeks.site.edit("structure", "/archives/%post_id%")
    weeks.publish(10, 11)
    weeks.edit("trash", 10)
    _instant(weeks)
    assert weekly.run(weeks.workspace).sent_now == 1
    return {
        "weekly@example.net": Counter([1, 2, 3, 6, 7, 9, 11]),
        "instant@example.net": Counter([1, 2, 3, 4, 5, 6, 7, 8, 9, 11]),
    }
