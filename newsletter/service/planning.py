"""What the services of a workspace need on this machine: whose systemd, which user, which folders; or a refusal."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter.errors import NashraError, WorkspaceError
from newsletter.service.units import Scope, ServicePlan

if TYPE_CHECKING:
    from newsletter.workspace.config import Settings

_HOMES = ("/home", "/root", "/run/user")
"""The folders of people, which ``ProtectHome=`` hides."""
_SQLITE = "sqlite:///"


@dataclass(frozen=True, slots=True)
class ServiceHost:
    """What of this machine decides whether services can be put up."""

    booted: bool
    """Whether systemd runs it, as sd_booted(3) finds out."""
    uid: int
    settings_folder: Path
    """Of whoever runs this: ``~/.config``."""

    @classmethod
    def here(cls) -> ServiceHost:
        """This machine."""
        config = os.environ.get("XDG_CONFIG_HOME", "")
        return cls(
            booted=Path("/run/systemd/system").is_dir(),
            uid=os.geteuid() if hasattr(os, "geteuid") else -1,
            settings_folder=Path(config) if config.startswith("/") else Path.home() / ".config",
        )

    def folder(self, scope: Scope) -> Path:
        """Where systemd looks for units that somebody put up (systemd.unit(5), "Unit File Load Path").

        Args:
            scope: Whose services.
        """
        return Path("/etc/systemd/system") if scope == "system" else self.settings_folder / "systemd" / "user"

    def may(self, scope: Scope, again: str) -> None:
        """Refuse what cannot go well here.

        Args:
            scope: Whose services.
            again: The command, to be given again by somebody else.

        Raises:
            NashraError: There is no systemd, or whoever asks is the wrong one.
        """
        if not self.booted:
            raise NashraError(
                "systemd does not run this machine, so nothing would start the services",
                mend="use newsletter worker --once in cron; --to DIR writes the units for another machine",
            )
        if scope == "system" and self.uid != 0:
            raise NashraError("only root puts up services of the machine", mend=f"sudo {again}, or take --user")
        if scope == "user" and self.uid == 0:
            raise NashraError(
                "services of your own should not run as root",
                mend="run it as the owner of the workspace, or take --system",
            )


def plan_of(root: Path, settings: Settings, wanted: ServicePlan) -> ServicePlan:
    """What is wanted, completed by what the workspace and its settings say.

    Args:
        root: The workspace.
        settings: Of the workspace.
        wanted: As the command line says it; an empty account is that of the workspace's owner.

    Raises:
        NashraError: No user to run as, or one who could not.
    """
    account = (wanted.account or _owner(root)) if wanted.scope == "system" else ""
    if account:
        _can_run(account, wanted.interpreter)
    if wanted.backups is not None and wanted.backups.is_relative_to(root):
        mend = "name another: --backups DIR"
        raise WorkspaceError("a backup inside the workspace is lost with it", where=str(wanted.backups), mend=mend)
    outside = [path for path in _written(settings, wanted.backups) if not path.is_relative_to(root)]
    if missing := [path for path in outside if not path.is_dir()]:
        # A service cannot make it: all but its own folders is read-only for it.
        owner = f" -o {shlex.quote(account)}" if account else ""
        raise WorkspaceError(
            "there is no such folder",
            where=str(missing[0]),
            mend=f"install -d{owner} -m 700 {shlex.quote(str(missing[0]))}",
        )
    seen = (root, wanted.interpreter, *outside, *([_home(account)] if account else []))
    in_homes = any(path.is_relative_to(one) for path in seen for one in _HOMES)
    return replace(
        wanted,
        account=account,
        pages=bool(settings.web.url),
        handed_over=(root / "secrets").is_dir(),
        homes="read-only" if in_homes else "true",
        writable=tuple(dict.fromkeys(outside)),
    )


def _owner(root: Path) -> str:
    import pwd

    uid = root.stat().st_uid
    if uid == 0:
        raise WorkspaceError(
            "the workspace belongs to root, and its services want a user of their own",
            where=str(root),
            mend=f"useradd --system --home-dir {shlex.quote(str(root))} nashra && chown -R nashra: "
            f"{shlex.quote(str(root))}, or name one with --run-as",
        )
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        raise WorkspaceError(
            f"the workspace belongs to number {uid}, who is no user here",
            where=str(root),
            mend="name one with --run-as",
        ) from None


def _home(account: str) -> Path:
    import pwd

    return Path(pwd.getpwnam(account).pw_dir)


def _can_run(account: str, interpreter: Path) -> None:
    import pwd

    try:
        user = pwd.getpwnam(account)
    except (KeyError, ValueError):
        raise NashraError(
            f"there is no user {account!r}", where="--run-as", mend="make it: useradd --system NAME"
        ) from None
    if user.pw_uid == 0:
        raise NashraError("services should not run as root", where="--run-as", mend="name another user")
    if interpreter.is_relative_to("/root"):
        raise NashraError(
            f"{account} cannot run a program that is in the folder of root",
            where=str(interpreter),
            mend="install it elsewhere, in the folder of the program: "
            "python3 -m venv /opt/nashra && /opt/nashra/bin/pip install '.[workers]'",
        )


def _written(settings: Settings, backups: Path | None) -> list[Path]:
    """Every folder that the services write into, but for the workspace's own."""
    found = [] if backups is None else [backups]
    if settings.sender.kind == "outbox":
        found.append(settings.outbox)
    if settings.database_url.startswith(_SQLITE):
        found.append(Path(settings.database_url.removeprefix(_SQLITE)).parent)
    return found
