"""How a workspace is, as OpenMetrics text (version 1.0.0, github.com/prometheus/OpenMetrics).

Counts and moments only. What has a label has few values: states, kinds, places, and sends that are unfinished.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from newsletter.workflows.status.texts import KINDS

if TYPE_CHECKING:
    from newsletter.workflows.status import Finding, WorkspaceState

CONTENT_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"
MOST_SENDS = 20
"""Unfinished sends that have lines of their own, the newest."""
_DELIVERY_STATES = ("queued", "submitting", "submitted", "refused", "unknown", "skipped")
_EVENT_KINDS = ("delivered", "deferred", "bounced", "complained", "left")
Sample = tuple[Mapping[str, str], float]
"""Labels and value."""


def metrics_text(
    state: WorkspaceState | None, found: Sequence[Finding], events: Mapping[str, int], version: str
) -> str:
    """Everything there is to be measured.

    Args:
        state: The facts; None when the database cannot be read.
        found: What is to be said of the workspace.
        events: Number of events of each kind, of the letters of the last month.
        version: Of the program.
    """
    lines = list(_family("nashra_build", "info", "The program", [({"version": version}, 1)], suffix="_info"))
    lines += _gauge("nashra_up", "Whether the database can be read", [({}, float(state is not None))])
    kinds = Counter(one.kind for one in found)
    lines += _gauge(
        "nashra_findings", "What is to be said of the workspace", [({"kind": one}, kinds[one]) for one in KINDS]
    )
    needing = sum(one.needs_person for one in found)
    lines += _gauge("nashra_findings_needing_person", "Findings that need a person", [({}, needing)])
    if state is not None:
        lines += _of_sends(state)
        lines += _of_the_rest(state, events)
    return "\n".join([*lines, "# EOF", ""])


def _of_sends(state: WorkspaceState) -> Iterator[str]:
    states = Counter(one.send.state for one in state.sends)
    names = ("scheduled", "running", "paused", "finished", "cancelled")
    yield from _gauge(
        "nashra_sends",
        "Sends that are unfinished, or of the last month",
        [({"state": one}, states[one]) for one in names],
    )
    going = [one for one in state.sends if one.send.state in ("running", "paused")]
    shown = [one for one in going if one.counts is not None][-MOST_SENDS:]
    yield from _gauge(
        "nashra_send_deliveries",
        "Deliveries of sends that run or are paused",
        [
            ({"send": one.send.public_id, "state": name}, getattr(one.counts, name))
            for one in shown
            for name in _DELIVERY_STATES
        ],
    )
    yield from _gauge(
        "nashra_send_age_seconds",
        "Seconds since a send that runs or is paused began",
        [({"send": one.send.public_id}, _age(one.send.send_at or one.send.created, state.now)) for one in shown],
    )
    yield from _gauge(
        "nashra_deliveries_unknown",
        "Deliveries in doubt, of the last month",
        [({}, sum(one.unknown for one in state.sends))],
    )
    yield from _gauge(
        "nashra_deliveries_refused",
        "Addresses refused, of the last month",
        [({}, sum(one.refused for one in state.sends))],
    )


def _of_the_rest(state: WorkspaceState, events: Mapping[str, int]) -> Iterator[str]:
    yield from _gauge(
        "nashra_events",
        "Events that providers told of letters of the last month",
        [({"kind": one}, events.get(one, 0)) for one in _EVENT_KINDS],
    )
    yield from _gauge("nashra_small_letters_waiting", "Small letters that are still to go", [({}, state.letters)])
    yield from _gauge(
        "nashra_small_letters_oldest_seconds",
        "Seconds that the oldest small letter waits",
        [({}, _age(state.letters_since, state.now))],
    )
    yield from _gauge(
        "nashra_worker_last_sign_timestamp_seconds",
        "When a worker gave its last sign of life; 0 for never",
        [({}, state.worker_at.timestamp() if state.worker_at is not None else 0)],
    )
    yield from _gauge(
        "nashra_schedule_next_timestamp_seconds",
        "The next moment of the schedule",
        [({"job": one.job}, one.moment.timestamp()) for one in state.scheduled],
    )
    yield from _gauge(
        "nashra_bounces_held", "Bounces that wait for an editor", [({}, sum(one.number for one in state.held))]
    )
    waiting = state.wishes.number - state.wishes.of_files
    yield from _gauge("nashra_form_waiting", "People at the form who wait for their letter", [({}, waiting)])
    yield from _gauge(
        "nashra_form_oldest_seconds",
        "Seconds that the first of them waits",
        [({}, _age(state.wishes.since, state.now))],
    )
    yield from _gauge(
        "nashra_disk_free_bytes", "Free bytes of a disk", [({"place": one.place}, one.free) for one in state.disks]
    )
    if state.backup_at is not None:
        yield from _gauge(
            "nashra_backup_age_seconds", "Age of the newest backup", [({}, _age(state.backup_at, state.now))]
        )


def _age(since: datetime | None, now: datetime) -> float:
    return 0 if since is None else max(0.0, (now - since).total_seconds())


def _gauge(name: str, words: str, samples: Sequence[Sample]) -> Iterator[str]:
    yield from _family(name, "gauge", words, samples)


def _family(name: str, kind: str, words: str, samples: Sequence[Sample], *, suffix: str = "") -> Iterator[str]:
    yield f"# TYPE {name} {kind}"
    if name.endswith(("_seconds", "_bytes")):
        yield f"# UNIT {name} {name.rpartition('_')[2]}"
    yield f"# HELP {name} {_escaped(words)}"
    for labels, value in samples:
        inside = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        yield f"{name}{suffix}{{{inside}}} {_number(value)}" if inside else f"{name}{suffix} {_number(value)}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))
