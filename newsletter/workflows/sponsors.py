"""Sponsors of a workspace: what is booked in which letter, put into an issue's file, and what became of it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from newsletter.errors import IssueError, NashraError
from newsletter.issues import Manuscript
from newsletter.sponsors import Booking, due
from newsletter.sponsors.placing import element_of, place, placed
from newsletter.text.tidy import arabic_fold
from newsletter.workflows.snapshot import Snapshot

if TYPE_CHECKING:
    from newsletter.ledger import Send
    from newsletter.models import Issue
    from newsletter.wiring import Workspace

PICTURES = "pictures"
ENDS_SOON = timedelta(days=14)
BookingState = Literal["coming", "running", "over"]


@dataclass(frozen=True, slots=True)
class BookedLetter:
    """An issue with what is booked in it."""

    issue: Issue
    day: date
    """On which it went or, as long as nobody knows, today."""
    went: bool
    booked: tuple[Booking, ...]
    missing: tuple[Booking, ...]
    """Those whose sponsor does not stand in its file, or not often enough."""


@dataclass(frozen=True, slots=True)
class BookingStatus:
    """What became of a booking so far."""

    booking: Booking
    state: BookingState
    carried: tuple[int, ...]
    """Numbers of the issues that went with it."""


@dataclass(frozen=True, slots=True)
class BookingProblem:
    """Something to be said of a booking."""

    booking: Booking
    words: str
    mend: str = ""
    wrong: bool = True
    """Whether a person must do something."""


@dataclass(frozen=True, slots=True)
class PlacedBookings:
    """What was put into an issue."""

    issue: Issue
    placed: tuple[Booking, ...]
    notes: tuple[str, ...] = field(default=())
    """What is not as it was booked."""


def day_of(workspace: Workspace, issue: Issue, snapshot: Snapshot) -> tuple[date, bool]:
    """The day on which an issue goes, in the site's zone, and whether it went: before that it is today.

    Args:
        workspace: The workspace.
        issue: The issue.
        snapshot: Of the workspace.
    """
    own = sends_of(issue, snapshot)
    moment = min((send.send_at or send.created for send in own), default=workspace.now())
    return moment.astimezone(workspace.zone).date(), bool(own)


def booked_in(
    workspace: Workspace, issue: Issue, snapshot: Snapshot, bookings: Sequence[Booking] | None = None
) -> BookedLetter:
    """What is booked in an issue, and what of it is missing there.

    Args:
        workspace: The workspace.
        issue: As its file says, with the list it goes to.
        snapshot: Of the workspace.
        bookings: All there are; None reads the file.

    Raises:
        SettingsError: sponsors.toml cannot be understood.
    """
    bookings = workspace.bookings if bookings is None else bookings
    day, went = day_of(workspace, issue, snapshot)
    wanted = due(bookings, issue.number, issue.list, day)
    there = list(placed(issue)) if wanted else []
    missing = []
    for booking in wanted:
        found = next((one for one in there if one.is_of(booking)), None)
        if found is None:
            missing.append(booking)
        else:
            there.remove(found)
    return BookedLetter(issue, day, went, wanted, tuple(missing))


def with_booked(
    workspace: Workspace, manuscript: Manuscript, bookings: Sequence[Booking]
) -> tuple[Manuscript, dict[str, Path], tuple[str, ...]]:
    """An issue with the elements of bookings; every other line stays as it is.

    Args:
        workspace: The workspace, where pictures of sponsors lie.
        manuscript: As it was read, or is to be written.
        bookings: Those that it lacks.

    Returns:
        The issue; the pictures to be copied, by the names the issue calls them; and what is not as it was booked.
    """
    pictures: dict[str, Path] = {}
    notes: list[str] = []
    language = workspace.publication.language
    for booking in bookings:
        name = _picture_name(workspace, booking, manuscript.path.parent, pictures)
        manuscript, there = place(manuscript, booking, element_of(booking, picture=name, language=language))
        if not there:
            notes.append(f"the issue has no section «{booking.section}»: «{booking.sponsor}» stands at its end")
        if name in pictures and not pictures[name].is_file():
            notes.append(f"{pictures[name]} is not there: put the picture of «{booking.sponsor}» there")
            del pictures[name]
    return manuscript, pictures, tuple(notes)


def place_missing(workspace: Workspace, issue: Issue, *, dry_run: bool = False) -> PlacedBookings:
    """Put into an issue's file what is booked in it and missing there, with its pictures.

    Args:
        workspace: The workspace.
        issue: As its file says.
        dry_run: Write nothing.

    Raises:
        SettingsError: sponsors.toml cannot be understood.
        IssueError: The issue went out, or its file cannot be written.
    """
    snapshot = Snapshot.take(workspace)
    found = booked_in(workspace, issue, snapshot)
    if found.missing and found.went:
        raise IssueError(
            f"issue {issue.number} is on its way or went out; what is frozen does not change",
            where=issue.path,
            mend="book another letter in sponsors.toml",
        )
    manuscript = Manuscript.read(Path(issue.path))
    changed, pictures, notes = with_booked(workspace, manuscript, found.missing)
    if found.missing and not dry_run:
        copy_pictures(pictures, Path(issue.path).parent)
        changed.save()
    return PlacedBookings(changed.issue, found.missing, notes)


def copy_pictures(pictures: Mapping[str, Path], folder: Path) -> None:
    """Put pictures of sponsors beside an issue.

    Args:
        pictures: By the name that the issue calls each, where it lies.
        folder: Of the issue.

    Raises:
        IssueError: The disk does not take them.
    """
    for name, source in pictures.items():
        try:
            (folder / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(source, folder / name)
        except OSError as error:
            where = str(folder / name)
            raise IssueError(f"cannot be written ({error.strerror})", where=where, mend="check the disk") from None


def statuses(workspace: Workspace) -> tuple[BookingStatus, ...]:
    """Every booking with its state and the issues that carried it.

    Args:
        workspace: The workspace.

    Raises:
        SettingsError: sponsors.toml cannot be understood.
    """
    bookings = workspace.bookings
    letters = _letters(workspace, Snapshot.take(workspace), bookings)
    return tuple(BookingStatus(one, _state(workspace, one, letters), _carried(one, letters)) for one in bookings)


def notes(workspace: Workspace) -> tuple[BookingProblem, ...]:
    """What is to be said of the bookings: what was missed, what is missing, what ends; in the order of the file.

    Args:
        workspace: The workspace.

    Raises:
        SettingsError: sponsors.toml cannot be understood.
    """
    bookings = workspace.bookings
    snapshot = Snapshot.take(workspace)
    letters = _letters(workspace, snapshot, bookings)
    lists = {one.name for one in snapshot.lists}
    found: list[BookingProblem] = []
    for one in bookings:
        if one.list not in lists:
            there = ", ".join(sorted(lists)) or "none"
            found.append(BookingProblem(one, f"no list is called {one.list!r}; there is {there}", "correct list"))
        if one.picture and not _is_remote(one.picture) and not (workspace.root / one.picture).is_file():
            mend = "put it there, or correct the name"
            found.append(BookingProblem(one, f"the picture {workspace.root / one.picture} is not there", mend))
        found += _of_letters(one, letters)
        found += _of_numbers(one, letters, snapshot) if one.issues else _of_days(workspace, one, letters)
    return tuple(found)


def _of_letters(booking: Booking, letters: Sequence[BookedLetter]) -> Iterator[BookingProblem]:
    for letter in letters:
        if booking not in letter.missing:
            continue
        number = letter.issue.number
        if letter.went:
            yield BookingProblem(booking, f"issue {number} went out without it", "tell the sponsor, and book another")
        else:
            mend = f"put it in with: newsletter sponsors place {number}"
            yield BookingProblem(booking, f"issue {number} lacks it", mend)


def _of_numbers(booking: Booking, letters: Sequence[BookedLetter], snapshot: Snapshot) -> Iterator[BookingProblem]:
    known = {letter.issue.number for letter in letters if letter.issue.list == booking.list}
    last = max((letter.issue.number for letter in letters if letter.went), default=0)
    for number in booking.issues:
        if number not in known and number < last:
            yield BookingProblem(
                booking, f"issue {number} never came: the last that went is {last}", "book another number"
            )
        other = next((one for one in readable(snapshot) if one.number == number and one.list != booking.list), None)
        if other is not None and number not in known:
            yield BookingProblem(
                booking, f"issue {number} is for the list {other.list}, and booked is {booking.list}", "correct list"
            )


def _of_days(workspace: Workspace, booking: Booking, letters: Sequence[BookedLetter]) -> Iterator[BookingProblem]:
    today = workspace.now().astimezone(workspace.zone).date()
    assert booking.last is not None
    if booking.last < today and not _carried(booking, letters):
        yield BookingProblem(booking, f"{booking.moments} is over, and no letter carried it", "book other days")
    elif today <= booking.last <= today + ENDS_SOON:
        yield BookingProblem(booking, f"ends on {booking.last}", wrong=False)


def _state(workspace: Workspace, booking: Booking, letters: Sequence[BookedLetter]) -> BookingState:
    if booking.first is not None and booking.last is not None:
        today = workspace.now().astimezone(workspace.zone).date()
        return "over" if booking.last < today else "coming" if booking.first > today else "running"
    last = max((letter.issue.number for letter in letters if letter.went), default=0)
    if all(number <= last for number in booking.issues):
        return "over"
    return "running" if any(number <= last for number in booking.issues) else "coming"


def _carried(booking: Booking, letters: Sequence[BookedLetter]) -> tuple[int, ...]:
    return tuple(
        letter.issue.number
        for letter in letters
        if letter.went and booking in letter.booked and booking not in letter.missing
    )


def _letters(workspace: Workspace, snapshot: Snapshot, bookings: Sequence[Booking]) -> list[BookedLetter]:
    """Every issue that anything could be booked in: what went, and the drafts that can still go."""
    found = []
    for issue in readable(snapshot):
        letter = booked_in(workspace, issue, snapshot, bookings)
        if letter.went or not _overtaken(issue, snapshot):
            found.append(letter)
    return found


def readable(snapshot: Snapshot) -> Iterator[Issue]:
    """The issues whose files can be understood; of the others those tell who open them.

    Args:
        snapshot: Of the workspace.
    """
    for file in snapshot.files:
        with suppress(NashraError):
            yield file.issue


def unreadable(workspace: Workspace) -> tuple[NashraError, ...]:
    """What is wrong with the files of issues that cannot be understood: nobody can tell which sponsors stand there.

    Args:
        workspace: The workspace.
    """
    found = []
    for file in Snapshot.take(workspace).files:
        try:
            _ = file.issue
        except NashraError as error:
            found.append(error)
    return tuple(found)


def _overtaken(issue: Issue, snapshot: Snapshot) -> bool:
    """Whether a later issue of its list went: then a draft is nobody's current one."""
    target = next((one.id for one in snapshot.lists if one.name == issue.list), None)
    return any(
        send.list_id == target and send.issue.isdecimal() and int(send.issue) > issue.number
        for send in snapshot.sends
        if not send.undone
    )


