"""What can go wrong on the editors' side. Every one is a Complaint: what, where, and how to mend it.

Complaint (of the readers' side, the shape of them all)
└── NashraError
    ├── SettingsError      newsletter.toml, the environment or a secret file says something impossible
    ├── WorkspaceError     no workspace here, or not one that can be used
    ├── DatabaseError      the database cannot be opened, is too old or too new, or is full
    │   ├── OldSchemaError     it was made by an older version of the program
    │   └── NewSchemaError     it was made by a newer one
    ├── SourceError        a file or URL that gives no article
    ├── IssueError         an issue.md that cannot be understood, or an issue that is not there
    │   └── DiskError      a file of an issue that the disk does not take
    ├── RenderError        a template or MJML that gives no letter
    ├── SendError          a send that cannot start or go on
    │   └── HeldSendError  something was due and nothing of it went
    └── FileLimitError     the system lets this process open no more files
"""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from typing import Self

from subscribers.errors import Complaint


class NashraError(Complaint):
    """Anything that went wrong on the editors' side.

    Args:
        what: As in every complaint.
        where: As in every complaint.
        mend: As in every complaint.
        others: What else was found on the way; each is told on a line of its own.
    """

    def __init__(self, what: str, *, where: str = "", mend: str = "", others: tuple[NashraError, ...] = ()) -> None:
        super().__init__(what, where=where, mend=mend)
        self.others = others

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *map(str, self.others)])

    @classmethod
    def of(cls, faults: Sequence[NashraError]) -> Self:
        """Several faults as one error.

        Args:
            faults: At least one, in the order in which they are told.
        """
        first, *others = faults
        return cls(first.what, where=first.where, mend=first.mend, others=tuple(others))


class SettingsError(NashraError):
    """A setting that is missing or impossible."""


class WorkspaceError(NashraError):
    """No workspace, or one that cannot be used."""


class DatabaseError(NashraError):
    """A database that cannot be opened, read or written."""


class OldSchemaError(DatabaseError):
    """A database that an older version of the program made, and nobody has upgraded yet."""


class NewSchemaError(DatabaseError):
    """A database that a newer version of the program made or upgraded."""


class SourceError(NashraError):
    """A file or URL that gives no article."""


class IssueError(NashraError):
    """An issue that cannot be found, read or understood."""


class DiskError(IssueError):
    """A file of an issue that the disk does not take."""


class RenderError(NashraError):
    """A template, its MJML or an issue that gives no letter."""


class SendError(NashraError):
    """A send that cannot start, or cannot go on."""


class HeldSendError(SendError):
    """Something was due and nothing of it went: an editor must say how it goes on."""


class NotApprovedError(SendError):
    """A letter that nobody has approved as it is, where the settings ask for that."""


class FileLimitError(NashraError):
    """The system lets this process open no more files or connections."""


def file_limit_error(error: BaseException | None) -> FileLimitError | None:
    """What to say when an error comes of the limit of open files; None when it does not.

    Args:
        error: With those behind it. Some, such as SQLite's, do not say why a file cannot be opened: for them, or with
            None, it is tried whether any can be.
    """
    seen: set[int] = set()
    behind = error
    while behind is not None and id(behind) not in seen:
        seen.add(id(behind))
        if isinstance(behind, FileLimitError):
            return behind
        if isinstance(behind, OSError) and behind.errno in _TOO_MANY:
            return _too_many(behind.errno)
        behind = behind.__cause__ or behind.__context__
    # The second looks a host name up, and says of a socket that it cannot have that the name is not to be found.
    mute = error is None or "unable to open" in str(error) or type(error).__name__ == "gaierror"
    if not mute:
        return None
    opened: list[int] = []
    try:
        # A database takes three: the file, its log and what its readers share.
        while len(opened) < 3:
            opened.append(os.open(os.devnull, os.O_RDONLY))
    except OSError as found:
        return _too_many(found.errno) if found.errno in _TOO_MANY else None
    finally:
        for one in opened:
            os.close(one)
    return None


_TOO_MANY = (errno.EMFILE, errno.ENFILE)


def _too_many(number: int | None) -> FileLimitError:
    if number == errno.ENFILE:
        return FileLimitError(
            "the whole system has no more files to open", mend="raise fs.file-max, or end programs that hold many"
        )
    # Not the module for limits: to import it, a file would have to be opened.
    limit = f" ({os.sysconf('SC_OPEN_MAX'):,} at once, nofile)" if hasattr(os, "sysconf") else ""
    return FileLimitError(
        f"the system lets this process open no more files{limit}",
        mend="raise the limit, with `ulimit -n 1024` before the command or LimitNOFILE=1024 in a systemd unit",
    )
