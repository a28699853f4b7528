"""An issue as one post of the newsroom's WordPress."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter.publish import PublishError, PublishOutcome, PublishTalk, PublishWish

if TYPE_CHECKING:
    from newsletter.wiring import Workspace


def publish(workspace: Workspace, name: str, wish: PublishWish, talk: PublishTalk) -> PublishOutcome:  # noqa: ARG001
    """Make the post of an issue, or bring it up to date.

    Args:
        workspace: The workspace.
        name: The issue, as an editor names it; empty for the newest.
        wish: What is asked.
        talk: How to speak with whoever asked.

    Raises:
        PublishError: It cannot be done.
    """
    raise PublishError("no WordPress is connected", mend="connect it: newsletter wordpress connect https://…")
