"""The archive as static pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from newsletter.publish import PublishError, PublishOutcome, PublishTalk, PublishWish

if TYPE_CHECKING:
    from newsletter.wiring import Workspace


def publish(workspace: Workspace, name: str, wish: PublishWish, talk: PublishTalk) -> PublishOutcome:  # noqa: ARG001
    """Write the archive as static pages.

    Args:
        workspace: The workspace.
        name: The issue, as an editor names it.
        wish: What is asked.
        talk: How to speak with whoever asked.

    Raises:
        PublishError: It cannot be done.
    """
    raise PublishError("the archive cannot be written as files yet")
