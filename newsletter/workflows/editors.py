"""Who works at the desk behind a proxy: added, removed, given a new password, and known when they sign in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from newsletter.errors import NashraError
from newsletter.workspace import editors, passwords
from newsletter.workspace.editors import NamedEditor

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from newsletter.wiring import Workspace


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """What is shown once, to whoever is to sign in with it."""

    editor: NamedEditor
    address: str
    """The otpauth address."""
    recovery: tuple[str, ...]


def add(workspace: Workspace, name: str, roles: Sequence[str], password: str) -> SecondFactor:
    """Add somebody to the desk.

    Args:
        workspace: Whose desk.
        name: As they sign in, and as it stands in the log.
        roles: ``edit``, ``send``; without any they only look.
        password: As it was typed.

    Raises:
        NashraError: The name is taken, or name, role or password is none.
        WorkspaceError: The file cannot be read or written.
    """
    try:
        plain = editors.good_name(name)
        good = passwords.password(password, plain)
    except ValueError as error:
        raise NashraError(error.args[0], mend="choose another one") from None
    given = _roles(roles)
    with editors.changed(workspace.root) as people:
        if editors.folded(plain) in people:
            raise NashraError(
                f"there is somebody called {people[editors.folded(plain)].name} already",
                mend="choose another name, or see: newsletter desk person list",
            )
        made = _with_second_factor(
            NamedEditor(plain, given, passwords.hashed(good), ""),
            workspace,
        )
        people[editors.folded(plain)] = made.editor
    return made


def give(workspace: Workspace, name: str, roles: Sequence[str], *, keeps_sender: bool = False) -> NamedEditor:
    """Give somebody these roles instead of those they had, at once.

    Args:
        workspace: Whose desk.
        name: As it was added.
        roles: ``edit``, ``send``; without any they only look.
        keeps_sender: Refuse what would leave nobody who may send.

    Raises:
        NashraError: Nobody is called so, a role is none, or nobody would be left who may send.
        WorkspaceError: The file cannot be read or written.
    """
    given = _roles(roles)
    with editors.changed(workspace.root) as people:
        found = people[editors.folded(name)] = replace(_called(people, name), roles=given)
        _look_for_sender(people, keeps_sender)
    return found


def remove(workspace: Workspace, name: str, *, keeps_sender: bool = False) -> NamedEditor:
    """Take somebody from the desk; whoever is signed in under that name is out at once.

    Args:
        workspace: Whose desk.
        name: As it was added.
        keeps_sender: Refuse what would leave nobody who may send.

    Raises:
        NashraError: Nobody is called so, or nobody would be left who may send.
        WorkspaceError: The file cannot be read or written.
    """
    with editors.changed(workspace.root) as people:
        found = _called(people, name)
        del people[editors.folded(name)]
        _look_for_sender(people, keeps_sender)
    return found


def renew(workspace: Workspace, name: str, password: str, *, second_factor: bool = False) -> SecondFactor | NamedEditor:
    """Give somebody a new password; whoever is signed in under that name is out at once.

    Args:
        workspace: Whose desk.
        name: As it was added.
        password: As it was typed.
        second_factor: Also make a new one, with new recovery codes.

    Raises:
        NashraError: Nobody is called so, or the password is none.
        WorkspaceError: The file cannot be read or written.
    """
    try:
        good = passwords.password(password, name)
    except ValueError as error:
        raise NashraError(error.args[0], mend="choose another one") from None
    with editors.changed(workspace.root) as people:
        found = replace(_called(people, name), password=passwords.hashed(good))
        made = _with_second_factor(found, workspace) if second_factor else None
        people[editors.folded(name)] = made.editor if made is not None else found
    return made or found


def known(root: Path, name: str, password: str, code: str, *, now: datetime) -> NamedEditor | None:
    """Who signs in; None when there is no such person, or password or code is another.

    It takes as long in every case. A code that was taken is not taken again.

    Args:
        root: The workspace.
        name: As it was typed.
        password: As it was typed.
        code: A one-time code or a recovery code, as it was typed.
        now: The present moment, timezone-aware.

    Raises:
        WorkspaceError: The file cannot be read or written.
    """
    folded = editors.folded(name)
    there = editors.read(root).get(folded)
    kept, secret = (there.password, there.secret) if there is not None else (passwords.NOBODY, "A" * 32)
    right = passwords.matches(password[: 4 * passwords.MOST], kept)
    if _after_code(there or NamedEditor("", (), kept, secret), code, now) is None or not right or there is None:
        return None
    with editors.changed(root) as people:
        # Once more, under the lock: of two requests with one code only the first is let in.
        found = people.get(folded)
        after = _after_code(found, code, now) if found is not None and found.stamp == there.stamp else None
        if after is not None:
            people[folded] = after
    return after


def proved(root: Path, name: str, password: str) -> bool:
    """Whether this is the password of somebody who is signed in already.

    Args:
        root: The workspace.
        name: Of the person.
        password: As it was typed.

    Raises:
        WorkspaceError: The file cannot be read.
    """
    there = editors.read(root).get(editors.folded(name))
    kept = there.password if there is not None else passwords.NOBODY
    return passwords.matches(password[: 4 * passwords.MOST], kept)


def _after_code(editor: NamedEditor, code: str, now: datetime) -> NamedEditor | None:
    """Somebody once this code is used; None when it does not count."""
    step = passwords.step_of(passwords.typed(code), editor.secret, now, after=editor.last_step)
    left = passwords.recovery_left(code, editor.recovery)
    if step is not None:
        return replace(editor, last_step=step)
    return replace(editor, recovery=tuple(left)) if left is not None else None


def _with_second_factor(editor: NamedEditor, workspace: Workspace) -> SecondFactor:
    secret, codes = passwords.new_secret(), passwords.new_recovery_codes()
    kept = tuple(passwords.recovery_digest(code) for code in codes)
    made = replace(editor, secret=secret, recovery=kept, last_step=0)
    return SecondFactor(made, passwords.address(secret, editor.name, workspace.publication.name), tuple(codes))


def _roles(wanted: Sequence[str]) -> tuple[str, ...]:
    for role in wanted:
        if role not in editors.ROLES:
            raise NashraError(f"there is no role '{role}'", mend=f"roles are {' and '.join(editors.ROLES)}")
    return tuple(role for role in editors.ROLES if role in wanted)


def _look_for_sender(people: dict[str, NamedEditor], wanted: bool) -> None:
    if wanted and not any("send" in one.roles for one in people.values()):
        # The file is written only when its block ends without an error.
        raise NashraError("nobody would be left who may send", mend="give somebody else the role send first")


def _called(people: dict[str, NamedEditor], name: str) -> NamedEditor:
    found = people.get(editors.folded(name))
    if found is None:
        raise NashraError(
            f"nobody at the desk is called {' '.join(name.split())[:60]}", mend="see: newsletter desk person list"
        )
    return found
