"""Lists of a workspace: closed so that nobody is left waiting, renamed in every place at once or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from newsletter import ledger
from newsletter.errors import SendError, SettingsError
from newsletter.workflows.snapshot import Snapshot
from newsletter.workspace.folder import FIRST_LIST
from subscribers import store

if TYPE_CHECKING:
    from newsletter.issues import Manuscript
    from newsletter.wiring import Workspace
    from subscribers.models import List, ListCount


@dataclass(frozen=True, slots=True)
class ListPlan:
    """What giving a list another name or title changes."""

    before: List
    name: str
    title: str
    drafts: tuple[Manuscript, ...] = ()
    """Every issue that names the list, also those that went out, as their files will be."""

    @property
    def files(self) -> tuple[Path, ...]:
        """The issue.md files that are rewritten."""
        return tuple(one.path for one in self.drafts)


def names(workspace: Workspace) -> list[str]:
    """The names of all lists.

    Args:
        workspace: An open workspace.
    """
    with workspace.database.read() as connection:
        return [one.name for one in store.all_lists(connection)]


def count_of(workspace: Workspace, name: str) -> ListCount:
    """A list with the number of its subscriptions in each status.

    Raises:
        UnknownList: No such list.
    """
    with workspace.database.read() as connection:
        target = store.list_named(connection, name)
        return next(one for one in store.lists(connection) if one.list.id == target.id)


def close(workspace: Workspace, name: str) -> bool:
    """Close a list: nobody can join it, and nothing goes out to it. Links to leave it keep working.

    Args:
        workspace: The workspace.
        name: Of the list.

    Returns:
        Whether it was open.

    Raises:
        UnknownList: No such list.
        SendError: A letter is on its way to it, or waits for its hour.
    """
    with workspace.database.write() as connection:
        target = store.list_named(connection, name)
        if target.closed is not None:
            return False
        pending = ledger.unfinished_to(connection, target.id)
        if pending:
            raise SendError(
                f"'{pending[0].subject}' is on its way to '{name}', or waits for its hour",
                mend="let it finish, or cancel it with: newsletter sends cancel " + str(pending[0].public_id),
            )
        store.set_closed(connection, target.id, workspace.now())
    return True


def reopen(workspace: Workspace, name: str) -> bool:
    """Open a list that was closed.

    Args:
        workspace: The workspace.
        name: Of the list.

    Returns:
        Whether it was closed.

    Raises:
        UnknownList: No such list.
    """
    with workspace.database.write() as connection:
        target = store.list_named(connection, name)
        store.set_closed(connection, target.id, None)
    return target.closed is not None


def mentions(workspace: Workspace, name: str) -> list[str]:
    """The settings that name a list, as they stand in newsletter.toml.

    Args:
        workspace: The workspace.
        name: Of the list.
    """
    settings = workspace.settings
    scheduled = settings.schedule.weekly or settings.schedule.daily or settings.schedule.instant
    found = [f"[lists.{name}]"] if name in settings.lists else []
    found += [f"[topics.{name}]"] if name in settings.topics else []
    found += ["[web] lists"] if name in settings.web.lists else []
    # Without a schedule its lists are for nothing; they are those of the default then.
    return found + (["[schedule] lists"] if scheduled and name in settings.schedule.lists else [])


def plan_renaming(workspace: Workspace, name: str, *, to: str = "", title: str = "") -> ListPlan:
    """Look at everything that another name or title of a list changes, without writing anything.

    Args:
        workspace: The workspace.
        name: Of the list.
        to: Its new name; empty leaves it.
        title: Its new title, as readers see it; empty leaves it.

    Raises:
        UnknownList: No such list.
        ListError: The new name is taken or cannot be used.
        SettingsError: Settings name the list; each is told.
        IssueError: An issue's file cannot be read, or not be changed.
    """
    with workspace.database.read() as connection:
        before = store.list_named(connection, name)
        if to and to != name:
            store.check_new_name(connection, to)
    title = title.strip() or before.title
    if not to or to == name:
        return ListPlan(before, name, title)
    _check_settings(workspace, name, to)
    snapshot = Snapshot.take(workspace)
    named = [snapshot.manuscript(issue) for issue in snapshot.issues if issue.list == name]
    return ListPlan(before, to, title, tuple(one.with_value("list", to) for one in named))


def _check_settings(workspace: Workspace, name: str, to: str) -> None:
    found = mentions(workspace, name)
    if not found:
        return
    default = f"; without the setting it is '{FIRST_LIST}'" if name == FIRST_LIST else ""
    raise SettingsError(
        f"{' and '.join(found)} {'name' if len(found) > 1 else 'names'} '{name}'{default}",
        where=str(workspace.root / "newsletter.toml"),
        mend=f"write '{to}' there, or leave the list out, and run this again",
    )


def rename(workspace: Workspace, plan: ListPlan) -> None:
    """Write the issues' files and the list; what was written is put back when one of them cannot be.

    Run again after a power cut it does what is left: files that have the new name are as they should be.

    Args:
        workspace: The workspace.
        plan: As ``plan_renaming`` made it.

    Raises:
        IssueError: A file was changed meanwhile, or the disk does not take it.
        ListError: The new name was taken meanwhile.
    """
    written: list[Manuscript] = []
    try:
        with workspace.database.write() as connection:
            if plan.name != plan.before.name:
                store.check_new_name(connection, plan.name)
            store.rename_list(connection, plan.before.id, name=plan.name, title=plan.title)
            for one in plan.drafts:
                one.save()
                written.append(one)
    except BaseException:
        _put_back(written)
        raise


def _put_back(written: Sequence[Manuscript]) -> None:
    for one in written:
        if one.read_as is not None:
            one.path.write_bytes(one.read_as)
