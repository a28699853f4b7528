"""The words of the readers' side as values: subscriber, list, subscription, recipient. No behaviour of their own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple, get_args

Status = Literal["pending", "confirmed", "left"]
"""What a subscription is: asked for, confirmed by the person, or ended."""

Rhythm = Literal["instant", "daily", "weekly"]
"""How often the person wants a letter of this list."""

STATUSES: tuple[Status, ...] = get_args(Status)
RHYTHMS: tuple[Rhythm, ...] = get_args(Rhythm)


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A person with an address."""

    id: int
    """Never given to anybody else, also after an erasure."""
    address: str
    """As it goes to the mail server: domain in A-labels and lower case, local part as the person wrote it."""
    public_id: bytes
    """16 random bytes that stand for the person in links."""
    epoch: int
    """Part of every link's signature: one more makes all earlier links of this person void."""
    needs_smtputf8: bool
    """The local part is not ASCII, so every mail server on the way must speak SMTPUTF8 (RFC 6531)."""
    created: datetime
    count_clicks: bool = True
    """Whether their letters may have links that are counted, without them; their own choice."""
    name: str = ""
    """What editors call them, where somebody wrote it down; no letter carries it."""


@dataclass(frozen=True, slots=True)
class List:
    """What one can subscribe to."""

    id: int
    name: str
    """Short Latin name for commands, files and List-ID, for example ``readers``."""
    title: str
    """What readers see, for example ``نشرة القراء``."""
    created: datetime
    closed: datetime | None = None
    """Since when nobody can join it and nothing goes out to it; None while it is open."""


@dataclass(frozen=True, slots=True)
class ListCount:
    """A list and how many subscriptions it has in each status."""

    list: List
    pending: int = 0
    confirmed: int = 0
    left: int = 0


@dataclass(frozen=True, slots=True)
class ListStats:
    """How a list stands, and how it moved lately."""

    list: List
    pending: int
    confirmed: int
    left: int
    rhythms: tuple[tuple[Rhythm, int], ...]
    """How many of the confirmed want which rhythm."""
    paused: int
    """Of the confirmed, who has paused beyond this moment."""
    suppressed: int
    """Of the confirmed, whose address must not be mailed."""
    joined: int
    """Subscriptions that became confirmed lately."""
    parted: int
    """Subscriptions that ended lately."""
    waiting: int = 0
    """Wishes for it that wait until a confirmation letter may go out."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """The pair (subscriber, list) with what the person chose."""

    subscriber_id: int
    list_id: int
    status: Status
    rhythm: Rhythm
    declined_topics: int
    """Bit n is set when the person does not want topic n (0 to 7) of this list; 0 wants everything."""
    paused_until: datetime | None
    created: datetime
    changed: datetime


ReaderState = Literal["subscribed", "pending", "paused", "left", "stopped"]
"""How a reader of a list stands, in one word: ``stopped`` is subscribed or pending with an address that must not be
mailed, ``paused`` confirmed with a pause that is not over."""

READER_STATES: tuple[ReaderState, ...] = get_args(ReaderState)


@dataclass(frozen=True, slots=True)
class ReaderRow:
    """A reader of a list, as an editor's page shows them."""

    subscriber_id: int
    public_id: bytes
    address: str
    name: str
    state: ReaderState
    rhythm: Rhythm
    declined_topics: int
    paused_until: datetime | None
    since: datetime
    changed: datetime
    stopped: SuppressionReason | None = None
    """Why the address must not be mailed."""


@dataclass(frozen=True, slots=True)
class ImportBatch:
    """What came in by one file."""

    id: int
    name: str
    """Eight hexadecimal digits that editors call it by."""
    list_id: int
    by: str
    """Who brought it in; empty where nobody was named."""
    at: datetime
    number: int
    """How many it subscribed, or keeps to be asked."""
    undone: datetime | None = None
    undone_by: str = ""
    taken_back: int = 0
    """How many were taken back when it was undone."""


@dataclass(frozen=True, slots=True)
class UndoneImport:
    """What taking back an import did."""

    batch: ImportBatch
    taken_back: int
    """Subscriptions, and wishes that waited to be asked."""
    kept: int
    """Who stays, since they have acted since, or left."""


class Recipient(NamedTuple):
    """Somebody a small letter goes to."""

    subscriber_id: int
    address: str
    public_id: bytes
    epoch: int
    needs_smtputf8: bool


