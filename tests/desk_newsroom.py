"""The newsroom of the desk's tests and pictures: articles, an issue that went, one in the making, and its readers.

Everything in it follows from a moment and a seed. It is made by the functions that the commands call.
"""

from __future__ import annotations

import csv
import random
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from desk_articles import SITE, carried, collected, many
from sqlalchemy import select

from newsletter import clicks, delivery, issues, library
from newsletter.events.apply import receive
from newsletter.ledger import Send
from newsletter.senders.reports import EventReport
from newsletter.sources.collect import collect
from newsletter.storage.tables import batch
from newsletter.storage.tables import delivery as delivery_table
from newsletter.storage.tables import link as link_table
from newsletter.wiring import Workspace, open_workspace
from newsletter.workflows import draft, plan
from newsletter.workflows.demo import SAMPLE
from newsletter.workspace import folder
from subscribers import actions, store
from subscribers.csvfile.own_export import COLUMNS
from subscribers.models import Event

NOW = datetime(2026, 11, 28, 9, 40, tzinfo=UTC)
"""A Saturday; the site, in Algiers, is an hour ahead."""
WENT = datetime(2026, 11, 26, 9, tzinfo=UTC)
"""When issue 12 went: Thursday at ten."""
FIRST = NOW - timedelta(days=90)
"""When the first reader came."""
ZONE = "Africa/Algiers"
LIST = "readers"
DRAFT, SENT = "13", "12"
"""Names of the folders of the two issues."""
SUBJECT = "رصيف جديد، وزيت أرخص، ومكتبة لا تنام"
PREHEADER = "مرسى الريحان يستقبل موسم السردين، ونوارس الريحان في الصدارة، وأهل القصبة يرمّمون أسوارهم بأيديهم"
SUBJECTS = ("سوق السبت، وعاصفة مرّت بسلام", "سبع مكتبات لا تنام، ونخلة لها قرنان", "مصعد بحري، وخبز الجدات")
"""Of issue 12 and those before it, in turns."""
OPENING = (
    "أعزاءنا القراء، عاد الصيادون هذا الأسبوع إلى رصيف جديد، وعادت المصابيح إلى مكتبة الحي."
    " اخترنا لكم سبع قصص تُقرأ في ربع ساعة."
)
CHOSEN = (0, 6, 1, 4, 5, 2, 3)
"""Which of the sample's articles the draft has, in order."""
SETTINGS = """\
[letter]
tagline = "صحيفة الساحل: خبرٌ يُقرأ على مهل، كل سبت"
hijri = true

[sender]
fsync = false

[tracking]
clicks = "stories"

[topics.readers]
1 = { title = "أخبار", sections = ["أخبار", "خدمات", "مجتمع"] }
2 = "رياضة"
3 = "ثقافة"
4 = "اقتصاد"

[schedule]
weekly = "thursday 10:00"
"""


