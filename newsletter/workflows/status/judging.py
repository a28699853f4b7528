"""What is to be said of a workspace, of facts that somebody has read. Pure: no database, no network, no clock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from newsletter.errors import NewSchemaError, OldSchemaError
from newsletter.ledger import UNFINISHED
from newsletter.ledger.clock_steps import APART
from newsletter.report.deliverability import ComplaintRate
from newsletter.text.dates import in_zone
from newsletter.text.reasons import OTHER_LIST, blocklist_site
from newsletter.workflows.status.findings import Finding, made
from newsletter.workflows.status.reading import DiskSpace, SendState, WorkspaceState
from newsletter.workflows.status.texts import (
    AGAIN,
    COMMAND,
    COMPARE,
    CRON,
    DECIDED,
    DELIST,
    FREE,
    GOES_ON,
    LOG,
    PUT_UP,
    RIGHT_TIME,
    START,
    TAKE_OVER,
)

if TYPE_CHECKING:
    from newsletter.ledger import Send
    from subscribers.errors import Complaint

JUST_FROZEN = timedelta(seconds=60)
"""A send that runs and nobody holds was frozen a moment ago, or is left alone."""
LATE = timedelta(minutes=5)
"""A planned send that nobody started for so long is late."""
OVERDUE = timedelta(minutes=30)
"""A moment of the schedule that nobody handled for so long is missed."""
CLOCKS_APART = timedelta(seconds=APART)
GRAVE_STEP = timedelta(hours=1)
"""A clock that was set back so far was very wrong before, or is now."""
LETTERS_WAIT = timedelta(minutes=15)
"""A small letter goes within seconds; somebody waits for it."""
REFUSED_DAYS = timedelta(days=7)
"""How long after the end of a send its refused addresses are told."""
LOST_KINDS = frozenset({"bounced", "complained", "left"})
"""Kinds of events after which a reader gets no letter, or fewer."""
SITE = "wordpress"
"""What the record of signatures calls the newsroom's own site."""
NEW_PLUGIN = "newsletter wordpress plugin FILE.zip --new-secret"
MOST_NAMED = 5
"""Sends that one finding names."""
MOST_REJECTED = 5
"""Reports of a provider in a row that did not verify, after which its key is doubted."""
LEAST_UNNAMED = 5
"""Letters for which servers name a blocklist that we do not know, before it is told."""
MOST_TROUBLED = 0.5
"""Share of the letters to a domain that it may put off or turn away for our sake."""
LEAST_FAILING, LEAST_FAILING_SHARE = 10, 0.01
"""Letters of ours that may not pass DMARC in a week, and their share: forwarding breaks some (RFC 7960)."""
LEAST_FREE, LEAST_SHARE, PLENTY = 200_000_000, 0.05, 2_000_000_000
"""Bytes that must be free; the share of the disk that must be; and the bytes that are enough on any disk."""


def away(error: Complaint) -> Finding:
    """The finding that the database cannot be read, or not by this version of the program.

    Args:
        error: What it, or the program, says of it.
    """
    kind = "database"
    if isinstance(error, OldSchemaError | NewSchemaError):
        kind = "old-schema" if isinstance(error, OldSchemaError) else "new-schema"
    return made(kind, parts={"reason": error.what}, command=error.mend, lasting=60.0)


def findings_of(state: WorkspaceState) -> Sequence[Finding]:
    """What is to be said of a workspace, what needs a person first, each in the order in which it is found.

    Args:
        state: As it was read.
    """
    found = [
        *_of_database(state),
        *(one for send in state.sends for one in _of_send(send, state)),
        *_of_clock(state),
        *_of_worker(state),
        *_of_schedule(state),
        *_of_letters(state),
        *_of_hooks(state),
        *_of_site(state),
        *_of_receivers(state),
        *_of_unknown_sends(state),
        *full_disks(state.disks),
        *_of_backup(state),
    ]
    return sorted(found, key=lambda one: not one.needs_person)


def _of_database(state: WorkspaceState) -> Iterator[Finding]:
    if state.restored:
        yield made("restored", command="newsletter database adopt")