@dataclass(frozen=True, slots=True)
class Consent:
    """One line of the record of what a person, or somebody for them, said; never changed afterwards."""

    subscriber_id: int
    list_id: int
    act: str
    at: datetime
    how: str
    """The road it came by: ``editor``, ``file readers.csv``, ``form`` …"""
    words: str
    """What the person was shown or what the editor stated."""
    network: str = ""
    """The network that they said it from, where that is kept; for example ``203.0.113.0/24``."""
    page: str = ""
    """Address of the page or form that they said it on."""
    reason: str = ""
    """Why they left, in their own words or those of the page."""
    source: str = ""
    """The file that the line was brought from; empty when it was written here at once."""
    recorded: datetime | None = None
    """When it was written here, if that was later than it was said."""


@dataclass(frozen=True, slots=True)
class KeptWish:
    """A wish to subscribe that waits until a confirmation letter may go out for it."""

    list_id: int
    address: str
    address_key: str
    """The folded address (``Address.key``)."""
    road: str
    """How it came: ``form``, ``mail`` or ``file``."""
    rhythm: Rhythm
    how: str
    """The road it came by, for the record of consent."""
    words: str
    """What the person was shown or what the editor stated, for the record of consent."""
    created: datetime
    expires: datetime
    """When it is thrown away if it could not be asked about."""
    declined_topics: int = 0
    network: str = ""
    page: str = ""
    batch_id: int | None = None
    """Id of the import that brought it, if one did."""


