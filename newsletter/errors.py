"""What can go wrong on the editors' side. Every one is a Complaint: what, where, and how to mend it.

Complaint (of the readers' side, the shape of them all)
└── NashraError
    ├── SettingsError      newsletter.toml, the environment or a secret file says something impossible
    ├── WorkspaceError     no workspace here, or not one that can be used
    ├── DatabaseError      the database cannot be opened, is too old or too new, or is full
    ├── SourceError        a file or URL that gives no article
    ├── IssueError         an issue.md that cannot be understood, or an issue that is not there
    ├── RenderError        a template or MJML that gives no letter
    └── SendError          a send that cannot start or go on
        └── HeldSendError  something was due and nothing of it went
"""

from __future__ import annotations

from subscribers.errors import Complaint


class NashraError(Complaint):
    """Anything that went wrong on the editors' side."""


class SettingsError(NashraError):
    """A setting that is missing or impossible."""


class WorkspaceError(NashraError):
    """No workspace, or one that cannot be used."""


class DatabaseError(NashraError):
    """A database that cannot be opened, read or written."""


class SourceError(NashraError):
    """A file or URL that gives no article."""


class IssueError(NashraError):
    """An issue that cannot be found, read or understood."""


class RenderError(NashraError):
    """A template or its MJML that gives no letter."""


class SendError(NashraError):
    """A send that cannot start, or cannot go on."""


class HeldSendError(SendError):
    """Something was due and nothing of it went: an editor must say how it goes on."""