def _told(moment: datetime, state: WorkspaceState) -> str:
    return in_zone(moment, ZoneInfo(state.zone))


def _alive(state: WorkspaceState) -> bool:
    if state.worker_at is None or state.worker_until is None:
        return False
    # A sign that is still to come was given before a clock was set back.
    return state.worker_at - CLOCKS_APART <= state.now <= state.worker_until


def _of_send(one: SendState, state: WorkspaceState) -> Iterator[Finding]:
    send = one.send
    issue, name = send.issue, send.public_id
    show = f"newsletter sends show {name}"
    if send.state == "paused":
        yield _paused(one, state)
    started = max(send.created, send.send_at or send.created)
    still_open = one.counts.open if one.counts is not None else 0
    if send.state == "running" and still_open and not one.at_work and not _alive(state):
        yield made(
            "stopped",
            name,
            parts={"issue": issue, "open": f"{still_open:,}"},
            command=f"newsletter send {issue}" if "/" not in issue else "newsletter worker --once",
            needs_person=state.now - started > JUST_FROZEN,
            # A process that waits for its provider, or for its turn, holds nothing meanwhile.
            lasting=300.0,
            send=name,
        )
    if send.state == "scheduled" and send.send_at is not None and state.now - send.send_at > LATE:
        parts = {"issue": issue, "when": _told(send.send_at, state)}
        yield made("late", name, parts=parts, command="newsletter worker --once", since=send.send_at, send=name)
    over = send.state not in UNFINISHED
    since = send.finished or send.created
    if one.unknown and (over or send.state == "paused"):
        parts = {"issue": issue, "number": f"{one.unknown:,}"}
        yield made("unknown", name, parts=parts, command=f"{show} --unknown", since=since, send=name)
    if one.refused and (over or send.state == "paused") and state.now - since < REFUSED_DAYS:
        parts = {"issue": issue, "number": f"{one.refused:,}"}
        yield made("refused", name, parts=parts, command=show, since=since, send=name)


def _paused(one: SendState, state: WorkspaceState) -> Finding:
    send = one.send
    name, command = send.public_id, f"newsletter sends resume {send.public_id}"
    show = f"newsletter sends show {name}"
    parts = {"issue": send.issue, "reason": send.reason}
    step = COMMAND
    if send.probe_at is not None:
        parts["again"] = _told(send.probe_at, state)
        step = GOES_ON if send.paused_by == "warm-up" else AGAIN
        if send.paused_by == "provider" and "/" not in send.issue:
            # It tries one letter, also where no worker runs.
            command = f"newsletter send {send.issue}"
    if send.waits_for_its_sender:
        # Resumed without that word it would rest again at once.
        command = f"newsletter send {send.issue} --with-this-sender" if send.issue.isdecimal() else show
        return made("sender", name, parts=parts, command=command, send=name)
    if send.paused_by == "trial":
        return _tried(send, state)
    if send.paused_by in ("provider", "reports"):
        kind = "brake" if send.paused_by == "provider" else "reports"
        return made(kind, name, parts=parts, command=command, step=step, send=name)
    warm = send.paused_by == "warm-up"
    kind = "warm-up" if warm else "rests"
    return made(kind, name, parts=parts, command=command, step=step, needs_person=not warm, alert=False, send=name)


def _tried(send: Send, state: WorkspaceState) -> Finding:
    """A send that waits for the end of its trial."""
    name, parts = send.public_id, {"issue": send.issue}
    if send.probe_at is None:
        return made("trial-asks", name, parts=parts, command=f"newsletter sends decide {name}", send=name)
    parts["again"] = parts["when"] = _told(send.probe_at, state)
    if state.now - send.probe_at > LATE:
        command = "newsletter worker --once"
        return made("trial-late", name, parts=parts, command=command, since=send.probe_at, send=name)
    return made("trial", name, parts=parts, step=DECIDED, needs_person=False, alert=False, send=name)