@dataclass
class Clock:
    """A clock that goes only when it is told to."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **much: float) -> None:
        self.now += timedelta(**much)


def make(
    root: Path,
    *,
    database: str = "",
    readers: int = 260,
    more_articles: int = 0,
    hostile: bool = False,
    articles: bool = True,
    issue: bool = True,
    sent: bool = True,
    before: int = 0,
    settings: str = "",
) -> Path:
    """Make the newsroom.

    Args:
        root: The folder to make.
        database: URL of a database with tables; empty is the workspace's own file.
        readers: How many subscribers, of all states.
        more_articles: So many beside the forty.
        hostile: With articles that wish the editor ill.
        articles: With the forty.
        issue: With issue 13 in the making.
        sent: With issue 12, sent and told of by its provider.
        before: How many issues went before issue 12, a week each.
        settings: More of newsletter.toml, section after section.
    """
    folder.make(
        root,
        name="الموجة",
        url=SITE,
        sender="نشرة الموجة <news@almawja.example.org>",
        web="https://news.almawja.example.org",
        language="ar",
        timezone=ZONE,
        pictures="inline",
    )
    _set(root / "newsletter.toml", SETTINGS + settings + (f'\n[database]\nurl = "{database}"\n' if database else ""))
    clock = Clock(WENT - timedelta(weeks=before, hours=1))
    with opened(root, clock) as workspace:
        with workspace.database.write() as connection:
            store.add_list(connection, LIST, "قراء الموجة", now=FIRST - timedelta(days=1))
        came = 0
        for earlier in range(before, -1 if sent else 0, -1):
            clock.now = WENT - timedelta(weeks=earlier, hours=1)
            came = add_readers(workspace, readers, came)
            send_issue(workspace, clock, earlier=earlier)
        clock.now = NOW
        add_readers(workspace, readers, came)
        ids = shelve(workspace, more=more_articles, hostile=hostile) if articles else []
        if issue:
            compose(workspace, [ids[at] for at in CHOSEN])
    return root


def _set(path: Path, settings: str) -> None:
    """Fill the sections that a fresh file has, and add the others."""
    text = path.read_text("utf-8")
    for part in re.split(r"(?m)^(?=\[)", settings):
        head, _, body = part.partition("\n")
        if not head:
            continue
        text = text.replace(f"{head}\n", f"{head}\n{body}", 1) if f"\n{head}\n" in text else f"{text}\n{part}"
    path.write_text(text, "utf-8")


@contextmanager
def opened(root: Path, clock: Callable[[], datetime]) -> Iterator[Workspace]:
    """The workspace, by that clock.

    Args:
        root: Its folder.
        clock: Gives the present moment.
    """
    with open_workspace(root, {}) as workspace:
        workspace.now = clock  # type: ignore[method-assign]
        yield workspace


def shelve(workspace: Workspace, *, more: int = 0, hostile: bool = False) -> list[int]:
    """Put the forty articles into the library: those of the sample first, with their pictures.

    Args:
        workspace: Open.
        more: So many beside them.
        hostile: With those that wish ill.
    """
    now = workspace.now()
    sample = collect([str(path) for path in sorted(SAMPLE.glob("*.md"))], fetcher=workspace.fetcher, now=now).articles
    with workspace.database.write() as connection:
        added = library.shelve(connection, sample, now=now).added
        library.shelve(connection, collected(now, hostile=hostile), now=now)
        if more:
            library.shelve(connection, many(more, now), now=now)
    return list(added)


def compose(workspace: Workspace, ids: list[int]) -> Path:
    """Write issue 13 as an editor left it: words of its own, and two things that the check finds.

    Args:
        workspace: Open.
        ids: Articles, in order.
    """
    made = draft.write(workspace, ids, list_name=LIST, slug=DRAFT)
    path = Path(made.path)
    text = path.read_text("utf-8")
    text = re.sub(r"(?m)^number = .*$", f"number = {DRAFT}", text)
    text = re.sub(r"(?m)^subject = .*$", f'subject = "{SUBJECT}"', text)
    text = re.sub(r"(?m)^preheader = .*$", f'preheader = "{PREHEADER}"', text)
    head, fence, rest = text.rpartition("+++\n")
    text = f"{head}{fence}\n{OPENING}\n{rest}"
    # A comma of another script, and a picture that nobody described.
    text = text.replace("برنامجه المفتوح المصدر،", "برنامجه المفتوح المصدر,")
    text = re.sub(r"!\[متسوقون[^]]*]", "![]", text, count=1)
    path.write_text(text, "utf-8")
    assert len(issues.read(path).stories) == len(ids)
    return path


def send_issue(workspace: Workspace, clock: Clock, *, earlier: int = 0) -> None:
    """Compose, send and hear back of an issue, whose provider tells of nearly all.

    Args:
        workspace: Open.
        clock: Its clock.
        earlier: So many weeks before issue 12; 0 is issue 12 itself.
    """
    number, went = str(int(SENT) - earlier), WENT - timedelta(weeks=earlier)
    clock.now = went - timedelta(hours=1)
    with workspace.database.write() as connection:
        ids = library.shelve(connection, carried(clock.now, earlier), now=clock.now).added
    path = Path(draft.write(workspace, list(ids), list_name=LIST, slug=number).path)
    text = re.sub(r"(?m)^number = .*$", f"number = {number}", path.read_text("utf-8"))
    path.write_text(re.sub(r"(?m)^subject = .*$", f'subject = "{SUBJECTS[earlier % 3]}"', text), "utf-8")
    clock.now = went
    issue = plan.choose(workspace, number, list_name="", rhythm="weekly")
    send = plan.freeze_plan(workspace, plan.make(workspace, issue, list_name="", rhythm="weekly"))
    delivery.run(workspace.delivery_setup, send, lambda _state, _count: None)
    hear_back(workspace, send, went)


def hear_back(workspace: Workspace, send: Send, went: datetime) -> None:
    """Tell what became of a send's letters: nearly all delivered, every fortieth back, one called spam, some clicked.

    Args:
        workspace: Open.
        send: One that is finished.
        went: When.
    """
    with workspace.database.read() as connection:
        query = select(delivery_table.c.id).join(batch, batch.c.id == delivery_table.c.batch_id)
        ids = tuple(connection.execute(query.where(batch.c.send_id == send.id).order_by(delivery_table.c.id)).scalars())
        query = select(link_table.c.name).where(link_table.c.issue == send.issue).order_by(link_table.c.place)
        links = connection.execute(query).scalars().all()
    chance, told = random.Random(send.issue), []
    for at, number in enumerate(ids):
        name = f"{send.public_id}.{number}"
        if at % 40 == 39:
            back = Event("bounced", went + timedelta(minutes=3), name, "hard", "550 5.1.1 no such user")
            told.append(EventReport(back, ""))
            continue
        told.append(EventReport(Event("delivered", went + timedelta(seconds=30 + at), name), ""))
        if at == 7:
            told.append(EventReport(Event("complained", went + timedelta(hours=5), name), ""))
    keys = workspace.keys
    receive(workspace.database, told, now=went, link_keys=keys.tokens, suppression_keys=keys.suppression)
    hour = int(went.timestamp()) // 3600
    counted = {
        (link, hour + later): (number, number // 8)
        for at, link in enumerate(links)
        for later in range(24)
        if (number := int(chance.uniform(0.6, 1.0) * len(ids) / 11 / (at + 1) / (later + 1)))
    }
    with workspace.database.write() as connection:
        clicks.add(connection, counted)


def add_readers(workspace: Workspace, count: int, came: int = 0) -> int:
    """Import who has come by now, of readers of all states and rhythms who come within thirteen weeks.

    Args:
        workspace: Open.
        count: How many come until the newsroom's moment.
        came: How many of them are there already.

    Returns:
        How many are there.
    """
    until = min((workspace.now() - FIRST) / (NOW - FIRST), 1.0) * count
    there = [_reader(at, count) for at in range(came, count) if at <= until]
    if not there:
        return came
    path = workspace.root / "readers-of-tests.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(there)
    with workspace.database.write() as connection:
        report = actions.import_file(
            connection, path, LIST, now=workspace.now(), keys=workspace.keys.suppression, words="نموذج الموقع"
        )
    path.unlink()
    assert not report.rejected, report.rejected[:3]
    return came + len(there)


def _reader(at: int, count: int) -> dict[str, str]:
    """A row of our own export."""
    chance = random.Random(at)
    since = FIRST + (NOW - FIRST) * at / count
    status = "left" if at % 17 == 5 else "pending" if at % 29 == 3 else "confirmed"
    act = {"confirmed": "confirm", "pending": "subscribe", "left": "leave"}[status]
    changed = since + timedelta(minutes=5)
    suppressed = at % 90 == 44
    hosts = ("example.com", "example.net", "example.org", "mail.example.com", "post.example.net")
    return {
        "address": f"reader{at:05}@{chance.choice(hosts)}",
        "status": status,
        "rhythm": "daily" if at % 10 == 4 else "instant" if at % 20 == 9 else "weekly",
        "declined_topics": str(chance.choice((2, 8, 2, 10)) if at % 8 == 1 else 0),
        "paused_until": (NOW + timedelta(days=30)).isoformat() if at % 50 == 21 else "",
        "since": since.isoformat(),
        "changed": changed.isoformat(),
        "suppressed": "bounced" if suppressed else "",
        "suppressed_at": changed.isoformat() if suppressed else "",
        "consent_act": act,
        "consent_at": changed.isoformat(),
        "consent_how": "page",
    }