@dataclass(frozen=True, slots=True)
class WaitingWishes:
    """How many wishes to subscribe wait until they can be asked about."""

    number: int
    of_files: int
    """Of those, brought by an editor's file; the others came by the form."""
    since: datetime | None
    """When the oldest of them came; None when nobody waits."""
    networks: int
    """From how many networks those of the form came."""


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """A row of a file that was not taken."""

    line: int
    """Line the row starts on, 1-based, as an editor's program counts it."""
    value: str
    """What stood where an address was expected, shortened and made printable."""
    reason: str


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did, or in a dry run would do. ``rows`` is the sum of the counts below it."""

    rows: int
    """Rows with something in them, the header not counted."""
    added: int = 0
    """Subscriptions that are new and confirmed."""
    pending: int = 0
    """Subscriptions that are new and wait for confirmation, because the file says so."""
    confirmed: int = 0
    """Subscriptions that waited for confirmation here, and that the file says are confirmed."""
    merged: int = 0
    """Rows whose address stood in an earlier row of the same file."""
    already: int = 0
    """Addresses that have a subscription to this list which the file does not change."""
    kept_out: int = 0
    """Addresses of people who left this list here, which no file brings back."""
    left: int = 0
    """Addresses that the file says have left: they stay out, or leave."""
    suppressed: int = 0
    """Addresses that must not be mailed: known here as such, or marked so by the file."""
    asked: int = 0
    """Addresses that get a confirmation letter, at the pace that the caps allow."""
    rejected_count: int = 0
    rejected: tuple[RejectedRow, ...] = ()
    """The first rejected rows, at most 1000, in the order of the file."""
    dry_run: bool = False
    encoding: str = ""
    """How the file was read: ``utf-8``, ``utf-16`` or ``windows-1256``."""
    delimiter: str = ""
    columns: tuple[tuple[str, str], ...] = ()
    """What each used column was understood as: (its name in the file, ``address`` | ``status`` | ``rhythm`` …)."""
    unused: tuple[str, ...] = ()
    """Names of the columns that nothing was taken from, with what is known of them."""
    layout: str = ""
    """Name of the program the file came from, when its columns say so."""
    note: str = ""
    """What an editor should know of files of that program."""
    unstated: int = 0
    """How many of the added and confirmed have nothing that says how they agreed: neither words nor the file."""
    letters_an_hour: int = 0
    """How many of the asked get their letter within an hour, at most."""
    asked_until: datetime | None = None
    """When the last of the asked has got the letter, if nothing else is asked for."""
    batch: str = ""
    """Name of what came in by this file, to take it back by; empty when nobody did."""


EventKind = Literal["delivered", "deferred", "bounced", "complained", "opened", "clicked", "left", "unknown"]
"""What a provider can report of a letter that it took."""

BounceKind = Literal["hard", "invalid", "soft", "blocked", "policy"]
"""Why a letter bounced: ``hard`` no such mailbox; ``invalid`` no such address at all; ``soft`` full, busy, or for the
moment; ``policy`` refused for what we are or send (our server's address, domain, authentication, content, pace), which
says nothing of the reader; ``blocked`` refused without a word of whose fault it is."""

SuppressionReason = Literal["hard", "invalid", "soft", "blocked", "complained", "erased", "editor", "import"]


@dataclass(frozen=True, slots=True)
class Event:
    """Something a provider reports of one letter, in our words."""

    kind: EventKind
    at: datetime
    delivery: str
    """What travelled with the letter to name its delivery; the same for every event of one letter."""
    bounce: BounceKind | None = None
    """Set when the kind is ``bounced``; None there means the provider did not say, and counts as ``soft``."""
    reason: str = ""
    """The provider's own words. They can hold the address: never logged, never kept."""
    named: str = ""
    """The reason as one of a closed list (`newsletter.text.reasons`), which is kept; empty where it is made of the
    words."""
    url: str = ""
    """The link, when the kind is ``clicked``."""
    machine: bool = False
    """Whether a program clicked, as it says itself; only when the kind is ``clicked``."""
    provider_id: str = ""
    """The provider's own name for this event."""


@dataclass(frozen=True, slots=True)
class Suppression:
    """Why and since when an address must not be mailed. It does not hold the address."""

    reason: SuppressionReason
    at: datetime
    subscriber_id: int | None
    """The subscriber who has the address now, if there is one."""


@dataclass(frozen=True, slots=True)
class HeldDomain:
    """Bounces of one domain that came too many at once to be believed, and wait for an editor."""

    domain: str
    number: int
    """How many readers are held; they are mailed as before."""
    reasons: tuple[tuple[SuppressionReason, int], ...]
    """How many for each reason, by name."""
    since: datetime
    """When the first of those that are held came in."""
    readers: int | None
    """How many readers of the domain could be mailed when it was last counted; None when nobody counted."""

    @property
    def share(self) -> float | None:
        """How much of the domain is held, 0 to 1; None when its readers were not counted."""
        return min(self.number / self.readers, 1.0) if self.readers else None


@dataclass(frozen=True, slots=True)
class SuppressionCounts:
    """What taking back many suppressions at once did, or would do."""

    lifted: int
    reasons: tuple[tuple[SuppressionReason, int], ...]
    """How many for each reason, by name."""
    kept: tuple[tuple[SuppressionReason, int], ...] = ()
    """Those that stay, since only the person themselves can take them back: complained, erased."""
    untold: int = 0
    """Suppressed addresses that no subscriber has, when a domain was asked for: only a fingerprint is kept of them, and
    it does not tell a domain."""


LetterKind = Literal[
    "confirmation",
    "welcome",
    "goodbye",
    "preferences",
    "new-address",
    "address-changed",
    "erasure",
    "still-wanted",
]
"""``still-wanted``: asks a reader whose letters have not arrived for months whether they still want them;
``preferences``: the link to one's page, asked for at the form; ``new-address``: to an address that a person wants to
have from now on, to be confirmed; ``address-changed``: tells the one they had; ``erasure``: to be confirmed."""

AccountRequest = Literal["address", "erase"]
"""What a person can ask for on their page that a letter has to confirm."""


@dataclass(frozen=True, slots=True)
class KeptRequest:
    """What a person asked for on their own page and has to confirm by a letter."""

    subscriber_id: int
    kind: AccountRequest
    address: str
    """The address that they want to have from now on; empty for an erasure."""
    created: datetime


LetterState = Literal["queued", "submitting", "submitted", "refused", "unknown"]

ACCOUNT_REQUESTS: tuple[AccountRequest, ...] = get_args(AccountRequest)
LETTER_KINDS: tuple[LetterKind, ...] = get_args(LetterKind)
LETTER_STATES: tuple[LetterState, ...] = get_args(LetterState)


@dataclass(frozen=True, slots=True)
class SmallLetter:
    """A letter about a subscription that one person is to get: confirmation, welcome, goodbye …"""

    id: int
    kind: LetterKind
    list: List
    recipient: Recipient
    created: datetime


@dataclass(frozen=True, slots=True)
class SmallLetterRecord:
    """What is kept of a small letter, also after it went."""

    kind: LetterKind
    subscriber_id: int
    list_id: int
    created: datetime
