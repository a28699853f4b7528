"""What runs by itself: the schedule, who keeps it, sends, small letters, and where articles and answers come from."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from newsletter.errors import SourceError
from newsletter.text.dates import in_zone
from newsletter.text.sentences import joined, said
from newsletter.workflows.doctor.models import Check, DoctorState, Examined, SkippedCheck
from newsletter.workflows.status.texts import AWAY, RECEIVERS_SAY

if TYPE_CHECKING:
    from datetime import datetime

    from newsletter.sources.http import Fetched
    from newsletter.workflows.doctor.examination import Examination
    from newsletter.workflows.status import Finding

_SEND_KINDS = (
    *("brake", "sender", "reports", "stopped", "late", "unknown", "refused", "rests", "warm-up"),
    *("trial", "trial-asks", "trial-late", "restored"),
)
_GRAVE = frozenset({"brake", "sender", "reports", "stopped", "late", "trial-late", "restored"})
"""Findings on sends with which letters do not go; the others wait for somebody, or are as somebody wanted."""
_CALLS = re.compile(
    r"\bnewsletter(?:\s[^;&|#]*?)?\s(?P<verb>schedule(?=\s[^;&|#]*?--run\b)|weekly|latest|worker)(?=[\s;&|)\"']|$)"
)
"""The program with a verb that keeps the schedule: neither of them as a part of a path, or of another command."""
_INBOX = re.compile(r"\bnewsletter\b.*?\bsubscribers\s+inbox\s+(?P<path>'[^']+'|\"[^\"]+\"|\S+)")
_PLACE = re.compile(r"(?:-C|--directory|\bcd)[\s=]+(?P<path>'[^']+'|\"[^\"]+\"|[^\s;&]+)")
_TOLD = frozenset(
    {
        *_SEND_KINDS,
        *RECEIVERS_SAY,
        *AWAY,
        *("clock", "worker", "no-worker", "missed", "unkept", "letters", "held", "flooded", "webhook"),
        *("unknown-sends", "disk", "backup", "no-backup"),
    }
)
"""Kinds of findings that have a line here or in another group."""
MOST_SOURCES = 5
MOST_OTHERS = 5


def _when(moment: datetime, case: Examination) -> str:
    return in_zone(moment, case.workspace.zone)


def _line(name: str, found: Sequence[Finding], state: DoctorState) -> Examined:
    words = found[0].told
    if len(found) > 1:
        words = said("{words} (and {number} more like it)", words=words, number=len(found) - 1)
    return Examined(name, state, words, found[0].next)


def schedule(case: Examination) -> Iterator[Examined]:
    """Moments that were missed; else what comes next."""
    state = case.state()
    if not state.scheduled:
        raise SkippedCheck("nothing is planned under [schedule]")
    if missed := case.findings("missed"):
        yield _line("schedule", missed, "fail")
    elif unkept := case.findings("unkept"):
        yield _line("schedule", unkept, "warn")
    else:
        soon = state.scheduled[0]
        last = state.handled.get(soon.job)
        told = said("{job}: next {when}", job=soon.job, when=_when(soon.moment, case))
        if last:
            told = joined((told, said("last {when}", when=_when(last, case))), ", ")
        yield Examined("schedule", "ok", told)


def worker(case: Examination) -> Iterator[Examined]:
    """The life of workers, where one is needed."""
    state = case.state()
    if found := case.findings("worker", "no-worker"):
        yield _line("worker", found, "fail")
    elif state.worker_at is None:
        raise SkippedCheck("none was ever started, and nothing waits for one")
    else:
        lives = state.worker_until is not None and state.now <= state.worker_until
        words = said("its last sign of life: {when}", when=_when(state.worker_at, case))
        yield Examined("worker", "ok", words if lives else joined((words, "nothing waits for one")))


def cron(case: Examination) -> Iterator[Examined]:
    """Whether somebody calls the schedule: a worker that lives, a cron line, or a timer of systemd."""
    if not any((case.settings.schedule.weekly, case.settings.schedule.daily, case.settings.schedule.instant)):
        raise SkippedCheck("nothing is planned under [schedule]")
    lines, asked = _cron_lines(case)
    ours = [(line, found) for line in lines if (found := _CALLS.search(line)) is not None and _is_ours(line, case.root)]
    for line, found in ours:
        if program := _missing_program(line):
            gone = said("cron calls {program}, which is not there", program=program)
            yield Examined("cron", "fail", gone, "correct the path in: crontab -e")
            return
        verb = found["verb"].replace("schedule", "schedule --run")
        yield Examined("cron", "ok", said("calls newsletter {verb} ({moments})", verb=verb, moments=_moments(line)))
        return
    timers = [one for one in (case.instruments.run(_TIMERS) or "").splitlines() if re.search("newsletter|nashra", one)]
    if timers:
        yield Examined("cron", "ok", "a timer of systemd bears its name")
        return
    if kept := _kept(case):
        yield Examined("cron", "ok", kept)
        return
    if not asked:
        raise SkippedCheck("no crontab can be asked here (no such program, or none for this user)")
    words = "there is a schedule, and neither a worker nor a cron line keeps it"
    mend = said(
        "crontab -e, and add: */5 * * * * newsletter -C {place} schedule --run", place=shlex.quote(str(case.root))
    )
    yield Examined("cron", "warn", words, mend)


_TIMERS = ("systemctl", "list-timers", "--all", "--no-legend", "--no-pager")


def _kept(case: Examination) -> str:
    """Who keeps the schedule, as far as the database shows it; empty when nobody seems to."""
    try:
        state = case.state()
    except SkippedCheck:
        return ""
    lives = state.worker_until is not None and state.now <= state.worker_until
    if lives and not case.findings("worker", "no-worker"):
        return "not needed: a worker keeps the schedule"
    # The crontab of another user is not seen from here.
    if state.handled and not case.findings("missed", "unkept"):
        return "its moments are kept: somebody keeps the schedule from where it is not seen"
    return ""


def _cron_lines(case: Examination) -> tuple[list[str], bool]:
    """Lines of cron that call something, and whether any place could be asked."""
    own = case.instruments.run(("crontab", "-l"))
    texts = [own] if own is not None else []
    for place in case.instruments.cron_places:
        try:
            files = sorted(place.iterdir()) if place.is_dir() else [place]
            texts += [one.read_text("utf-8", "replace") for one in files if one.is_file()]
        except OSError:
            continue
    lines = [line.strip() for text in texts for line in text.splitlines()]
    return [line for line in lines if line and not line.startswith("#")], bool(texts)


def _bare(text: str) -> str:
    return text.strip("'\"")


def _is_ours(line: str, root: Path) -> bool:
    """Whether a line is about this workspace, or does not say about which."""
    places = [Path(_bare(found["path"])).expanduser() for found in _PLACE.finditer(line)]
    named = [one for one in places if one.is_absolute()]
    return not named or any(one.resolve() == root.resolve() or root.resolve() in one.resolve().parents for one in named)


def _missing_program(line: str) -> str:
    found = re.search(r"(?:^|[\s;&|])(/\S*/newsletter)\b", line)
    return found[1] if found is not None and not os.access(found[1], os.X_OK) else ""


def _moments(line: str) -> str:
    """The fields of a cron line that say when; the rest of it may hold a secret."""
    found = re.match(r"(@\w+|(?:[\d*/,A-Za-z-]+\s+){4}[\d*/,A-Za-z-]+)\s", line)
    return " ".join(found[1].split()) if found else "at its moments"


def sends(case: Examination) -> Iterator[Examined]:
    """Sends that stopped, wait or are in doubt."""
    if not case.state().sends:
        raise SkippedCheck("nothing was sent within a month")
    if found := case.findings(*_SEND_KINDS):
        found = sorted(found, key=lambda one: one.kind not in _GRAVE)
        quiet = {"warm-up", "rests", "trial"}.issuperset(one.kind for one in found)
        state: DoctorState = "fail" if found[0].kind in _GRAVE else "ok" if quiet else "warn"
        yield _line("sends", found, state)
    else:
        yield Examined("sends", "ok", "none stopped, and nothing is in doubt")


def letters(case: Examination) -> Iterator[Examined]:
    """Small letters, bounces and people at the form that wait."""
    if found := case.findings("letters"):
        yield _line("letters", found, "fail")
    elif found := case.findings("held", "flooded"):
        yield _line("letters", found, "warn")
    else:
        yield Examined("letters", "ok", "none waits for long")


def rest(case: Examination) -> Iterator[Examined]:
    """What ``newsletter status`` says that no line of the doctor's own tells."""
    told = case.other_findings(_TOLD)
    for one in told[:MOST_OTHERS]:
        yield _line("status", [one], "warn" if one.needs_person else "ok")
    if not told:
        yield Examined("status", "ok", "newsletter status says nothing beyond these lines")


