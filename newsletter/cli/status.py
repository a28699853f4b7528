"""The command that tells how everything is: status."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from newsletter.cli.app import workspace_of
from newsletter.cli.options import AsJson
from newsletter.cli.output import json_data, plural, say
from newsletter.cli.speaking import language
from newsletter.cli.tables import table
from newsletter.errors import NashraError
from newsletter.text.dates import in_zone
from newsletter.text.sentences import said

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from newsletter.wiring import Workspace
    from newsletter.workflows.status import Finding, WorkspaceState


SET_UP = frozenset(
    {"database", "old-schema", "new-schema"} | {"brake", "webhook", "worker", "no-worker", "unkept", "missed", "disk"}
)
"""Kinds of findings behind which something of the set-up may be broken."""


def status(
    context: typer.Context,
    test_alert: Annotated[
        bool,
        typer.Option("--test-alert", help="Send a test by every way that [alerts] names, and tell what came of it."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Tell what runs, waits, stopped or is in doubt, and what needs a person. Nothing is changed.

    Exit code 0: nothing needs a person. 1: something does: a send that is paused (but for a warm-up), stopped in the
    middle, late, in doubt, or of which addresses were refused within a week; a moment of the schedule that was missed;
    a worker that is silent while work waits for one; small letters, held bounces or people at the form that wait; a
    webhook whose reports do not verify; a disk that is nearly full; a backup that is too old; a database that is away.

    \b
    Examples:
      newsletter status
      newsletter status --json
      newsletter status --test-alert
    """
    from newsletter.workflows import status as how

    with workspace_of(context) as workspace:
        if test_alert:
            _test_alert(workspace, as_json)
            return
        state: WorkspaceState | None = None
        try:
            state = how.workspace_state(workspace)
            found = how.findings_of(state)
        except NashraError as error:
            found = [how.away(error)]
    if as_json:
        json_data(status_data(found, state))
    else:
        _tell(found, state, workspace)
    if any(one.needs_person for one in found):
        raise typer.Exit(1)


