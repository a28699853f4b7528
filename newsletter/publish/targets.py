"""The one table of targets: where ``newsletter publish --to`` can put an issue.

An entry is light: what it names is imported when somebody publishes. A target is a folder beside this file, a workflow
of ``newsletter/workflows/publishing/`` and an entry here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from newsletter.publish.models import PublishOutcome, PublishTalk, PublishWish

if TYPE_CHECKING:
    from newsletter.wiring import Workspace

Publish = Callable[["Workspace", str, PublishWish, PublishTalk], PublishOutcome]
"""Publishes: workspace, the issue as an editor names it (empty for the newest), what is asked, how to speak."""


@dataclass(frozen=True, slots=True)
class PublishTarget:
    """Where an issue can be put."""

    name: str
    """What ``--to`` says."""
    summary: str
    """For the help, in one phrase."""
    takes: frozenset[str]
    """Options of the command that mean something to it, without their dashes."""
    publish: Publish


def _wordpress(workspace: Workspace, name: str, wish: PublishWish, talk: PublishTalk) -> PublishOutcome:
    from newsletter.workflows.publishing import wordpress

    return wordpress.publish(workspace, name, wish, talk)


def _files(workspace: Workspace, name: str, wish: PublishWish, talk: PublishTalk) -> PublishOutcome:
    from newsletter.workflows.publishing import files

    return files.publish(workspace, name, wish, talk)


TARGETS: Final = (
    PublishTarget(
        "wordpress",
        "a post on the newsroom's WordPress",
        frozenset({"status", "type", "category", "force", "new", "dry-run", "yes"}),
        _wordpress,
    ),
    PublishTarget(
        "files", "the archive as static pages, for any host", frozenset({"out", "url", "force", "dry-run"}), _files
    ),
)
"""In the order in which they are told."""


def target(name: str) -> PublishTarget:
    """The entry of one target.

    Args:
        name: What ``--to`` says.

    Raises:
        KeyError: There is none of that name.
    """
    found = next((one for one in TARGETS if one.name == name), None)
    if found is None:
        raise KeyError(name)
    return found


def names() -> tuple[str, ...]:
    """What ``--to`` may say."""
    return tuple(one.name for one in TARGETS)