def sources(case: Examination) -> Iterator[Examined]:
    """Where articles come from, and whether WordPress shows its REST interface."""
    named = case.settings.collect.sources
    if not named:
        raise SkippedCheck("none is named under [collect] sources")
    for one in named[:MOST_SOURCES]:
        if urlsplit(one).scheme in {"http", "https"}:
            yield _skipped_offline(one) if case.offline else _web_source(case, one)
        else:
            yield _file_source(case, one)


def _skipped_offline(source: str) -> Examined:
    return Examined("sources", "skipped", said("{source}: not asked, as --offline says", source=source), about=source)


def _file_source(case: Examination, source: str) -> Examined:
    path = case.root / Path(source).expanduser()
    if any(sign in source for sign in "*?["):
        return Examined("sources", "ok", said("{source}: a pattern of files", source=source), about=source)
    if not path.exists():
        mend = "correct [collect] sources; paths start at the workspace"
        return Examined("sources", "fail", said("{source}: there is no such file", source=source), mend, about=source)
    if not os.access(path, os.R_OK):
        return Examined(
            "sources",
            "fail",
            said("{source}: it may not be read", source=source),
            said("chmod u+r {path}", path=path),
            about=source,
        )
    return Examined("sources", "ok", said("{source}: there", source=source), about=source)


