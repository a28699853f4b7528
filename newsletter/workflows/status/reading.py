"""The facts of a workspace at one moment, read in one transaction and from the disk."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter import ledger
from newsletter.errors import WorkspaceError
from newsletter.events.genuine import HookSigns, hook_signs
from newsletter.ledger import deliverability, overview
from newsletter.ledger.cursors import ALIVE, BACKUP, NEXT_SIGN, SCHEDULE
from newsletter.ledger.deliverability import TroubleSigns
from newsletter.ledger.dmarc import reports_since
from newsletter.report.deliverability import dmarc_summary
from newsletter.rhythms import schedule
from newsletter.rhythms.schedule import JOBS, Due, Job
from newsletter.site_hook.knocks import GONE
from newsletter.site_hook.rows import LostPost, lost
from newsletter.text.mailbox import ascii_host, split_mailbox
from subscribers import store
from subscribers.models import HeldDomain, WaitingWishes

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from newsletter.ledger import Send, SendCounts, UnknownSend
    from newsletter.wiring import Workspace

LOOK_BACK = timedelta(days=30)
"""How long what is in doubt of a send is looked for after its end."""
LATELY = timedelta(days=7)
"""How far back it is looked at what receivers say: Gmail mends nothing before a rate was good for seven days."""
OF_US = (
    *("authentication", "server-name", "sender-address", "reputation", "content"),
    *("encryption", "rule", "pace", "sender-limit"),
)
"""Reasons of bounces and deferrals that speak of what we are and send."""
SILENT = timedelta(minutes=15)
"""What a worker's sign of life is good for when it does not say itself when the next one comes."""
DiskUsage = Callable[[Path], tuple[int, int, int]]
"""Total, used and free bytes of the disk that a folder lies on, as ``shutil.disk_usage`` gives them."""


@dataclass(frozen=True, slots=True)
class SendState:
    """A send that is unfinished, or was finished lately."""

    send: Send
    counts: SendCounts | None
    """What became of its deliveries so far; None for one that is finished or has not begun."""
    refused: int
    unknown: int
    at_work: bool
    """Whether somebody holds a batch of it now."""


@dataclass(frozen=True, slots=True)
class DiskSpace:
    """The disk that a folder of the workspace lies on."""

    place: str
    """What is kept there: ``workspace``, ``database`` or ``outbox``."""
    path: str
    free: int
    """Bytes."""
    total: int
    """Bytes."""


@dataclass(frozen=True, slots=True)
class WorkspaceState:
    """A workspace at one moment."""

    now: datetime
    zone: str
    database: str
    """The file or URL, without a password."""
    is_sqlite: bool
    clock_step: ledger.ClockStep | None
    """A clock that was set back within a day."""
    restored: bool
    """Whether it is in an older state than the workspace remembers: a backup was put back, or another one."""
    sends: tuple[SendState, ...]
    """Unfinished ones and those of the last month, oldest first."""
    workers: bool
    """Whether a worker has ever been there."""
    worker_at: datetime | None
    """A worker's last sign of life; None when none ever gave one."""
    worker_until: datetime | None
    """Before when the next one was to come."""
    scheduled: tuple[Due, ...]
    """The next moment of everything on the schedule, soonest first."""
    handled: Mapping[str, datetime]
    """Job of the schedule to its moment that was handled last."""
    due: tuple[Due, ...]
    """Moments of the schedule that came and were not handled yet."""
    missed: Mapping[Job, datetime]
    """Job that was handled once and is due again to its first moment since then."""
    instant: int
    """Minutes between two looks for new articles; 0 for never."""
    letters: int
    """Small letters that are still to go."""
    letters_since: datetime | None
    held: tuple[HeldDomain, ...]
    wishes: WaitingWishes
    hooks: tuple[HookSigns, ...]
    lost_posts: tuple[LostPost, ...]
    """Posts that the site told of and nobody could fetch, the oldest first."""
    unknown_sends: tuple[UnknownSend, ...]
    """What providers reported of sends that the database does not know."""
    stamped: Mapping[str, str]
    """Public id of each of those that is known outside the database, to its issue."""
    keeps_lists: bool
    """Whether the provider keeps lists of whom it sends nothing to, which can be taken over."""
    disks: tuple[DiskSpace, ...]
    backup_at: datetime | None
    """When the newest copy in ``backups/`` was made, or the last backup elsewhere; None when there is none, or nobody
    can know (PostgreSQL with tools of its own)."""
    backup_days: int
    """``[alerts] backup_days``."""
    troubles: TroubleSigns = field(default_factory=TroubleSigns)
    """What receivers said of letters within ``LATELY``."""
    dmarc_failing: int = 0
    """Letters that look like ours and did not pass DMARC, as receivers reported within ``LATELY``."""
    dmarc_ours: int = 0
    """All that look like ours in these reports."""