def sends_of(issue: Issue, snapshot: Snapshot) -> list[Send]:
    """The sends by which an issue goes, or went, to its list; without those that were cancelled.

    Args:
        issue: The issue.
        snapshot: Of the workspace.
    """
    target = next((one.id for one in snapshot.lists if one.name == issue.list), None)
    return [
        send
        for send in snapshot.sends
        if send.issue == str(issue.number) and send.list_id == target and not send.undone and send.state != "cancelled"
    ]


def _picture_name(workspace: Workspace, booking: Booking, folder: Path, taken: dict[str, Path]) -> str:
    """What the picture of a booking is called in an issue; a file of ours is one to be copied there."""
    if not booking.picture or _is_remote(booking.picture):
        return booking.picture
    source = workspace.root / booking.picture
    for at in range(1, 1000):
        name = f"{PICTURES}/sponsor-{f'{at}-' if at > 1 else ''}{source.name}"
        if taken.get(name) == source or _same(folder / name, source):
            return name
        if name not in taken and not (folder / name).exists():
            taken[name] = source
            return name
    raise IssueError("has a thousand pictures of one name", where=str(folder / PICTURES), mend="tidy it up")


def _same(one: Path, other: Path) -> bool:
    try:
        return one.read_bytes() == other.read_bytes()
    except OSError:
        return False


def _is_remote(picture: str) -> bool:
    return picture.lower().startswith(("https://", "http://"))


def folded_sponsors(bookings: Sequence[Booking], list_name: str) -> frozenset[str]:
    """The folded names of the sponsors who have booked anything in letters of a list.

    Args:
        bookings: All there are.
        list_name: The list.
    """
    return frozenset(arabic_fold(one.sponsor) for one in bookings if one.list == list_name)