def _of_clock(state: WorkspaceState) -> Iterator[Finding]:
    step = state.clock_step
    if step is None:
        return
    grave = step.seconds >= GRAVE_STEP.total_seconds()
    at = datetime.fromtimestamp(step.noted, UTC)
    parts = {"time": hours_and_minutes(step.seconds)}
    yield made("clock", parts=parts, command="date -u", step=RIGHT_TIME, needs_person=grave, since=at, alert=grave)


def hours_and_minutes(seconds: int) -> str:
    """A span of time such as 2:05.

    Args:
        seconds: Of it.
    """
    minutes = round(seconds / 60)
    return f"{minutes // 60:,}:{minutes % 60:02}"


def _of_worker(state: WorkspaceState) -> Iterator[Finding]:
    if _alive(state):
        return
    planned = [one.send for one in state.sends if one.send.state == "scheduled"]
    if state.worker_at is None or state.worker_until is None:
        for send in planned[:1]:
            yield made(
                "no-worker",
                send.public_id,
                parts={"issue": send.issue},
                command="newsletter worker --once",
                step=CRON,
                send=send.public_id,
            )
        return
    # Whoever kept the schedule after the worker's last sign keeps it without one.
    by_cron = any(at > state.worker_at for at in state.handled.values())
    probes = any(one.send.state == "paused" and one.send.probe_at is not None for one in state.sends)
    running = any(one.send.state == "running" and not one.at_work for one in state.sends)
    if planned or probes or running or (state.scheduled and not by_cron):
        when = _told(state.worker_at, state)
        yield made("worker", parts={"when": when}, command="newsletter worker", step=START, since=state.worker_at)


def _of_schedule(state: WorkspaceState) -> Iterator[Finding]:
    command = "newsletter schedule --run"
    fresh = {one.job for one in state.due if one.job not in state.handled}
    if fresh and not _alive(state):
        yield made("unkept", command=command, step=CRON, lasting=3600.0)
    for job, since in state.missed.items():
        patience = max(OVERDUE, timedelta(minutes=3 * state.instant)) if job == "instant" else OVERDUE
        if state.now - since > patience:
            parts = {"when": _told(since, state), "job": job}
            yield made("missed", job, parts=parts, command=command, step=CRON, since=since)


def _of_letters(state: WorkspaceState) -> Iterator[Finding]:
    if state.letters_since is not None and state.now - state.letters_since > LETTERS_WAIT:
        parts = {"number": f"{state.letters:,}", "when": _told(state.letters_since, state)}
        yield made("letters", parts=parts, command="newsletter subscribers letters", since=state.letters_since)
    if state.held:
        number = sum(one.number for one in state.held)
        since = min(one.since for one in state.held)
        yield made("held", parts={"number": f"{number:,}"}, command="newsletter subscribers bounces", since=since)
    waiting = state.wishes.number - state.wishes.of_files
    if waiting:
        parts = {"number": f"{waiting:,}", "networks": f"{state.wishes.networks:,}"}
        cap = "[web] letters_an_hour"
        yield made("flooded", parts=parts, command=cap, step=LOG, since=state.wishes.since)


def _of_hooks(state: WorkspaceState) -> Iterator[Finding]:
    for one in state.hooks:
        if one.rejected >= MOST_REJECTED and one.since is not None:
            when = _told(one.good or one.since, state)
            parts = {"number": f"{one.rejected:,}", "provider": one.provider, "when": when}
            if one.provider == SITE:
                yield made("knocks", parts=parts, command=NEW_PLUGIN, step=PUT_UP, since=one.since)
                continue
            section = f"[{one.provider}]"
            yield made("webhook", one.provider, parts=parts, command=section, step=COMPARE, since=one.since)


def _of_site(state: WorkspaceState) -> Iterator[Finding]:
    """Posts that the site told of and nobody could fetch. While they are tried again, nobody needs to do anything."""
    if not state.lost_posts:
        return
    first = state.lost_posts[0]
    again = min((one.again for one in state.lost_posts if one.again is not None), default=None)
    parts = {"number": f"{len(state.lost_posts):,}", "when": _told(first.since, state), "reason": first.wrong}
    command = "newsletter collect"
    if again is None:
        yield made("site-posts", parts=parts, command=command, since=first.since)
        return
    parts["again"] = _told(again, state)
    yield made(
        "site-posts", parts=parts, command=command, step=AGAIN, needs_person=False, since=first.since, alert=False
    )