def status_data(found: Sequence[Finding], state: WorkspaceState | None) -> dict[str, Any]:
    """What ``--json`` prints; docs/en/operating.md tells its shape.

    Args:
        found: What is to be said.
        state: The facts; None when they could not be read.
    """
    findings = [
        {
            "kind": one.kind,
            "key": one.key,
            "words": one.words,
            "next": one.next,
            "needs_person": one.needs_person,
            "since": _iso(one.since),
            "send": one.send or None,
        }
        for one in found
    ]
    from newsletter.ledger import UNFINISHED

    told: dict[str, Any] = {"ok": not any(one.needs_person for one in found), "findings": findings}
    if state is None:
        return {**told, "at": None, "database": {"reachable": False}}
    return {
        **told,
        "at": _iso(state.now),
        "database": {"reachable": True, "kind": "sqlite" if state.is_sqlite else "postgresql"},
        "sends": [
            {
                "send": one.send.public_id,
                "issue": one.send.issue,
                "state": one.send.state,
                "paused_by": one.send.paused_by,
                "tried_again": _iso(one.send.probe_at),
                "send_at": _iso(one.send.send_at),
                "audience": one.send.audience,
                "submitted": one.counts.submitted if one.counts is not None else None,
                "open": one.counts.open if one.counts is not None else None,
                "refused": one.refused,
                "unknown": one.unknown,
                "at_work": one.at_work,
            }
            for one in state.sends
            if one.send.state in UNFINISHED or one.refused or one.unknown
        ],
        "worker": {"last_sign": _iso(state.worker_at), "next_sign_before": _iso(state.worker_until)},
        "schedule": {
            "next": [{"job": one.job, "moment": _iso(one.moment)} for one in state.scheduled],
            "last": {job: _iso(moment) for job, moment in sorted(state.handled.items())},
        },
        "small_letters": {"waiting": state.letters, "since": _iso(state.letters_since)},
        "bounces_held": sum(one.number for one in state.held),
        "form": {
            "waiting": state.wishes.number - state.wishes.of_files,
            "networks": state.wishes.networks,
            "since": _iso(state.wishes.since),
        },
        "unknown_sends": [
            {
                "send": one.public_id,
                "issue": state.stamped.get(one.public_id),
                "events": dict(one.events),
                "since": _iso(one.since),
                "latest": _iso(one.latest),
            }
            for one in state.unknown_sends
        ],
        "disks": [{name: value for name, value in asdict(one).items() if name != "path"} for one in state.disks],
        "backup": {"known": state.is_sqlite or state.backup_at is not None, "newest": _iso(state.backup_at)},
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None


def _tell(found: Sequence[Finding], state: WorkspaceState | None, workspace: Workspace) -> None:
    rows: list[tuple[str, str, str]] = []
    for one in found:
        since = in_zone(one.since, workspace.zone) if one.since is not None else ""
        rows.append((said("needs you" if one.needs_person else "note"), _words(one), since))
    if state is not None:
        stopped = {one.send for one in found if one.kind == "stopped"}
        rows += [(said("runs"), words, "") for words in _going_on(state, workspace, stopped)]
    table(("", "What", "Since"), rows, sparse=True)
    needing = sum(one.needs_person for one in found)
    if needing:
        say(said("{need} a person.", need=plural(needing, "thing needs", "things need")))
        if SET_UP.intersection(one.kind for one in found if one.needs_person):
            say("Whether the set-up is sound: newsletter doctor")
    else:
        say("Nothing needs a person.")


def _words(finding: Finding) -> str:
    """What is to be said and done; in another language by the catalogue of the alerts."""
    if language() == "en":
        return finding.words
    what = said(finding.text, **finding.parts)
    return said("{what}; {mend}", what=what, mend=said(finding.step, **finding.parts)) if finding.step else what


def _going_on(state: WorkspaceState, workspace: Workspace, stopped: Collection[str]) -> list[str]:
    """What runs or waits as it should, in words."""

    def at(moment: datetime) -> str:
        return in_zone(moment, workspace.zone)

    lines = []
    for one in state.sends:
        if one.send.state == "running" and one.counts is not None and one.send.public_id not in stopped:
            goes: str = said(
                "issue {issue} goes out: {open} of {audience} letters are to go",
                issue=one.send.issue,
                open=f"{one.counts.open:,}",
                audience=f"{one.send.audience:,}",
            )
            goes += said(", {unknown} unknown", unknown=f"{one.unknown:,}") if one.unknown else ""
            lines.append(goes + (said(", {refused} refused", refused=f"{one.refused:,}") if one.refused else ""))
        if one.send.state == "scheduled" and one.send.send_at is not None:
            lines.append(said("issue {issue} starts {at}", issue=one.send.issue, at=at(one.send.send_at)))
    for due in state.scheduled:
        last = state.handled.get(due.job)
        lines.append(
            said("schedule, {job}: next {at}", job=due.job, at=at(due.moment))
            + (said(", last {at}", at=at(last)) if last else "")
        )
    if state.worker_at is not None:
        lines.append(said("worker: last sign of life {at}", at=at(state.worker_at)))
    if state.letters:
        lines.append(said("{letters} waiting", letters=plural(state.letters, "small letter")))
    if state.backup_at is not None:
        lines.append(said("newest backup: {at}", at=at(state.backup_at)))
    elif not state.is_sqlite:
        lines.append(
            "backup: none by: newsletter database backup --to DIR; what else copies PostgreSQL cannot be seen from here"
        )
    for disk in state.disks:
        lines.append(
            said(
                "disk of the {place}: {free} of {total} GB free",
                place=said(disk.place),
                free=f"{disk.free / 1000000000.0:,.1f}",
                total=f"{disk.total / 1000000000.0:,.1f}",
            )
        )
    return lines


def _test_alert(workspace: Workspace, as_json: bool) -> None:
    from newsletter.workflows import alerts

    outcomes = alerts.send_test(workspace)
    if as_json:
        json_data({"ways": [asdict(one) for one in outcomes]})
    for one in outcomes:
        say(
            said("{way}: {part}", way=one.way, part=one.words or "sent")
            if one.sent
            else said("{way}: failed: {words}", way=one.way, words=one.words)
        )
    if not outcomes:
        say('No way is named. In newsletter.toml, for example: [alerts] mail = "editor@example.org"')
    if not outcomes or not all(one.sent for one in outcomes):
        raise typer.Exit(1)
