"""The units of a workspace: what they say, of templates in ``templates/deploy/``, and by what each is known again."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from newsletter.service.escaping import command_word, listed_path, sayable, whole_path

if TYPE_CHECKING:
    from jinja2 import Environment

Scope = Literal["system", "user"]
"""Whose systemd runs the services: that of the machine, or that of one user."""
KEPT_COPIES = 14
"""Backups that are kept."""
_PARTS = ("web.service", "worker.service", "backup.service", "backup.timer")
_WORKSPACE = "# Workspace: "
_MARK = re.compile(r"fingerprint ([0-9a-f]{16})")


@dataclass(frozen=True, slots=True)
class ServicePlan:
    """What the services of a workspace are made of."""

    name: str
    """What the names of the units begin with."""
    scope: Scope
    interpreter: Path
    workspace: Path
    account: str
    """The user that they run as, where they are the machine's."""
    backups: Path | None = None
    """Outside the workspace, since a copy in it would go with it; None leaves the folder to systemd."""
    port: int = 8000
    processes: int = 2
    """Of the pages."""
    pages: bool = True
    """Whether there are reader pages."""
    handed_over: bool = True
    """Whether systemd hands over what stands in ``secrets/``."""
    homes: Literal["true", "read-only"] = "true"
    """What services see of the folders of people: nothing, or all of it to be read."""
    writable: tuple[Path, ...] = field(default=())
    """Folders outside the workspace that they write into."""

    @property
    def unit_names(self) -> tuple[str, ...]:
        """The names of its units."""
        return tuple(f"{self.name}-{part}" for part in _PARTS if self.pages or part != "web.service")

    @property
    def started(self) -> tuple[str, ...]:
        """Those that are switched on; the timer starts the other one."""
        return tuple(name for name in self.unit_names if not name.endswith("backup.service"))


def units(templates: Environment, plan: ServicePlan) -> dict[str, str]:
    """The text of each unit, by its name.

    Args:
        templates: The templates, the workspace's own first.
        plan: What they are made of.

    Raises:
        SettingsError: A path that no unit can name.
    """
    sayable(plan.workspace, "the workspace")
    for path in (plan.interpreter, *([plan.backups] if plan.backups else []), *plan.writable):
        sayable(path, "the path")
    values = {
        "plan": plan,
        "command": " ".join(
            # -P: a folder or file of the workspace that is called like a module of ours stands for none.
            command_word(word)
            for word in (str(plan.interpreter), "-P", "-m", "newsletter", "-C", str(plan.workspace))
        ),
        "workspace": whole_path(plan.workspace),
        # %S is the folder of such folders: /var/lib, or what a user has for it.
        "backups": command_word(str(plan.backups)) if plan.backups else f"%S/{plan.name}-backups",
        "kept": KEPT_COPIES,
        "writable": " ".join(listed_path(path) for path in (plan.workspace, *plan.writable)),
        "secrets": listed_path(plan.workspace / "secrets", "-"),
        "handed_over": whole_path(plan.workspace / "secrets"),
    }

    def part(name: str) -> str:
        return templates.get_template(f"deploy/{name}.j2").render(values).strip()

    pieces = {name: part(name) for name in ("after", "where", "hardened")}
    values |= pieces
    found = {}
    for name in plan.unit_names:
        body = _tidy(part(name.removeprefix(f"{plan.name}-")))
        found[name] = _headed(name, body, plan)
    return found


def _tidy(body: str) -> str:
    """Without the empty lines that a piece leaves which says nothing here."""
    return re.sub(r"\n\n+(?!\[)", "\n", body) + "\n"


def _headed(name: str, body: str, plan: ServicePlan) -> str:
    edit = f"systemctl {'--user ' if plan.scope == 'user' else ''}edit {name}"
    return (
        f"# Written by newsletter service install, fingerprint {_fingerprint(body)}.\n"
        f"{_WORKSPACE}{plan.workspace}\n"
        f"# What you change with {edit} stays beside it, and outlives the next install.\n\n{body}"
    )


def _fingerprint(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:16]


def is_ours(text: str) -> bool:
    """Whether a unit was written by us, be it changed since or not."""
    return _MARK.search(text.partition("\n")[0]) is not None


def is_unchanged(text: str) -> bool:
    """Whether a unit stands as we have written it."""
    found = _MARK.search(text.partition("\n")[0])
    return found is not None and found[1] == _fingerprint(text.partition("\n\n")[2])


def workspace_line(text: str) -> str:
    """The line of a unit that says which workspace it is for; empty without one."""
    found = re.search(f"^{_WORKSPACE}.*$", text, re.MULTILINE)
    return found[0] if found else ""
