"""Commands for services of systemd: service install, service remove, service proxy."""

from __future__ import annotations

import enum
import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from newsletter.cli.app import workspace_of
from newsletter.cli.options import AsJson
from newsletter.cli.output import data, json_data, say
from newsletter.text.sentences import counted, said

if TYPE_CHECKING:
    from newsletter.service.installing import UnitFile
    from newsletter.service.units import Scope, ServicePlan

OfMachine = Annotated[bool, typer.Option("--system", help="As services of the machine, hardened; wants root.")]
OfUser = Annotated[bool, typer.Option("--user", help="As your own services.")]
UnitName = Annotated[str, typer.Option("--name", help="What the names of the units begin with.")]
Folder = Annotated[
    Path | None, typer.Option("--to", metavar="DIR", help="Where the units are. [default: where systemd looks]")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and change nothing.")]
TOLD = {
    "new": "new",
    "older": "updated",
    "unchanged": "unchanged",
    "edited": "changed by hand, left alone",
    "of another workspace": "of another workspace, left alone",
    "not ours": "not written by this command, left alone",
}
GONE = {**TOLD, "new": "not there", "older": "removed", "unchanged": "removed"}


class ProxyKind(enum.StrEnum):
    """What stands before the pages."""

    NGINX = "nginx"
    CADDY = "caddy"


def install(
    context: typer.Context,
    system: OfMachine = False,
    user: OfUser = False,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the pages.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes of the pages.")] = 2,
    run_as: Annotated[
        str, typer.Option("--run-as", metavar="USER", help="With --system. [default: who owns the workspace]")
    ] = "",
    backups: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Where backups go. [default: a folder that systemd makes, /var/lib/NAME-backups]",
        ),
    ] = None,
    name: UnitName = "nashra",
    to: Folder = None,
    dry_run: DryRun = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Write over units that were changed by hand; keeps a copy.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write the units by which systemd runs this workspace: pages, worker, a backup every night. Starts nothing.

    Again, it writes what has changed. A unit that you changed by hand is left alone and told (exit code 1).

    \b
    Examples:
      newsletter service install --user
      sudo /opt/nashra/bin/newsletter -C /srv/nashra service install --system --port 8001
      newsletter service install --system --to units --dry-run
    """
    from newsletter.service.installing import HELD, looked_at, write
    from newsletter.service.planning import plan_of
    from newsletter.service.units import ServicePlan, units

    scope, prefix = _scope(system, user), _unit_name(name)
    if run_as and scope == "user":
        raise typer.BadParameter("--run-as goes with --system: your own services run as you")
    folder = _folder(scope, to, check=not dry_run)
    with workspace_of(context) as workspace:
        root = workspace.root.absolute()
        wanted = ServicePlan(
            name=prefix,
            scope=scope,
            interpreter=Path(sys.executable),
            workspace=root,
            account=run_as,
            backups=None if backups is None else Path.cwd() / backups,
            port=port,
            processes=workers,
        )
        plan = plan_of(root, workspace.settings, wanted)
        found = looked_at(folder, units(workspace.templates, plan))
    written = [] if dry_run else write(found, over=yes)
    held = [unit for unit in found if unit.state in HELD and not yes]
    steps = _next_steps(plan, folder, found if dry_run else written, to)
    if as_json:
        json_data(_document(scope, folder, found, TOLD, over=yes, texts=dry_run) | {"next": steps})
    else:
        for unit in found:
            if dry_run:
                data(f"# {unit.path}\n{unit.text}")
            say(said("{path}: {word}", path=unit.path, word=_word(unit, TOLD, over=yes)))
        if not plan.pages:
            say("There are no reader pages, so no unit for them: newsletter.toml has no [web] url.")
        if steps:
            say("Next:")
            for step in steps:
                say(said("  {step}", step=step))
    _held(held, "installed")


def remove(
    context: typer.Context,
    system: OfMachine = False,
    user: OfUser = False,
    name: UnitName = "nashra",
    to: Folder = None,
    dry_run: DryRun = False,
    yes: Annotated[bool, typer.Option("--yes", help="Also units that were changed by hand; keeps a copy.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete the units that service install has written. Stop the services first: it says how.

    \b
    Example:
      newsletter service remove --user
    """
    from newsletter.errors import NashraError
    from newsletter.service.installing import HELD, looked_at, switched_on, take_away
    from newsletter.service.units import ServicePlan, units

    scope, prefix = _scope(system, user), _unit_name(name)
    folder = _folder(scope, to, check=not dry_run)
    with workspace_of(context) as workspace:
        root = workspace.root.absolute()
        plan = ServicePlan(prefix, scope, Path(sys.executable), root, "")
        # What they said differs with every option of install; only whose they are, and by whose hand, counts here.
        found = looked_at(folder, units(workspace.templates, plan))
    there = [unit for unit in found if unit.state != "new"]
    on = switched_on(folder, [unit.name for unit in there])
    if on and not dry_run:
        stop = shlex.join([*_systemctl(scope), "disable", "--now", *on])
        raise NashraError(
            "systemd still starts them", where=", ".join(on), mend=said("{stop}; then this again", stop=stop)
        )
    gone = [] if dry_run else take_away(found, over=yes)
    steps = [shlex.join([*_systemctl(scope), "daemon-reload"])] if gone and to is None else []
    if as_json:
        json_data(_document(scope, folder, found, GONE, over=yes) | {"next": steps})
    else:
        for unit in found:
            say(said("{path}: {word}", path=unit.path, word=_word(unit, GONE, over=yes)))
        for step in steps:
            say(said("Next: {step}", step=step))
    _held([unit for unit in there if unit.state in HELD and not yes], "removed")


