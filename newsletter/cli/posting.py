"""Small letters sent by commands, for a newsroom where neither ``serve`` nor ``worker`` runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.app import STOPPED, workspace_of
from newsletter.cli.options import AsJson
from newsletter.cli.output import json_data, plural, say
from newsletter.text.sentences import counted, joined, said

if TYPE_CHECKING:
    from newsletter.wiring import Workspace

AGAIN = "newsletter subscribers letters"
_STATES = ("submitted", "refused", "unknown")


def letters(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Tell how many wait, send nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Send the small letters that wait: confirmations, welcomes, goodbyes.

    `newsletter serve` and `newsletter worker` do it by themselves; so do `subscribers inbox` and `subscribers add
    --ask` at their end, and without [web] url also `send`, `weekly`, `latest` and `schedule --run`. Exit code 75: some
    could not go, run the same command again.

    \b
    Examples:
      newsletter subscribers letters --dry-run
      newsletter subscribers letters
    """
    with workspace_of(context) as workspace:
        counts = {} if dry_run else _drained(workspace)
        waiting = _waiting(workspace)
    if as_json:
        json_data({**{state: counts.get(state, 0) for state in _STATES}, "waiting": waiting, "dry_run": dry_run})
    if dry_run or not (counts or waiting):
        say(
            said(
                "{letters} waiting{note}.",
                letters=plural(waiting, "small letter"),
                note=said(" (nothing was sent)") if dry_run else "",
            )
        )
        return
    _tell(counts, waiting)
    if waiting:
        raise typer.Exit(STOPPED)


def post(workspace: Workspace, tell: Callable[[str], None] = say) -> None:
    """Send the small letters that wait, and say so; those that cannot go now wait for the next time.

    Args:
        workspace: An open workspace.
        tell: Told one line of what came of it.
    """
    counts = _drained(workspace)
    _tell(counts, _waiting(workspace) if counts else 0, tell)


def post_without_pages(workspace: Workspace, tell: Callable[[str], None] = say) -> None:
    """The same where there are no pages, and so nothing that runs all the time and sends them.

    Args:
        workspace: An open workspace.
        tell: Told one line of what came of it.
    """
    if not workspace.settings.web.url:
        post(workspace, tell)


def _drained(workspace: Workspace) -> dict[str, int]:
    from newsletter.workflows import small_letters

    return small_letters.of_workspace(workspace).drain().states


def _waiting(workspace: Workspace) -> int:
    from subscribers import store

    with workspace.database.read() as connection:
        return store.queued_letters(connection)


def _tell(counts: dict[str, int], waiting: int, tell: Callable[[str], None] = say) -> None:
    told: list[str] = [
        counted(f"{{n}} {state}", f"{{n}} {state}", counts[state]) for state in _STATES if state in counts
    ]
    told += (
        [said("{waiting} waiting (send later with: {again})", waiting=f"{waiting:,}", again=AGAIN)] if waiting else []
    )
    if told:
        tell(said("Small letters: {counts}.", counts=joined(told, ", ")))
