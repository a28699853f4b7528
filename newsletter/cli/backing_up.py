"""``newsletter database backup``: a copy beside the database, or a whole backup in another folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from newsletter.cli.acting import note_act
from newsletter.cli.app import workspace_of
from newsletter.cli.options import AsJson
from newsletter.cli.output import data, json_data, plural, progress_bar, say, shown_path, shows_bars
from newsletter.cli.speaking import marked
from newsletter.cli.tables import cell
from newsletter.text.sentences import said

if TYPE_CHECKING:
    from newsletter.wiring import Workspace
    from newsletter.workflows.backing_up import BackupOutcome, BackupPlan


def backup(
    context: typer.Context,
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="DIR", readable=False, help="Folder, outside the workspace, for the backup."),
    ] = None,
    keep: Annotated[int, typer.Option("--keep", min=0, help="Backups of this workspace that stay there; 0: all.")] = 0,
    with_secrets: Annotated[
        Path | None,
        typer.Option(
            "--with-secrets", metavar="DIR", readable=False, help="Keep the secrets too, in this other folder."
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", "-n", help="Say what would be done, and do nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a backup, also while letters go: with --to of the whole workspace, else of the SQLite file into backups/.

    With --to: database (SQLite, or PostgreSQL by pg_dump), issues, settings, templates, in a folder of its own
    under DIR, opened and counted before it gets its name; the oldest go only then. Prints its path.
    Secrets are not in it: without them links in letters that went are dead. Keep them apart, once and
    whenever they change: --with-secrets DIR.

    \b
    Examples:
      newsletter database backup --to /mnt/backups --keep 14
      newsletter database backup --to /mnt/backups --with-secrets /mnt/keys --dry-run
      newsletter database backup
    """
    if to is None and (keep or with_secrets is not None or dry_run):
        raise typer.BadParameter("--keep, --with-secrets and --dry-run need a folder: --to DIR")
    with workspace_of(context) as workspace:
        if to is None:
            _copy(workspace, as_json)
            return
        from newsletter.workflows import backing_up

        if dry_run:
            plan = backing_up.plan_backup(workspace, to, keep=keep, secrets_to=with_secrets)
            _tell_plan(workspace, plan, with_secrets, as_json)
            return
        with _stages() as tell:
            outcome = backing_up.back_up(workspace, to, keep=keep, secrets_to=with_secrets, tell=tell)
        note_act(workspace, "backup")
        _tell(workspace, outcome, as_json)
    if outcome.stuck:
        raise typer.Exit(1)


def _copy(workspace: Workspace, as_json: bool) -> None:
    from newsletter.storage.database import backup

    path = backup(workspace.database, now=workspace.now())
    note_act(workspace, "backup")
    if as_json:
        json_data({"backup": str(path), "dry_run": False})
    else:
        data(shown_path(path))


@contextmanager
def _stages() -> Iterator[Callable[[str], None]]:
    """What is being done, at a terminal."""
    if not shows_bars():
        yield lambda _words: None
        return
    with progress_bar() as bar:
        task = bar.add_task(cell(said("looking")), total=None)
        yield lambda words: bar.update(task, description=cell(marked(words)))


def _tell_plan(workspace: Workspace, plan: BackupPlan, with_secrets: Path | None, as_json: bool) -> None:
    if as_json:
        going = [str(one.path) for one in plan.going]
        json_data({**_planned(plan), "bytes": plan.needed, "removed": going, "dry_run": True})
        return
    say(
        said(
            "Would make {path}: the database and {files}, about {size}.",
            path=plan.path,
            files=plural(len(plan.files), "file"),
            size=_size(plan.needed),
        )
    )
    for one in plan.going:
        say(said("Would remove {path}", path=one.path))
    _of_secrets(workspace, plan, with_secrets is not None)
    say("Nothing done.")


def _planned(plan: BackupPlan) -> dict[str, object]:
    return {"backup": str(plan.path), "at": plan.at.isoformat(), "same_disk": plan.same_disk}


def _tell(workspace: Workspace, outcome: BackupOutcome, as_json: bool) -> None:
    rows = sum(outcome.database.rows.values())
    if as_json:
        json_data(
            {
                **_planned(outcome.plan),
                "bytes": sum(outcome.sizes.values()),
                "removed": [str(one) for one in outcome.removed],
                "dry_run": False,
                "revision": outcome.database.revision,
                "rows": dict(outcome.database.rows),
                "files": outcome.packed,
                "secrets": str(outcome.secrets) if outcome.secrets is not None else None,
            }
        )
    else:
        data(shown_path(outcome.plan.path))
        say(
            said(
                "Opened and counted: {rows} (schema {revision}), {files}, {size}.",
                rows=plural(rows, "row"),
                revision=outcome.database.revision,
                files=plural(outcome.packed, "file"),
                size=_size(sum(outcome.sizes.values())),
            )
        )
    if outcome.removed:
        say(said("Removed {backups}.", backups=plural(len(outcome.removed), "older backup")))
    for one in outcome.stuck:
        say(said("error: {line}", line=marked(str(one))))
    if outcome.secrets is not None:
        say(
            said("The secrets are in {secrets}.", secrets=outcome.secrets)
            if outcome.secrets_new
            else said("The secrets are in {secrets}, unchanged.", secrets=outcome.secrets)
        )
    _of_secrets(workspace, outcome.plan, outcome.secrets is not None)


def _of_secrets(workspace: Workspace, plan: BackupPlan, kept: bool) -> None:
    """Where the secrets are, what is lost without them, and which of them the backup holds all the same."""
    import tomllib

    from newsletter.workflows.doctor.entry import secrets_in
    from newsletter.workspace.config import FILE

    if not kept:
        named = ", ".join(str(workspace.root / one) for one in plan.secrets)
        say(
            said(
                "The secrets are not in it ({named}): without them links in letters that went are dead. "
                "Keep them apart, once and whenever they change: --with-secrets DIR",
                named=named,
            )
        )
    values = tomllib.loads((workspace.root / FILE).read_text("utf-8-sig"))
    if held := sorted(secrets_in(values)):
        say(
            said(
                "{file} holds a secret ({held}), which is in the backup: move it into the file secrets/{held}",
                file=FILE,
                held=held[0],
            )
        )
    if plan.same_disk:
        say("It lies on the disk of the workspace: copy it to another machine, too.")


def _size(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
