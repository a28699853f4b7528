"""The desk of one workspace: what its handlers share."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from newsletter.desk.frame import DeskPages

if TYPE_CHECKING:
    from newsletter.desk.week.letter import LetterRoom
    from newsletter.wiring import Workspace


class Desk:
    """What lives as long as the desk is served.

    Args:
        workspace: The workspace, open.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.warnings = 0
        """What the last examination warned of, for the dot in the frame."""

    @cached_property
    def pages(self) -> DeskPages:
        """Its pages."""
        workspace = self.workspace
        return DeskPages(workspace.templates, workspace.publication, workspace.settings.desk.language)

    @cached_property
    def letters(self) -> LetterRoom:
        """The letters of the issues that are being edited."""
        from newsletter.desk.week.letter import LetterRoom

        return LetterRoom(self.workspace)