def workspace_state(workspace: Workspace, *, disk_usage: DiskUsage | None = None) -> WorkspaceState:
    """Read how a workspace is.

    Args:
        workspace: An open workspace.
        disk_usage: What knows the disks; None asks the system.

    Raises:
        NashraError: The database cannot be read.
    """
    now, settings = workspace.now(), workspace.settings
    database = workspace.database
    with database.read() as connection:
        restored = workspace.memory.behind(connection) is not None
        clock_step = ledger.clock_step(connection, now)
        sends = _sends(connection, now)
        backed_up = _moment(ledger.cursor(connection, BACKUP))
        signs = {name: ledger.cursor(connection, name) for name in (ALIVE, NEXT_SIGN)}
        handled: dict[str, int] = {job: at for job in JOBS if (at := ledger.cursor(connection, SCHEDULE + job))}
        letters, since = store.queued_letters(connection), store.queued_since(connection)
        held = tuple(store.held_domains(connection))
        wishes = store.waiting_wishes(connection)
        hooks = tuple(hook_signs(connection))
        lost_posts = tuple(lost(connection, GONE))
        unknown = tuple(ledger.unknown_sends(connection))
        troubles = deliverability.signs(connection, now - LATELY, store.reader_domains(connection), kinds=OF_US)
        reported = dmarc_summary(reports_since(connection, now - LATELY), own_domains(workspace))
    worker_at, worker_until = _worker(signs[ALIVE], signs[NEXT_SIGN])
    due = schedule.due(now, workspace.zone, settings.schedule, handled)
    file = Path(database.where) if database.is_sqlite else None
    return WorkspaceState(
        now=now,
        zone=workspace.publication.timezone,
        database=database.where,
        is_sqlite=database.is_sqlite,
        clock_step=clock_step,
        restored=restored,
        sends=sends,
        workers=worker_at is not None,
        worker_at=worker_at,
        worker_until=worker_until,
        scheduled=tuple(schedule.upcoming(now, workspace.zone, settings.schedule)),
        handled={job: datetime.fromtimestamp(at, UTC) for job, at in handled.items()},
        due=tuple(due),
        missed=schedule.first_missed(now, workspace.zone, settings.schedule, handled),
        instant=settings.schedule.instant or 0,
        letters=letters,
        letters_since=since,
        held=held,
        wishes=wishes,
        hooks=hooks,
        lost_posts=lost_posts,
        unknown_sends=unknown,
        stamped=_stamped(workspace, unknown),
        keeps_lists=workspace.provider.suppressions is not None,
        disks=disks_of(workspace.root, file, settings.outbox, disk_usage or shutil.disk_usage),
        backup_at=max(filter(None, (backed_up, newest_backup(file) if file else None)), default=None),
        backup_days=settings.alerts.backup_days,
        troubles=troubles,
        dmarc_failing=reported.failing,
        dmarc_ours=reported.letters_of("ours", "mixed", "broken")[0],
    )


def own_domains(workspace: Workspace) -> tuple[str, ...]:
    """The domains that letters of a workspace come from, in A-labels and lower case.

    Args:
        workspace: An open workspace.
    """
    settings = workspace.settings
    mailboxes = [settings.sender.from_, *(settings.sender_of(name) for name in settings.lists)]
    hosts = (split_mailbox(one)[1].rpartition("@")[2] for one in mailboxes)
    return tuple(dict.fromkeys(ascii_host(host).lower() for host in hosts if host))


def _stamped(workspace: Workspace, unknown: Sequence[UnknownSend]) -> dict[str, str]:
    if not unknown:
        return {}
    wanted = {one.public_id for one in unknown}
    try:
        return {stamp.id: stamp.issue for stamp in workspace.memory.stamps.every() if stamp.id in wanted}
    except WorkspaceError:
        return {}  # whoever sends is told which file is broken


def _sends(connection: Connection, now: datetime) -> tuple[SendState, ...]:
    sends = overview.recent(connection, now - LOOK_BACK)
    # A send that rests for years would let everything since be walked along: it is counted by itself.
    troubled = overview.refused_and_unknown(connection, [one for one in sends if one.state not in ledger.UNFINISHED])
    found = []
    for one in sends:
        counts = overview.quick_account(connection, one.id) if one.state in ("running", "paused") else None
        refused, unknown = troubled.get(one.id, (0, 0)) if counts is None else (counts.refused, counts.unknown)
        at_work = one.state in ("running", "paused") and overview.at_work(connection, one.id)
        found.append(SendState(one, counts, refused, unknown, at_work))
    return tuple(found)


def _worker(alive: int, until: int) -> tuple[datetime | None, datetime | None]:
    if not alive:
        return None, None
    at = datetime.fromtimestamp(alive, UTC)
    return at, (datetime.fromtimestamp(until, UTC) if until >= alive else at + SILENT)


def disks_of(root: Path, file: Path | None, outbox: Path, usage: DiskUsage) -> tuple[DiskSpace, ...]:
    """The disks that a workspace is written on, each once.

    Args:
        root: The workspace.
        file: Its SQLite file; None for PostgreSQL, whose disk nobody sees from here.
        outbox: The outbox, which may not be there yet.
        usage: What knows the disks.
    """
    found: list[DiskSpace] = []
    seen: set[int] = set()
    places = [("workspace", root), ("outbox", outbox)]
    if file is not None:
        places.insert(0, ("database", file.parent))
    for place, folder in places:
        there = next((one for one in (folder, *folder.parents) if one.exists()), root)
        try:
            device = there.stat().st_dev
            total, _, free = usage(there)
        except OSError:
            continue
        if device not in seen:
            seen.add(device)
            found.append(DiskSpace(place, str(there), free, total))
    return tuple(found)


def _moment(seconds: int) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def newest_backup(file: Path) -> datetime | None:
    """When the newest copy of a SQLite file was made; None when there is none.

    Args:
        file: The database; its copies are in ``backups/`` beside it.
    """
    times = []
    for path in (file.parent / "backups").glob(f"{file.stem}-*.db"):
        try:
            times.append(path.stat().st_mtime)
        except OSError:
            continue  # deleted at this moment
    return datetime.fromtimestamp(max(times), UTC) if times else None