def _of_receivers(state: WorkspaceState) -> Iterator[Finding]:
    """What receivers hold against us: each thing for as long as a week shows it, so that it is told once."""
    signs, command = state.troubles, "newsletter deliverability"
    rate = ComplaintRate("all", signs.answered, signs.complained)
    if rate.verdict in {"high", "above"}:
        parts = {
            "number": f"{signs.complained:,}",
            "answered": f"{signs.answered:,}",
            "share": f"{rate.rate:.2%}",
        }
        yield made("complaints", parts=parts, command=command)
    for reason, number in signs.blocklists[:MOST_NAMED]:
        name = reason.removeprefix("blocklist ")
        if reason == OTHER_LIST and number < LEAST_UNNAMED:
            continue  # some server's own list
        where = blocklist_site(reason)
        parts = {"blocklist": name, "number": f"{number:,}"}
        step = DELIST if where else COMMAND
        yield made("blocklist", name, parts=parts, command=where or command, step=step)
    for domain, troubled, letters in signs.domains[:MOST_NAMED]:
        if letters and troubled >= MOST_TROUBLED * letters:
            parts = {"domain": domain, "number": f"{troubled:,}", "answered": f"{letters:,}"}
            yield made("turned-away", domain, parts=parts, command=command)
    failing = state.dmarc_failing
    if failing >= LEAST_FAILING and failing >= LEAST_FAILING_SHARE * state.dmarc_ours:
        parts = {"number": f"{failing:,}", "answered": f"{state.dmarc_ours:,}"}
        yield made("dmarc", parts=parts, command=command)


def _of_unknown_sends(state: WorkspaceState) -> Iterator[Finding]:
    """After a backup was put back: readers who bounced, complained or left since would get the next letter."""
    fresh = [one for one in state.unknown_sends if state.now - one.latest < REFUSED_DAYS]
    if not fresh:
        return
    names = [state.stamped.get(one.public_id, one.public_id) for one in fresh]
    lost = sum(number for one in fresh for kind, number in one.events.items() if kind in LOST_KINDS)
    parts = {
        "number": f"{sum(sum(one.events.values()) for one in fresh):,}",
        "issues": ", ".join(dict.fromkeys(names[:MOST_NAMED])) + (" …" if len(names) > MOST_NAMED else ""),
        "lost": f"{lost:,}",
    }
    yield made(
        "unknown-sends",
        parts=parts,
        command="newsletter subscribers sync" if state.keeps_lists else "",
        step=TAKE_OVER,
        needs_person=bool(lost),
        alert=bool(lost),
        since=min(one.since for one in fresh),
    )


def full_disks(disks: Sequence[DiskSpace]) -> Iterator[Finding]:
    """The findings that there is too little room.

    Args:
        disks: Those that the workspace is written on.
    """
    for one in disks:
        if one.free < max(LEAST_FREE, min(LEAST_SHARE * one.total, PLENTY)):
            parts = {"place": one.place, "free": f"{one.free // 1_000_000:,}"}
            yield made("disk", one.place, parts=parts, command=one.path, step=FREE)


def _of_backup(state: WorkspaceState) -> Iterator[Finding]:
    command = "newsletter database backup" + ("" if state.is_sqlite else " --to DIR")
    if not state.backup_days or (not state.is_sqlite and state.backup_at is None):
        return
    if state.backup_at is None:
        # A workspace of today has nothing yet that could be lost.
        yield made("no-backup", command=command, needs_person=False, alert=False)
    elif state.now - state.backup_at > timedelta(days=state.backup_days):
        days = (state.now - state.backup_at).days
        yield made("backup", parts={"days": f"{days:,}"}, command=command, since=state.backup_at)