def _web_source(case: Examination, source: str) -> Examined:
    fetcher = case.workspace.fetcher
    try:
        got = fetcher.get(source)
    except SourceError as error:
        return Examined(
            "sources", "fail", said("{source}: {fault}", source=source, fault=error.what), error.mend, about=source
        )
    root = _interface(case, got)
    if not root:
        return Examined(
            "sources", "ok", said("{source}: answers; no WordPress shows itself there", source=source), about=source
        )
    return _rest(case, source, root)


def _interface(case: Examination, got: Fetched) -> str:
    """The REST interface that an answer leads to: by its headers, or by the page, which is read behind the fence."""
    from newsletter.sources.wordpress import interface_of, signpost

    if (within := interface_of(got.url)) is not None:
        return within[0]
    sign = signpost(replace(got, data=b""))
    if sign is None and b"api.w.org" in got.data:
        try:
            sign = case.workspace.fence.run(signpost, got, where=got.url)
        except SourceError:
            return ""
    return sign.root if sign is not None else ""


def _rest(case: Examination, source: str, root: str) -> Examined:
    from newsletter.sources.wordpress.asking import ask

    try:
        ask(case.workspace.fetcher, root, "wp/v2/posts", {"per_page": "1", "_fields": "id"})
    except SourceError as error:
        status = getattr(error, "status", 0)
        state = {401: "closed (401)", 403: "forbidden (403)", 404: "not there (404)"}.get(status, error.what)
        words = said(
            "{source}: WordPress, its REST interface is {state}; articles come by its feed, which tells less",
            source=source,
            state=state,
        )
        mend = said("ask who runs the site to open {root}wp/v2/posts for reading", root=root)
        return Examined("sources", "warn", words, mend, about=source)
    return Examined(
        "sources", "ok", said("{source}: WordPress, its REST interface is open", source=source), about=source
    )


def mailbox(case: Examination) -> Iterator[Examined]:
    """Whether the mailbox that answers come to can be read: the one named, or the one that cron reads."""
    from newsletter.events.inbox import mailboxes

    path = case.mailbox
    if path is None:
        found = [one for line in _cron_lines(case)[0] if (one := _INBOX.search(line)) and _is_ours(line, case.root)]
        if not found:
            words = "nobody names one; IMAP is not spoken here: a program such as fetchmail or mbsync fills it"
            raise SkippedCheck(
                words, "name it with --mailbox, or read it by cron: newsletter subscribers inbox MAILBOX"
            )
        path = case.root / Path(_bare(found[0]["path"])).expanduser()
    if not path.exists():
        yield Examined(
            "mailbox",
            "fail",
            said("{path}: there is no such mailbox", path=path),
            "name a Maildir folder or an mbox file",
        )
        return
    first = next(mailboxes.items(path), None)
    words = "it can be read" if first is not None else "it can be read, and is empty"
    yield Examined("mailbox", "ok", said("{path}: {words}", path=path, words=words))


def alerts(case: Examination) -> Iterator[Examined]:
    """Whether somebody is told when something stops."""
    import shutil

    about = case.settings.alerts
    ways = [name for name in ("mail", "command", "url") if getattr(about, name)]
    if not ways:
        raise SkippedCheck("nobody is told when something stops", "name somebody under [alerts]")
    if about.command:
        words = shlex.split(about.command)
        program = words[0] if words else ""
        if not (shutil.which(program) or os.access(case.root / program, os.X_OK)):
            yield Examined("alerts", "fail", "the program of [alerts] command is not there", "correct its path")
            return
    yield Examined(
        "alerts", "ok", said("told by {ways}; try it with: newsletter status --test-alert", ways=" and ".join(ways))
    )


CHECKS = (
    Check(("schedule",), schedule, ("schedule", "database", "newsletter")),
    Check(("worker",), worker, ("schedule", "database")),
    Check(("cron",), cron, ("schedule",)),
    Check(("sends",), sends, ("database",)),
    Check(("letters",), letters, ("database",)),
    Check(("sources",), sources, ("collect",), seconds=45),
    Check(("mailbox",), mailbox),
    Check(("alerts",), alerts, ("alerts",)),
    Check(("status",), rest, ("database",)),
)
