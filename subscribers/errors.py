"""What can go wrong on the readers' side, and the shape every complaint of the project has.

Complaint                  what, where and how to mend it, in one line
└── SubscribersError       anything of this wing
    ├── AddressError       not an e-mail address one can write to
    ├── UnknownList        no list of that name
    ├── ListError          a list that cannot be made or renamed as asked
    ├── ClosedList         a list that nobody can join and nothing goes out to
    ├── UnknownSubscriber  nobody with that address
    ├── ConsentError       something the person has not agreed to
    ├── SuppressedError    an address that must not be mailed
    ├── SecretError        a secret key that is needed is missing
    ├── LinkError          a link that we did not make, or made for something else
    ├── BatchError         an import that cannot be taken back
    └── CsvError           a file that cannot be read as a list of addresses, or cannot be written
"""

from __future__ import annotations


class Complaint(Exception):  # noqa: N818  a word of docs/words.md
    """A problem told to a person: what is wrong, where, and how to mend it.

    Args:
        what: One sentence without a full stop, for example ``"no list is called 'raeders'"``.
        where: The file (``path`` or ``path:line``), URL or setting it was found in; may be empty.
        mend: What to do now, as an order; may be empty.
    """

    def __init__(self, what: str, *, where: str = "", mend: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.mend = mend

    def __str__(self) -> str:
        line = f"{self.where}: {self.what}" if self.where else self.what
        return f"{line}; {self.mend}" if self.mend else line


class SubscribersError(Complaint):
    """Anything that went wrong with subscribers, lists or their files."""


class AddressError(SubscribersError):
    """Text that is not an e-mail address one can write to.

    Args:
        what: The whole sentence, the text included.
        where: As in every complaint.
        mend: As in every complaint.
        reason: The reason alone, for a table that shows the text in a column of its own.
    """

    def __init__(self, what: str, *, where: str = "", mend: str = "", reason: str = "") -> None:
        super().__init__(what, where=where, mend=mend)
        self.reason = reason or what


class UnknownList(SubscribersError):  # noqa: N818  a word of docs/words.md
    """A list that does not exist in this workspace."""


class ListError(SubscribersError):
    """A list that cannot be made or renamed: the name is taken or cannot be used."""


class ClosedList(SubscribersError):  # noqa: N818  a word of docs/words.md
    """A list that is closed: nobody can join it, and nothing goes out to it."""


class UnknownSubscriber(SubscribersError):  # noqa: N818  a word of docs/words.md
    """An address that no subscriber has."""


class ConsentError(SubscribersError):
    """Something that the person has not agreed to."""


class SuppressedError(SubscribersError):
    """An address that must not be mailed."""


class SecretError(SubscribersError):
    """A secret key that is needed is missing."""


class LinkError(SubscribersError):
    """A link that we did not make, that was cut on its way, or that is for something else."""


class BatchError(SubscribersError):
    """An import that cannot be taken back."""


class CsvError(SubscribersError):
    """A file that cannot be read as a list of addresses, or cannot be written."""