def proxy(
    context: typer.Context,
    kind: Annotated[ProxyKind, typer.Argument(metavar="nginx|caddy", help="The web server before the pages.")],
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the pages.")] = 8000,
    name: UnitName = "nashra",
) -> None:
    """Print what nginx or Caddy needs before the pages: TLS, limits, who asks, pictures kept.

    \b
    Example:
      newsletter service proxy nginx > /etc/nginx/sites-available/nashra
    """
    from newsletter.service.proxies import proxy_text

    with workspace_of(context) as workspace:
        text = proxy_text(workspace.templates, workspace.settings, kind.value, port=port, name=_unit_name(name))
    data(text.rstrip("\n"))


def _scope(system: bool, user: bool) -> Scope:
    if system == user:
        raise typer.BadParameter("say whose services: --user (your own) or --system (the machine's)")
    return "system" if system else "user"


def _unit_name(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,39}", name):
        raise typer.BadParameter("--name takes small Latin letters, digits and hyphens, such as nashra")
    return name


def _folder(scope: Scope, to: Path | None, *, check: bool) -> Path:
    from newsletter.service.planning import ServiceHost

    if to is not None:
        return to
    machine = ServiceHost.here()
    if check:
        machine.may(scope, shlex.join([sys.executable, "-m", "newsletter", *sys.argv[1:]]))
    return machine.folder(scope)


def _systemctl(scope: Scope) -> list[str]:
    return ["systemctl"] if scope == "system" else ["systemctl", "--user"]


def _next_steps(plan: ServicePlan, folder: Path, written: list[UnitFile], to: Path | None) -> list[str]:
    """What a person runs after this, in order; nothing when nothing was written."""
    from newsletter.service.installing import switched_on

    if not written:
        return []
    tool = _systemctl(plan.scope)
    steps: list[str] = []
    if to is not None:
        steps.append(said("put the units of {folder} where systemd looks for them", folder=folder))
    steps.append(shlex.join([*tool, "daemon-reload"]))
    on = switched_on(folder, plan.started)
    if off := [name for name in plan.started if name not in on]:
        steps.append(shlex.join([*tool, "enable", "--now", *off]))
    if again := [unit.name for unit in written if unit.name in on]:
        steps.append(shlex.join([*tool, "restart", *again]))
    if plan.scope == "user" and off:
        steps.append(said("loginctl enable-linger     # so that they run while you are not signed in"))
    return steps


def _word(unit: UnitFile, words: dict[str, str], *, over: bool) -> str:
    from newsletter.service.installing import BESIDE, HELD

    if unit.state in HELD and over:
        before = f"{unit.name}{BESIDE}"
        if words is GONE:
            return said("removed, the one before is {before}", before=before)
        return said("written over, the one before is {before}", before=before)
    return said(words[unit.state])


def _document(
    scope: Literal["system", "user"],
    folder: Path,
    found: list[UnitFile],
    words: dict[str, str],
    *,
    over: bool,
    texts: bool = False,
) -> dict[str, object]:
    from newsletter.service.installing import HELD

    def state(unit: UnitFile) -> str:
        if unit.state in HELD:
            return "written_over" if over else unit.state.replace(" ", "_")
        return words[unit.state].replace(" ", "_")

    return {
        "scope": scope,
        "folder": str(folder),
        "units": [
            {"name": unit.name, "path": str(unit.path), "state": state(unit), **({"text": unit.text} if texts else {})}
            for unit in found
        ],
    }


def _held(held: list[UnitFile], done: str) -> None:
    from newsletter.errors import NashraError

    if held:
        raise NashraError(
            counted(
                "was not {done}: left as they were found",
                "were not {done}: left as they were found",
                len(held),
                done=said(done),
            ),
            where=", ".join(unit.name for unit in held),
            mend="look what they say, keep changes of your own with systemctl edit, then again with --yes; "
            "or take another --name",
        )
